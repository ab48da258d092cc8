"""The three-year window (rules §3) on one day, and over the policy's later periods."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis

from records.resolve.expr import add_months, day

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy

FAR = date(9999, 12, 31)


# What §5 asks of a day is dated in these files: a parameter added to one of them is followed without a line here.
FOLLOWED_FILES = ("rules_eligibility.yaml", "lists.yaml", "honours.yaml")
# Where such a value falls (true to false), what blocks is a part of what blocked before.
_FALLING = ("clean_window_months", "repaired_records_count", "inspection_hold_months", "min_history_months")


class Period(NamedTuple):
    """Days on which no parameter of §5 changes.

    Attributes:
        adds_nothing: whatever blocks on these days blocks on the first period's, too, so that its blockers need only
            be cut shorter.
    """

    start: date
    end: date
    window_months: int
    does_repaired_count: bool
    inspection_months: int
    history_months: int
    adds_nothing: bool


def followed(policy: Policy) -> list[str]:
    """Ids of the dated values that decide a status."""
    return [id_ for id_, series in policy.series.items() if series.file in FOLLOWED_FILES]


def periods(policy: Policy, as_of: date) -> list[Period]:
    """The policy's periods from ``as_of`` on; the last one is open (rules §5 ``eligible_on``, ``blocks_until``)."""
    ids = followed(policy)
    return [
        Period(
            start,
            end,
            int(policy.value("clean_window_months", start)),
            bool(policy.value("repaired_records_count", start)),
            int(policy.value("inspection_hold_months", start)),
            int(policy.value("min_history_months", start)),
            _adds_nothing(policy, ids, as_of, start),
        )
        for start, end in policy.periods(ids, as_of, FAR)
    ]


def _adds_nothing(policy: Policy, ids: list[str], as_of: date, start: date) -> bool:
    def value(id_: str, on: date) -> Any:
        found = policy.series[id_].at(on)
        return None if found is None else found[1]

    return all(
        value(id_, start) == value(id_, as_of) or (id_ in _FALLING and value(id_, start) < value(id_, as_of))
        for id_ in ids
    )


def counts_on(event_on: ir.DateValue, repaired_on: ir.DateValue, on: date, policy: Policy) -> ir.BooleanValue:
    """Window and repair test of rules §3 (existence, force and tier are tested apart)."""
    inside = (event_on <= day(on)) & (
        add_months(event_on, int(policy.value("clean_window_months", on))) >= day(on)
    )
    if policy.value("repaired_records_count", on):
        return inside.fill_null(False)
    return inside.fill_null(False) & ~repaired(repaired_on, on)


def repaired(repaired_on: ir.DateValue, as_of: date) -> ir.BooleanValue:
    """Repaired on or before the day."""
    return (repaired_on <= day(as_of)).fill_null(False)


def freed_by_repair(repaired_on: ir.DateValue, as_of: date, policy: Policy) -> ir.BooleanValue:
    """A repaired record that no longer counts (O-12)."""
    if policy.value("repaired_records_count", as_of):
        return ibis.literal(False)
    return repaired(repaired_on, as_of)
