"""Which parameters there are, and what a value of each looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, model_validator

from policy.dated import Cited, Day, Model, Text, overlap

RISK_CLASSES = ("A", "B", "C", "D")


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("must be a whole number, 0 or more")
    return value


def _count_or_null(value: Any) -> int | None:
    return None if value is None else _count(value)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("must be true or false")
    return value


def _day(value: Any) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be a date in quotes, YYYY-MM-DD")
    return date.fromisoformat(value)


def _number(value: Any) -> Decimal:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        raise ValueError("must be a decimal number in quotes")
    return Decimal(value)


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and v for v in value):
        raise ValueError("must be a list of texts")
    if len(set(value)) != len(value):
        raise ValueError("names a text twice")
    return value


def _text_map(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not value or not all(isinstance(v, str) and v for v in value.values()):
        raise ValueError("must be a table of texts")
    return value


def _method(value: Any) -> str:
    if value not in ("expert", "scorecard"):
        raise ValueError("must be expert or scorecard")
    return str(value)


def _per_class(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(RISK_CLASSES):
        raise ValueError("must have exactly the classes A, B, C and D")
    return {c: value[c] for c in RISK_CLASSES}


def _cut_points(value: Any) -> dict[str, int]:
    cuts = {c: _count(v) for c, v in _per_class(value).items()}
    ordered = list(cuts.values())
    if ordered[0] != 0 or ordered != sorted(set(ordered)):
        raise ValueError("must start with A at 0 and rise")
    return cuts


def _rates(value: Any) -> dict[str, str]:
    rates = _per_class(value)
    numbers = [_number(v) for v in rates.values()]
    # No class exempts from sampling (rules §7), and a riskier class is never sampled less.
    if not 0 < numbers[0] <= 1 or numbers != sorted(numbers) or numbers[-1] > 1:
        raise ValueError("must lie above 0, not above 1, and not fall from A to D")
    return rates


def _red_lines(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or set(value) != set(RED_LINES):
        raise ValueError(f"must have exactly {', '.join(RED_LINES)}")
    if not all(v in RISK_CLASSES for v in value.values()):
        raise ValueError("must name a class A, B, C or D for each")
    return value


def _decay(value: Any) -> list[list[Any]]:
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(v, list) and len(v) == 2 for v in value)
    ):
        raise ValueError("must be a list of [month, factor]")
    months = [_count(v[0]) for v in value]
    if not all(isinstance(v[1], str) and re.fullmatch(r"[0-9]+(/[1-9][0-9]*)?", v[1]) for v in value):
        raise ValueError('must have factors in quotes, "1" or "1/2"')
    factors = [Fraction(v[1]) for v in value]
    # An older record never weighs more than a newer one.
    if months != sorted(set(months)) or factors != sorted(factors, reverse=True) or factors[0] > 1:
        raise ValueError("must have rising months and falling factors of at most 1")
    return value


def _share(value: Any) -> Decimal:
    share = _number(value)
    if not 0 < share <= 1:
        raise ValueError("must lie above 0 and not above 1")
    return share


def _factors(value: Any) -> dict[str, Decimal | None]:
    if not isinstance(value, dict) or set(value) != set(STATUSES):
        raise ValueError(f"must have exactly {', '.join(STATUSES)}")
    return {status: None if factor is None else _number(factor) for status, factor in value.items()}


STATUSES = (
    "NOT_STATUS", "NOT_ACTIVE_LIST", "ELIGIBLE_MODEL", "NOT_BAD_RECORD", "HOLD_PROVISIONAL", "HOLD_REVIEW",
    "INSUFFICIENT_HISTORY", "ELIGIBLE_CLEAN3Y",
)  # fmt: skip
RED_LINES = (
    "SERIOUS_LIST", "JUDGMENT_DEFAULTER", "STATUS_REVOKED", "ABNORMAL_LIST", "SERIOUS_12M", "GENERAL_12M",
)  # fmt: skip

# id -> check of one value. A parameter in no line here is refused: a mistyped id must not pass unread.
PARAMS: Mapping[str, Callable[[Any], Any]] = {
    # rules §1 … §5: force, tiers, window, holds, status
    "clean_window_months": _count,
    "repaired_records_count": _flag,
    "blocking_tiers": _texts,
    "branch_blocking_tiers": _texts,
    "simple_fine_limit_legal_yuan": _count,
    "simple_fine_limit_natural_yuan": _count,
    "simple_doc_no_words": _texts,
    "simple_doc_no_leads": _texts,
    "large_fine_yuan": _count_or_null,
    "inspection_hold_months": _count,
    "min_history_months": _count,
    "eligible_on_horizon_months": _count,
    "eligible_status_groups": _texts,
    # rules §7: class
    "scope_classed_types": _texts,
    "scope_unclassed_types": _texts,
    "scope_status_groups": _texts,
    "red_line_classes": _red_lines,
    "serious_red_line_months": _count,
    "general_red_line_months": _count,
    "risk_points_min": _count,
    "risk_points_max": _count,
    "class_cut_points": _cut_points,
    "class_method": _method,
    "points_decay": _decay,
    "changes_window_months": _count,
    "licences_expired_window_months": _count,
    "fine_total_window_months": _count,
    "class_jump_alert": _count,
    "sampling_rates": _rates,
    "key_items_full_coverage_classes": _texts,
    # what supervisors act on
    "sampling_min_per_division": _count,
    "sampling_exclusion_months": _count,
    "sampling_visits_per_year": _count,
    "sampling_full_key_areas": _texts,
    "sampling_inspectors_per_visit": _count,
    "surge_alert_entities": _count,
    "surge_alert_share": _share,
    "early_warning_window_days": _count,
    "early_warning_points": _count,
    "early_warning_records": _count,
    "early_warning_changes_window_days": _count,
    "early_warning_changes": _count,
    "early_warning_capital_drop": _share,
    "discipline_left_months": _count,
    "filing_limit_working_days": _count,
    "integrity_factors": _factors,
    # contract §2: what is read and what is refused
    "earliest_event_on": _day,
    "future_tolerance_days": _count,
    "open_end_words": _texts,
    "open_end_days": _texts,
    "amount_decimals": _count,
    "amount_tolerance": _number,
    "exact_integer_max_digits": _count,
    "quoted_cell_max_lines": _count,
    "masked_cell_min_length": _count,
    "uscc_entity_types": _text_map,
    "freshness_days_penalties": _count,
    "freshness_days_listings": _count,
    "feed_thin_window_days": _count,
    # what an installation keeps
    "retention_snapshot_months": _count,
    "retention_log_days": _count,
    "review_warning_days": _count,
    # the approval desk
    "desk_max_age_days": _count,
    "objection_working_days": _count,
}

# Those that decide what is accepted or how it is stored: files are read again where one changes.
READ_AT_INGEST = (
    "simple_doc_no_words", "simple_doc_no_leads", "earliest_event_on", "future_tolerance_days",
    "open_end_words", "open_end_days", "amount_decimals", "amount_tolerance", "exact_integer_max_digits",
    "quoted_cell_max_lines", "masked_cell_min_length", "uscc_entity_types",
)  # fmt: skip

Unit = Literal[
    "months", "days", "yuan", "points", "classes", "lines", "characters", "digits", "decimals", "万元",
    "date", "share", "flag", "text", "table",
]  # fmt: skip


class DatedValue(Cited):
    """One value of a parameter and the days on which it is in force."""

    value: JsonValue


class Param(Model):
    """A dated parameter: what it means, its unit, and its values with their citations."""

    id: Text
    description: Text
    label: Text
    unit: Unit
    review_by: Day
    values: Annotated[tuple[DatedValue, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _values_fit(self) -> Param:
        if self.id not in PARAMS:
            raise ValueError(f"unknown parameter {self.id}")
        for entry in self.values:
            try:
                PARAMS[self.id](entry.value)
            except ValueError as error:
                raise ValueError(f"value {entry.value!r} {error}") from error
        if problem := overlap(self.values):
            raise ValueError(f"values {problem}")
        return self


class ParamsFile(Model):
    """A rules_*.yaml file."""

    params: Annotated[tuple[Param, ...], Field(min_length=1)]
