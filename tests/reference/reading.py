"""From delivered cells under canonical English headers to accepted or quarantined rows (contract §2).

A small, slow reader for the spec cases: what it accepts, what it quarantines and by which rule families.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from policy import Policy
from tests.reference import cells
from tests.reference.cells import Cell, Unreadable
from tests.reference.directory import INDIVIDUAL_BUSINESS, NATURAL
from tests.reference.text import normal
from tests.reference.world import Row

MANDATORY = {
    "entities": ("uscc", "name", "entity_type", "status", "established_on", "division_code"),
    "licences": (
        "subject_name", "subject_kind", "doc_name", "doc_no", "licence_class", "content", "decided_on", "valid_from",
        "authority",
    ),
    "penalties": (
        "subject_name", "subject_kind", "doc_no", "violation_type", "facts", "basis", "penalty_kinds", "content",
        "decided_on", "authority",
    ),
    "inspections": ("subject_name", "task_no", "item", "result", "authority", "inspected_on"),
    "listings": ("subject_name", "list_type", "authority", "listed_on"),
    "amendments": ("target_kind", "authority", "doc_no", "action", "effective_on"),
    "honours": ("subject_name", "honour_type", "issuer", "valid_from"),
    "rulings": ("uscc", "kind", "conclusion", "decided_on", "decided_by", "basis"),
}  # fmt: skip
DATES = {
    "entities": ("established_on", "cancelled_on", "updated_on"),
    "licences": ("decided_on", "valid_from", "updated_on"),
    "penalties": ("decided_on", "valid_to", "updated_on"),
    "inspections": ("inspected_on", "updated_on"),
    "listings": ("listed_on", "removed_on", "updated_on"),
    "amendments": ("effective_on", "updated_on"),
    "honours": ("valid_from", "valid_to", "updated_on"),
    "rulings": ("event_on", "decided_on", "updated_on"),
}
RANGED = ("decided_on", "listed_on", "inspected_on", "effective_on")
EVENT = {
    "entities": None, "licences": "decided_on", "penalties": "decided_on", "inspections": "inspected_on",
    "listings": "listed_on", "amendments": "effective_on", "honours": "valid_from", "rulings": "decided_on",
}  # fmt: skip
CODES = {
    "entities": {"status": "entity_status"},
    "licences": {"subject_kind": "subject_kind"},
    "penalties": {"subject_kind": "subject_kind"},
    "listings": {"subject_kind": "subject_kind"},
    "amendments": {"target_kind": "target_kind", "action": "action"},
    "rulings": {"kind": "record_kind", "conclusion": "conclusion"},
}
TARGET_KINDS = {"行政处罚": "penalties", "名录名单": "listings"}
DATE_RULES = ("date_unreadable", "date_range", "date_order")


def code_of(policy: Policy, table: str, text: str | None) -> str | None:
    """Canonical value of a spelling, None where it is in no line."""
    return next(
        (
            value
            for value, spellings in policy.codes[table].items()
            if text is not None and normal(text) in {normal(spelling) for spelling in spellings}
        ),
        None,
    )


def named(entries: Any, text: str | None) -> str | None:
    """Name of the policy's list, honour or kind that bears a spelling."""
    return next(
        (e.name for e in entries if text and normal(text) in {normal(s) for s in (e.name, *e.aliases)}), None
    )


