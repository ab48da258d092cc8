"""What a scorecard may not look at, and what its policy refuses."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from features import history
from policy import Policy, PolicyError, load_policy
from policy.learned import Watched
from policy.scorecard import FORBIDDEN_WORDS, HISTORY_FEATURES, TEXTS, LearnedFeature, ScorecardFile


@pytest.mark.parametrize(
    "column",
    [
        "authority", "authority_key", "inspector_id", "inspecting_office", "division_code", "address",
        "parent_division_code_12m", "latitude", "district", "legal_rep_id",
    ],
)  # fmt: skip
def test_who_came_and_where_it_lies_are_no_features(edit: Any, column: str) -> None:
    folder = edit("scorecard.yaml", "feature: age_months", f"feature: {column}")
    with pytest.raises(PolicyError, match="may not be used"):
        load_policy(folder)


def test_no_column_that_exists_says_who_came_or_where(shipped: Policy) -> None:
    names = {*HISTORY_FEATURES, *TEXTS, *(f.feature for f in shipped.scorecard.features)}
    assert not [n for n in names for word in FORBIDDEN_WORDS if word in n]


def test_the_features_read_no_column_of_office_or_place() -> None:
    code = inspect.getsource(history).partition('"""')[2].partition('"""')[2]
    for word in (
        "authority",
        "division_code",
        "task_no",
        "inspector",
        "name_norm",
        "legal_rep",
        "source_unit",
    ):
        assert word not in code.replace("industry_division", "")


def test_an_unknown_column_and_a_doubled_one_are_refused(edit: Any) -> None:
    with pytest.raises(PolicyError, match="unknown feature age_years"):
        load_policy(edit("scorecard.yaml", "feature: age_months", "feature: age_years"))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("event", "penalty_tiers"), [], "nothing that counts"),
        (("event", "at"), "next_visit", "next visit"),
        (("scale", "cut_points"), {"A": 0, "B": 1, "C": 2, "D": 3}, "exactly one"),
        (("scale", "target_shares"), {"A": "0.5", "B": "0.2", "C": "0.2", "D": "0.2"}, "add up to 1"),
        (("validation", "holdout"), 9, "leave windows"),
        (("fit", "dates"), 3, "leave windows"),
        (("recency_weights",), [[6, 10], [3, 5]], "rising months"),
    ],
)
def test_a_scorecard_that_makes_no_sense_is_refused(
    shipped: Policy, path: tuple[str, ...], value: Any, message: str
) -> None:
    content = shipped.scorecard.model_dump(mode="json")
    inner = content
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(ValidationError, match=message):
        ScorecardFile.model_validate_json(json.dumps(content), strict=True)


def test_a_text_has_no_direction() -> None:
    with pytest.raises(ValidationError, match="direction is free"):
        LearnedFeature(
            id="X",
            feature="key_area",
            category="监管",
            title="x",
            title_en="x",
            direction="up",
            missing="own",
        )


@pytest.mark.parametrize(
    ("feature", "was", "instead", "message"),
    [
        ("ADVERSE_SHARE", "up", {"direction": "free"}, "adverse_share is never better"),
        ("ADVERSE_RECENT", "up", {"direction": "down"}, "adverse_recent is never better"),
        ("PENALTY_MINOR_12M", "up", {"direction": "free"}, "penalty_minor_12m is never better"),
        ("FINES", "up", {"direction": "free"}, "fine_total_yuan_60m is never better"),
        ("LISTED", "up", {"direction": "down"}, "listings_active is never better"),
        ("SINCE_EVENT", "down", {"direction": "free"}, "a recent event is never better"),
        ("SINCE_EVENT", "down", {"missing": "own"}, "a recent event is never better"),
    ],
)
def test_an_adverse_history_can_only_raise_points(
    shipped: Policy, feature: str, was: str, instead: dict[str, str], message: str
) -> None:
    content = shipped.scorecard.model_dump(mode="json")
    one = next(f for f in content["features"] if f["id"] == feature)
    assert one["direction"] == was
    one.update(instead)
    with pytest.raises(ValidationError, match=message):
        ScorecardFile.model_validate_json(json.dumps(content), strict=True)


def test_a_registry_that_does_not_fit_its_models_is_refused(edit: Any) -> None:
    folder = edit("scorecard.yaml", "feature: age_months", "feature: age_months")
    (folder / "models").mkdir()
    entry = {"model": "m", "file": "m.json", "sha256": "0", "role": "champion"}
    registry = folder / "models" / "registry.yaml"
    registry.write_text(json.dumps({"models": [entry], "acts": []}), encoding="utf-8")
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(folder)
    two = [entry, {**entry, "model": "n"}]
    registry.write_text(json.dumps({"models": two, "acts": []}), encoding="utf-8")
    with pytest.raises(PolicyError, match="two champions"):
        load_policy(folder)


def _seen(foretold: float, observed: int, as_of: str = "2026-06-30") -> Watched:
    line = {
        "model": "m", "start": "2025-06-30", "as_of": as_of, "entities": 1000, "foretold": foretold,
        "observed": observed, "auc": None,
    }  # fmt: skip
    return Watched.model_validate_json(json.dumps(line), strict=True)


@pytest.mark.parametrize(
    ("foretold", "observed", "within"),
    [
        (100, 100, True),
        (100, 150, True),
        (100, 151, False),
        (150, 100, True),
        (151, 100, False),
        (60, 0, False),
    ],
)
def test_a_model_is_off_by_a_factor_either_way(foretold: float, observed: int, within: bool) -> None:
    assert _seen(foretold, observed).is_within(1.5) is within


def test_few_events_are_not_judged_and_later_ones_are_not_known_before(shipped: Policy) -> None:
    assert not _seen(10.0, 49).is_judged(50)
    assert _seen(10.0, 50).is_judged(50) and _seen(50.0, 0).is_judged(50)
    watched = replace(shipped, watched=(_seen(1, 1, "2026-03-31"), _seen(2, 2, "2026-06-30")))
    assert watched.watched_on(date(2026, 3, 30)) is None
    assert watched.watched_on(date(2026, 5, 1)) == _seen(1, 1, "2026-03-31")
    assert watched.watched_on(date(2026, 6, 30)) == _seen(2, 2, "2026-06-30")
