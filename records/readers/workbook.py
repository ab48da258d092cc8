"""Workbooks (.xlsx, .xls): the first sheet and row in which every mandatory column is recognised."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from records.headers import HeaderMatch
from records.readers.cells import number_text, workbook_moment
from records.readers.limits import HEADER_SEARCH_ROWS, MAX_WORKBOOK_FILE_BYTES
from records.readers.model import (
    Batcher,
    CellBatch,
    FileReading,
    HeaderMatcher,
    check_width,
    empty_reading,
    missing_message,
    refused,
    table_of_rows,
    understood,
)
from records.readers.native import held_stderr
from records.readers.source import ZIP_MAGIC
from records.readers.xls_scan import check_xls
from records.readers.xlsx_scan import scan_workbook

_NOTES_SHEET = "说明"
_READ_ROWS = 2_000
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Place:
    """A row that may be the header."""

    sheet: CalamineSheet
    row: int  # 0-based row of the sheet
    headers: list[str]
    match: HeaderMatch


def read_workbook(
    path: Path, name: str, kind: str, header_matcher: HeaderMatcher, *, file_format: str, batch_rows: int
) -> FileReading:
    """Open a workbook.

    Raises:
        InputRefused: `file_unreadable`, `limit_exceeded`, `missing_mandatory_column` (naming those that
            the best row lacks), `duplicate_column`.
    """
    size = path.stat().st_size
    if size > MAX_WORKBOOK_FILE_BYTES:
        message = f"a workbook of {size:,} bytes, more than {MAX_WORKBOOK_FILE_BYTES:,}"
        raise refused(name, "limit_exceeded", message)
    data = path.read_bytes()
    if data.startswith(ZIP_MAGIC):
        scans = scan_workbook(data, name)
    else:
        scans = {}
        check_xls(data, name)
    book = _guarded(name, lambda: CalamineWorkbook.from_filelike(io.BytesIO(data)))
    found: _Place | None = None
    others: list[str] = []
    candidates: list[_Place] = []
    for sheet_name in book.sheet_names:
        if _NOTES_SHEET in sheet_name:
            continue
        place = _best_row(_sheet(book, sheet_name, name), kind, header_matcher)
        if place is None:
            continue
        candidates.append(place)
        if not place.match.missing:
            if found is None:
                found = place
            else:
                others.append(sheet_name)
    if not candidates:
        _refuse_records_among_notes(book, name, kind, header_matcher)
        return empty_reading(name, file_format)
    if found is None:
        best = max(candidates, key=lambda place: _recognised(place.match))
        raise refused(name, "missing_mandatory_column", missing_message(kind, best.match))
    place = found
    reading = understood(name, kind, file_format, None, place.headers, place.match)
    if others:
        reading.warnings.append(f"{len(others)} more sheet(s) with the same kind of header were not read")
    errors = scans[place.sheet.name].errors if place.sheet.name in scans else {}
    reading.source = lambda: _batches(place, errors, batch_rows)
    return reading


def _refuse_records_among_notes(
    book: CalamineWorkbook, name: str, kind: str, header_matcher: HeaderMatcher
) -> None:
    """A workbook of nothing but notes is an empty one, unless its records stand in a sheet of that name."""
    for sheet_name in book.sheet_names:
        place = _best_row(_sheet(book, sheet_name, name), kind, header_matcher)
        if place is not None and not place.match.missing:
            message = (
                f"only the sheet {sheet_name!r}, which is taken for notes ({_NOTES_SHEET}), has the columns"
            )
            raise refused(name, "missing_mandatory_column", message)


def _guarded(name: str, action: Callable[[], _T]) -> _T:
    """Run calamine; what it cannot read refuses the file, even where its Rust code panics."""
    with held_stderr() as held:
        try:
            return action()
        except (CalamineError, OSError, ValueError) as error:
            raise refused(name, "file_unreadable", "the workbook is damaged, cut off or encrypted") from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            held.is_dropped = True
            raise refused(name, "file_unreadable", "the workbook is damaged") from error


def _sheet(book: CalamineWorkbook, sheet_name: str, name: str) -> CalamineSheet:
    sheet = _guarded(name, lambda: book.get_sheet_by_name(sheet_name))
    check_width(name, sheet.width)
    return sheet


def _best_row(sheet: CalamineSheet, kind: str, header_matcher: HeaderMatcher) -> _Place | None:
    """The first row with every mandatory column; else the one in which most columns are recognised."""
    best: _Place | None = None
    for number, row in enumerate(sheet.iter_rows()):
        if number >= HEADER_SEARCH_ROWS:
            break
        headers = [cell if isinstance(cell, str) else (_text(cell) or "") for cell in row]
        if not any(header.strip() for header in headers):
            continue
        place = _Place(sheet, number, headers, header_matcher(kind, headers))
        if not place.match.missing:
            return place
        if best is None or _recognised(place.match) > _recognised(best.match):
            best = place
    return best


def _recognised(match: HeaderMatch) -> int:
    return sum(field is not None for field in match.fields)


def _batches(
    place: _Place, errors: Mapping[int, Sequence[tuple[int, str]]], batch_rows: int
) -> Iterator[CellBatch]:
    sheet = place.sheet
    left = sheet.start[1] if sheet.start else 0
    width = len(place.headers)
    batcher = Batcher(width, batch_rows)
    numbers: list[int] = []
    rows: list[list[str | None]] = []
    number = 0
    for index, raw in enumerate(sheet.iter_rows()):
        if index <= place.row:
            continue
        cells = [cell if type(cell) is str and cell else _text(cell) for cell in raw]
        if index in errors:
            _put_errors(cells, errors[index], left)
        if not any(cell and not cell.isspace() for cell in cells):
            continue
        number += 1
        numbers.append(number)
        rows.append(cells)
        if len(rows) >= _READ_ROWS:
            yield from batcher.add(table_of_rows(numbers, rows, width))
            numbers, rows = [], []
    yield from batcher.add(table_of_rows(numbers, rows, width))
    yield from batcher.rest()


def _put_errors(cells: list[str | None], errors: Sequence[tuple[int, str]], left: int) -> None:
    # calamine gives an error value (#N/A, #REF!) as an empty cell, which would make a filled one null.
    for column, text in errors:
        if left <= column < left + len(cells):
            cells[column - left] = text


def _text(cell: Any) -> str | None:
    if cell == "":
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return number_text(cell)
    if isinstance(cell, dt.datetime):
        return workbook_moment(cell)
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return None if cell is None else str(cell)
