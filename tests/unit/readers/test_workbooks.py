"""Workbooks: where the header is found, what cells become, and what is refused."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import xlsxwriter
import xlwt

from records.readers import limits, workbook, xlsx_scan

Fixture = Callable[..., Any]
Rows = Sequence[Sequence[object]]
HEADER = ["企业名称", "抽查任务编号", "抽查事项", "抽查结果", "抽查机关", "抽查完成日期", "统一社会信用代码"]
ROW = [
    "宣城市某公司",
    "T1",
    "公示信息",
    "未发现问题",
    "宣城市市场监督管理局",
    "2024-01-02",
    "91341800MA2N000012",
]


def xlsx(*sheets: tuple[str, Rows], extra: Callable[[Any, list[Any]], None] | None = None) -> bytes:
    """An .xlsx; a datetime becomes a date cell, None an empty one."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    formats = {
        dt.datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        dt.date: book.add_format({"num_format": "yyyy-mm-dd"}),
        dt.time: book.add_format({"num_format": "hh:mm:ss"}),
    }
    pages = []
    for title, rows in sheets:
        page = book.add_worksheet(title)
        pages.append(page)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(r, c, cell)
                elif type(cell) in formats:
                    page.write_datetime(r, c, cell, formats[type(cell)])
                elif cell is not None:
                    page.write(r, c, cell)
    if extra is not None:
        extra(book, pages)
    book.close()
    return out.getvalue()


def xls(*sheets: tuple[str, Rows]) -> bytes:
    """An .xls of the same."""
    out = io.BytesIO()
    book = xlwt.Workbook(encoding="utf-8")
    date = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for title, rows in sheets:
        page = book.add_sheet(title)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell is not None:
                    args = (date,) if isinstance(cell, dt.date) else ()
                    page.write(r, c, cell, *args)
    book.save(out)
    return out.getvalue()


BOTH = pytest.mark.parametrize(("write", "name"), [(xlsx, "a.xlsx"), (xls, "a.xls"), (xlsx, "A.XLSX")])


@BOTH
def test_rows_under_the_header(read: Fixture, write: Callable[..., bytes], name: str) -> None:
    found = read(write(("数据", [HEADER, ROW, ROW])), name)
    assert found.reading.layout == f"{name[-4:].strip('.').lower()}/zh"
    assert found.reading.encoding is None
    assert found.rows == {1: ROW, 2: ROW}
    assert found.reading.warnings == []


@BOTH
def test_notes_above_blank_rows_and_notes_sheets(
    read: Fixture, write: Callable[..., bytes], name: str
) -> None:
    notes = [
        ["抽查检查结果登记表"],
        ["填表单位:", "某局"],
        [],
        HEADER,
        ROW,
        [],
        ["  ", None],
        [*ROW[:-1], None],
    ]
    example = [["填表说明"], HEADER, ["示例"] * 7]
    found = read(write(("填表说明", example), ("封面", [["目录"]]), ("数据", notes)), name)
    assert found.rows == {1: ROW, 2: [*ROW[:-1], None]}


@BOTH
def test_records_in_a_sheet_of_notes_are_not_passed_over(
    read: Fixture, refusal: Fixture, write: Callable[..., bytes], name: str
) -> None:
    error = refusal(write(("抽查说明", [["登记表"], HEADER, ROW]), ("Sheet2", [])), name)
    assert error.rule == "missing_mandatory_column"
    assert "only the sheet '抽查说明', which is taken for notes (说明), has the columns" in str(error)
    empty = read(write(("说明", [["每月五日前报送"], HEADER[:3]]), ("数据", [])), name)
    assert (empty.rows, len(empty.reading.warnings)) == ({}, 1)


@BOTH
def test_first_sheet_with_every_mandatory_column(
    read: Fixture, write: Callable[..., bytes], name: str
) -> None:
    first = ("一月", [HEADER[:3], ["x", "y", "z"]])
    found = read(write(first, ("二月", [HEADER, ROW]), ("三月", [HEADER, ROW, ROW])), name)
    assert found.rows == {1: ROW}
    assert found.reading.warnings == ["1 more sheet(s) with the same kind of header were not read"]


