"""Spec cases through the real pipeline: delivered files, ingest, one grading for each policy, engine and day."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

from policy import Policy, load_policy
from policy.publicity import CHANNELS
from tests.spec.comparing import differences
from tests.spec.delivering import LANDED_ON, write_landing
from tests.spec.loader import Case
from tests.spec.policies import changed_policy

NOW = datetime(LANDED_ON.year, LANDED_ON.month, LANDED_ON.day, 2, 0, tzinfo=timezone(timedelta(hours=8)))
TABLES = (
    "eligibility", "eligibility_blockers", "grades", "grade_reasons", "quarantine", "unmatched", "holds", "evidence",
    "disclosure",
)  # fmt: skip


class Pipeline:
    """One landing folder, taken in once and graded by as many engines and for as many days as are asked for."""

    def __init__(self, cases: list[Case], policy: Policy, folder: Path) -> None:
        from flows.stages.ingest import ingest

        self.policy, self.folder = policy, folder
        self.owners = write_landing(cases, folder / "landing")
        self.intake = ingest(
            folder / "landing", folder / "lake", policy, today=LANDED_ON, now=NOW, workers=1, environ={}
        )
        self.graded = cache(self._grade)

    def _grade(self, engine: str, as_of: date) -> Graded:
        from models.engine import grade

        work = self.folder / f"work-{engine}-{as_of}"
        work.mkdir()
        result = grade(self.intake, self.policy, as_of, work, engine)
        return Graded({name: read_table(result.tables[name]) for name in TABLES}, self.owners)


class Graded:
    """The engine's tables for one day, found by entity and by case."""

    def __init__(self, tables: dict[str, list[dict[str, Any]]], owners: dict[tuple[str, int], Case]) -> None:
        self.eligibility = {row["uscc"]: row for row in tables["eligibility"]}
        self.grades = {row["uscc"]: row for row in tables["grades"]}
        self.blockers = grouped(tables["eligibility_blockers"])
        self.holds, self.evidence = grouped(tables["holds"]), grouped(tables["evidence"])
        self.reasons, self.clocks = grouped(tables["grade_reasons"]), grouped(tables["disclosure"])
        self.counts = {
            what: Counter(
                (owners[row["source_file"], row["source_row"]].number, row["kind"]) for row in tables[what]
            )
            for what in ("quarantine", "unmatched")
        }

    def told(self, uscc: str) -> dict[str, Any] | None:
        """What the tables say of one entity, as the comparison takes it."""
        row = self.eligibility.get(uscc)
        if row is None:
            return None
        grade = self.grades.get(uscc)
        return {
            **{name: row[name] for name in ("status", "grounds", "clean_since", "eligible_on")},
            "blockers": self.blockers.get(uscc, []),
            "in_grades": grade is not None,
            "risk_class": grade and grade["risk_class"],
            "red_lines": grade["red_lines"] if grade else [],
            "points": {one["indicator"]: f"{one['points']:.2f}" for one in self.reasons.get(uscc, [])},
            **{
                channel: [one for one in self.clocks.get(uscc, []) if one["channel"] == channel]
                for channel in CHANNELS
            },
        }

    def problems(self, case: Case) -> list[str]:
        """One line for each expectation of a case that is not met."""
        found = [
            line for alias in case.expect for line in differences(case, alias, self.told(case.codes[alias]))
        ]
        for what, table in (("quarantined", "quarantine"), ("unmatched", "unmatched")):
            wanted = case.counts.get(what, {})
            got = {kind: n for (number, kind), n in self.counts[table].items() if number == case.number}
            if (what == "quarantined" or wanted) and Counter(got) != +Counter(wanted):
                found.append(f"{what}: {got}, must be {wanted}")
        return found


def read_table(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return list(pq.read_table(path).to_pylist())


def grouped(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["uscc"], []).append(row)
    return found


def pipelines_of(cases: Iterable[Case], new_folder: Callable[[], Path]) -> Callable[[Case], Pipeline]:
    """The pipeline of a case: one for all that share a policy."""
    sharing: dict[str, list[Case]] = {}
    for case in cases:
        sharing.setdefault(changes_of(case), []).append(case)

    @cache
    def pipeline(changes: str) -> Pipeline:
        folder = new_folder()
        policy = changed_policy(json.loads(changes), folder / "policy") if changes != "{}" else load_policy()
        return Pipeline(sharing[changes], policy, folder)

    return lambda case: pipeline(changes_of(case))


def changes_of(case: Case) -> str:
    return json.dumps(case.policy, ensure_ascii=False, sort_keys=True)
