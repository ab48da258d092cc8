"""Real public records of a real city run through: nothing sound is quarantined, the answers are plausible.

The data lie in `../shared/data/chicago` beside the clone; CREDITGRADE_CHICAGO names another place.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cli import _run

AS_OF = date(2014, 8, 31)
DATA = Path(
    os.environ.get("CREDITGRADE_CHICAGO") or Path(__file__).parents[4] / "shared" / "data" / "chicago"
)
LANDING = DATA / "landing"

pytestmark = pytest.mark.skipif(
    not LANDING.is_dir(),
    reason=f"the Chicago landing files are not in {DATA}; CREDITGRADE_CHICAGO says where they are",
)


def source(path: str, encoding: str = "utf-8-sig") -> Iterator[dict[str, str]]:
    """The records of a file, read by Python's own means."""
    opened = gzip.open if path.endswith(".gz") else open
    with opened(LANDING / path, "rt", encoding=encoding, newline="") as file:
        yield from csv.DictReader(file)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("chicago")
    feeds = ("--accept-stale", "penalties", "--accept-stale", "listings")
    options = ("--landing", str(LANDING), "--out", str(out), "--as-of", AS_OF.isoformat(), *feeds)
    assert _run(["run", *options, "-q"]) == 0
    return out / "snapshots" / f"as_of={AS_OF}"


@pytest.fixture(scope="module")
def manifest(snapshot: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((snapshot / "manifest.json").read_text(encoding="utf-8"))
    return value


def rows(snapshot: Path, name: str) -> list[dict[str, Any]]:
    value: list[dict[str, Any]] = pq.read_table(snapshot / f"{name}.parquet").to_pylist()
    return value


def test_every_row_is_read_and_only_rows_without_content_are_quarantined(
    snapshot: Path, manifest: dict[str, Any]
) -> None:
    told = {item["path"]: item for item in manifest["inputs"]}
    licences = list(source("licences/licence_terms.csv", "gb18030"))
    read = {
        "entities/entities.csv": sum(1 for _ in source("entities/entities.csv")),
        "inspections/canvass.csv.gz": sum(1 for _ in source("inspections/canvass.csv.gz")),
        "licences/licence_terms.csv": len(licences),
    }
    assert {path: item["rows_read"] for path, item in told.items()} == read
    assert sum(item["duplicates"] for item in told.values()) == 0
    # 许可内容 is mandatory in a row (contract §2); some terms of the real data state none.
    without = [number for number, row in enumerate(licences, start=1) if not row["许可内容"].strip()]
    held = rows(snapshot, "regulators/quarantine")
    assert [(row["kind"], row["source_row"]) for row in held] == [("licences", number) for number in without]
    assert {rule for row in held for rule in row["rules"]} == {"missing_mandatory:content"}
    assert rows(snapshot, "regulators/unmatched") == []


def test_every_entity_of_the_day_is_answered(snapshot: Path, manifest: dict[str, Any]) -> None:
    known = {
        row["统一社会信用代码"]: date.fromisoformat(row["成立日期"])
        for row in source("entities/entities.csv")
    }
    founded = {uscc: day for uscc, day in known.items() if day <= AS_OF}
    answers = {row["uscc"]: row for row in rows(snapshot, "desk/eligibility")}
    assert set(answers) == set(founded)
    # Nobody has a penalty or a list entry, and no visit was refused: only the age of an entity can stand against it.
    for uscc, row in answers.items():
        day = founded[uscc]
        # A 29 February has no third anniversary but the month's last day.
        is_old = (
            day.replace(year=day.year + 3, day=28 if (day.month, day.day) == (2, 29) else day.day) < AS_OF
        )
        assert row["status"] == ("ELIGIBLE_CLEAN3Y" if is_old else "INSUFFICIENT_HISTORY"), uscc
        assert row["clean_since"] == founded[uscc]
    assert Counter(row["status"] for row in answers.values()) == manifest["summary"]["statuses"]


def test_findings_weigh_and_nobody_is_classed_without_a_reason(snapshot: Path) -> None:
    grades = {row["uscc"]: row for row in rows(snapshot, "regulators/grades")}
    reasons = rows(snapshot, "regulators/grade_reasons")
    sums: Counter[str] = Counter()
    for reason in reasons:
        sums[reason["uscc"]] += round(reason["points"] * 100)
    assert {uscc: round(row["risk_points"] * 100) for uscc, row in grades.items()} == dict(sums)
    assert {row["risk_class"] for row in grades.values()} == {"A"}
    assert all(row["red_lines"] == [] for row in grades.values())
    seen = {row["统一社会信用代码"] for row in source("inspections/canvass.csv.gz")}
    with_findings = {
        row["统一社会信用代码"]
        for row in source("inspections/canvass.csv.gz")
        if row["抽查结果"] != "未发现问题"
    }
    told = {r["uscc"] for r in reasons if r["indicator"].startswith("INSP_")}
    assert told == with_findings & set(grades)
    assert seen - with_findings  # some were visited and found in order: their visits carry no points


def test_the_missing_feeds_stand_in_the_manifest(manifest: dict[str, Any]) -> None:
    gaps = [(gap["kind"], gap["rule"]) for gap in manifest["accepted_gaps"]]
    assert gaps == [("penalties", "feed_missing"), ("listings", "feed_missing")]


def test_the_snapshot_verifies(snapshot: Path) -> None:
    assert _run(["verify", str(snapshot), "-q"]) == 0
