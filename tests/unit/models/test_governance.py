"""A model is what was made, and is used because a named person said so: neither a byte nor a decision by itself."""

from __future__ import annotations

import ast
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import policy
from flows.model_registry import decide, listed
from models.learning.fit import fit_table
from models.learning.steady import cut_points
from policy import PolicyError, load_policy
from policy.learned import Scorecard, model_bytes, read_model, read_registry, sealed
from policy.scorecard import how_made
from records.errors import UsageError
from tests.unit.models.learnable import card, dataset

NOW = datetime(2026, 7, 1, 8, tzinfo=UTC)
CODE = Path(__file__).parents[3]


def _model(by: str = "张三", made_with: dict[str, Any] | None = None, **indicator: Any) -> Scorecard:
    """A table of one indicator, as small as a model can be."""
    found = {
        "id": "AGE", "feature": "age_months", "category": "基础属性", "title": "成立年限", "title_en": "Age",
        "direction": "free", "weight": 1.0,
        "bins": [
            {"ge": None, "lt": 36, "points_h": 4000, "share": 0.5, "rows": 10, "events": 4},
            {"ge": 36, "lt": None, "points_h": -1000, "share": 0.5, "rows": 10, "events": 1},
        ],
        "missing": {"points_h": 0, "share": 0.0, "rows": 0, "events": 0},
    } | indicator  # fmt: skip
    table = fit_table(data := dataset(), np.arange(len(data)), card(), card().fit.candidates[1])
    return sealed(
        {
            "format": 1, "trained_as_of": "2024-07-28", "known_by": None, "created_by": by,
            "event": card().event.model_dump(mode="json"), "candidate": {"id": "plain"},
            "base_points_h": table.base_h, "factor": table.factor, "intercept": table.intercept,
            "indicators": [found], "cut_points_h": cut_points(np.arange(1000), card()), "cut_rule": "target_shares",
            "points_edges_h": [], "points_shares": [1.0],
            "calibration": {"intercept": -1.0, "slope": 1.0, "windows": ["2024-07-28"], "rows": 20, "events": 5},
            "made_with": made_with or {}, "windows": [], "inputs": ["a"], "policy_version": "p", "code_version": "c",
            "metrics": {}, "selection": {},
        }
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "policy"
    place.mkdir()
    for path in Path(policy.__file__).parent.glob("*.yaml"):
        shutil.copy(path, place)
    return place


def test_a_model_with_one_byte_altered_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    whole = model_bytes(_model())
    path.write_bytes(whole)
    assert model_bytes(read_model(path)) == whole
    # Digits, names, the name made from the hash, the hash, and what stands between: each byte in turn.
    for place, byte in enumerate(whole):
        path.write_bytes(whole[:place] + bytes([byte ^ 1]) + whole[place + 1 :])
        with pytest.raises(PolicyError):
            read_model(path)
    for changed in (whole + b"\n", whole[:-1], whole.replace(b"\n", b"\r\n"), b""):
        path.write_bytes(changed)
        with pytest.raises(PolicyError):
            read_model(path)


def test_every_decision_has_a_name_and_a_reason_and_none_is_taken_away(folder: Path) -> None:
    first, second = _model("张三"), _model("王五")
    for by, reason in (("", "经验证"), ("李四", " ")):
        with pytest.raises(UsageError, match="a name"):
            decide(folder, first, "promote", by=by, reason=reason, now=NOW)
    assert not listed(folder, None)
    decide(folder, first, "promote", by=" 李四 ", reason="经验证，\n见会议纪要", now=NOW)
    decide(folder, second, "challenge", by="李四", reason="并行观察", now=NOW)
    decide(folder, second, "promote", by="赵六", reason="优于现行", now=NOW)
    decide(folder, first, "promote", by="赵六", reason="回退", now=NOW)
    decide(folder, first, "retire", by="赵六", reason="停用", now=NOW)
    registry = read_registry(folder)
    assert [(a.model, a.action, a.by, a.reason, a.at) for a in registry.acts] == [
        (model.id, action, by, reason, "2026-07-01T08:00:00+00:00")
        for model, action, by, reason in (
            (first, "promote", "李四", "经验证， 见会议纪要"), (second, "challenge", "李四", "并行观察"),
            (second, "promote", "赵六", "优于现行"), (first, "promote", "赵六", "回退"),
            (first, "retire", "赵六", "停用"),
        )
    ]  # fmt: skip
    assert {entry.model: entry.role for entry in registry.models} == {
        first.id: "retired",
        second.id: "retired",
    }
    loaded = load_policy(folder)
    assert loaded.champion is None and loaded.challengers == ()


def test_a_decision_shows_no_number_of_a_person(folder: Path) -> None:
    decide(folder, _model("张三"), "promote", by="李四 13812345678", reason="证341802199001010013", now=NOW)
    (act,) = read_registry(folder).acts
    assert (act.by, act.reason) == ("李四 [电话]", "证[证件号]")


def test_a_registered_model_that_was_changed_or_exchanged_stops_the_policy(folder: Path) -> None:
    first, second = _model("张三"), _model("王五")
    decide(folder, first, "promote", by="李四", reason="经验证", now=NOW)
    assert (champion := load_policy(folder).champion) is not None and champion.id == first.id
    place = folder / "models" / f"{first.id}.json"
    place.write_bytes(model_bytes(second))
    with pytest.raises(PolicyError, match="not the model that was registered"):
        load_policy(folder)
    place.write_bytes(model_bytes(first).replace(b'"points_h": 4000', b'"points_h": 4001'))
    with pytest.raises(PolicyError, match="was changed"):
        load_policy(folder)
    place.unlink()
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(folder)


def test_a_model_whose_features_would_be_made_otherwise_is_refused(folder: Path) -> None:
    """Had the policy's event or groups changed since, the same points would stand for other things."""
    made_with = how_made(load_policy(folder).scorecard, ["adverse_share", "days_since_event"])
    assert set(made_with) > {"event", "groups"}
    model = _model(feature="days_since_event", made_with={"event": made_with["event"]})
    decide(folder, model, "promote", by="李四", reason="经验证", now=NOW)
    path = folder / "scorecard.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("penalty_tiers: [general, serious]", "penalty_tiers: [serious]"), encoding="utf-8"
    )
    with pytest.raises(
        PolicyError, match=r"made otherwise than when it was trained \(scorecard.yaml, event\)"
    ):
        load_policy(folder)


@pytest.mark.parametrize("proxy", ["division_code", "authority", "inspector", "address"])
def test_a_model_that_looks_at_who_came_or_where_is_not_taken_in(folder: Path, proxy: str) -> None:
    with pytest.raises(UsageError, match=proxy):
        decide(folder, _model(feature=proxy), "promote", by="李四", reason="经验证", now=NOW)
    assert not (folder / "models" / "registry.yaml").exists()


def test_only_the_two_commands_of_a_person_decide() -> None:
    """No line of the program but those of ``promote`` and ``retire`` changes who is champion."""
    callers = set()
    for package in ("desk", "features", "flows", "models", "policy", "publish", "records"):
        for path in (CODE / package).rglob("*.py"):
            for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(function, ast.FunctionDef):
                    called = {
                        node.func.id
                        for node in ast.walk(function)
                        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                    }
                    if "decide" in called and "flows.model_registry" in path.read_text(encoding="utf-8"):
                        callers.add((path.name, function.name))
    assert callers == {("commands_model.py", "promote"), ("commands_model.py", "retire")}
