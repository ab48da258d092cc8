"""What is measured of each method: calibration, stability and figures, also where there is too little to judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from flows import model_training
from flows.commands_model import _metrics
from flows.model_training import Asked, Prepared, evaluate, train_model
from models.learning.calibrate import calibrate
from models.learning.dataset import Dataset, Window
from models.learning.fit import fit_table
from models.learning.resampled import Resamples
from models.learning.rivals import RIVALS
from models.learning.steady import Population, stability
from models.learning.validate import foretell
from policy.learned import read_model
from records.errors import UsageError
from tests.unit.models.learnable import AS_OF, card, dataset, everybody

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)


def _quiet(line: str) -> None:
    """Nobody listens."""


def _scarce(data: Dataset, window: int, events: int) -> Dataset:
    """The same, with so many events left in a window."""
    here = np.flatnonzero(data.window == window)
    event = data.event.copy()
    event[here] = False
    event[here[:events]] = True
    return replace(data, event=event)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the commands learn from, in the place of a lake."""
    given: dict[str, Any] = {"data": dataset(), "warnings": (), "validation": {}}

    @contextmanager
    def ready(asked: Asked, now: datetime, told: Any) -> Iterator[Prepared]:
        policy = SimpleNamespace(version="p", scorecard=card(**given["validation"]))
        yield Prepared(policy, AS_OF, given["data"], everybody, ("b", "a"), given["warnings"])  # type: ignore[arg-type]

    monkeypatch.setattr(model_training, "_prepared", ready)
    return given


def _asked(out: Path) -> Asked:
    out.mkdir()
    return Asked(out, None, None, None, AS_OF.isoformat())


def test_evaluate_measures_every_method_in_every_way(prepared: dict[str, Any], tmp_path: Path) -> None:
    prepared["warnings"] = ("the records of inspections end on 2024-01-01",)
    found, place = evaluate(_asked(tmp_path / "out"), now=NOW, told=_quiet)
    assert json.loads(place.read_bytes()) == found
    assert found["inputs"] == ["a", "b"] and not list(place.parent.glob("scorecard-*"))
    chosen, metrics = found["chosen"], found["metrics"]
    for part in ("all", "holdout"):
        assert set(metrics[part]) == {chosen, *RIVALS}
        for method, one in metrics[part].items():
            for name in ("auc", "precision", "recall"):
                low, high = one[f"{name}_interval"]
                assert low < high and low <= np.median(one[name]) <= high
            low, high = one["days"]["mean_interval"]
            assert low <= one["days"]["mean"] <= high
            if method == chosen:
                assert "ahead" not in one
                continue
            own = metrics[part][chosen]
            assert one["ahead"]["auc"] == pytest.approx(own["auc"] - one["auc"])
            assert one["ahead"]["recall"] == pytest.approx(own["recall"][1] - one["recall"][1])
    # The same entities are drawn for both: methods that agree differ by less than each wavers.
    low, high = metrics["all"]["boosting"]["ahead"]["auc_interval"]
    wavers = np.ptp(metrics["all"]["boosting"]["auc_interval"])
    assert high - low < 0.8 * wavers
    assert set(metrics["calibration"]["methods"]) == set(metrics["stability"]) == {chosen, *RIVALS}
    assert [step["to"] for step in metrics["stability"]["expert"]["steps"]] == [
        "2024-05-28", "2024-06-28", "2024-07-28",
    ]  # fmt: skip
    lines = _metrics(metrics, chosen)
    assert lines[0].endswith("end on 2024-01-01")
    for title in (
        "排序 Order",
        "抽查 20% Inspecting 20%",
        "提前天数 Days earlier",
        "校准 Calibration",
        "稳定性 Stability",
    ):
        shown = lines.index(title)
        assert (
            len([line for line in lines[shown : shown + 8] if line.startswith(("本模型", "专家", "梯度"))])
            == 3
        )
    assert not [line for line in lines if "nan" in line or "None" in line]


def test_a_holdout_with_one_event_is_too_little_to_judge(prepared: dict[str, Any], tmp_path: Path) -> None:
    """Of its resamples a third hold no event: no interval stands on the others."""
    prepared["data"] = _scarce(dataset(), 5, 1)
    model, place = train_model(_asked(tmp_path / "out"), created_by="张三", now=NOW, told=_quiet)
    assert read_model(place) == model
    own = model.metrics["holdout"][str(model.candidate["id"])]  # type: ignore[index, call-overload]
    assert own["events"] == 1 and 0 <= own["auc"] <= 1
    assert (
        own["auc_interval"] is None
        and own["recall_interval"] is None
        and own["precision_interval"] is not None
    )
    assert model.metrics["calibration"] == {"rows": 300, "events": 1, "too_few": True}
    assert not {"NaN", "Infinity"} & set(place.read_text(encoding="utf-8").replace(",", " ").split())
    page = place.with_suffix(".html").read_text(encoding="utf-8")
    after = page[page.index("<h2>校准 Calibration</h2>") :]
    assert after.startswith("<h2>校准 Calibration</h2>\n<p>样本太少，无法判断。 Too few to judge.</p>")
    lines = _metrics(model.metrics, str(model.candidate["id"]))
    assert "校准 Calibration: 样本太少，无法判断。 Too few to judge." in lines
    assert not [line for line in lines if "nan" in line or "None" in line]