@BOTH
def test_table_that_does_not_begin_in_the_first_column(
    read: Fixture, write: Callable[..., bytes], name: str
) -> None:
    found = read(write(("数据", [[], [None, None, *HEADER], [None, None, *ROW]])), name)
    assert [c for c in found.cells[0] if c is not None] == ROW


@BOTH
def test_missing_columns_of_the_best_row(refusal: Fixture, write: Callable[..., bytes], name: str) -> None:
    rows = [["企业名称", "说明文字"], [h for h in HEADER if h != "抽查结果"], ROW]
    error = refusal(write(("甲", [["统一社会信用代码"]]), ("乙", rows)), name)
    assert error.rule == "missing_mandatory_column"
    assert "missing mandatory column result (抽查结果)" in str(error)
    assert "宣城市某公司" not in str(error)


@BOTH
def test_duplicate_column(refusal: Fixture, write: Callable[..., bytes], name: str) -> None:
    assert refusal(write(("甲", [[*HEADER, "企业名称"], ROW])), name).rule == "duplicate_column"


@BOTH
def test_header_only_and_nothing_at_all(read: Fixture, write: Callable[..., bytes], name: str) -> None:
    assert read(write(("甲", [HEADER])), name).reading.warnings == ["no data rows"]
    assert "empty file" in read(write(("甲", [])), name).reading.warnings


def test_numbers_dates_and_booleans(read: Fixture) -> None:
    row = ["n", 20240102, 0.2, True, 1e-7, dt.datetime(2024, 1, 2, 3, 4, 5), 913418020000000000]
    odd = [dt.date(2024, 2, 29), dt.datetime(2024, 1, 2), dt.time(9, 30), False, -3.5, "2024/1/2", "\u3000x "]
    found = read(xlsx(("甲", [HEADER, row, odd])), "a.xlsx")
    assert found.cells[0] == [
        "n", "\x0120240102", "\x010.2", "true", "\x010.0000001", "2024-01-02 03:04:05", "\x01913418020000000000",
    ]  # fmt: skip
    assert found.cells[1] == [
        "2024-02-29", "2024-01-02", "09:30:00", "false", "\x01-3.5", "2024/1/2", "\u3000x ",
    ]  # fmt: skip


def test_numbers_and_dates_of_xls(read: Fixture) -> None:
    row = ["n", 20240102, 0.2, True, 913418020000000000, dt.date(2024, 1, 2), "0012"]
    found = read(xls(("甲", [HEADER, row])), "a.xls")
    assert found.cells[0] == [
        "n", "\x0120240102", "\x010.2", "true", "\x01913418020000000000", "2024-01-02", "0012",
    ]  # fmt: skip


def test_fraction_of_a_second_does_not_move_the_day(read: Fixture) -> None:
    def almost(book: Any, pages: list[Any]) -> None:
        pages[0].write_number(1, 5, 45293.9999999, book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}))

    assert read(xlsx(("甲", [HEADER, ROW]), extra=almost), "a.xlsx").cells[0][5] == "2024-01-03"


def test_error_values_and_formulas(read: Fixture) -> None:
    def formulas(book: Any, pages: list[Any]) -> None:
        pages[0].write_formula(1, 6, "=VLOOKUP(1,A:A,1)", None, "#N/A")
        pages[0].write_formula(2, 5, "=1/0", None, "#DIV/0!")
        pages[0].write_formula(2, 0, '="a"&"b"', None, "ab")
        pages[0].write_formula(2, 1, "=1+1", None, 2)

    found = read(xlsx(("甲", [HEADER, ROW, ROW]), extra=formulas), "a.xlsx")
    assert found.cells[0][6] == "#N/A"
    assert found.cells[1] == ["ab", "\x012", *ROW[2:5], "#DIV/0!", ROW[6]]


