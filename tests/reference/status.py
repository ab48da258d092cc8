"""§5: status, grounds, clean_since, eligible_on and blockers of one entity."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import lru_cache

from policy import Policy
from tests.reference.answers import Blocker
from tests.reference.dates import DAY, OPEN_END, add_months, next_day
from tests.reference.evidence import Evidence
from tests.reference.listings import blocks_by_being_active, entry_counts
from tests.reference.penalties import counts

ELIGIBLE = ("ELIGIBLE_CLEAN3Y", "ELIGIBLE_MODEL")


def status_blocks(evidence: Evidence, day: date) -> bool:
    """NOT_STATUS: status neither active nor 歇业."""
    policy = evidence.facts.policy
    group = policy.entity_status_group(evidence.row["status"])
    return group not in policy.value("eligible_status_groups", day)


def has_active_entry(evidence: Evidence, day: date) -> bool:
    """NOT_ACTIVE_LIST: an active entry on a blocking list."""
    policy, as_of = evidence.facts.policy, evidence.facts.as_of
    return any(blocks_by_being_active(entry, policy, as_of, day) for entry in evidence.entries)


def is_too_young(evidence: Evidence, day: date) -> bool:
    """INSUFFICIENT_HISTORY: day ≤ add_months(established_on, 36) (O-18, O-19)."""
    months = evidence.facts.policy.value("min_history_months", day)
    return day <= add_months(evidence.row["established_on"], months)


def has_final_record(evidence: Evidence, day: date) -> bool:
    """NOT_BAD_RECORD: a counting record that is not provisional."""
    records = [*evidence.counting_penalties(day), *evidence.counting_entries(day)]
    return any(not record.is_provisional for record in records)


def is_held_provisional(evidence: Evidence, day: date) -> bool:
    """HOLD_PROVISIONAL: at least one record counts, and every counting record is provisional (§4)."""
    records = [*evidence.counting_penalties(day), *evidence.counting_entries(day)]
    return bool(records) and all(record.is_provisional for record in records)


def clean_route_is_open(evidence: Evidence, day: date) -> bool:
    """ELIGIBLE_CLEAN3Y: nothing else of §5 applies."""
    return not (
        status_blocks(evidence, day)
        or has_active_entry(evidence, day)
        or has_final_record(evidence, day)
        or is_held_provisional(evidence, day)
        or evidence.holds_on(day)
        or is_too_young(evidence, day)
    )


def model_route_is_open(evidence: Evidence, day: date) -> bool:
    """ELIGIBLE_MODEL, whether or not the clean route is open too: the ground MODEL."""
    if status_blocks(evidence, day) or has_active_entry(evidence, day) or evidence.holds_on(day):
        return False
    penalties = evidence.counting_penalties(day)
    if any(penalty.is_serious for penalty in penalties):
        return False
    days = [p.decided_on for p in penalties] + [e.listed_on for e in evidence.counting_entries(day)]
    return any(
        honour.is_valid(evidence.facts, day)
        and all(event_on <= honour.valid_from for event_on in days)  # the same day is not after
        for honour in evidence.honours
    )


def status_on(evidence: Evidence, day: date) -> str:
    """§5, the first that applies, with the parameters of `day`."""
    if status_blocks(evidence, day):
        return "NOT_STATUS"
    if has_active_entry(evidence, day):
        return "NOT_ACTIVE_LIST"
    if model_route_is_open(evidence, day) and not clean_route_is_open(evidence, day):
        return "ELIGIBLE_MODEL"
    if has_final_record(evidence, day):
        return "NOT_BAD_RECORD"
    if is_held_provisional(evidence, day):
        return "HOLD_PROVISIONAL"
    if evidence.holds_on(day):
        return "HOLD_REVIEW"
    if is_too_young(evidence, day):
        return "INSUFFICIENT_HISTORY"
    return "ELIGIBLE_CLEAN3Y"


def grounds_on(evidence: Evidence, day: date) -> list[str]:
    """Every open route, CLEAN3Y before MODEL."""
    grounds = ["CLEAN3Y"] if clean_route_is_open(evidence, day) else []
    return grounds + (["MODEL"] if model_route_is_open(evidence, day) else [])


def clean_since(evidence: Evidence, as_of: date) -> date | None:
    """Latest of established_on and the day after each record; null while an active entry blocks."""
    if has_active_entry(evidence, as_of):
        return None
    return max([evidence.row["established_on"], *(next_day(day) for day in evidence.clean_days(as_of))])


# -- days on which something may change ----------------------------------------------------------------------------


def days_of_change(evidence: Evidence) -> list[date]:
    """Every day > as_of on which any condition may begin or end: first days after each window, and of each period.

    A superset: every date plus every number of months that the policy knows. `every_day` is the slow proof.
    """
    as_of, policy = evidence.facts.as_of, evidence.facts.policy
    firsts, months = dated_values(policy)
    days = {add_months(day, count) for day in evidence.dates() for count in months}
    days |= {day + DAY for day in days if day < OPEN_END}
    days |= firsts | {as_of + DAY, horizon_of(evidence)}
    return sorted(day for day in days if day > as_of)


@lru_cache(maxsize=8)
def dated_values(policy: Policy) -> tuple[set[date], set[int]]:
    """First days of every period of every value of the policy, and every number of months among the values."""
    firsts = {day for series in policy.series.values() for day in series.cuts()}
    months = {
        value
        for name, series in policy.series.items()
        for _, value in series.entries
        if name.endswith("_months") and isinstance(value, int)
    }
    return firsts, months | {0}


def every_day(evidence: Evidence) -> Iterable[date]:
    """Every day after as_of within the horizon."""
    count = (horizon_of(evidence) - evidence.facts.as_of).days
    return [evidence.facts.as_of + timedelta(days=n) for n in range(1, count + 1)]


def horizon_of(evidence: Evidence) -> date:
    """Last day on which eligible_on is looked for."""
    as_of = evidence.facts.as_of
    return add_months(as_of, evidence.facts.policy.value("eligible_on_horizon_months", as_of))


def eligible_on(evidence: Evidence, as_of: date, days: Iterable[date] | None = None) -> date | None:
    """as_of where eligible; else the first day on which §5, with the parameters of that day, is eligible."""
    if status_on(evidence, as_of) in ELIGIBLE:
        return as_of
    horizon = horizon_of(evidence)
    for day in days if days is not None else days_of_change(evidence):
        if day <= horizon and status_on(evidence, day) in ELIGIBLE:
            return day
    return None


def blocks_until(evidence: Evidence, blocks: Callable[[date], bool]) -> date | None:
    """Last day on which a record blocks, null if open: the day before the last change after which it never does."""
    last = None
    days = [evidence.facts.as_of, *days_of_change(evidence)]
    for day, following in zip(days, [*days[1:], None], strict=True):
        if blocks(day):
            if following is None:
                return None
            last = following - DAY
    return last


# -- blockers ------------------------------------------------------------------------------------------------------


def blockers_on(evidence: Evidence) -> list[Blocker]:
    """One line for each record and code of §5 that applies on as_of; none for an eligible entity."""
    as_of, policy = evidence.facts.as_of, evidence.facts.policy
    if status_on(evidence, as_of) in ELIGIBLE:
        return []
    found = []
    row = evidence.row
    if status_blocks(evidence, as_of):
        until = blocks_until(evidence, lambda day: status_blocks(evidence, day))
        found.append(Blocker("NOT_STATUS", "entities", None, row["cancelled_on"], until))
    for entry in evidence.entries:
        if blocks_by_being_active(entry, policy, as_of, as_of):
            until = blocks_until(evidence, lambda day, e=entry: blocks_by_being_active(e, policy, as_of, day))
            found.append(Blocker("NOT_ACTIVE_LIST", "listings", entry.doc_no, entry.listed_on, until))
    found += record_blockers(evidence)
    for hold in evidence.holds_on(as_of):
        until = blocks_until(evidence, hold.holds_on)
        found.append(Blocker("HOLD_REVIEW", hold.kind, hold.doc_no, hold.event_on, until))
    if is_too_young(evidence, as_of):
        until = blocks_until(evidence, lambda day: is_too_young(evidence, day))
        found.append(Blocker("INSUFFICIENT_HISTORY", "entities", None, row["established_on"], until))
    return found


def record_blockers(evidence: Evidence) -> list[Blocker]:
    """Counting records: the final ones, or, where all are provisional, those."""
    as_of, policy = evidence.facts.as_of, evidence.facts.policy
    reason = "NOT_BAD_RECORD" if has_final_record(evidence, as_of) else "HOLD_PROVISIONAL"
    wants_provisional = reason == "HOLD_PROVISIONAL"
    found = []
    for one in evidence.penalties:
        penalty = one.penalty

        def penalty_blocks(day: date, one=one) -> bool:  # type: ignore[no-untyped-def]
            return evidence.may_block(one, day) and counts(one.penalty, policy, as_of, day)

        if penalty_blocks(as_of) and penalty.is_provisional == wants_provisional:
            until = blocks_until(evidence, penalty_blocks)
            found.append(Blocker(reason, "penalties", penalty.row["doc_no"], penalty.decided_on, until))
    for entry in evidence.entries:

        def entry_blocks(day: date, entry=entry) -> bool:  # type: ignore[no-untyped-def]
            return entry_counts(entry, policy, as_of, day)

        if entry_blocks(as_of) and entry.is_provisional == wants_provisional:
            until = blocks_until(evidence, entry_blocks)
            found.append(Blocker(reason, "listings", entry.doc_no, entry.listed_on, until))
    return found
