"""Every spec case on the reference engine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from policy import Policy, load_policy
from policy.publicity import CHANNELS
from tests.reference import Answer, Facts, World
from tests.reference.engine import decide_entity
from tests.reference.numbers import remembered
from tests.reference.publicity import clocks_of
from tests.spec.comparing import differences
from tests.spec.delivering import reference_world
from tests.spec.loader import Case, load_cases
from tests.spec.policies import changed_policy

CASES = load_cases()


@cache
def standing_policy() -> Policy:
    return remembered(load_policy())


@pytest.fixture(scope="module")
def policy_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Policy]:
    """The policy under which a case is decided: one for all cases that change it alike."""

    @cache
    def changed(changes: str) -> Policy:
        return remembered(changed_policy(json.loads(changes), tmp_path_factory.mktemp("policy")))

    def of(case: Case) -> Policy:
        return changed(json.dumps(case.policy, sort_keys=True)) if case.policy else standing_policy()

    return of


def told(answer: Answer | None, facts: Facts) -> dict[str, Any] | None:
    """An answer and its publicity clocks as the comparison takes them."""
    if answer is None:
        return None
    clocks = [vars(clock) for clock in clocks_of(answer.uscc, facts)]
    return {
        **{name: getattr(answer, name) for name in ("status", "grounds", "clean_since", "eligible_on")},
        **{name: getattr(answer, name) for name in ("red_lines", "class_floor", "risk_class")},
        "in_grades": answer.has_risk_row,
        "points": {name: f"{points / 100:.2f}" for name, points in answer.reasons_h.items()},
        "blockers": [vars(blocker) for blocker in answer.blockers],
        **{channel: [one for one in clocks if one["channel"] == channel] for channel in CHANNELS},
    }


def counted(world: World, facts: Facts) -> dict[str, Counter[str]]:
    """Quarantined and unmatched rows by kind."""
    unmatched = Counter({kind: len(facts.unmatched(kind)) for kind in facts.records})
    return {"quarantined": Counter(row["kind"] for row in world.quarantined), "unmatched": unmatched}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(case: Case, policy_of: Callable[[Case], Policy]) -> None:
    policy = policy_of(case)
    world = reference_world(case, policy)
    facts = Facts(world, policy, case.as_of)
    problems = []
    for alias in case.expect:
        problems += differences(case, alias, told(decide_entity(case.codes[alias], facts), facts))
    counts = counted(world, facts)
    for what in ("quarantined", "unmatched"):
        wanted = Counter(case.counts.get(what, {}))
        got = +counts[what]
        # Nothing may be quarantined by accident: a case says so where it means it.
        if (what == "quarantined" or wanted) and got != +wanted:
            problems.append(f"{what}: {dict(got)}, must be {dict(wanted)}")
    assert not problems, "\n".join([case.id, *problems])


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 150
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: case.id)
def test_days_of_change_miss_no_day(case: Case, policy_of: Callable[[Case], Policy]) -> None:
    """`eligible_on` found at candidate days equals the one found day by day."""
    policy = policy_of(case)
    facts = Facts(reference_world(case, policy), policy, case.as_of)
    for uscc in facts.directory.used:
        quick, slow = decide_entity(uscc, facts), decide_entity(uscc, facts, every_day=True)
        assert quick == slow


def test_conservation() -> None:
    """All accepted = current + superseded + withdrawn; unmatched ⊆ current (promise 3)."""
    for case in CASES:
        facts = Facts(reference_world(case, standing_policy()), standing_policy(), case.as_of)
        for kind in facts.records:
            counts = facts.conservation(kind)
            assert counts["accepted"] == counts["current"] + counts["superseded"] + counts["withdrawn"]
            assert 0 <= counts["unmatched"] <= counts["current"]
