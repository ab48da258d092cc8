"""A row written at once has the bytes that XlsxWriter writes cell by cell."""

from __future__ import annotations

import tempfile
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publish.workbook import CELL_CHARACTERS, Column, workbook
from publish.workbook_rows import RowSheet

COLUMNS = (
    Column("代码"), Column("原因"), Column("日期", "day"), Column("分值", "number"), Column("步数", "count"),
    Column("占比", "share"),
)  # fmt: skip
TEXTS = st.none() | st.text(max_size=12) | st.lists(st.text(max_size=4), max_size=3) | st.booleans()
NUMBERS = st.none() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9, allow_nan=False)
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.none() | st.dates(), NUMBERS, NUMBERS, NUMBERS), max_size=6)


def written(rows: list[tuple[Any, ...]]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "book.xlsx"
        with workbook(place, sheet_rows=4) as book:
            assert book.table("表", COLUMNS, rows) == len(rows)
        with zipfile.ZipFile(place) as parts:
            return {name: parts.read(name) for name in parts.namelist() if name.startswith("xl/")}


@settings(max_examples=40)
@given(ROWS)
@example([("91341800MA2N0X1Q6C", "欠税公告 12.50；行政处罚 3.00", date(2026, 6, 30), 431.25, -2, 0.125)] * 5)
@example([("=1+1", "a & b <b>", date(1900, 2, 28), 0, 0, 0), ("_x0041_", " 前后 ", None, 1e300, -0.0, 1)])
@example([("\x07", "\u202e反", date(1900, 3, 1), None, None, None), (None,) * 6, ("", [], None, 1, None, 2)])
@example([("字" * (CELL_CHARACTERS + 1), "行\n行", date(9999, 12, 31), 1 / 3, 10**15, 2)])
def test_a_row_at_once_has_the_bytes_of_a_row_cell_by_cell(rows: list[tuple[Any, ...]]) -> None:
    at_once = written(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RowSheet, "write_plain_row", lambda *_: False)
        assert written(rows) == at_once


def test_most_rows_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    by_cell = []
    monkeypatch.setattr(RowSheet, "write_string", lambda _, line, *rest: by_cell.append(line) if line else 0)
    written(
        [("代码", ["甲", "乙"], date(2026, 6, 30), 431.25, 1, None), ("a<b", None, None, 1, 1, 1)],
    )
    assert by_cell == [2]
