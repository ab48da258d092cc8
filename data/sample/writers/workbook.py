"""Workbooks: .xlsx with note rows and a 说明 sheet, and plain .xls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from data.sample.defects import NUMBER_MARK
from data.sample.headers import columns
from data.sample.layout import FileSpec
from data.sample.render import is_amount, is_day
from data.sample.writers.base import Cells

# Any fixed day: the file's own time must not make its bytes differ.
_CREATED = datetime(2021, 1, 1)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_NOTES = (
    "填表说明：1.带*号为必填项；2.日期格式为YYYY/MM/DD；3.金额单位为万元，保留6位小数。",
    "本表由模拟数据生成程序产生，所有主体、人员及文号均为虚构。",
)
_EXPLANATION = (
    ("表格说明", ""),
    ("字段", "填写要求"),
    ("行政相对人类别", "法人及非法人组织、自然人、个体工商户"),
    ("有效期至", "长期有效的填2099/12/31"),
)


def _typed(kind: str, name: str, cell: str, is_typed: bool) -> str | float | date:
    """The value of a cell: a number or a day where the sheet has cells of that type."""
    if cell.startswith(NUMBER_MARK):
        return float(cell.removeprefix(NUMBER_MARK))
    if is_typed and is_day(kind, name) and _ISO.fullmatch(cell) and cell[:4] < "2080":
        try:
            return date.fromisoformat(cell)
        except ValueError:
            return cell
    if is_typed and is_amount(kind, name) and _NUMBER.fullmatch(cell):
        return float(cell)
    return cell


class XlsxWriter:
    """One .xlsx file by XlsxWriter: notes, header, rows; a sheet with explanations before or after."""

    def __init__(self, path: Path, spec: FileSpec) -> None:
        import xlsxwriter

        self._spec = spec
        # Texts stay texts; the file holds no time but the fixed one.
        options = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
        self._book: Any = xlsxwriter.Workbook(str(path), options)
        self._book.set_properties({"created": _CREATED, "author": "", "comments": "synthetic sample"})
        # In templates the explanations come first.
        if "模板" in spec.path:
            self._explain()
        self._sheet: Any = self._book.add_worksheet("数据")
        if "模板" not in spec.path:
            self._explain()
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._row = 0
        for note in _NOTES:
            self._sheet.write_string(self._row, 0, note)
            self._row += 1
        for number, header in enumerate(columns(spec.kind, spec.style).values()):
            self._sheet.write_string(self._row, number, header)
        self._row += 1

    def _explain(self) -> None:
        sheet = self._book.add_worksheet("说明")
        for row, cells in enumerate(_EXPLANATION):
            for column, cell in enumerate(cells):
                sheet.write_string(row, column, cell)

    def write(self, cells: Cells) -> Mapping[str, int]:
        """Append rows."""
        names = list(cells.columns)
        for row in cells.rows():
            for number, (name, cell) in enumerate(zip(names, row, strict=True)):
                if cell is None or cell == "":
                    continue
                value = _typed(self._spec.kind, name, cell, self._spec.is_typed)
                if isinstance(value, date):
                    self._sheet.write_datetime(
                        self._row, number, datetime(value.year, value.month, value.day), self._day
                    )
                elif isinstance(value, float):
                    self._sheet.write_number(self._row, number, value)
                else:
                    self._sheet.write_string(self._row, number, value)
            self._row += 1
        return {}

    def close(self) -> None:
        """Finish the file."""
        from xlsxwriter.exceptions import FileCreateError

        try:
            self._book.close()
        except FileCreateError as error:
            # XlsxWriter wraps what the system said.
            cause = error.args[0] if error.args else error
            raise cause if isinstance(cause, OSError) else OSError(str(cause)) from error

    def abandon(self) -> None:
        """Nothing has been written yet; XlsxWriter must not complain about that."""
        self._book.fileclosed = True


class XlsWriter:
    """One .xls file by xlwt: header and rows, at most 65,536 of them."""

    def __init__(self, path: Path, spec: FileSpec) -> None:
        import xlwt

        self._spec = spec
        self._path = path
        self._book: Any = xlwt.Workbook(encoding="utf-8")
        self._sheet: Any = self._book.add_sheet("Sheet1")
        self._day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
        for number, header in enumerate(columns(spec.kind, spec.style).values()):
            self._sheet.write(0, number, header)
        self._row = 1

    def write(self, cells: Cells) -> Mapping[str, int]:
        """Append rows."""
        names = list(cells.columns)
        for row in cells.rows():
            for number, (name, cell) in enumerate(zip(names, row, strict=True)):
                if cell is None or cell == "":
                    continue
                value = _typed(self._spec.kind, name, cell, self._spec.is_typed)
                if isinstance(value, date):
                    self._sheet.write(self._row, number, value, self._day)
                else:
                    self._sheet.write(self._row, number, value)
            self._row += 1
        return {}

    def close(self) -> None:
        """Finish the file."""
        self._book.save(str(self._path))

    def abandon(self) -> None:
        """Nothing has been written yet."""
