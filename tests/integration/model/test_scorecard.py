"""A scorecard from landing files to a graded city: trained, promoted by a person, used, and taken out of use."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cli import _run
from flows.model_registry import keep_watched
from policy.learned import Scorecard, model_bytes, read_model, read_watch, sealed
from policy.reading import read_yaml
from tests.integration.model.making import AS_OF, ENTITIES, Made, give_class, landing, policy_of, set_drift
from tests.spec.vocabulary import uscc_of

# Several gradings: on a busy machine they take their time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("scorecard")
    landing(folder / "landing", office="宣城市市场监督管理局", division="341821", later=False)
    landing(folder / "other", office="郎溪县市场监督管理局", division="341822", later=True)
    policy_of(folder / "policy")
    code = _run(
        ["model", "train", "--landing", str(folder / "landing"), "--out", str(folder / "out"), "--policy",
         str(folder / "policy"), "--as-of", AS_OF.isoformat(), "--by", "张三 13812345678", "-q"]
    )  # fmt: skip
    assert code == 0
    (path,) = (folder / "out" / "models").glob("scorecard-*.json")
    return Made(folder, read_model(path), path)


def test_a_trained_model_has_its_figures_and_its_card_and_is_used_by_nobody(made: Made) -> None:
    own = made.model.metrics["all"]["one"]  # type: ignore[index, call-overload]
    assert own["auc"] > 0.65
    assert [w["end"] for w in made.model.windows][-1] == AS_OF.isoformat()
    page = made.path.with_suffix(".html").read_text(encoding="utf-8")
    assert made.model.created_by == "张三 [电话]" and "13812345678" not in page
    assert "尚无人批准使用" in page and page.count("<svg") == 3 and "http://www.w3.org" in page
    assert "src=" not in page
    assert not (made.policy / "models").exists()


def test_what_had_not_been_received_by_then_teaches_nothing(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = ["model", "train", "--out", str(made.folder / "out"), "--by", " "]
    assert _run(nobody) == 2 and "who trained it" in capsys.readouterr().err
    evaluate = ["model", "evaluate", "--out", str(made.folder / "out"), "--policy", str(made.policy)]
    assert _run([*evaluate, "--as-of", AS_OF.isoformat(), "--known-by", "-q"]) == 2
    assert "no market entity had been received by 2024-06-30" in capsys.readouterr().err
    assert not list((made.folder / "out" / "models").glob("evaluation-*"))


def test_a_person_promotes_it_and_it_grades(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    promote = ["model", "promote", str(made.path), "--policy", str(made.policy), "--by"]
    assert _run([*promote, " ", "--reason", "x"]) == 2
    give_class(made.policy, "scorecard")
    code, _, _ = made.grade("refused", "landing")
    assert code == 2 and "no model is promoted" in capsys.readouterr().err

    assert _run([*promote, "李四", "--reason", "经验证"]) == 0
    assert _run([*promote, "李四", "--reason", "again"]) == 2
    code, rows, snapshot = made.grade("graded", "landing")
    assert code == 0 and len(rows) == ENTITIES
    assert _run(["verify", str(snapshot), "-q"]) == 0
    assert {row["method"] for row in rows.values()} == {"scorecard"}
    assert {row["model_version"] for row in rows.values()} == {made.model.version}
    # The expert table stands beside it.
    assert all(row["points_other_method"] is not None for row in rows.values())
    bad = [row["risk_points"] for n, row in ((i, rows[uscc_of(i)]) for i in range(ENTITIES)) if n % 4 == 0]
    assert sum(bad) / len(bad) > sum(row["risk_points"] for row in rows.values()) / len(rows) + 50

    _reasons_are_rows_of_the_table(made.model, rows, snapshot)
    drift = json.loads((snapshot / "manifest.json").read_bytes())["summary"]["drift"]
    assert drift["psi_points"] == pytest.approx(0, abs=1e-6) and set(drift["psi_features"].values()) == {0.0}
    assert "psi" not in (snapshot / "desk" / "manifest.json").read_text(encoding="utf-8")

    # Another office, other places and later records: not a hundredth of a point differs.
    code, others, _ = made.grade("elsewhere", "other")
    assert code == 0
    assert {u: r["risk_points"] for u, r in others.items()} == {u: r["risk_points"] for u, r in rows.items()}

    capsys.readouterr()
    assert _run(["model", "show", made.model.id, "--policy", str(made.policy)]) == 0
    assert "李四: 经验证" in capsys.readouterr().out
    assert _run(["model", "compare", made.model.id, str(made.path), "--policy", str(made.policy)]) == 0
    assert _run(["model", "list", "--policy", str(made.policy)]) == 0
    assert "champion" in capsys.readouterr().out
    assert (
        _run(
            ["model", "retire", made.model.id, "--policy", str(made.policy), "--by", "李四", "--reason", "r"]
        )
        == 0
    )
    registry = read_yaml(made.policy / "models" / "registry.yaml")
    assert [(a["action"], a["by"]) for a in registry["acts"]] == [("promote", "李四"), ("retire", "李四")]
    assert made.grade("retired", "landing")[0] == 2


def test_past_a_threshold_the_expert_table_gives_the_class_until_the_model_fits_again(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The champion foretold some events of the window that matured, and everybody had one. It has a challenger."""
    folder, day = tmp_path / "policy", date(2025, 3, 1)
    policy_of(folder)
    give_class(folder, "scorecard")
    set_drift(folder, psi_feature="0.0001", psi_points="99", past_threshold="expert")
    twin = sealed({**made.model.model_dump(mode="json"), "created_by": "王五"})
    (tmp_path / "twin.json").write_bytes(model_bytes(twin))
    signed = ["--policy", str(folder), "--by", "李四", "--reason", "试"]
    watch = ["model", "watch", "--landing", str(made.folder / "other"), "--out", str(tmp_path / "out"), "--policy",
             str(folder), "--as-of"]  # fmt: skip
    assert _run([*watch, day.isoformat()]) == 2
    assert "no model is promoted" in capsys.readouterr().err
    assert _run(["model", "promote", str(made.path), *signed]) == 0
    assert _run(["model", "promote", str(tmp_path / "twin.json"), "--challenger", *signed]) == 0
    assert _run([*watch, AS_OF.isoformat()]) == 2
    assert "judged on what it knows" in capsys.readouterr().err
    assert _run([*watch, day.isoformat()]) == 0
    assert "past the limit 已超限" in capsys.readouterr().out
    (seen,) = read_watch(folder)
    assert (seen.model, seen.as_of, seen.observed) == (made.model.id, day, ENTITIES)
    assert 0 < seen.foretold < ENTITIES / 1.5

    code, rows, snapshot = made.grade("watched", "other", folder, day)
    assert code == 0 and {row["method"] for row in rows.values()} == {"expert"}
    manifest = json.loads((snapshot / "manifest.json").read_bytes())
    told = [line for line in manifest["warnings"] if line.startswith("drift: ")]
    assert any(line.startswith("drift: feature ") for line in told)
    assert any(f"matured by {day}, {ENTITIES} events were seen" in line for line in told)
    assert "the expert table gives the class instead of the scorecard" in told[-1]
    assert manifest["summary"]["drift"]["class_given_by"] == "expert"
    reasons = pq.read_table(snapshot / "regulators" / "grade_reasons.parquet").to_pylist()
    given = {reason["indicator"] for reason in reasons} - {"CLIP"}
    assert given and not [id_ for id_ in given if "评分卡" in manifest["indicators"][id_]["reason"]]
    shadow = pq.read_table(snapshot / "regulators" / "shadow_points.parquet").to_pylist()
    assert {row["model_version"] for row in shadow} == {twin.version}
    # The twin of the champion says what the champion says.
    assert {row["uscc"]: row["points"] for row in shadow} == {
        uscc: row["points_other_method"] for uscc, row in rows.items()
    }

    # Looked at again, with what had been missing: the last look at a day counts.
    keep_watched(folder, seen.model_copy(update={"observed": round(seen.foretold)}))
    set_drift(folder, psi_feature="99")
    code, rows, snapshot = made.grade("watched", "other", folder, day)
    assert code == 0 and {row["method"] for row in rows.values()} == {"scorecard"}
    manifest = json.loads((snapshot / "manifest.json").read_bytes())
    assert not [line for line in manifest["warnings"] if line.startswith("drift: ")]
    assert manifest["summary"]["drift"]["class_given_by"] == "scorecard"


def _reasons_are_rows_of_the_table(model: Scorecard, rows: dict[str, Any], snapshot: Path) -> None:
    """Each reason's points are those of the bin that its value lies in; they add up to the hundredth."""
    table = {one.id: one for one in model.indicators}
    sums: dict[str, int] = defaultdict(int)
    for reason in pq.read_table(snapshot / "regulators" / "grade_reasons.parquet").to_pylist():
        points_h = round(reason["points"] * 100)
        sums[reason["uscc"]] += points_h
        if reason["indicator"] == "BASE":
            assert points_h == model.base_points_h
        elif reason["indicator"] != "CLIP":
            one = table[reason["indicator"]]
            if reason["value"] == "":
                assert points_h == one.missing.points_h
            elif one.is_text:
                assert one.other is not None
                levels = {b.level: b.points_h for b in one.bins}
                assert points_h == levels.get(reason["value"], one.other.points_h)
            else:
                value = int(reason["value"])
                (inside,) = [
                    b for b in one.bins if (b.ge is None or value >= b.ge) and (b.lt is None or value < b.lt)
                ]
                assert points_h == inside.points_h
    assert dict(sums) == {uscc: round(row["risk_points"] * 100) for uscc, row in rows.items()}
