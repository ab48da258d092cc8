"""Every spec case through the real pipeline.

`CREDITGRADE_SPEC_ENGINES` says on which engines: ``duckdb`` (default), ``spark``, or both with a comma between. On
Spark `make spark` runs all of them, a grading for each group of one policy and one day.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date

import pytest

from tests.spec.grading import Pipeline, pipelines_of
from tests.spec.loader import Case, load_cases

# The first case of each day pays for the whole grading of that day.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

CASES = load_cases()
ENGINES = [
    pytest.param(name, marks=[pytest.mark.needs("java")] if name == "spark" else [])
    for name in os.environ.get("CREDITGRADE_SPEC_ENGINES", "duckdb").split(",")
]


@pytest.fixture(scope="module")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Pipeline]:
    return pipelines_of(CASES, lambda: tmp_path_factory.mktemp("spec"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
@pytest.mark.parametrize("engine", ENGINES)
def test_case(
    engine: str, case: Case, pipelines: Callable[[Case], Pipeline], request: pytest.FixtureRequest
) -> None:
    if engine == "spark":
        request.getfixturevalue("spark_session")
    problems = pipelines(case).graded(engine, case.as_of).problems(case)
    assert not problems, "\n".join([case.id, *problems])


def test_conservation(pipelines: Callable[[Case], Pipeline]) -> None:
    """The engine counts every row once (promise 3)."""
    from models.engine import grade

    pipeline = pipelines(CASES[0])
    work = pipeline.folder / "work-conservation"
    work.mkdir()
    result = grade(pipeline.intake, pipeline.policy, CASES[0].as_of, work)
    for kind, counts in result.conservation.items():
        assert counts["accepted"] == counts["current"] + counts["superseded"] + counts["withdrawn"], kind
        assert 0 <= counts["unmatched"] <= counts["current"], kind


def test_a_rule_says_whose_record_stands_in_the_way(pipelines: Callable[[Case], Pipeline]) -> None:
    """The desk shows no other firm's document; a ruling may have freed that firm, so its own rows do not tell."""
    graded = pipelines(CASES[0]).graded("duckdb", date(2026, 6, 30))
    ends = ("", "_of_branch", "_of_predecessor")
    seen: set[tuple[str, str]] = set()
    for uscc, blockers in graded.blockers.items():
        for line in blockers:
            if line["reason"] not in ("HOLD_REVIEW", "NOT_ACTIVE_LIST"):
                continue
            bare, _, on_list = line["rule"].removesuffix(" (linked_by_name)").partition(":")
            (end,) = [one for one in ends if bare.endswith(one) and (one or not bare.endswith(ends[1:]))]
            keys = ("kind", "authority", "doc_no", "event_on")
            like = [
                one
                for one in graded.holds.get(uscc, []) + graded.evidence.get(uscc, [])
                if all(one[key] == line[key] for key in keys)
                and one.get("hold_rule", "active_blocking_list") == bare.removesuffix(end)
                and one.get("is_active", True)
                and one.get("what", on_list) == on_list
            ]
            assert like, line
            assert (end == "") == any(one["via"] == uscc for one in like), line
            seen.add((line["reason"], end))
    assert seen >= {("HOLD_REVIEW", end) for end in ends} | {("NOT_ACTIVE_LIST", end) for end in ends[::2]}
