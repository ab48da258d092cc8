"""The citations of a day as plain data: what an explanation quotes without reading the policy again."""

from __future__ import annotations

from datetime import date
from typing import Any

from policy.dated import Cited
from policy.values import ListField, Policy

ELIGIBILITY_FILE, DESK_FILE = "rules_eligibility.yaml", "desk.yaml"
_LIST_FIELDS: tuple[ListField, ...] = ("is_blocking", "after_list_months", "any_removal_is_repair")


def citations(policy: Policy, on: date) -> dict[str, dict[str, Any]]:
    """Every parameter in force on a day with its value, its source and article; JSON-able, sorted by id.

    Args:
        on: the day asked about.

    Returns:
        id → ``label`` (中文), ``unit``, ``value``, ``valid_from``, ``valid_to``, ``source``, ``article``,
        ``confidence``, ``for_desk`` (it decides a status, and no class). Beside the parameters: the table of points
        as ``points``; a list as ``lists.<name>`` with its fields in ``value``; an honour as ``honours.<name>`` with
        its default term in months; ``excluded_items.<id>`` with words and codes (O-39);
        ``red_line_lists`` with list → red line.
    """
    found: dict[str, dict[str, Any]] = {}
    for id_, param in policy.params.items():
        series = policy.series[id_]
        if (entry := series.at(on)) is not None:
            is_for_desk = series.file in (ELIGIBILITY_FILE, DESK_FILE)
            found[id_] = _cited(entry[0], param.label, param.unit, entry[1], is_for_desk)
    lines = {}
    for one in policy.lists:
        if (entry := policy.series[f"lists.{one.name}.is_blocking"].at(on)) is not None:
            value = {field: policy.list_value(one.name, field, on) for field in _LIST_FIELDS}
            found[f"lists.{one.name}"] = _cited(entry[0], one.name, "table", value, True)
            if line := policy.list_value(one.name, "red_line", on):
                lines[one.name] = line
    if "red_line_classes" in found:
        # Which list crosses which red line is the class's business.
        found["red_line_lists"] = {**found["red_line_classes"], "value": lines}
    for honour in policy.honours:
        if (entry := policy.series[f"honours.{honour.name}.default_term_months"].at(on)) is not None:
            found[f"honours.{honour.name}"] = _cited(entry[0], honour.name, "months", entry[1], True)
    for group in policy.excluded_items:
        if group.covers(on):
            held = {"words": list(group.words), "codes": list(group.codes)}
            found[f"excluded_items.{group.id}"] = _cited(group, group.label, "table", held, True)
    for table in policy.points_tables:
        if table.covers(on):
            found["points"] = _cited(table, table.label, "table", None, False)
    return dict(sorted(found.items()))


def _cited(cited: Cited, label: str, unit: str, value: Any, for_desk: bool) -> dict[str, Any]:
    return {
        "label": label,
        "unit": unit,
        "value": value,
        "valid_from": cited.valid_from.isoformat() if cited.valid_from else None,
        "valid_to": cited.valid_to.isoformat() if cited.valid_to else None,
        "source": cited.source,
        "article": cited.article,
        "confidence": cited.confidence,
        "for_desk": for_desk,
    }