class RowReader:
    """Reads one row; collects the rules that it breaks."""

    def __init__(self, kind: str, raw: Mapping[str, Cell], policy: Policy, landed_on: date) -> None:
        self.kind, self.raw, self.policy, self.landed_on = kind, raw, policy, landed_on
        self.rules: list[str] = []
        self.row: Row = {}
        self._check_mandatory()
        self._read_dates()
        self._read_subject()
        self._read_authority()
        self._read_codes()
        if kind == "penalties":
            self._read_penalty()

    def text(self, field: str) -> str | None:
        """A text cell."""
        return cells.text_of(self.raw.get(field), is_optional=field not in MANDATORY[self.kind])

    def _break(self, rule: str) -> None:
        self.rules.append(rule)

    def _check_mandatory(self) -> None:
        for field in MANDATORY[self.kind]:
            if self.text(field) is None or cells.text_of(self.raw.get(field)) is None:
                self._break("missing_mandatory")

    def _read_dates(self) -> None:
        for field in DATES[self.kind]:
            try:
                self.row[field] = cells.date_of(self.raw.get(field), may_be_open=field == "valid_to")
            except Unreadable as error:
                self.row[field] = None
                self._break(str(error))
        latest = self.landed_on + timedelta(days=self.policy.value("future_tolerance_days", self.landed_on))
        earliest = self.policy.value("earliest_event_on", self.landed_on)
        for field in RANGED:
            day = self.row.get(field)
            if day is not None and not earliest <= day <= latest:
                self._break("date_range")
        established_on = self.row.get("established_on")
        if established_on is not None and established_on > latest:
            self._break("date_range")
        listed_on, removed_on = self.row.get("listed_on"), self.row.get("removed_on")
        if listed_on is not None and removed_on is not None and removed_on < listed_on:
            self._break("date_order")

    def _read_subject(self) -> None:
        row = self.row
        try:
            row["uscc"] = cells.uscc_of(self.raw.get("uscc"))
        except Unreadable as error:
            row["uscc"] = None
            self._break(str(error))
        name = self.text("name" if self.kind == "entities" else "subject_name")
        row["name" if self.kind == "entities" else "subject_name"] = name
        row["name_norm"] = normal(name) or None
        for field in ("reg_no", "org_code"):
            row[field] = self.text(field)
        if row["org_code"]:
            row["org_code"] = normal(row["org_code"]).replace("-", "")
        row["is_natural_person"] = False

    def _read_authority(self) -> None:
        row = self.row
        name = self.text("issuer" if self.kind == "honours" else "authority")
        event = EVENT[self.kind]
        row["authority"] = name
        if self.kind in ("amendments", "rulings"):
            # They quote another record, whose day they do not tell.
            row["authority_norm"], event = normal(name), None
        row["authority_key"] = self._authority_key(name, row.get(event) if event else None)
        divisions = [
            d
            for d in self.policy.divisions
            if name and any(normal(n) in normal(name) for n in (d.name, *d.aliases))
        ]
        longest = max(divisions, key=lambda d: len(d.prefix), default=None)
        row["authority_division"] = longest.prefix if longest else None
        row["doc_no"] = self.text("doc_no")
        row["doc_norm"] = normal(row["doc_no"])

    def _authority_key(self, name: str | None, event_on: date | None) -> str | None:
        """The entry of the policy's table that bears the name on the day; outside it the normalised name."""
        for authority in self.policy.authorities:
            if name and normal(name) == normal(authority.name):
                return authority.id
            for alias in authority.aliases:
                if (
                    name
                    and normal(name) == normal(alias.name)
                    and (event_on is None or alias.covers(event_on))
                ):
                    return authority.id
        return normal(name) or None

    def _read_codes(self) -> None:
        row, policy = self.row, self.policy
        for field, table in CODES.get(self.kind, {}).items():
            row[field] = code_of(policy, table, self.text(field))
            if row[field] is None and self.text(field) is not None:
                self._break("enum_unknown")
        if row.get("subject_kind") == NATURAL:
            row["is_natural_person"] = True
            if row["uscc"] and not row["uscc"].startswith(INDIVIDUAL_BUSINESS):
                self._break("subject_kind_conflict")
        match self.kind:
            case "entities":
                self._read_entity()
            case "listings":
                row["list_type"] = named(policy.lists, self.text("list_type"))
                if row["list_type"] is None and self.text("list_type"):
                    self._break("enum_unknown")
                row["removal_reason"] = self.text("removal_reason")
                row["removal_code"] = code_of(policy, "removal_reason", row["removal_reason"])
            case "inspections":
                self._read_result()
            case "honours":
                row["honour_type"] = self.text("honour_type")
                row["honour_code"] = named(policy.honours, row["honour_type"])
            case "amendments":
                row["target_kind"] = TARGET_KINDS.get(row["target_kind"] or "")
                row["amendment_no"] = self.text("amendment_no")
            case "licences":
                row["licence_norm"], row["state"] = normal(self.text("licence_no")), self.text("state")
                try:
                    row["valid_to"] = cells.date_of(self.raw.get("valid_to"), may_be_open=True)
                except Unreadable:
                    row["valid_to"] = None  # warned only
            case "rulings":
                self._read_ruling()

    def _read_entity(self) -> None:
        row = self.row
        types = self.policy.value("uscc_entity_types", self.landed_on)
        row["entity_type"] = code_of(self.policy, "entity_type", self.text("entity_type")) or types.get(
            (row["uscc"] or "")[:2], "其他"
        )
        for field in (
            "division_code",
            "industry_code",
            "key_area",
            "reg_no",
            "parent_uscc",
            "predecessor_uscc",
        ):
            row[field] = self.text(field)
        capital = self.text("registered_capital_wan")
        row["registered_capital_wan"] = None if capital is None else Decimal(capital)

    def _read_result(self) -> None:
        row, result = self.row, self.text("result")
        row["result_code"] = code_of(self.policy, "inspection_result", result)
        for field in ("task_no", "item"):
            row[field] = self.text(field)
        if result is not None and row["result_code"] is None:
            self._break("bare_number_result" if result.isdigit() else "enum_unknown")

    def _read_ruling(self) -> None:
        row = self.row
        row["source_sha256"] = self.text("source_sha256")
        source_row = self.text("source_row")
        row["ruled_row"] = int(source_row) if source_row else None
        row["penalty_kinds"] = self.text("penalty_kinds")
        row["kinds"] = self._kinds(row["penalty_kinds"])
        is_incomplete = row["event_on"] is None or row["penalty_kinds"] is None
        if row["conclusion"] == "属实有效" and row["kind"] == "penalties" and is_incomplete:
            self._break("missing_mandatory")

    def _kinds(self, text: str | None) -> str:
        """Canonical kinds joined by ';', unknown ones as '?text' (rules §2)."""
        found = set()
        for part in re.split(r"[;；,，、|/\s]+", text or ""):
            plain = part.removeprefix("其他-")
            name = named(self.policy.penalty_kinds, part) or named(self.policy.penalty_kinds, plain)
            if part:
                found.add(name or f"?{part}")
        return ";".join(sorted(found))

    def _read_penalty(self) -> None:
        row = self.row
        for field in ("fine_fen", "confiscated_fen"):
            try:
                row[field] = cells.fen_of(self.raw.get(field))
            except Unreadable as error:
                row[field] = None
                self._break(str(error))
        row["kinds"] = self._kinds(self.text("penalty_kinds"))
        row["violation_type"] = self.text("violation_type")
        said = (self.text("content") or "") + (self.text("revoked_licence") or "")
        row["says_revoked"] = "吊销" in said
        row["procedure_code"] = code_of(self.policy, "procedure", self.text("procedure"))
        row["status_code"] = (
            code_of(self.policy, "decision_status", self.text("decision_status")) or "in_force"
        )
        row["doc_says_simple"] = self._doc_says_simple(row["doc_norm"])

    def _doc_says_simple(self, number: str) -> bool:
        words = self.policy.value("simple_doc_no_words", self.landed_on)
        leads = self.policy.value("simple_doc_no_leads", self.landed_on)
        return any(word in number for word in words) or any(
            re.search(re.escape(lead) + r"[()\d]", number) for lead in leads
        )


