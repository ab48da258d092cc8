"""The catalogue of row rules: which rule looks at which column of which kind, and how severe it is.

Built from the field registry; ingest writes one verdict column for each entry, and the suites of
`expectations` assert on them. A critical rule quarantines the row under `<rule>:<field>`, a warning flags
it. The families of critical rules are those of the contract (§2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from records.registry import FIELDS, Field

Severity = Literal["critical", "warning"]

ROW_SHAPE = "row_shape"
DATE_FAMILIES = ("date_unreadable", "date_range", "date_order")
# Days of an event: neither before 1949-10-01 nor after the day of receipt; `established_on` only the latter.
EVENT_DAYS = ("decided_on", "listed_on", "inspected_on", "effective_on")
# The day by which a row is judged, per kind (`event_on` of the quarantine).
EVENT_DAY: Mapping[str, str] = {
    "licences": "decided_on", "penalties": "decided_on", "inspections": "inspected_on", "listings": "listed_on",
    "amendments": "effective_on", "honours": "valid_from", "rulings": "decided_on",
}  # fmt: skip
# A USCC here names the subject, its parent or predecessor: a wrong one would hide a record.
SUBJECT_USCCS = ("uscc", "parent_uscc", "predecessor_uscc")
_OPEN_MAY_BE_UNREAD = (
    ("penalties", "publicity_until"),
    ("licences", "publicity_until"),
    ("licences", "valid_to"),
)
_STRICT_LISTS = (
    "status",
    "list_type",
    "action",
    "target_kind",
    "subject_kind",
    "conclusion",
    "kind",
    "result",
)
_NATURAL_KINDS = ("licences", "penalties", "listings")
_CONDITIONAL = ("uscc", "legal_rep", "subject_id_type", "subject_id")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule on one column.

    Attributes:
        rule: family, e.g. `date_unreadable`.
        field: canonical column.
        severity: what a failure does to the row.
    """

    rule: str
    field: str
    severity: Severity

    @property
    def id(self) -> str:
        """What stands in `rules` and `flags` of a row."""
        return f"{self.rule}:{self.field}"

    @property
    def column(self) -> str:
        """Name of the verdict column: true where the row breaks the rule."""
        return self.id if self.severity == "critical" else f"warn:{self.id}"


def is_unread_accepted(kind: str, field: str) -> bool:
    """Whether an unreadable end in this column is null with a warning (contract §2)."""
    return (kind, field) in _OPEN_MAY_BE_UNREAD


def _critical(field: Field, *rules: str) -> Iterator[Rule]:
    return (Rule(rule, field.name, "critical") for rule in rules)


def _warning(field: Field, *rules: str) -> Iterator[Rule]:
    return (Rule(rule, field.name, "warning") for rule in rules)


def _of_field(kind: str, field: Field) -> Iterator[Rule]:
    if field.is_mandatory_value or (kind == "rulings" and field.name in ("event_on", "penalty_kinds")):
        yield from _critical(field, "missing_mandatory")
    match field.type:
        case "date" | "open_date":
            if is_unread_accepted(kind, field.name):
                yield from _warning(field, "date_unreadable")
            else:
                yield from _critical(field, "date_unreadable")
            if field.name in EVENT_DAYS or field.name == "established_on":
                yield from _critical(field, "date_range")
        case "uscc":
            if field.name in SUBJECT_USCCS:
                yield from _critical(field, "code_as_number", "uscc_length", "uscc_alphabet", "uscc_check")
                yield from _warning(field, "uscc_lower_case", "org_code_check")
            elif field.name == "authority_uscc":
                yield from _critical(field, "code_as_number")
                yield from _warning(field, "uscc_invalid")
            else:
                yield from _warning(field, "uscc_invalid")
        case "number_code":
            yield from _critical(field, "code_as_number")
            yield from _warning(field, "reg_no_check" if field.name == "reg_no" else "org_code_check")
        case "citizen_id":
            yield from _critical(field, "code_as_number")
            yield from _warning(field, "citizen_id_check")
        case "money_wan" | "fen" | "decimal_wan":
            yield from _critical(field, "amount_unreadable", "amount_negative", "amount_precision")
        case "integer":
            yield from _critical(field, "amount_unreadable")
        case "code_list" if field.name in _STRICT_LISTS:
            yield from _critical(field, "enum_unknown")


_OF_KIND: Mapping[str, tuple[tuple[str, str, Severity], ...]] = {
    "entities": (
        ("entity_type_derived", "entity_type", "warning"),
        ("established_late", "established_on", "warning"),
    ),
    "licences": (("ends_before_start", "valid_to", "warning"),),
    "penalties": (
        ("kind_unknown", "penalty_kinds", "warning"),
        ("conditional_missing", "fine_fen", "warning"),
        ("conditional_missing", "confiscated_fen", "warning"),
        ("conditional_missing", "revoked_licence", "warning"),
        ("procedure_unknown", "procedure", "warning"),
        ("status_unknown", "decision_status", "warning"),
        ("ends_before_start", "valid_to", "warning"),
    ),
    "inspections": (("bare_number_result", "result", "critical"),),
    "listings": (
        ("date_order", "removed_on", "critical"),
        ("removal_reason_unknown", "removal_reason", "warning"),
        ("removal_date_missing", "removal_reason", "warning"),
    ),
    "amendments": (),
    "honours": (("honour_unknown", "honour_type", "warning"), ("ends_before_start", "valid_to", "warning")),
    "rulings": (("kind_unknown", "penalty_kinds", "warning"),),
}


@cache
def rules(kind: str) -> tuple[Rule, ...]:
    """Every row rule of a kind, critical ones first, in the order of the registry.

    Raises:
        KeyError: unknown kind.
    """
    found = [rule for field in FIELDS[kind] for rule in _of_field(kind, field)]
    if kind in _NATURAL_KINDS:
        found.append(Rule("subject_kind_conflict", "subject_kind", "critical"))
    if kind in ("licences", "penalties"):
        found += [Rule("conditional_missing", field, "warning") for field in _CONDITIONAL]
    found += [Rule(*entry) for entry in _OF_KIND[kind]]
    return tuple(sorted(found, key=lambda rule: rule.severity != "critical"))


@cache
def verdict_columns(kind: str) -> tuple[str, ...]:
    """Names of the verdict columns of a kind, in the order of `rules`."""
    return tuple(rule.column for rule in rules(kind))
