"""A landing folder and a lake, and the nights on which one is taken into the other."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.acceptances import Acceptance
from flows.stages.ingest import ingest
from policy import Policy, load_policy
from records.identifiers import uscc_check
from records.intake import Delivery, Intake

DAY = date(2026, 5, 4)
ZONE = ZoneInfo("Asia/Shanghai")
KEY = {"CREDITGRADE_ID_KEY": "a key for tests only"}
Rows = list[dict[str, str]]


@cache
def policy() -> Policy:
    return load_policy()


def uscc(number: int) -> str:
    body = f"91341802MA{number:07d}"
    return body + uscc_check(body)


def entities(*numbers: int) -> Rows:
    return [
        {"uscc": uscc(n), "name": f"宣城市第{n}贸易有限公司", "entity_type": "企业", "status": "存续",
         "established_on": "2010-05-04", "division_code": "341802", "updated_on": "2026-01-02"}
        for n in numbers
    ]  # fmt: skip


def penalties(*numbers: int, decided_on: date = DAY, **cells: str) -> Rows:
    return [
        {"subject_name": f"宣城市第{n}贸易有限公司", "subject_kind": "法人及非法人组织", "uscc": uscc(n),
         "doc_no": f"宣市监罚〔2026〕{n}号", "violation_type": "销售过期食品", "facts": "经查属实",
         "basis": "食品安全法", "penalty_kinds": "罚款", "content": "罚款五千元", "fine_fen": "500000",
         "decided_on": decided_on.isoformat(), "authority": "宣城市市场监督管理局", **cells}
        for n in numbers
    ]  # fmt: skip


def listings(*numbers: int) -> Rows:
    return [
        {"uscc": uscc(n), "subject_name": f"宣城市第{n}贸易有限公司", "list_type": "经营异常名录",
         "doc_no": f"异〔2026〕{n}号", "authority": "宣城市市场监督管理局", "listed_on": "2026-03-01"}
        for n in numbers
    ]  # fmt: skip


def honours(*numbers: int) -> Rows:
    return [
        {"subject_name": f"宣城市第{n}贸易有限公司", "honour_type": "守合同重信用企业", "issuer": "宣城市人民政府",
         "valid_from": "2025-01-01", "valid_to": "2027-12-31"}
        for n in numbers
    ]  # fmt: skip


def as_csv(rows: Rows, encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


@dataclass
class City:
    """A landing folder beside a lake; `night` is a run's ingest on the given day after the first."""

    root: Path
    environ: dict[str, str] = field(default_factory=lambda: dict(KEY))

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    def put(self, path: str, content: Rows | bytes | str) -> Path:
        place = self.landing / path
        place.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        place.write_bytes(data if isinstance(data, bytes) else as_csv(data))
        return place

    def night(
        self,
        day: int = 0,
        *,
        landing: Path | None = None,
        known_by: date | None = None,
        accept: Collection[str | Acceptance] = (),
        **options: Any,
    ) -> Intake:
        today = DAY + timedelta(days=day)
        return ingest(
            landing or self.landing,
            self.lake,
            policy(),
            today=today,
            now=datetime.combine(today, time(1, 30), ZONE),
            known_by=known_by,
            accept_refused=accept,
            environ=self.environ,
            **{"workers": 0, **options},
        )

    def files(self, kind: str | None = None) -> dict[str, bytes]:
        """Name and content of what reading left in the lake."""
        kinds = (
            [kind] if kind else [p.name for p in self.lake.iterdir() if p.is_dir() and p.name != "received"]
        )
        found = {}
        for name in kinds:
            for path in (self.lake / name).iterdir():
                found[f"{name}/{path.name}"] = path.read_bytes()
        return found


def rows_of(delivery: Delivery) -> pa.Table:
    """Accepted rows of a delivery."""
    assert delivery.accepted is not None
    return pq.read_table(delivery.accepted)


def held_of(delivery: Delivery) -> pa.Table:
    """Quarantined rows of a delivery."""
    assert delivery.quarantine is not None
    return pq.read_table(delivery.quarantine)


def told(intake: Intake) -> dict[str, tuple[int, int, int, int]]:
    """Rows read, accepted, quarantined, duplicates by path (of the last delivery of each path)."""
    return {
        d.path: tuple(d.record[k] for k in ("rows_read", "accepted", "quarantined", "duplicates"))  # type: ignore[misc]
        for d in intake.deliveries
    }


@pytest.fixture
def city(tmp_path: Path) -> City:
    """Three entities, two penalties and a list entry have landed; no night has passed."""
    made = City(tmp_path)
    made.put("entities/a.csv", entities(1, 2, 3))
    made.put("penalties/a.csv", penalties(1, 2))
    made.put("名录名单/a.csv", listings(3))
    return made
