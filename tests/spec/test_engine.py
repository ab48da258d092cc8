"""Every spec case through the real pipeline: delivered files, ingest, one grading for each engine and day.

`CREDITGRADE_SPEC_ENGINES` says on which engines: ``duckdb`` (default), ``spark``, or both with a comma between.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from policy import Policy, load_policy
from tests.spec.comparing import differences
from tests.spec.delivering import LANDED_ON, write_landing
from tests.spec.loader import Case, load_cases
from tests.spec.policies import changed_policy

# The first case of each day pays for the whole grading of that day.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CASES = load_cases()
ENGINES = [
    pytest.param(name, marks=[pytest.mark.needs("java")] if name == "spark" else [])
    for name in os.environ.get("CREDITGRADE_SPEC_ENGINES", "duckdb").split(",")
]
NOW = datetime(LANDED_ON.year, LANDED_ON.month, LANDED_ON.day, 2, 0, tzinfo=timezone(timedelta(hours=8)))
TABLES = (
    "eligibility",
    "eligibility_blockers",
    "grades",
    "grade_reasons",
    "quarantine",
    "unmatched",
    "holds",
    "evidence",
)


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
        self.reasons = grouped(tables["grade_reasons"])
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
        }


def read_table(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    return list(pq.read_table(path).to_pylist())


def grouped(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["uscc"], []).append(row)
    return found


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Pipeline]:
    """The pipeline of a case: one for all that share a policy."""

    @cache
    def pipeline(changes: str) -> Pipeline:
        folder = tmp_path_factory.mktemp("spec")
        policy = changed_policy(json.loads(changes), folder / "policy") if changes != "{}" else load_policy()
        return Pipeline([case for case in CASES if changes_of(case) == changes], policy, folder)

    return lambda case: pipeline(changes_of(case))


def changes_of(case: Case) -> str:
    return json.dumps(case.policy, ensure_ascii=False, sort_keys=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("engine", ENGINES)
def test_case(engine: str, case: Case, pipelines: Any, request: pytest.FixtureRequest) -> None:
    if engine == "spark":
        request.getfixturevalue("spark_session")
    graded = pipelines(case).graded(engine, case.as_of)
    problems = [
        line for alias in case.expect for line in differences(case, alias, graded.told(case.codes[alias]))
    ]
    for what, table in (("quarantined", "quarantine"), ("unmatched", "unmatched")):
        wanted = case.counts.get(what, {})
        got = {kind: n for (number, kind), n in graded.counts[table].items() if number == case.number}
        if (what == "quarantined" or wanted) and Counter(got) != +Counter(wanted):
            problems.append(f"{what}: {got}, must be {wanted}")
    assert not problems, "\n".join([case.id, *problems])


def test_conservation(pipelines: Any) -> None:
    """The engine counts every row once (promise 3)."""
    from models.engine import grade

    pipeline = pipelines(CASES[0])
    work = pipeline.folder / "work-conservation"
    work.mkdir()
    result = grade(pipeline.intake, pipeline.policy, CASES[0].as_of, work)
    for kind, counts in result.conservation.items():
        assert counts["accepted"] == counts["current"] + counts["superseded"] + counts["withdrawn"], kind
        assert 0 <= counts["unmatched"] <= counts["current"], kind


def test_a_rule_says_whose_record_stands_in_the_way(pipelines: Any) -> None:
    """The desk shows no other firm's document; a ruling may have freed that firm, so its own rows do not tell."""
    graded = pipelines(CASES[0]).graded("duckdb", date(2026, 6, 30))
    ends = ("", "_of_branch", "_of_predecessor")
    seen: set[tuple[str, str]] = set()
    for uscc, blockers in graded.blockers.items():
        for line in blockers:
            if line["reason"] not in ("HOLD_REVIEW", "NOT_ACTIVE_LIST"):
                continue
            bare = line["rule"].removesuffix(" (linked_by_name)")
            (end,) = [one for one in ends if bare.endswith(one) and (one or not bare.endswith(ends[1:]))]
            keys = ("kind", "authority", "doc_no", "event_on")
            like = [
                one
                for one in graded.holds.get(uscc, []) + graded.evidence.get(uscc, [])
                if all(one[key] == line[key] for key in keys)
                and one.get("hold_rule", "active_blocking_list") == bare.removesuffix(end)
                and one.get("is_active", True)
            ]
            assert like, line
            assert (end == "") == any(one["via"] == uscc for one in like), line
            seen.add((line["reason"], end))
    assert seen >= {("HOLD_REVIEW", end) for end in ends} | {("NOT_ACTIVE_LIST", end) for end in ends[::2]}
