"""§7: the records and numbers that carry expert points, as of one day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from tests.reference.dates import OPEN_END, add_months, whole_months, within_months
from tests.reference.directory import Directory
from tests.reference.evidence import Evidence
from tests.reference.facts import Facts
from tests.reference.listings import Entry, is_repaired
from tests.reference.penalties import Penalty, judge_version, reaches
from tests.reference.tiers import FEN
from tests.reference.visits import visits_of
from tests.reference.world import Row

REVOKED_LICENCE = ("无效", "撤销", "吊销")  # of XK_ZT or older texts; the code 2 is 无效


def is_adverse(penalty: Penalty, facts: Facts) -> bool:
    """In force and known; revoked ones carry no points, nor repaired ones once repaired records do not count."""
    repaired_out = penalty.repaired_on is not None and not facts.policy.value(
        "repaired_records_count", facts.as_of
    )
    return penalty.is_in_force and penalty.decided_on <= facts.as_of and not repaired_out


def adverse_penalties(sources: Iterable[str], bearer: str, facts: Facts) -> list[Penalty]:
    """Adverse penalties linked to some entities, as they bear on `bearer`."""
    wanted = set(sources)
    judged = [
        judge_version(record.winner, record, facts.force_of(record), facts.policy)
        for record in facts.penalties
        if record.linked in wanted and (record.linked == bearer or reaches(record.winner, bearer))
    ]
    return [penalty for penalty in judged if is_adverse(penalty, facts)]


def events_of(stream: str, evidence: Evidence) -> list[date]:
    """Days of the records of an event stream."""
    facts, uscc = evidence.facts, evidence.uscc
    chain = facts.directory.chain(uscc)
    if stream.startswith("inspection_"):
        wanted = stream.removeprefix("inspection_")
        return [visit.inspected_on for visit in visits_of(uscc, facts) if visit.result == wanted]
    if stream == "listing_ended":
        return [entry.listed_on for entry in evidence.entries if ended_adverse(entry, facts)]
    if stream == "honour":
        return [h.valid_from for h in evidence.honours if h.is_valid(facts, facts.as_of)]
    whose, _, tier = stream.rpartition("penalty_")
    match whose:
        case "":
            sources: Iterable[str] = [uscc]
        case "predecessor_":
            sources = chain[1:]
        case "parent_":
            parent = facts.directory.parent(uscc)
            sources = facts.directory.chain(parent) if parent else []
        case "branch_":
            sources = [route.source for route in evidence.routes if route.via_branch]
        case _:
            raise ValueError(f"unknown stream {stream}")
    return [p.decided_on for p in adverse_penalties(sources, uscc, facts) if p.tier == tier]


def ended_adverse(entry: Entry, facts: Facts) -> bool:
    """An ended entry on any list, that was not entered by mistake and not repaired out."""
    if entry.never_counted or entry.removed_on is None or entry.listed_on > facts.as_of:
        return False
    counts_repaired = facts.policy.value("repaired_records_count", facts.as_of)
    return counts_repaired or not is_repaired(entry, facts.policy, facts.as_of)


def feature_of(name: str, evidence: Evidence) -> Any:
    """The value of a feature column on as_of; None where it is missing."""
    facts, row, as_of = evidence.facts, evidence.row, evidence.facts.as_of
    match name:
        case "age_months":
            return whole_months(row["established_on"], as_of)
        case "entity_type" | "industry_code" | "key_area" | "registered_capital_wan":
            return row[name]
        case "status_group":
            return facts.policy.entity_status_group(row["status"])
        case "changes_12m":
            return count_changes(evidence.uscc, facts)
        case "branches":
            return sum(facts.directory.exists_on_as_of(b) for b in facts.directory.branches(evidence.uscc))
        case "honours_valid":
            return len(events_of("honour", evidence))
        case "fine_total_yuan_60m":
            return fine_total_yuan(evidence)
        case "licences_valid" | "licences_expired_12m" | "licences_revoked":
            return count_licences(name, evidence.uscc, facts)
    raise ValueError(f"unknown feature {name}")


def fine_total_yuan(evidence: Evidence) -> Decimal:
    """Fines of the entity's own adverse penalties of any tier within the window."""
    facts = evidence.facts
    months = facts.policy.value("fine_total_window_months", facts.as_of)
    own = adverse_penalties([evidence.uscc], evidence.uscc, facts)
    recent = [p for p in own if within_months(p.decided_on, facts.as_of, months)]
    return Decimal(sum(p.row["fine_fen"] or 0 for p in recent)) / FEN


def count_changes(uscc: str, facts: Facts) -> int:
    """Changes of name, type, division or capital between versions ≤ as_of, whose later one lies in the window.

    What a version does not state has not changed.
    """
    months = facts.policy.value("changes_window_months", facts.as_of)
    versions = entity_versions(uscc, facts.directory)
    changes = 0
    for before, after in pairwise(versions):
        if within_months(after["updated_on"], facts.as_of, months):
            fields = ("name_norm", "entity_type", "division_code", "registered_capital_wan")
            pairs = [(before[field], after[field]) for field in fields]
            changes += sum(None not in pair and pair[0] != pair[1] for pair in pairs)
    return changes


def entity_versions(uscc: str, directory: Directory) -> list[Row]:
    """Winning rows ≤ as_of of an entity, oldest first (null `updated_on` is oldest)."""
    winners = {row["updated_on"]: row for row in directory.rows_of[uscc]}
    known = [row for day, row in winners.items() if day is None or day <= directory.as_of]
    return sorted(known, key=lambda row: row["updated_on"] or date.min)


def count_licences(name: str, uscc: str, facts: Facts) -> int:
    """Own licences ≤ as_of: in force, run out within the window, or revoked."""
    months = facts.policy.value("licences_expired_window_months", facts.as_of)
    total = 0
    for record in facts.records["licences"]:
        row = record.winner
        if record.linked != uscc or row["decided_on"] > facts.as_of:
            continue
        ends_on = row["valid_to"] or OPEN_END
        if is_revoked_licence(row):
            total += name == "licences_revoked"
        elif ends_on < facts.as_of:
            total += name == "licences_expired_12m" and facts.as_of <= add_months(ends_on, months)
        else:
            total += name == "licences_valid" and row["valid_from"] <= facts.as_of
    return total


def is_revoked_licence(row: Row) -> bool:
    """Whether its state says that it was revoked or is no longer in force."""
    state = row["state"] or ""
    return state == "2" or any(word in state for word in REVOKED_LICENCE)
