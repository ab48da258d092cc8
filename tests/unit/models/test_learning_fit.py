"""The table of points: monotone, exact, in whole hundredths; chosen by the rule; sealed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.learning.dataset import MISSING, Window, months_before, windows
from models.learning.fit import fit_table, sample_rows
from models.learning.groups import by_groups
from models.learning.resampled import Resamples
from models.learning.steady import cut_points
from models.learning.train import train
from models.learning.validate import Foretold, choose, foretell, train_rows
from policy import PolicyError, load_policy
from policy.learned import Scorecard, digest, model_bytes, read_model
from tests.unit.models.learnable import AS_OF, card, dataset, everybody, feature


class _Policy:
    """What training reads of a policy."""

    version = "test"

    def __init__(self, scorecard: Any) -> None:
        self.scorecard = scorecard


@pytest.fixture(scope="module")
def model() -> Scorecard:
    return _trained("b", "a")


def _trained(*inputs: str) -> Scorecard:
    return train(
        dataset(), everybody, _Policy(card()), as_of=AS_OF, known_by=None, inputs=inputs,  # type: ignore[arg-type]
        created_by="测试", code_version="0",
    )  # fmt: skip


def test_points_never_fall_as_adverse_history_grows(model: Scorecard) -> None:
    count = next(i for i in model.indicators if i.id == "COUNT")
    points = [b.points_h for b in count.bins]
    assert points == sorted(points) and points[-1] > points[0]


def test_a_direction_holds_even_against_the_data() -> None:
    """More of what the policy calls adverse happens to go with fewer events: no points may follow that."""
    data = dataset()
    data.features["penalty_general_12m"][:] = np.where(data.event, 0, 3)
    rows = np.arange(len(data))
    table = fit_table(data, rows, card(), card().fit.candidates[0])
    assert "COUNT" in table.dropped
    for one, points in zip(table.binned, table.points_h, strict=True):
        if one.feature.direction == "up":
            assert (np.diff(points[:-1]) >= 0).all()


def test_never_seen_is_the_least_risk_where_the_policy_says_so() -> None:
    data = dataset()
    data.features["days_since_event"][data.event] = MISSING
    data.features["days_since_event"][~data.event] = 400
    data.features["days_since_event"][::3] = 30
    changed = card(
        features=[
            feature("SINCE", "days_since_event", "down", "high"),
            feature("S", "critical_share", "up"),
        ]
    )
    table = fit_table(
        data, np.arange(len(data)), changed, changed.fit.candidates[0].model_copy(update={"without": ()})
    )
    for one, points in zip(table.binned, table.points_h, strict=True):
        if one.feature.id == "SINCE":
            assert (np.diff(points[:-1]) <= 0).all() and points[-1] <= points[:-1].min()


def test_the_table_foretells_and_adds_up(model: Scorecard) -> None:
    found = model.metrics["all"][model.candidate["id"]]  # type: ignore[index, call-overload]
    assert found["auc"] > 0.65
    assert found["auc_interval"][0] <= found["auc"] <= found["auc_interval"][1]
    assert model.base_points_h == 30_000
    assert {i.id for i in model.indicators} >= {"COUNT", "SHARE"}


def test_the_only_windows_that_are_learned_from_had_ended() -> None:
    data = dataset(windows=tuple(Window(date(2024, m, 28), date(2024, m + 3, 28)) for m in range(1, 7)))
    for window in range(6):
        learned = {data.windows[i] for i in data.window[train_rows(data, window)].tolist()}
        assert all(w.end <= data.windows[window].start for w in learned)


def test_what_comes_later_changes_nothing_that_was_foretold() -> None:
    first, second = dataset(), dataset()
    later = second.window == 5
    second.event[later] = ~second.event[later]
    second.features["penalty_general_12m"][later] = 0
    one, two = (foretell(d, card(), lambda line: None) for d in (first, second))
    before = first.window[one.rows] < 5
    for name in ("plain", "boosting", "single_best"):
        assert (one.scores[name][before] == two.scores[name][before]).all()
    # Nor does the holdout choose.
    assert choose(first, card(), one)[0] == choose(second, card(), two)[0]


def test_the_rule_prefers_the_smaller_among_equals() -> None:
    data = dataset()
    data.features["key_area"][:] = 0
    same = [
        {"id": "more", "C": "1.0", "l1_ratio": "0", "max_bins": 6, "smoothing": "20"},
        {"id": "less", "C": "1.0", "l1_ratio": "0", "max_bins": 6, "smoothing": "20", "without": ["AREA"]},
        {"id": "softer", "C": "0.9", "l1_ratio": "0", "max_bins": 6, "smoothing": "20", "without": ["AREA"]},
    ]
    changed = card(fit={**card().fit.model_dump(mode="json"), "candidates": same})
    assert choose(data, changed, foretell(data, changed, lambda line: None))[0].id == "softer"


def test_l1_leaves_out_what_tells_nothing() -> None:
    lasso = {"id": "lasso", "C": "0.05", "l1_ratio": "1", "max_bins": 6, "smoothing": "20"}
    changed = card(fit={**card().fit.model_dump(mode="json"), "candidates": [lasso]})
    data = dataset()
    assert "AREA" in fit_table(data, np.arange(len(data)), changed, changed.fit.candidates[0]).dropped


def test_sampling_rows_for_the_regression_keeps_the_table() -> None:
    data = dataset(rows_each=2000)
    whole = fit_table(data, np.arange(len(data)), card(), card().fit.candidates[0])
    less = card(fit={**card().fit.model_dump(mode="json"), "max_rows": 6000})
    part = fit_table(data, np.arange(len(data)), less, less.fit.candidates[0])
    # Where events alone would fill it, they are thinned out too, and weigh for those left out.
    few = card(fit={**card().fit.model_dump(mode="json"), "max_rows": 2000})
    rows, weight = sample_rows(data.event, few)
    assert len(rows) <= 2002 and weight.sum() == pytest.approx(len(data))
    assert weight[data.event[rows]].sum() == pytest.approx(data.event.sum())
    assert part.intercept == pytest.approx(whole.intercept, abs=0.15)
    assert part.weights[:2] == pytest.approx(whole.weights[:2], abs=0.25)


def test_shares_cut_the_population_and_never_split_a_tie() -> None:
    score = np.array([0] * 60 + [100] * 25 + [200] * 10 + [300] * 5)
    cuts = cut_points(score, card())
    assert len(set(cuts.values())) == 4 and list(cuts.values()) == sorted(cuts.values())
    cuts = cut_points(np.arange(1000), card())
    letters = np.searchsorted([cuts[c] for c in "BCD"], np.arange(1000), side="right")
    assert np.bincount(letters).tolist() == pytest.approx([500, 300, 150, 50], abs=2)


def test_nothing_can_be_learned_from_one_outcome() -> None:
    data = dataset()
    data.event[:] = False
    with pytest.raises(ValueError, match="too few events"):
        fit_table(data, np.arange(len(data)), card(), card().fit.candidates[0])


def test_a_model_is_a_file_that_knows_when_it_was_changed(model: Scorecard, tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(model_bytes(model))
    assert read_model(path) == model
    assert model.inputs == ("a", "b")
    content = json.loads(path.read_bytes())
    assert digest(content) == model.sha256 and model.id.endswith(model.sha256[:8])
    content["indicators"][0]["bins"][0]["points_h"] -= 1
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(PolicyError, match="was changed"):
        read_model(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(PolicyError, match="not JSON"):
        read_model(path)


def test_groups_stand_in_the_order_of_their_spans() -> None:
    data = dataset()
    ages = np.tile(np.array([200, 5, 70, 40, 20, None], dtype=object), len(data) // 6)
    data = replace(data, groups={**data.groups, "age_months": ages})
    foretold = Foretold(np.arange(len(data)), {"plain": data.expert_h.astype(float)}, {}, [])
    found = by_groups(data, card(), foretold, "plain", Resamples(300, 20, 1))
    (kind,) = (k for k in found if k.startswith("age"))
    assert [g["group"] for g in found[kind]] == ["<1", "1–3", "3–5", "5–10", "≥10", "–"]


def test_equal_training_gives_equal_bytes(model: Scorecard) -> None:
    assert model_bytes(_trained("a", "b")) == model_bytes(model)


def test_windows_end_on_the_day_of_training() -> None:
    spans = windows(load_policy(), date(2026, 6, 30))
    assert spans[-1] == (date(2025, 6, 30), date(2026, 6, 30))
    assert len(spans) == 24 and spans[0].start == months_before(date(2025, 6, 30), 23)
