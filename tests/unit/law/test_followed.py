"""Whatever §5 asks of a day is followed into the later periods of the policy (rules §5, eligible_on)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import features
import models.eligibility
import records.resolve
from features.windows import FAR, followed, periods
from policy import Policy, load_policy
from policy.dated import Series
from policy.params import PARAMS

AS_OF = date(2026, 6, 30)
LATER = date(2027, 3, 1)
# What these modules ask of a day and §5 does not.
OTHERWISE = {
    "changes_window_months": "points",
    "fine_total_window_months": "points",
    "licences_expired_window_months": "points",
    "feed_thin_window_days": "a source is late or thin on as_of alone (rules §4 (f))",
}


@pytest.fixture(scope="module")
def shipped() -> Policy:
    return load_policy()


def asked() -> set[str]:
    """Every parameter that a module of the status names."""
    folders = [Path(str(p)) for package in (features, records.resolve) for p in package.__path__]
    files = [*(f for folder in folders for f in folder.glob("*.py")), Path(str(models.eligibility.__file__))]
    names = {name for file in files for name in re.findall(r'"([a-z_]+)"', file.read_text(encoding="utf-8"))}
    return names & set(PARAMS)


def test_every_parameter_that_a_status_asks_for_is_followed(shipped: Policy) -> None:
    found = asked()
    assert {"clean_window_months", "eligible_status_groups", "branch_blocking_tiers"} <= found
    assert found - set(followed(shipped)) == set(OTHERWISE)
    for field in ("is_blocking", "after_list_months", "any_removal_is_repair"):
        assert {f"lists.{one.name}.{field}" for one in shipped.lists} <= set(followed(shipped))
    assert {f"honours.{one.name}.default_term_months" for one in shipped.honours} <= set(followed(shipped))


def changed(policy: Policy, id_: str, value: Any, *, ends: bool = False) -> Policy:
    """The policy with one value from LATER on, or without one."""
    ((cited, old),) = [entry for entry in policy.series[id_].entries if entry[0].covers(AS_OF)]
    before = cited.model_copy(update={"valid_to": LATER - timedelta(days=1)})
    after = cited.model_copy(update={"valid_from": LATER})
    entries = ((before, old),) if ends else ((before, old), (after, value))
    series: Mapping[str, Series] = {**policy.series, id_: Series(policy.series[id_].file, entries)}
    return dataclasses.replace(policy, series=series)


def test_with_the_shipped_policy_there_is_one_period(shipped: Policy) -> None:
    (only,) = periods(shipped, AS_OF)
    assert (only.start, only.end, only.adds_nothing) == (AS_OF, FAR, True)
    # Before 2026-04-01 a repaired record still counts: the later period only cuts shorter what blocks already.
    first, second = periods(shipped, date(2026, 3, 31))
    assert (second.start, first.adds_nothing, second.adds_nothing) == (date(2026, 4, 1), True, True)


def test_a_change_of_any_of_them_begins_a_period(shipped: Policy) -> None:
    for id_ in followed(shipped):
        old = shipped.series[id_].at(AS_OF)
        assert old is not None
        spans = periods(changed(shipped, id_, _another(old[1])), AS_OF)
        assert [span.start for span in spans] == [AS_OF, LATER], id_
        assert not spans[1].adds_nothing, id_


@pytest.mark.parametrize(
    ("id_", "value"),
    [("clean_window_months", 24), ("inspection_hold_months", 6), ("min_history_months", 12)],
)
def test_a_smaller_number_adds_nothing(shipped: Policy, id_: str, value: int) -> None:
    assert periods(changed(shipped, id_, value), AS_OF)[1].adds_nothing
    assert not periods(changed(shipped, id_, 60), AS_OF)[1].adds_nothing


def test_an_honour_without_a_value_is_not_recognised(shipped: Policy) -> None:
    policy = changed(shipped, "honours.诚信典型.default_term_months", None, ends=True)
    assert policy.honour_terms(LATER - timedelta(days=1))["诚信典型"] == 36
    assert "诚信典型" not in policy.honour_terms(LATER)
    assert [span.adds_nothing for span in periods(policy, AS_OF)] == [True, False]


def _another(value: Any) -> Any:
    """A different value, greater where it is a number."""
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else ["another"]
