"""What is known on `as_of`: links, records, amendments, rulings and everything that may hold an entity."""

from __future__ import annotations

from datetime import date

from policy import Policy
from tests.reference import rulings as ruled
from tests.reference.directory import Directory
from tests.reference.force import Force, force_of, targets_of
from tests.reference.keys import Record, records_of
from tests.reference.numbers import remembered
from tests.reference.penalties import judge_version
from tests.reference.routes import routes_to
from tests.reference.rulings import Matter
from tests.reference.text import normal
from tests.reference.world import Row, World

SUBJECT_KINDS = ("licences", "penalties", "inspections", "listings", "honours")
KINDS = ("entities", *SUBJECT_KINDS, "amendments", "rulings")


class Facts:
    """One world on one day under one policy. Nothing dated after `as_of` counts; natural keys know no date."""

    def __init__(self, world: World, policy: Policy, as_of: date) -> None:
        policy = remembered(policy)
        self.world, self.policy, self.as_of = world, policy, as_of
        self.directory = Directory(world, policy, as_of)
        self.placeholder_names = {normal(name) for name in policy.placeholder_names}
        self.records: dict[str, list[Record]] = {
            kind: records_of(world, kind, self.directory) for kind in KINDS
        }
        self.rulings = [
            r for r in ruled.in_force(self.records["rulings"], as_of) if r["uscc"] in self.directory.known
        ]
        # Held rows of penalties and listings can be ruled upon before amendments look for their targets,
        # since a penalty that a ruling made true is found by amendments.
        self.matters = [
            *(Matter(row["kind"], (row,)) for row in world.quarantined),
            *(Matter(kind, (row,)) for kind in ("penalties", "listings") for row in self.unmatched(kind)),
            *ruled.version_matters(self.records["penalties"], self.reached_from),
            *ruled.visit_matters(self.records["inspections"], self.reached_from),
        ]
        self.penalties = [
            *self.records["penalties"],
            *ruled.penalties_made_true(self.rulings, self.matters, self.directory),
        ]
        self.entries_made_true = ruled.entries_made_true(self.rulings, self.matters)
        self._targets = [
            (
                record.winner,
                targets_of(record.winner, [*self.penalties, *self.records["listings"]], self.directory),
            )
            for record in self.records["amendments"]
        ]
        self.matters += [Matter("amendments", (row,)) for row in self.unmatched_amendments()]

    def reached_from(self, source: str) -> frozenset[str]:
        """Entities that records linked to `source` may reach, itself among them."""
        entities = [source, *self.directory.used]
        return frozenset(u for u in entities if any(r.source == source for r in routes_to(u, self.directory)))

    def unlinked(self, kind: str) -> list[Record]:
        """Records of a kind whose subject is not linked."""
        return [record for record in self.records[kind] if record.linked is None]

    def unmatched_amendments(self) -> list[Row]:
        """Amendments that find nothing."""
        return [row for row, targets in self._targets if not targets]

    def amendments_of(self, record: Record) -> list[Row]:
        """Amendments that find a record."""
        return [row for row, targets in self._targets if any(target is record for target in targets)]

    def force_of(self, record: Record) -> Force:
        """What the amendments ≤ as_of say of a record."""
        return force_of(self.amendments_of(record), self.as_of)

    def subjects_found(self, amendment: Row) -> set[str]:
        """Linked entities of the records that an accepted amendment row finds."""
        targets = targets_of(amendment, [*self.penalties, *self.records["listings"]], self.directory)
        return {target.linked for target in targets if target.linked}

    def finds_nothing(self, ruling: Row) -> bool:
        """Whether a ruling is unmatched: nothing that it names, or an entity that does not exist."""
        return ruling["uscc"] not in self.directory.known or not any(
            ruled.is_about(ruling, m) for m in self.matters
        )

    def unmatched(self, kind: str) -> list[Row]:
        """Winning rows that are linked to nothing (contract §3, unmatched)."""
        if kind == "amendments":
            return self.unmatched_amendments()
        if kind == "rulings":
            return [r.winner for r in self.records["rulings"] if self.finds_nothing(r.winner)]
        if kind == "listings":  # a row that closes an entry bears the entry's number
            return [{**r.winner, "doc_norm": r.doc_norm, "doc_no": r.doc_no} for r in self.unlinked(kind)]
        return [record.winner for record in self.unlinked(kind)] if kind in SUBJECT_KINDS else []

    def conservation(self, kind: str) -> dict[str, int]:
        """All accepted = current + superseded + withdrawn; unmatched ⊆ current (contract §3)."""
        accepted = len(self.world.accepted.get(kind, []))
        withdrawn = sum(self._is_withdrawn(record) for record in self.records[kind])
        return {
            "accepted": accepted,
            "current": len(self.records[kind]) - withdrawn,
            "superseded": accepted - len(self.records[kind]),
            "withdrawn": withdrawn,
            "unmatched": len(self.unmatched(kind)),
        }

    def _is_withdrawn(self, record: Record) -> bool:
        """A linked winning penalty or listing that on as_of is annulled or 错误列入."""
        if record.linked is None or record.kind not in ("penalties", "listings"):
            return False
        winner, force = record.winner, self.force_of(record)
        if record.kind == "penalties":
            dated = judge_version(winner, record, force, self.policy).decided_on
        else:
            dated = winner["listed_on"]
        if dated > self.as_of:
            return False  # rows dated after as_of are current
        if force.is_annulled:
            return True
        if record.kind == "penalties":
            return bool(winner["status_code"] == "annulled")
        removed_on = winner["removed_on"]
        return bool(winner["removal_code"] == "错误列入" and removed_on and removed_on <= self.as_of)
