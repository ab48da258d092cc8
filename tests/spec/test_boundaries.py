"""Every period of the policy, and every day on which a rule changes, has its boundary days among the cases.

What is asked for comes from the policy: a value that is changed or added fails here until its days are cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

from policy import Policy, load_policy
from policy.publicity import Channel, PublicityRule
from records.intake import EVENT_DATE
from tests.reference.dates import add_months
from tests.spec.loader import Case, load_cases

# Parameter -> record kind and day from which its months run, and the expectation that they change.
RUNS_FROM = {
    "clean_window_months": (("penalties", "decided_on", "status"), ("listings", "listed_on", "status")),
    "min_history_months": (("entities", "established_on", "status"),),
    "inspection_hold_months": (("inspections", "inspected_on", "status"),),
    "serious_red_line_months": (("penalties", "decided_on", "red_lines"),),
    "general_red_line_months": (("penalties", "decided_on", "red_lines"),),
    "changes_window_months": (("entities", "updated_on", "CHANGES"),),
    "licences_expired_window_months": (("licences", "valid_to", "LICENCES_EXPIRED"),),
    "fine_total_window_months": (("penalties", "decided_on", "FINES"),),
    "eligible_on_horizon_months": (),  # no record runs through it: 18_policy has windows of 119 and 120 months
}
# Nothing dated after as_of exists: record kind and day, and the expectation that changes the day after as_of.
BEGINS_ON = (
    ("penalties", "decided_on", "status"), ("listings", "listed_on", "status"), ("listings", "removed_on", "status"),
    ("inspections", "inspected_on", "status"), ("honours", "valid_from", "status"), ("honours", "valid_to", "status"),
    ("entities", "established_on", "absent"), ("entities", "updated_on", "status"),
    ("entities", "cancelled_on", "status"), ("licences", "decided_on", "LICENCES_VALID"),
)  # fmt: skip
HELD = ("penalties", "listings", "amendments", "entities", "rulings")
FILES = ("rules_eligibility.yaml", "rules_risk.yaml")
AROUND = {-1, 0, 1}
DAY = timedelta(days=1)


@cache
def policy() -> Policy:
    return load_policy()


@cache
def tables() -> tuple[tuple[Case, ...], ...]:
    """The cases of each table (or single case), under the policy as it stands."""
    found: dict[str, list[Case]] = {}
    for case in load_cases():
        if not case.policy:
            found.setdefault("-".join(case.id.split()[0].split("-")[:2]), []).append(case)
    return tuple(map(tuple, found.values()))


def days_of(case: Case, kind: str, field: str, says: str | None = None) -> Iterator[date]:
    """The readable days of a column in a case, of all rows or of those in which some cell is `says`."""
    for row in case.rows:
        is_asked = row.kind == kind and (says is None or says in row.cells.values())
        try:
            day = date.fromisoformat(str(row.cells[field])) if is_asked else None
        except ValueError:
            continue
        if day is not None:
            yield day


def expected(case: Case, what: str) -> list[Any]:
    """What a case expects of each entity: a key of `expect`, or an indicator's points."""
    return [wanted.get(what, wanted.get("points", {}).get(what)) for wanted in case.expect.values()]


def makes_a_difference(
    cases: tuple[Case, ...], kind: str, field: str, what: str, months: int = 0, says: str | None = None
) -> bool:
    """Whether so many months end the day before as_of, on it and the day after, and these are not expected alike."""
    found: dict[int, list[Any]] = {}
    for case in cases:
        for day in days_of(case, kind, field, says):
            found.setdefault((add_months(day, months) - case.as_of).days, []).append(expected(case, what))
    if not found.keys() >= AROUND:
        return False
    before, on, after = (found[off] for off in (-1, 0, 1))
    return not any(one in before for one in on) or not any(one in after for one in on)


def periods() -> Iterator[tuple[str, str, str, str, int]]:
    """(parameter, kind, field, expectation, months) of each period that runs from a day of a record or entity."""
    for name, series in policy().series.items():
        if series.file in FILES and name.endswith("_months"):
            assert name in RUNS_FROM, (
                f"{name}: say what its months run from, and write its boundary days as cases"
            )
            for _, months in series.entries:
                yield from ((name, *where, int(months)) for where in RUNS_FROM[name])
    for _, steps in policy().series["points_decay"].entries:
        yield from (("points_decay", "penalties", "decided_on", "PENALTY_GENERAL", int(n)) for n, _ in steps)
    for one in policy().honours:
        for value in one.values:
            yield ("honours", "honours", "valid_from", "status", value.default_term_months)
    for points in policy().points_tables:
        for indicator in points.indicators:
            if indicator.feature == "age_months":
                ages = [int(band.ge) for band in indicator.bands or () if band.ge]
                yield from ((indicator.id, "entities", "established_on", indicator.id, n) for n in ages)


