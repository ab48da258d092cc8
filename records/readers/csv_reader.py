"""CSV files: `,` `;` or tab; every row counted a second time over the raw text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from records.headers import HeaderMatch
from records.readers import limits
from records.readers.csv_exact import ExactParser
from records.readers.csv_fast import mixed_table
from records.readers.csv_quick import physical_lines, read_text
from records.readers.decode import LineCounter, detect_encoding, utf8_blocks
from records.readers.limits import QUOTED_CELL_MAX_LINES
from records.readers.model import (
    Batcher,
    CellBatch,
    FileReading,
    HeaderMatcher,
    ShapeRow,
    check_width,
    empty_reading,
    refused,
    table_of_rows,
    understood,
)
from records.readers.source import ByteSource

DELIMITERS = (",", ";", "\t")
# Lines looked at, and lines without quotes needed, for the width of the file's own records.
_SAMPLE_LINES = 2_000
_ENOUGH_LINES = 20


@dataclass(frozen=True, slots=True)
class _Header:
    delimiter: str
    cells: list[str]
    match: HeaderMatch
    lines: int  # physical lines of the header
    blank_lines: int  # above it
    offset: int  # bytes of the first block up to its end


def read_csv(
    source: ByteSource, kind: str, header_matcher: HeaderMatcher, *, batch_rows: int, cell_max_lines: int
) -> FileReading:
    """Open a CSV file.

    Raises:
        InputRefused: `file_undecodable`, `missing_mandatory_column`, `duplicate_column`,
            `limit_exceeded`, `file_unreadable` (a quote never closed in the header).
    """
    encoding = detect_encoding(source, has_lines=True)
    blocks = utf8_blocks(source, encoding)
    first = next(blocks, b"")
    if not first.decode("utf-8").strip():
        if any(block.strip() for block in blocks):
            raise refused(
                source.name, "limit_exceeded", f"{len(first):,} bytes of blank lines above the header"
            )
        return empty_reading(source.name, "csv")
    header = _find_header(source.name, kind, first, header_matcher)
    reading = understood(source.name, kind, "csv", encoding, header.cells, header.match)
    reading.source = lambda: _batches(source, encoding, header, batch_rows, cell_max_lines)
    return reading


def _find_header(name: str, kind: str, first: bytes, header_matcher: HeaderMatcher) -> _Header:
    """The first line with content, read with the delimiter under which most headers are recognised."""
    candidates = [_header_with(delimiter, name, kind, first, header_matcher) for delimiter in DELIMITERS]
    closed = [candidate for candidate in candidates if candidate is not None]
    if not closed:
        raise refused(name, "file_unreadable", "the header holds a quote that is never closed")
    return max(closed, key=lambda header: sum(field is not None for field in header.match.fields))


def _header_with(
    delimiter: str, name: str, kind: str, first: bytes, header_matcher: HeaderMatcher
) -> _Header | None:
    """The header under one delimiter; None where a quote of it is never closed."""
    # Of width 0, so that every record with content is handed back whole, as a shape row.
    parser = ExactParser(name, delimiter, 0, record_delimiters=1 << 30)
    offset = taken = 0
    for line in physical_lines(first.decode("utf-8")):
        parser.feed([line])
        taken += 1
        offset += len(line.encode())
        if parser.shapes or parser.rows or taken > parser.blank_lines + QUOTED_CELL_MAX_LINES:
            break
    if parser.is_open or len(parser.shapes) > 1:
        return None
    cells = parser.shapes[0].cells if parser.shapes else []
    check_width(name, len(cells))
    match = header_matcher(kind, cells)
    blanks = parser.blank_lines
    return _Header(delimiter, cells, match, taken - blanks, blanks, offset)


def _record_delimiters(block: bytes, header: _Header) -> int:
    """How many delimiters a record of this file holds, where its rows are shorter than the header.

    It is what most records of one line without quotes hold, of those at the beginning of the file.
    """
    full = len(header.cells) - 1
    parser = ExactParser("", header.delimiter, full + 1, record_delimiters=1 << 30)
    counts: Counter[int] = Counter()
    for line in islice(physical_lines(block.decode("utf-8")), _SAMPLE_LINES):
        is_record = not parser.is_open and '"' not in line and line.strip()
        parser.feed([line])
        if is_record:
            counts[line.count(header.delimiter)] += 1
    if counts.total() < _ENOUGH_LINES:
        return full
    usual, times = max(counts.items(), key=lambda item: (item[1], item[0]))
    return min(full, usual) if times * 2 > counts.total() else full


def _batches(
    source: ByteSource, encoding: str, header: _Header, batch_rows: int, cell_max_lines: int
) -> Iterator[CellBatch]:
    name, width = source.name, len(header.cells)
    counter = LineCounter()
    batcher = Batcher(width, batch_rows)
    parser: ExactParser | None = None
    for block in utf8_blocks(source, encoding, counter):
        if parser is None:
            block = block[header.offset :]
            parser = ExactParser(
                name, header.delimiter, width,
                record_delimiters=_record_delimiters(block, header), max_lines=cell_max_lines,
            )  # fmt: skip
        for table, shapes in _read_block(block, parser, header.delimiter, width, name):
            yield from batcher.add(table, shapes)
    if parser is not None:
        parser.finish()
        yield from batcher.add(*_taken(parser, width))
        _check_count(name, header, parser, counter)
    yield from batcher.rest()


def _check_count(name: str, header: _Header, parser: ExactParser, counter: LineCounter) -> None:
    records = parser.next_row - 1
    accounted = header.lines + header.blank_lines + records + parser.inner_breaks + parser.blank_lines
    if accounted != counter.lines:
        message = (
            f"{counter.lines:,} lines in the text, but {accounted:,} accounted for ({records:,} rows, "
            f"{parser.inner_breaks:,} breaks inside cells, {parser.blank_lines + header.blank_lines:,} blank "
            f"lines, {header.lines:,} of header)"
        )
        raise refused(name, "file_row_count_mismatch", message)


def _read_block(
    block: bytes, parser: ExactParser, delimiter: str, width: int, name: str
) -> Iterator[tuple[pa.Table | None, list[ShapeRow]]]:
    """Rows of one block: in one go where it is regular but for a few lines, else piece by piece."""
    if not block:
        return
    try:
        mixed = mixed_table(block, parser, delimiter, width)
        if mixed is None:
            pieces = list(_pieces(block))
            if len(pieces) > 1:
                for piece in pieces:
                    yield from _read_block(piece, parser, delimiter, width, name)
                return
            read_text(block.decode("utf-8"), parser, delimiter)
            mixed = _taken(parser, width)
        yield mixed
    except UnicodeDecodeError as error:
        # The file was UTF-8 when it was looked through a moment ago.
        raise refused(name, "file_undecodable", "not valid UTF-8; the file has changed") from error


def _taken(parser: ExactParser, width: int) -> tuple[pa.Table | None, list[ShapeRow]]:
    numbers, rows, shapes = parser.take()
    return (table_of_rows(numbers, rows, width) if rows else None), shapes


def _pieces(block: bytes) -> Iterator[bytes]:
    """The block cut at line breaks into pieces of about `PIECE_BYTES`."""
    start = 0
    while start < len(block):
        end = start + limits.PIECE_BYTES
        if end >= len(block):
            yield block[start:]
            return
        # Up to and with the last LF, or CR that no LF follows.
        cut = max(block.rfind(b"\n", start, end), block.rfind(b"\r", start, end - 1)) + 1
        if cut <= start:
            ends = [p for p in (block.find(b"\n", end), block.find(b"\r", end)) if p >= 0]
            if not ends:
                yield block[start:]
                return
            cut = min(ends) + 1
            if block[cut - 1 : cut + 1] == b"\r\n":
                cut += 1
        yield block[start:cut]
        start = cut