@pytest.mark.parametrize(("events", "says"), [(0, "0 events among 300"), (300, "300 events among 300")])
def test_a_window_in_which_nothing_or_everything_happens_is_refused_by_name(
    prepared: dict[str, Any], tmp_path: Path, events: int, says: str
) -> None:
    prepared["data"] = _scarce(dataset(), 3, events)
    with pytest.raises(UsageError, match=f"2024-04-28..2024-05-28 holds {says}") as caught:
        evaluate(_asked(tmp_path / "out"), now=NOW, told=_quiet)
    assert caught.value.rule == "cannot_learn" and "一种结果" in str(caught.value)
    assert not (tmp_path / "out" / "models").exists()


def test_too_few_events_make_no_model(prepared: dict[str, Any], tmp_path: Path) -> None:
    prepared["data"] = _scarce(_scarce(_scarce(dataset(), 0, 9), 1, 9), 2, 0)
    with pytest.raises(
        UsageError, match=r"too few events 事件太少: 9 entities had it in 3 windows, .* asks for 20"
    ):
        train_model(_asked(tmp_path / "out"), created_by="张三", now=NOW, told=_quiet)
    assert not (tmp_path / "out" / "models").exists()


def test_a_window_with_one_outcome_teaches_where_others_have_both() -> None:
    """Only what is foretold must have both: a quiet month before it is learned from like any other."""
    data = _scarce(_scarce(dataset(), 0, 0), 1, 300)
    assert len(foretell(data, card(), _quiet).rows) == 900


def test_where_everything_happened_nothing_can_be_fitted() -> None:
    data = dataset()
    data.event[:] = True
    with pytest.raises(ValueError, match="every entity had the event"):
        fit_table(data, np.arange(len(data)), card(), card().fit.candidates[0])


@pytest.mark.parametrize("outcome", [False, True])
def test_one_outcome_is_calibrated_to_a_chance_short_of_certainty(outcome: bool) -> None:
    found = calibrate(np.arange(10.0), np.full(10, outcome))
    chance = found.chance(np.array([-5.0, 100.0]))
    assert found.slope == 0 and chance[0] == chance[1]
    assert chance[0] == pytest.approx(10.5 / 11 if outcome else 0.5 / 11)


def test_a_score_is_calibrated_to_the_rate_of_those_who_have_it() -> None:
    score = np.array([-np.inf] * 100 + [1.0] * 100 + [2.0] * 100)
    event = np.zeros(300, bool)
    event[:5], event[100:120], event[200:260] = True, True, True
    found = calibrate(score, event).chance(np.array([-np.inf, 1.0, 2.0]))
    assert found == pytest.approx([0.0545, 0.2, 0.6], abs=1e-3)
    # An order that works against itself is none: everybody has the chance of the whole.
    flat = calibrate(score, ~event)
    assert flat.slope == 0 and flat.chance(np.array([1.0, 2.0])) == pytest.approx(0.6, abs=0.01)
    # Nobody has a number: there is the one rate, and no number to divide by.
    assert calibrate(np.full(4, -np.inf), np.array([True, False, False, False])).lowest == pytest.approx(
        np.log(3 / 7)
    )


def test_points_that_stay_are_stable_and_points_that_move_are_seen() -> None:
    still = np.arange(1000)
    moved = np.where(still < 300, 999, still)
    never = np.full(1000, -np.inf)
    days = [
        Population(date(2024, 1, 1), np.arange(1000), {"own": still * 100, "other": still, "never": never}),
        Population(
            date(2024, 2, 1), np.arange(1000)[::-1], {"own": moved[::-1] * 100, "other": still[::-1], "never": never}
        ),
        # Nobody of the last day was there before.
        Population(date(2024, 3, 1), np.arange(1000, 2000), {"own": still * 100, "other": still, "never": never}),
    ]  # fmt: skip
    found = stability(days, "own", {"A": 0, "B": 50_000, "C": 80_000, "D": 95_000}, Resamples(2000, 40, 1))
    first, last = found["own"]["steps"]
    assert first["psi"] > 0.5 and first["psi_interval"][0] > 0.3 and found["own"]["psi"] == first["psi"]
    assert first["migration"]["A"] == {"A": 200, "B": 0, "C": 0, "D": 300} and first["jumped"] == 300
    assert (
        first["same_class"] == 0.7 and first["same_class_interval"][0] < 0.7 < first["same_class_interval"][1]
    )
    assert last["entities"] == 0 and last["psi"] is None and last["same_class"] is None
    # Each rival is cut into the same shares, by entity and not by row.
    other = found["other"]["steps"][0]
    assert other["psi"] == 0 and other["same_class"] == 1
    assert [sum(row.values()) for row in other["migration"].values()] == [500, 300, 150, 50]
    assert found["never"]["steps"][0]["psi"] == 0 and found["never"]["steps"][0]["same_class"] == 1


def test_everybody_is_scored_with_the_texts_of_the_training_set(tmp_path: Path) -> None:
    """A text that no window holds comes after those that one does, whatever its place in the alphabet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from models.learning.dataset import _GROUPS, read

    def file(name: str, areas: list[str]) -> Path:
        nothing = {f"group_{g}": pa.nulls(len(areas), pa.string()) for g in _GROUPS}
        columns = {
            "uscc": [f"U{i}" for i in range(len(areas))],
            "key_area": areas,
            "expert_h": [0] * len(areas),
        }
        pq.write_table(pa.table({**columns, **nothing}), tmp_path / name)
        return tmp_path / name

    span = [Window(date(2024, 1, 1), date(2024, 2, 1))]
    learned = read([file("a", ["丙", "乙"])], span, ["key_area"])
    later = read([file("b", ["一", "丙", "乙"])], span, ["key_area"], like=learned)
    assert later.levels["key_area"][:2] == learned.levels["key_area"]
    assert [later.levels["key_area"][i] for i in later.features["key_area"]] == ["一", "丙", "乙"]