def read_row(kind: str, raw: Mapping[str, Cell], origin: Row, policy: Policy) -> tuple[Row, bool]:
    """One delivered row as accepted (True) or quarantined (False).

    Args:
        origin: path, landed_on, order, sha256 and source_row of the row.
    """
    reader = RowReader(kind, raw, policy, origin["landed_on"])
    row = {**origin, **reader.row}
    if not reader.rules:
        if kind in ("amendments", "rulings"):
            row["row_key"] = repr(sorted((k, str(v)) for k, v in reader.row.items() if k != "updated_on"))
        return row, True
    return {**row, **quarantine_fields(kind, raw, reader)}, False


def quarantine_fields(kind: str, raw: Mapping[str, Cell], reader: RowReader) -> Row:
    """What the quarantine adds, and nulls for what the kind does not have."""
    event = EVENT[kind]
    name_field = "name" if kind == "entities" else "subject_name"
    absent = dict.fromkeys(
        ("subject_kind", "removed_on", "removal_code", "list_type", "target_kind", "action", "conclusion")
    )
    return {
        **{field: reader.row.get(field, value) for field, value in absent.items()},
        "kind": kind, "rules": sorted(set(reader.rules)),
        "uscc_seen": raw.get("uscc"), "name_seen": raw.get(name_field),
        "event_on": reader.row.get(event) if event else None,
        "has_date_failure": any(rule in DATE_RULES for rule in reader.rules),
        "authority_norm": normal(reader.row["authority"]),
        "is_row_shape": False, "cells": [],
    }  # fmt: skip


def shape_row(kind: str, row_cells: list[str], origin: Row) -> Row:
    """A CSV row with more cells than the header: nothing of it counts as read (row_shape)."""
    found = []
    for cell in row_cells:
        with suppress(Unreadable):
            found.append(cells.uscc_of(cell))
        found.append(normal(cell))
    nulls = dict.fromkeys(
        ("uscc", "reg_no", "org_code", "name_norm", "subject_kind", "authority", "authority_key", "doc_no", "event_on",
         "authority_division", "removed_on", "removal_code", "updated_on", "list_type", "target_kind", "action",
         "conclusion", "uscc_seen", "name_seen")
    )  # fmt: skip
    return {
        **origin, **nulls, "kind": kind, "rules": ["row_shape"], "doc_norm": "", "is_natural_person": False,
        "has_date_failure": False, "is_row_shape": True, "cells": [cell for cell in found if cell],
    }  # fmt: skip
