"""A small made-up city whose bad entities are bad by nature, and a scorecard trained on it."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

import policy
from flows.cli import _run
from policy.learned import Scorecard
from policy.reading import read_yaml
from tests.spec.vocabulary import uscc_of

AS_OF = date(2024, 12, 31)
ENTITIES = 120


def landing(folder: Path, *, office: str, division: str, later: bool) -> None:
    """Entities that are bad by nature (every fourth) or not, each visited about every second month."""
    rng = random.Random(5)
    entities, visits = [], []
    for number in range(ENTITIES):
        code = uscc_of(number)
        entities.append(entity(number, division if number % 2 else "341802"))
        # The last one is visited later or never: no window holds it, nor its industry.
        for task in range(7 if number < ENTITIES - 1 else 0):
            day = date(2023, 11, 1) + timedelta(days=61 * task + rng.randrange(50))
            is_bad = rng.random() < (0.75 if number % 4 == 0 else 0.12)
            visits += visit(number, code, f"T{number}-{task}", is_bad, office, day)
        if later:
            day = AS_OF + timedelta(days=9)
            visits.append(_item(code, f"企业{number}", f"L{number}", "关键项3", True, office, day))
    for kind, rows in (("entities", entities), ("inspections", visits)):
        place = folder / kind
        place.mkdir(parents=True)
        lines = (json.dumps(row, ensure_ascii=False) for row in rows)
        (place / f"{kind}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def entity(number: int, division: str) -> dict[str, Any]:
    """A restaurant or a shop; the last one alone grows crops."""
    industry = "0111" if number == ENTITIES - 1 else ("6210", "5212")[number % 3 > 0]
    return {
        "uscc": uscc_of(number), "name": f"企业{number}", "entity_type": "企业", "status": "存续",
        "established_on": "2015-03-01", "division_code": division, "industry_code": industry, "key_area": "餐饮",
        "updated_on": "2024-01-01",
    }  # fmt: skip


def visit(number: int, code: str, task: str, is_bad: bool, office: str, day: date) -> list[dict[str, Any]]:
    """The items of one visit."""
    items = ("总体结论", *(("关键项3",) if is_bad else ()))
    return [_item(code, f"企业{number}", task, item, is_bad, office, day) for item in items]


def _item(code: str, name: str, task: str, item: str, is_bad: bool, office: str, day: date) -> dict[str, Any]:
    return {
        "uscc": code, "subject_name": name, "plan_no": "P", "task_no": task, "task_type": "不定向", "item": item,
        "result": "发现问题已责令改正" if is_bad else "未发现问题", "authority": office,
        "inspected_on": day.isoformat(),
    }  # fmt: skip


def policy_of(folder: Path) -> None:
    folder.mkdir()
    for path in Path(policy.__file__).parent.glob("*.yaml"):
        shutil.copy(path, folder)
    card = read_yaml(Path(__file__).parents[3] / "bench" / "chicago" / "scorecard.yaml")
    card["groups"] = card["groups"][:2]
    card["features"] = [
        f for f in card["features"] if f["feature"].startswith(("critical_", "days_since_visit", "industry"))
    ]
    card["fit"] |= {"dates": 3, "min_events": 20, "min_level_rows": 20}
    card["fit"]["candidates"] = [{"id": "one", "C": "1.0", "l1_ratio": "0", "max_bins": 4, "smoothing": "10"}]
    card["validation"] |= {"windows": 2, "bootstrap": 20, "min_group": 30, "min_group_events": 5}
    card["boosting"] |= {"max_iter": 10, "min_samples_leaf": 20}
    (folder / "scorecard.yaml").write_text(yaml.safe_dump(card, allow_unicode=True), encoding="utf-8")


def give_class(folder: Path, method: str) -> None:
    path = folder / "rules_risk.yaml"
    text = path.read_text(encoding="utf-8")
    head, mark, rest = text.partition("- id: class_method")
    old = "scorecard" if method == "expert" else "expert"
    path.write_text(
        head + mark + rest.replace(f"{{value: {old},", f"{{value: {method},", 1), encoding="utf-8"
    )


def set_drift(folder: Path, **limits: str) -> None:
    """Other thresholds of the watch."""
    card = read_yaml(folder / "scorecard.yaml")
    card["drift"] |= limits
    (folder / "scorecard.yaml").write_text(yaml.safe_dump(card, allow_unicode=True), encoding="utf-8")


@dataclass(frozen=True)
class Made:
    folder: Path
    model: Scorecard
    path: Path

    @property
    def policy(self) -> Path:
        return self.folder / "policy"

    def grade(
        self, name: str, landing: str, policy: Path | None = None, as_of: date = AS_OF
    ) -> tuple[int, dict[str, dict[str, Any]], Path]:
        """Exit code, grades by uscc and the newest snapshot of a run."""
        out = self.folder / name
        code = _run(
            ["run", "--landing", str(self.folder / landing), "--out", str(out), "--policy",
             str(policy or self.policy), "--as-of", as_of.isoformat(), "--accept-stale", "penalties",
             "--accept-stale", "listings", "-q"]
        )  # fmt: skip
        found = sorted((out / "snapshots").glob("as_of=*")) if (out / "snapshots").is_dir() else []
        rows = pq.read_table(found[-1] / "regulators" / "grades.parquet").to_pylist() if found else []
        return code, {row["uscc"]: row for row in rows}, found[-1] if found else out