@pytest.mark.parametrize("period", sorted(set(periods())), ids=str)
def test_a_period_has_its_days(period: tuple[str, str, str, str, int]) -> None:
    assert any(makes_a_difference(cases, *period[1:]) for cases in tables()), period


@pytest.mark.parametrize("begins", BEGINS_ON, ids=str)
def test_what_begins_on_as_of_has_its_days(begins: tuple[str, str, str]) -> None:
    assert any(makes_a_difference(cases, *begins) for cases in tables()), begins


@pytest.mark.parametrize("action", policy().codes["action"])
def test_an_amendment_has_its_days(action: str) -> None:
    of_action = ("amendments", "effective_on", "status", 0, action)
    assert any(makes_a_difference(cases, *of_action) for cases in tables()), action


@pytest.mark.parametrize("conclusion", policy().codes["conclusion"])
def test_a_ruling_has_its_days(conclusion: str) -> None:
    of_conclusion = ("rulings", "decided_on", "status", 0, conclusion)
    assert any(makes_a_difference(cases, *of_conclusion) for cases in tables()), conclusion


@pytest.mark.parametrize("kind", HELD)
def test_a_held_row_has_its_days(kind: str) -> None:
    """Quarantined in each case of the table."""
    held = [
        cases for cases in tables() if all(case.counts.get("quarantined", {}).get(kind) for case in cases)
    ]
    field = {**EVENT_DATE, "entities": "updated_on"}[kind]
    assert any(makes_a_difference(cases, kind, field, "status") for cases in held), kind


def test_a_change_of_a_rule_has_its_days() -> None:
    """The day before a new value of a parameter, that day and the day after: the same records, another answer."""
    for name, series in policy().series.items():
        for cited, _ in series.entries if series.file in FILES or series.file == "lists.yaml" else ():
            if (first := cited.valid_from) is not None:
                asked = [{case.as_of - first: case.expect for case in cases} for cases in tables()]
                around = [one for one in asked if one.keys() >= {-DAY, 0 * DAY, DAY}]
                assert any(one[-DAY] != one[0 * DAY] for one in around), f"{name} {first}"


# -- publicity clocks ----------------------------------------------------------------------------------------------


def clocks(channel: Channel, rule_id: str) -> Iterator[tuple[date, date, dict[str, Any]]]:
    """(day of the decision or listing, as_of, line) of each case that names a rule; of several records none."""
    for cases in tables():
        for case in cases:
            days = [*days_of(case, "penalties", "decided_on"), *days_of(case, "listings", "listed_on")]
            for wanted in case.expect.values():
                for line in wanted.get(channel, ()):
                    if line.get("rule") == rule_id and len(days) == 1:
                        yield days[0], case.as_of, line


@pytest.mark.parametrize("rule", policy().publicity.rules, ids=lambda rule: rule.id)
def test_a_publicity_rule_has_its_days(rule: PublicityRule) -> None:
    """Its first and last day, the last day of its longest period and the days around, its earliest stop."""
    found = list(clocks(rule.channel, rule.id))
    decided = {day for day, _, _ in found}
    assert decided >= {day for day in (rule.valid_from, rule.valid_to) if day is not None}
    if not rule.is_published:
        assert all(line["is_published"] is False for _, _, line in found)
        return
    assert rule.valid_from is not None and rule.valid_from + DAY in decided
    shown = {
        (line["publish_until"] - as_of).days: line["is_published"]
        for _, as_of, line in found
        if line.get("publish_until") and "is_published" in line
    }
    # Where a newer rule is shorter, the end is the transition's.
    assert shown.items() >= {-1: False, 0: True, 1: True}.items()
    stops = {line["earliest_repair_on"] for _, _, line in found if "earliest_repair_on" in line}
    least = [] if rule.min_months is None else [rule.min_months]
    for months in [*least, *([rule.longer_min.months] if rule.longer_min else [])]:
        assert stops & {add_months(day, months) + DAY for day in decided}, months
    assert least or stops == {None}


def test_a_transition_has_its_days() -> None:
    """Decisions of the last day before it; ends around as_of; its own first day as the end, and the days around."""
    for transition in policy().publicity.transitions:
        found = list(clocks(transition.channel, transition.id))
        assert transition.day - DAY in {day for day, _, _ in found}
        ends = {(line["publish_until"] - as_of).days for _, as_of, line in found}
        assert ends >= AROUND
        on_the_day = {
            as_of - transition.day for _, as_of, line in found if line["publish_until"] == transition.day
        }
        assert on_the_day >= {-DAY, 0 * DAY, DAY}


def test_a_low_fine_has_its_amounts() -> None:
    """One yuan less than the limit, the limit, and one yuan more."""
    for low in policy().publicity.low_fine_yuan:
        fines = {row.cells["fine_fen"] for cases in tables() for case in cases for row in case.rows
                 if row.kind == "penalties" and any("gsxt" in wanted for wanted in case.expect.values())}  # fmt: skip
        assert fines >= {str((low.value + yuan) * 100) for yuan in AROUND}