def test_column_without_header_is_unknown(read: Fixture) -> None:
    found = read(xlsx(("甲", [[*HEADER, None, "备注2"], [*ROW, "x", "y"]])), "a.xlsx")
    assert found.reading.unknown_columns == ["(column 8)", "备注2"]
    assert found.cells == [[*ROW, "x", "y"]]


def test_merely_formatted_cells_far_out_do_not_matter(read: Fixture) -> None:
    def blank(book: Any, pages: list[Any]) -> None:
        for column in (60, 16_000):
            pages[0].write_blank(1_000_000, column, None, book.add_format({"bold": True}))

    assert read(xlsx(("甲", [HEADER, ROW]), extra=blank), "a.xlsx").cells == [ROW]


@pytest.mark.parametrize(("row", "column", "words"), [(5, 16_000, "2,000"), (1_040_000, 100, "40,000,000")])
def test_a_stray_cell_far_out_is_refused_before_memory_is_taken(
    refusal: Fixture, row: int, column: int, words: str
) -> None:
    def stray(book: Any, pages: list[Any]) -> None:
        pages[0].write_string(row, column, "x")

    error = refusal(xlsx(("甲", [HEADER, ROW]), extra=stray), "a.xlsx")
    assert error.rule == "limit_exceeded"
    assert words in str(error)


def test_size_limits(refusal: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    data = xlsx(("甲", [HEADER, ROW]))
    monkeypatch.setattr(workbook, "MAX_WORKBOOK_FILE_BYTES", 100)
    assert refusal(data, "a.xlsx").rule == "limit_exceeded"
    monkeypatch.undo()
    monkeypatch.setattr(xlsx_scan, "MAX_WORKBOOK_EXPANDED_BYTES", 100)
    assert "more than 100" in str(refusal(data, "a.xlsx"))
    monkeypatch.undo()
    monkeypatch.setattr(xlsx_scan, "FREE_EXPANSION_BYTES", 10_000)
    bomb = io.BytesIO(data)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/bomb.xml", b"\0" * 20_000_000)
    assert f"more than {limits.MAX_EXPANSION_RATIO} times" in str(refusal(bomb.getvalue(), "a.xlsx"))


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_cut_off_and_damaged(refusal: Fixture, name: str) -> None:
    data = (xlsx if name == "a.xlsx" else xls)(("甲", [HEADER, *[ROW] * 500]))
    assert refusal(data[: len(data) // 2], name).rule == "file_unreadable"
    if name == "a.xlsx":
        at = data.index(b"xl/worksheets/sheet1.xml") + 200
        assert refusal(data[:at] + b"\xff" * 50 + data[at + 50 :], name).rule == "file_unreadable"


def test_something_else_called_a_workbook(refusal: Fixture) -> None:
    text = ",".join(HEADER).encode()
    assert refusal(text, "a.xlsx").rule == "file_not_what_name_says"
    assert refusal(text, "a.xls").rule == "file_not_what_name_says"
    assert refusal(xlsx(("甲", [HEADER])), "a.xls").rule == "file_not_what_name_says"
    assert refusal(xls(("甲", [HEADER])), "a.xlsx").rule == "file_not_what_name_says"
    assert refusal(xlsx(("甲", [HEADER])), "a.csv").rule == "file_not_what_name_says"
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as book:
        book.writestr("word/document.xml", "<a/>")
    assert refusal(other.getvalue(), "a.xlsx").rule == "file_not_what_name_says"


def test_entities_in_the_workbook_parts_are_refused(refusal: Fixture) -> None:
    data, out = xlsx(("甲", [HEADER, ROW])), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            text = old.read(part)
            if part == "xl/workbook.xml":
                text = text.replace(b"<workbook", b'<!DOCTYPE x [<!ENTITY a "b">]><workbook', 1)
            new.writestr(part, text)
    assert refusal(out.getvalue(), "a.xlsx").rule == "file_unreadable"


def test_many_rows_in_batches(read: Fixture) -> None:
    found = read(xlsx(("甲", [HEADER, *[ROW] * 5_001])), "a.xlsx", batch_rows=2_000)
    assert found.batch_sizes == [2_000, 2_000, 1_001]
    assert found.cells[-1] == ROW
