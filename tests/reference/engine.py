"""Decides one entity."""

from __future__ import annotations

from datetime import date

from policy import Policy
from tests.reference import risk, status
from tests.reference.answers import Answer
from tests.reference.evidence import Evidence
from tests.reference.facts import Facts
from tests.reference.numbers import remembered
from tests.reference.world import World


def decide_entity(uscc: str, facts: Facts, *, every_day: bool = False) -> Answer | None:
    """Status, class and reasons of one entity; None where it has no row (`established_on` > as_of, or unknown).

    Args:
        every_day: look for `eligible_on` day by day instead of at the days on which something may change.
    """
    if not facts.directory.exists_on_as_of(uscc):
        return None
    evidence, as_of = Evidence(uscc, facts), facts.as_of
    code = status.status_on(evidence, as_of)
    lines = risk.red_lines(evidence)
    reasons = risk.reasons_of(evidence)
    points, floor = sum(reasons.values()), risk.class_floor(lines, evidence)
    return Answer(
        uscc=uscc,
        status=code,
        eligible=code in status.ELIGIBLE,
        grounds=status.grounds_on(evidence, as_of) if code in status.ELIGIBLE else [],
        clean_since=status.clean_since(evidence, as_of),
        eligible_on=status.eligible_on(evidence, as_of, status.every_day(evidence) if every_day else None),
        blockers=status.blockers_on(evidence),
        has_risk_row=risk.has_risk_row(evidence),
        risk_class=max(floor, risk.class_of_points(points, evidence)) if risk.is_classed(evidence) else None,
        red_lines=lines,
        class_floor=floor,
        points_h=points,
        reasons_h=reasons,
    )


def decide_all(world: World, policy: Policy, as_of: date) -> dict[str, Answer]:
    """Every entity that has a row on as_of, by USCC."""
    facts = Facts(world, remembered(policy), as_of)
    answers = {uscc: decide_entity(uscc, facts) for uscc in sorted(facts.directory.used)}
    return {uscc: answer for uscc, answer in answers.items() if answer is not None}
