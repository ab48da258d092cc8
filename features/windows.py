"""The three-year window (rules §3) on one day, and over the policy's later periods."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import ibis

from records.resolve.expr import add_months, day

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy

FAR = date(9999, 12, 31)


class Period(NamedTuple):
    """Days on which the parameters that decide a status do not change."""

    start: date
    end: date
    window_months: int
    does_repaired_count: bool
    inspection_months: int
    history_months: int


def periods(policy: Policy, as_of: date) -> list[Period]:
    """The policy's periods from ``as_of`` on; the last one is open."""
    ids = ["clean_window_months", "repaired_records_count", "inspection_hold_months", "min_history_months"]
    return [
        Period(
            start,
            end,
            int(policy.value(ids[0], start)),
            bool(policy.value(ids[1], start)),
            int(policy.value(ids[2], start)),
            int(policy.value(ids[3], start)),
        )
        for start, end in policy.periods(ids, as_of, FAR)
    ]


def counts_on(
    event_on: ir.DateValue, repaired_on: ir.DateValue, as_of: date, policy: Policy
) -> ir.BooleanValue:
    """Window and repair test of rules §3 (force and tier are tested apart)."""
    inside = (event_on <= day(as_of)) & (
        add_months(event_on, int(policy.value("clean_window_months", as_of))) >= day(as_of)
    )
    if policy.value("repaired_records_count", as_of):
        return inside.fill_null(False)
    return inside.fill_null(False) & ~repaired(repaired_on, as_of)


def repaired(repaired_on: ir.DateValue, as_of: date) -> ir.BooleanValue:
    """Repaired on or before the day."""
    return (repaired_on <= day(as_of)).fill_null(False)


def freed_by_repair(repaired_on: ir.DateValue, as_of: date, policy: Policy) -> ir.BooleanValue:
    """A repaired record that no longer counts (O-12)."""
    if policy.value("repaired_records_count", as_of):
        return ibis.literal(False)
    return repaired(repaired_on, as_of)
