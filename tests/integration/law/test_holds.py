"""``creditgrade holds``: the queue, and the workbook that settles it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.cli import _run
from publish.held import HeldRow
from tests.integration.law.city import AS_OF, CODES, SECOND_NIGHT, grade, status

pytestmark = pytest.mark.slow
Capture = pytest.CaptureFixture[str]


def ask(folder: Path, capsys: Capture, *options: str) -> str:
    assert _run(["holds", "--out", str(folder / "out"), *options]) == 0
    return capsys.readouterr().out


def test_the_queue(graded_once: Path, capsys: Capture) -> None:
    (held,) = json.loads(ask(graded_once, capsys, "--format", "json"))
    assert held["uscc"] == CODES["held"]
    assert (held["hold_rule"], held["why"]) == ("hold_quarantined_penalties", ["amount_negative:fine_fen"])
    assert (held["source_file"], held["source_row"]) == ("penalties/all.jsonl", 3)
    ruling = {key: value for key, value in held["ruling"].items() if value is not None}
    assert ruling.pop("source_sha256") == held["source_sha256"]
    assert ruling == {
        "uscc": CODES["held"], "kind": "行政处罚", "authority": "宣城市市场监督管理局",
        "doc_no": "宣市监罚〔2025〕3号", "event_on": "2025-03-03", "source_row": "3",
    }  # fmt: skip
    told = ask(graded_once, capsys)
    for words in (
        "held rows 待复核事项: 1",
        "宣城市市场监督管理局",
        "amount_negative:fine_fen",
        "复核结论=不涉及该主体|属实有效",
    ):
        assert words in told


def test_a_day_outside_the_range_is_not_proposed_to_the_ruling() -> None:
    row = HeldRow(
        uscc=CODES["held"], name="甲公司", division_code="341802", kind="penalties", authority="某局", doc_no="1号",
        event_on=date(2062, 5, 20), hold_rule="hold_quarantined_penalties", via=CODES["held"],
        source_file="penalties/a.csv", source_sha256="0" * 64, source_row=1, why=("date_range:decided_on",),
        landed_on=date(2026, 6, 1), waits_days=29, conclusions=("不成立",),
    )  # fmt: skip
    assert row.ruling()["event_on"] is None
    assert replace(row, why=("amount_negative:fine_fen",)).ruling()["event_on"] == "2062-05-20"


def test_filters(graded_once: Path, capsys: Capture) -> None:
    assert len(json.loads(ask(graded_once, capsys, "--format", "json", "--division", "341802"))) == 1
    assert json.loads(ask(graded_once, capsys, "--format", "json", "--division", "3499")) == []
    assert json.loads(ask(graded_once, capsys, "--format", "json", "--authority", "公安局")) == []
    assert json.loads(ask(graded_once, capsys, "--format", "json", "--uscc", CODES["clean"])) == []
    assert "待复核事项: 0" in ask(graded_once, capsys, "--division", "3499")


def test_csv_is_the_rulings_alone(graded_once: Path, capsys: Capture) -> None:
    rows = list(csv.DictReader(io.StringIO(ask(graded_once, capsys, "--format", "csv"))))
    assert [row["统一社会信用代码"] for row in rows] == [CODES["held"]]
    assert rows[0]["复核结论"] == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "pdf"], "is unknown"),
        (["--division", "宣城"], "is no division code"),
        (["--xlsx", "queue.csv"], "is not named .xlsx"),
        (["--as-of", "2020-01-01"], "holds no snapshot for 2020-01-01"),
        (["--uscc", "123"], "is no unified social credit code"),
    ],
)
def test_wrong_use(graded_once: Path, capsys: Capture, options: list[str], words: str) -> None:
    assert _run(["holds", "--out", str(graded_once / "out"), *options]) == 2
    assert words in capsys.readouterr().err


def test_a_workbook_that_exists_is_not_overwritten(
    graded_once: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "queue.xlsx").write_bytes(b"filled in")
    assert _run(["holds", "--out", str(graded_once / "out"), "--xlsx", str(tmp_path / "queue.xlsx")]) == 2
    assert "may have been filled in" in capsys.readouterr().err
    assert (tmp_path / "queue.xlsx").read_bytes() == b"filled in"


def test_a_snapshot_without_a_queue(city: Path, capsys: Capture) -> None:
    (city / "out" / "snapshots" / f"as_of={AS_OF}" / "regulators" / "holds.parquet").unlink()
    assert _run(["holds", "--out", str(city / "out")]) == 2
    assert "no_holds" in capsys.readouterr().err


def fill_in(source: Path, target: Path, **cells: str) -> None:
    """Writes the workbook again as a supervisor would save it, with cells of every row filled in."""
    import xlsxwriter
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(str(source))
    target.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(target)) as out:
        for name in book.sheet_names:
            rows: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            header = next((row for row in rows if "复核结论" in row and "复核日期" in row), None)
            if header is not None:
                for row in rows[rows.index(header) + 1 :]:
                    for column, value in cells.items():
                        row[header.index(column)] = value
            sheet = out.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, [str(cell) for cell in row])


def test_a_workbook_filled_in_settles_the_hold(city: Path, tmp_path: Path, capsys: Capture) -> None:
    told = ask(city, capsys, "--xlsx", str(tmp_path / "queue.xlsx"))
    assert "1 rows to settle" in told
    fill_in(
        tmp_path / "queue.xlsx", city / "landing" / "rulings" / "queue.xlsx",
        复核结论="不成立", 复核日期="2026-06-29", 复核单位="宣城市市场监督管理局", 复核依据="复核意见书",
    )  # fmt: skip
    settled = grade(city, SECOND_NIGHT).published
    (taken,) = [item for item in settled.manifest["inputs"] if item["kind"] == "rulings"]
    assert (taken["accepted"], taken["quarantined"], taken["rows_read"]) == (1, 0, 1)
    assert status(settled.path, "held") == "ELIGIBLE_CLEAN3Y"
    assert json.loads(ask(city, capsys, "--format", "json", "--as-of", AS_OF)) == []
