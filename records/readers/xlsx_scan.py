"""A look through the parts of an .xlsx before it is opened.

The workbook library holds the rectangle that a sheet spans in memory, so one stray cell far out would
exhaust it; and it gives error values (#N/A) as empty cells. Both are found here, in one streamed pass.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from records.readers.limits import (
    FREE_EXPANSION_BYTES,
    MAX_COLUMNS,
    MAX_EXPANSION_RATIO,
    MAX_LINE_BYTES,
    MAX_SHEET_CELLS,
    MAX_WORKBOOK_EXPANDED_BYTES,
    MIB,
)
from records.readers.model import refused

# Any cell, merely formatted ones too, and any row: a quick upper bound of what a sheet spans.
_ANY_CELL = re.compile(rb' r="([A-Z]+)\d')
_ANY_ROW = re.compile(rb'<(?:\w+:)?row\s[^>]*?\br="(\d+)"')
# A cell that is not merely formatted.
_FILLED_CELL = re.compile(rb'<(?:\w+:)?c\s(?:[^>]*?\s)?r="([A-Z]+)(\d+)"[^>]*(?<!/)>')
_ERROR = re.compile(
    rb"<(?:\w+:)?c\s([^>]*?\bt=\"e\"[^>]*)>(?:<(?:\w+:)?f\b[^>]*/>|<(?:\w+:)?f\b[^>]*>[^<]*</(?:\w+:)?f>)?"
    rb"<(?:\w+:)?v>([^<]*)<"
)
_REFERENCE = re.compile(rb"\br=\"([A-Z]+)(\d+)\"")


@dataclass(slots=True)
class SheetScan:
    """What a sheet holds.

    Attributes:
        rows, columns: how far its filled cells reach.
        errors: 0-based row -> (0-based column, text) of its error values.
    """

    rows: int = 0
    columns: int = 0
    errors: dict[int, list[tuple[int, str]]] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        """Cells of the rectangle that the sheet spans."""
        return self.rows * self.columns


def scan_workbook(data: bytes, name: str) -> dict[str, SheetScan]:
    """Check the parts of an .xlsx and scan its sheets, by sheet name.

    Raises:
        InputRefused: `file_not_what_name_says` (a zip that is no .xlsx), `limit_exceeded`,
            `file_unreadable`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            _check_size(book, len(data), name)
            if "xl/workbook.xml" not in book.namelist():
                raise refused(name, "file_not_what_name_says", "a zip file that is no .xlsx workbook")
            parts = dict(_sheets(book))
            known = set(book.namelist())
            pages = {part for part in known if part.startswith("xl/worksheets/") and part.endswith(".xml")}
            pages.update(part for part in parts.values() if part in known)
            scans = {part: _scan_sheet(book, part, name) for part in sorted(pages)}
            return {sheet: scans[part] for sheet, part in parts.items() if part in scans}
    except (zipfile.BadZipFile, zlib.error, EOFError, ElementTree.ParseError, KeyError, RuntimeError,
            NotImplementedError) as error:  # fmt: skip
        raise refused(name, "file_unreadable", "the workbook is damaged, cut off or encrypted") from error


def _check_size(book: zipfile.ZipFile, packed: int, name: str) -> None:
    if any(part.header_offset < 0 for part in book.infolist()):
        # zipfile itself only fails to seek.
        raise zipfile.BadZipFile("a part before the beginning of the file")
    expanded = sum(part.file_size for part in book.infolist())
    if expanded > MAX_WORKBOOK_EXPANDED_BYTES:
        message = f"expands to {expanded:,} bytes, more than {MAX_WORKBOOK_EXPANDED_BYTES:,}"
        raise refused(name, "limit_exceeded", message)
    if expanded > FREE_EXPANSION_BYTES and expanded > packed * MAX_EXPANSION_RATIO:
        raise refused(name, "limit_exceeded", f"expands to more than {MAX_EXPANSION_RATIO} times its size")


def _sheets(book: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Names of the sheets and the parts that hold them."""
    relations = {
        relation.get("Id", ""): relation.get("Target", "")
        for relation in ElementTree.fromstring(_small(book, "xl/_rels/workbook.xml.rels"))
    }
    for element in ElementTree.fromstring(_small(book, "xl/workbook.xml")).iter():
        if element.tag.endswith("}sheet"):
            # Its namespace differs between the transitional and the strict form of the format.
            relation = next((value for key, value in element.items() if key.endswith("}id")), "")
            target = relations.get(relation, "")
            part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
            yield element.get("name", ""), part


def _small(book: zipfile.ZipFile, part: str) -> bytes:
    # Entities could expand beyond any bound; no workbook program writes a document type.
    with book.open(part) as stream:
        text = stream.read(MAX_LINE_BYTES + 1)
    if len(text) > MAX_LINE_BYTES or b"<!DOCTYPE" in text:
        raise zipfile.BadZipFile(part)
    return text


def _scan_sheet(book: zipfile.ZipFile, part: str, name: str) -> SheetScan:
    scan = SheetScan()
    letters: set[bytes] = set()
    for text in _rows(book, part, name):
        letters.update(_ANY_CELL.findall(text))
        scan.rows = max([scan.rows, *map(int, _ANY_ROW.findall(text))])
        if b't="e"' in text:
            _add_errors(text, scan)
    scan.columns = max(map(_column_number, letters), default=0)
    if scan.columns > MAX_COLUMNS or scan.cells > MAX_SHEET_CELLS:
        _measure_exactly(book, part, name, scan)
    if scan.columns > MAX_COLUMNS:
        raise refused(name, "limit_exceeded", f"{scan.columns:,} columns, more than {MAX_COLUMNS:,}")
    if scan.cells > MAX_SHEET_CELLS:
        message = f"a sheet spans {scan.cells:,} cells, more than {MAX_SHEET_CELLS:,}"
        raise refused(name, "limit_exceeded", message)
    return scan


def _rows(book: zipfile.ZipFile, part: str, name: str) -> Iterator[bytes]:
    """The text of a sheet, cut between rows."""
    carry = b""
    with book.open(part) as stream:
        while chunk := stream.read(MIB):
            text = carry + chunk
            cut = text.rfind(b"row>") + 4 if b"row>" in text else 0
            carry = text[cut:]
            if len(carry) > 4 * MAX_LINE_BYTES:
                raise refused(name, "limit_exceeded", f"a row of more than {4 * MAX_LINE_BYTES:,} bytes")
            yield text[:cut]
    yield carry


def _measure_exactly(book: zipfile.ZipFile, part: str, name: str, scan: SheetScan) -> None:
    scan.rows = scan.columns = 0
    for text in _rows(book, part, name):
        for letters, row in _FILLED_CELL.findall(text):
            scan.rows = max(scan.rows, int(row))
            scan.columns = max(scan.columns, _column_number(letters))


def _add_errors(text: bytes, scan: SheetScan) -> None:
    for attributes, value in _ERROR.findall(text):
        place = _REFERENCE.search(attributes)
        if place is not None:
            cells = scan.errors.setdefault(int(place[2]) - 1, [])
            cells.append((_column_number(place[1]) - 1, value.decode("utf-8", "replace") or "#ERROR"))


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
