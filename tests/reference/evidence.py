"""The records of one entity, ready to be judged on any day (rules.md head, §3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.reference.dates import OPEN_END, add_months
from tests.reference.facts import Facts
from tests.reference.force import Force
from tests.reference.holds import Hold, holds_of
from tests.reference.keys import Record
from tests.reference.listings import Entry, entry_counts, is_bad_entry, judge_entry
from tests.reference.penalties import Penalty, counts, is_bad_record, judge_version, reaches
from tests.reference.routes import Route, routes_to
from tests.reference.world import Row


@dataclass(frozen=True)
class PenaltyOfEntity:
    """A penalty and the way by which it reaches the entity."""

    record: Record
    penalty: Penalty
    way: Route


@dataclass(frozen=True)
class Honour:
    """A recognised honour of the entity."""

    valid_from: date
    row: Row

    def is_valid(self, facts: Facts, day: date) -> bool:
        """Recognised on `day`, and inside its stated term, or the default term of its type; the last day is in."""
        months = facts.policy.honour_terms(day).get(self.row["honour_code"])
        if months is None:
            return False
        stated = self.row["valid_to"]
        last = add_months(self.valid_from, months) if stated is None else stated
        return self.valid_from <= day <= last  # type: ignore[no-any-return]


class Evidence:
    """Everything known on as_of that bears on one entity."""

    def __init__(self, uscc: str, facts: Facts) -> None:
        self.uscc, self.facts = uscc, facts
        self.row = facts.directory.used[uscc]
        self.routes = routes_to(uscc, facts.directory)
        self.penalties = self._penalties()
        self.entries = self._entries()
        self.honours = self._honours()
        self.holds: list[Hold] = holds_of(uscc, facts)

    def _penalties(self) -> list[PenaltyOfEntity]:
        """Own ones, those of predecessors, and those of branches; each record once, own before branch."""
        found: dict[int, PenaltyOfEntity] = {}
        for way in sorted(self.routes, key=lambda route: route.via_branch):
            for record in self.facts.penalties:
                if record.linked != way.source or id(record) in found:
                    continue
                if not way.is_own and not reaches(record.winner, self.uscc):
                    continue
                penalty = judge_version(record.winner, record, self.facts.force_of(record), self.facts.policy)
                found[id(record)] = PenaltyOfEntity(record, penalty, way)
        return list(found.values())

    def _entries(self) -> list[Entry]:
        """Own entries and those of predecessors, active ones too; those that rulings made true."""
        sources = [route.source for route in self.routes if not route.via_branch]
        entries = [
            judge_entry(record.winner, record.doc_no, self.facts.force_of(record), self.facts.as_of)
            for record in self.facts.records["listings"]
            if record.linked in sources
        ]
        entries += [
            judge_entry(row, row["doc_no"], Force(), self.facts.as_of)
            for uscc, row in self.facts.entries_made_true
            if uscc in sources
        ]
        return entries

    def _honours(self) -> list[Honour]:
        """Recognised honours ≤ as_of; not those of a predecessor."""
        return [
            Honour(record.winner["valid_from"], record.winner)
            for record in self.facts.records["honours"]
            if record.linked == self.uscc
            and record.winner["honour_code"]
            and record.winner["valid_from"] <= self.facts.as_of
        ]

    # -- on a day --------------------------------------------------------------------------------------------

    def may_block(self, one: PenaltyOfEntity, day: date) -> bool:
        """A branch's penalty blocks only where it is serious (O-25)."""
        return not one.way.via_branch or one.penalty.tier in self.facts.policy.value(
            "branch_blocking_tiers", day
        )

    def counting_penalties(self, day: date) -> list[Penalty]:
        """Penalties that count on `day`."""
        policy, as_of = self.facts.policy, self.facts.as_of
        return [
            p.penalty
            for p in self.penalties
            if self.may_block(p, day) and counts(p.penalty, policy, as_of, day)
        ]

    def counting_entries(self, day: date) -> list[Entry]:
        """Ended entries that count on `day`."""
        return [e for e in self.entries if entry_counts(e, self.facts.policy, self.facts.as_of, day)]

    def holds_on(self, day: date) -> list[Hold]:
        """Holds that stand on `day`."""
        return [hold for hold in self.holds if hold.holds_on(day)]

    def clean_days(self, day: date) -> list[date]:
        """First clean days after each record that counts, or would but for the window (§5 clean_since)."""
        policy, as_of = self.facts.policy, self.facts.as_of
        days = [
            p.penalty.decided_on
            for p in self.penalties
            if self.may_block(p, day) and is_bad_record(p.penalty, policy, as_of, day)
        ]
        for entry in self.entries:
            if is_bad_entry(entry, policy, as_of, day):
                days += [entry.listed_on, entry.removed_on or OPEN_END]
        return days

    def dates(self) -> set[date]:
        """Every day from which a window may run."""
        days = {self.row["established_on"], self.facts.as_of}
        days |= {p.penalty.decided_on for p in self.penalties} | {h.valid_from for h in self.honours}
        days |= {day for e in self.entries for day in (e.listed_on, e.removed_on) if day}
        days |= {h.row["valid_to"] for h in self.honours if h.row["valid_to"]}
        days |= {hold.event_on for hold in self.holds if hold.event_on}
        days |= {row["decided_on"] for p in self.penalties for row in p.record.versions}
        return days
