"""A scorecard from landing files to a graded city: trained, promoted by a person, used, and taken out of use."""

from __future__ import annotations

import json
import random
import shutil
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

import policy
from flows.cli import _run
from policy.learned import Scorecard, read_model
from policy.reading import read_yaml
from tests.spec.vocabulary import uscc_of

AS_OF = date(2024, 12, 31)
# Several gradings: on a busy machine they take their time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
_ENTITIES = 120


def _landing(folder: Path, *, office: str, division: str, later: bool) -> None:
    """Entities that are bad by nature (every fourth) or not, each visited about every second month."""
    rng = random.Random(5)
    entities, visits = [], []
    for number in range(_ENTITIES):
        code, name = uscc_of(number), f"企业{number}"
        entities.append(
            {
                "uscc": code, "name": name, "entity_type": "企业", "status": "存续", "established_on": "2015-03-01",
                "division_code": division if number % 2 else "341802",
                "industry_code": ("6210", "5212")[number % 3 > 0], "key_area": "餐饮", "updated_on": "2024-01-01",
            }
        )  # fmt: skip
        for task in range(7):
            day = date(2023, 11, 1) + timedelta(days=61 * task + rng.randrange(50))
            is_bad = rng.random() < (0.75 if number % 4 == 0 else 0.12)
            for item in ("总体结论", *(("关键项3",) if is_bad else ())):
                visits.append(_item(code, name, f"T{number}-{task}", item, is_bad, office, day))
        if later:
            visits.append(_item(code, name, f"L{number}", "关键项3", True, office, AS_OF + timedelta(days=9)))
    for kind, rows in (("entities", entities), ("inspections", visits)):
        place = folder / kind
        place.mkdir(parents=True)
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        (place / f"{kind}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _item(code: str, name: str, task: str, item: str, is_bad: bool, office: str, day: date) -> dict[str, Any]:
    return {
        "uscc": code, "subject_name": name, "plan_no": "P", "task_no": task, "task_type": "不定向", "item": item,
        "result": "发现问题已责令改正" if is_bad else "未发现问题", "authority": office,
        "inspected_on": day.isoformat(),
    }  # fmt: skip


def _policy(folder: Path) -> None:
    folder.mkdir()
    for path in Path(policy.__file__).parent.glob("*.yaml"):
        shutil.copy(path, folder)
    card = read_yaml(Path(__file__).parents[3] / "bench" / "chicago" / "scorecard.yaml")
    card["groups"] = card["groups"][:2]
    card["features"] = [
        f for f in card["features"] if f["feature"].startswith(("critical_", "days_since_visit", "industry"))
    ]
    card["fit"] |= {"dates": 3, "min_level_rows": 20}
    card["fit"]["candidates"] = [{"id": "one", "C": "1.0", "l1_ratio": "0", "max_bins": 4, "smoothing": "10"}]
    card["validation"] |= {"windows": 2, "bootstrap": 20, "min_group": 30, "min_group_events": 5}
    card["boosting"] |= {"max_iter": 10, "min_samples_leaf": 20}
    (folder / "scorecard.yaml").write_text(yaml.safe_dump(card, allow_unicode=True), encoding="utf-8")


def _give_class(folder: Path, method: str) -> None:
    path = folder / "rules_risk.yaml"
    text = path.read_text(encoding="utf-8")
    head, mark, rest = text.partition("- id: class_method")
    old = "scorecard" if method == "expert" else "expert"
    path.write_text(
        head + mark + rest.replace(f"{{value: {old},", f"{{value: {method},", 1), encoding="utf-8"
    )


@dataclass(frozen=True)
class Made:
    folder: Path
    model: Scorecard
    path: Path

    @property
    def policy(self) -> Path:
        return self.folder / "policy"

    def grade(self, name: str, landing: str) -> tuple[int, dict[str, dict[str, Any]], Path]:
        out = self.folder / name
        code = _run(
            ["run", "--landing", str(self.folder / landing), "--out", str(out), "--policy", str(self.policy),
             "--as-of", AS_OF.isoformat(), "--accept-stale", "penalties", "--accept-stale", "listings", "-q"]
        )  # fmt: skip
        found = sorted((out / "snapshots").glob("as_of=*")) if (out / "snapshots").is_dir() else []
        rows = pq.read_table(found[-1] / "regulators" / "grades.parquet").to_pylist() if found else []
        return code, {row["uscc"]: row for row in rows}, found[-1] if found else out


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("scorecard")
    _landing(folder / "landing", office="宣城市市场监督管理局", division="341821", later=False)
    _landing(folder / "other", office="郎溪县市场监督管理局", division="341822", later=True)
    _policy(folder / "policy")
    code = _run(
        ["model", "train", "--landing", str(folder / "landing"), "--out", str(folder / "out"), "--policy",
         str(folder / "policy"), "--as-of", AS_OF.isoformat(), "--by", "张三", "-q"]
    )  # fmt: skip
    assert code == 0
    (path,) = (folder / "out" / "models").glob("scorecard-*.json")
    return Made(folder, read_model(path), path)


def test_a_trained_model_has_its_figures_and_its_card_and_is_used_by_nobody(made: Made) -> None:
    own = made.model.metrics["all"]["one"]  # type: ignore[index, call-overload]
    assert own["auc"] > 0.65
    assert [w["end"] for w in made.model.windows][-1] == AS_OF.isoformat()
    page = made.path.with_suffix(".html").read_text(encoding="utf-8")
    assert "尚无人批准使用" in page and page.count("<svg") == 3 and "http://www.w3.org" in page
    assert "src=" not in page
    assert not (made.policy / "models").exists()


def test_a_person_promotes_it_and_it_grades(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    promote = ["model", "promote", str(made.path), "--policy", str(made.policy), "--by"]
    assert _run([*promote, " ", "--reason", "x"]) == 2
    _give_class(made.policy, "scorecard")
    code, _, _ = made.grade("refused", "landing")
    assert code == 2 and "no model is promoted" in capsys.readouterr().err

    assert _run([*promote, "李四", "--reason", "经验证"]) == 0
    assert _run([*promote, "李四", "--reason", "again"]) == 2
    code, rows, snapshot = made.grade("graded", "landing")
    assert code == 0 and len(rows) == _ENTITIES
    assert _run(["verify", str(snapshot), "-q"]) == 0
    assert {row["method"] for row in rows.values()} == {"scorecard"}
    assert {row["model_version"] for row in rows.values()} == {made.model.version}
    # The expert table stands beside it.
    assert all(row["points_other_method"] is not None for row in rows.values())
    bad = [row["risk_points"] for n, row in ((i, rows[uscc_of(i)]) for i in range(_ENTITIES)) if n % 4 == 0]
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
