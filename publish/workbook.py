"""Workbooks for an office: Chinese headers, text that stays text, nothing that runs, any number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

# Rows that a sheet of the format holds, header rows among them.
SHEET_ROWS = 1_048_576
_HEAD_ROWS = 1
CELL_CHARACTERS = 32_767
# Before it the format has no days: a number below zero shows as ####.
_FIRST_DAY = date(1900, 1, 1)
_A4 = 9
# Nothing that was delivered may be run as a formula or become a link.
_OPTIONS = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    Attributes:
        zh: header.
        kind: how cells are written; a code is text.
        width: in characters.
    """

    zh: str
    kind: Literal["text", "day", "number", "count", "share"] = "text"
    width: int = 14


class Book:
    """An open workbook."""

    def __init__(self, book: Any, sheet_rows: int) -> None:
        self._book = book
        self._rows = sheet_rows - _HEAD_ROWS
        plain = {"valign": "top"}
        self._styles = {
            "title": book.add_format({"bold": True, "font_size": 18, "font_color": "#1F3864"}),
            "bold": book.add_format({"bold": True}),
            "head": book.add_format(
                {"bold": True, "bg_color": "#1F3864", "font_color": "#FFFFFF", "border": 1, "text_wrap": True,
                 "valign": "vcenter"}
            ),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
            "text": book.add_format({**plain, "num_format": "@"}),
            "day": book.add_format({**plain, "num_format": "yyyy-mm-dd", "align": "left"}),
            "number": book.add_format({**plain, "num_format": "#,##0.00"}),
            "count": book.add_format({**plain, "num_format": "#,##0"}),
            "share": book.add_format({**plain, "num_format": "0.00%"}),
        }  # fmt: skip

    def cover(self, heading: str, lines: Sequence[tuple[str, str]], notes: Sequence[str] = ()) -> None:
        """The first sheet: what this is, and of which day and versions."""
        sheet = self._book.add_worksheet("封面")
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1, 84)
        sheet.set_row(0, 30)
        sheet.write_string(0, 0, heading, self._styles["title"])
        row = 2
        for name, value in lines:
            sheet.write_string(row, 0, name, self._styles["bold"])
            sheet.write_string(row, 1, value, self._styles["wrap"])
            row += 1
        for note in notes:
            row += 1
            sheet.write_string(row, 1, note, self._styles["wrap"])
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)

    def guide(self, fields: Iterable[tuple[str, str, str]]) -> None:
        """The field guide: sheet, header, meaning."""
        self.table(
            "字段说明",
            (Column("工作表", width=20), Column("字段", width=22), Column("含义", width=90)),
            fields,
        )

    def table(self, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> int:
        """One table with header, frozen panes and filter; more rows than a sheet holds go on in the next.

        Returns:
            rows written.
        """
        total = 0
        sheet: Any = None
        line = part = 0
        for row in rows:
            if sheet is None or line > self._rows:
                if sheet is not None:
                    self._close(sheet, columns, line - 1)
                part += 1
                sheet = self._open(name if part == 1 else f"{name}（续{part - 1}）", columns)
                line = 1
            if not sheet.write_plain_row(line, row):
                self._cells(sheet, line, columns, row)
            line += 1
            total += 1
        if sheet is None:
            sheet = self._open(name, columns)
            line = 1
        self._close(sheet, columns, line - 1)
        return total

    def _cells(self, sheet: Any, line: int, columns: Sequence[Column], row: Sequence[Any]) -> None:
        for place, (column, value) in enumerate(zip(columns, row, strict=True)):
            style = self._styles[column.kind]
            if value is None or value == "":
                continue
            if column.kind == "text":
                # An empty text would be a cell of its own.
                if text := as_text(value):
                    sheet.write_string(line, place, text, style)
            elif column.kind == "day" and value < _FIRST_DAY:
                sheet.write_string(line, place, value.isoformat(), style)
            elif column.kind == "day":
                sheet.write_datetime(line, place, value, style)
            else:
                sheet.write_number(line, place, value, style)

    def _open(self, name: str, columns: Sequence[Column]) -> Any:
        from publish.workbook_rows import RowSheet

        sheet = self._book.add_worksheet(name, RowSheet)
        sheet.set_kinds([(column.kind, self._styles[column.kind]) for column in columns])
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
        sheet.freeze_panes(_HEAD_ROWS, 2)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)
        sheet.set_row(0, 32)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.zh, self._styles["head"])
        return sheet

    @staticmethod
    def _close(sheet: Any, columns: Sequence[Column], last: int) -> None:
        sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)


@contextmanager
def workbook(place: Path, *, sheet_rows: int = SHEET_ROWS) -> Iterator[Book]:
    """A workbook that is written when the block ends, for its owner alone to read.

    Args:
        place: the file; replaced where it stands.
        sheet_rows: rows that a sheet may hold.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(str(place), dict(_OPTIONS)) as book:
        yield Book(book, sheet_rows)
    place.chmod(0o600)


def as_text(value: Any) -> str:
    r"""A cell as text that a cell can hold.

    >>> as_text(["a", "b"]), as_text(True), as_text("\x07=1")
    ('a; b', '是', '=1')
    """
    if isinstance(value, bool):
        return "是" if value else "否"
    text = "; ".join(value) if isinstance(value, list | tuple) else str(value)
    if not text.isprintable():
        text = "".join(char for char in text if char >= " " or char in "\n\t")
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def cover_lines(manifest: Mapping[str, Any], manifest_sha256: str) -> list[tuple[str, str]]:
    """What every cover says of the snapshot."""
    return [
        ("截至日期 as of", str(manifest["as_of"])),
        ("快照 snapshot", str(manifest["snapshot"])),
        ("规则版本 policy", str(manifest["policy_version"])),
        ("模型版本 model", str(manifest["model_version"])),
        ("程序版本 code", str(manifest["code_version"])),
        ("清单摘要 manifest sha256", manifest_sha256),
        ("使用范围", "信用风险分类结果仅供监管内部参考，不对外公布，不作为惩戒依据。For supervisors only."),
    ]
