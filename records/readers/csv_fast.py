"""The fast path of CSV: physical lines that are one regular record each go through Arrow.

It is taken only where it gives what `csv_exact` would give: as many rows as lines (a row has one line at
least, so each has exactly one), every row of the header's width, and no cell open at the end.
"""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from records.readers.csv_exact import ExactParser
from records.readers.model import ShapeRow, column_names, table_of_rows

# Irregular lines that are read one by one; beyond them, and one line in so many, `csv_quick` is faster.
_FEW_LINES, _ONE_IN = 50, 10
_LF, _CR = b"\n\r"


def mixed_table(
    block: bytes, parser: ExactParser, delimiter: str, width: int
) -> tuple[pa.Table, list[ShapeRow]] | None:
    """A block of regular and irregular lines: the irregular ones go to `parser`, the others to Arrow.

    Returns:
        The rows of both in source order, `source_row` first, and the shape rows; None, with `parser` as it
        was, where the lines that look regular are not, or too many do not.
    """
    bounds, is_irregular = _lines(block, delimiter, width)
    lines = len(is_irregular)
    irregular = np.flatnonzero(is_irregular)
    too_many = max(_FEW_LINES, lines // _ONE_IN)
    if len(irregular) > too_many:
        return None
    before = parser.snapshot()
    regular: list[bytes] = []
    numbers: list[npt.NDArray[np.int64]] = []
    line = fed = 0
    for stop in (*irregular.tolist(), lines):
        # A quote that an irregular line leaves open takes the next lines, whatever they look like.
        while parser.is_open and line < lines and fed <= too_many:
            parser.feed([block[bounds[line] : bounds[line + 1]].decode("utf-8")])
            line, fed = line + 1, fed + 1
        if fed > too_many:
            parser.restore(before)
            return None
        if line < stop:
            regular.append(block[bounds[line] : bounds[stop]])
            numbers.append(np.arange(parser.next_row, parser.next_row + stop - line))
            parser.next_row += stop - line
        if line <= stop < lines:
            parser.feed([block[bounds[stop] : bounds[stop + 1]].decode("utf-8")])
            line, fed = stop + 1, fed + 1
    table = _regular_table(regular, sum(map(len, numbers)), delimiter, width) if regular else None
    if table is None:
        parser.restore(before)
        return None
    table = table.add_column(0, "source_row", pa.array(np.concatenate(numbers), pa.int64()))
    others, rows, shapes = parser.take()
    if rows:
        table = pa.concat_tables([table, table_of_rows(others, rows, width)]).sort_by("source_row")
    return table, shapes


def _lines(block: bytes, delimiter: str, width: int) -> tuple[list[int], npt.NDArray[np.bool_]]:
    """Where the physical lines of a block begin, with its end; and those that cannot be one regular record.

    A block does not end between CR and LF. A line without quotes must have a record's delimiters, one with
    quotes an even number of them.
    """
    characters = np.frombuffer(block, np.uint8)
    is_end = characters == _LF
    if b"\r" in block:
        is_carriage = characters == _CR
        is_carriage[:-1] &= ~is_end[1:]
        is_end |= is_carriage
    bounds = np.concatenate([[0], np.flatnonzero(is_end) + 1])
    if bounds[-1] < len(block):
        bounds = np.append(bounds, len(block))
    quotes = _count(characters, '"', bounds)
    return bounds.tolist(), np.where(
        quotes > 0, quotes % 2 == 1, _count(characters, delimiter, bounds) != width - 1
    )


def _count(
    characters: npt.NDArray[np.uint8], mark: str, bounds: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """How often a character stands between each bound and the next."""
    return np.diff(np.searchsorted(np.flatnonzero(characters == ord(mark)), bounds))


def _regular_table(pieces: Sequence[bytes], lines: int, delimiter: str, width: int) -> pa.Table | None:
    """Lines as a table `c0`, `c1`, … of strings, or None where they must be read exactly."""
    block = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if block.startswith(codecs.BOM_UTF8):
        return None  # here it is a character of the first cell; Arrow would drop it
    has_quotes = b'"' in block
    if has_quotes and _ends_open(block, delimiter, width):
        # Arrow would take the open cell for a whole one.
        return None
    convert, names = _options(width)
    try:
        table = csv.read_csv(
            pa.BufferReader(block),
            read_options=csv.ReadOptions(use_threads=False, block_size=len(block) + 1, column_names=names),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, quote_char='"' if has_quotes else False, newlines_in_values=False
            ),
            convert_options=convert,
        )
    except pa.ArrowInvalid:
        return None
    return table if table.num_rows == lines else None


@cache
def _options(width: int) -> tuple[csv.ConvertOptions, list[str]]:
    names = column_names(width)
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[],
        strings_can_be_null=False,
        quoted_strings_can_be_null=False,
    )
    return convert, names


def _ends_open(block: bytes, delimiter: str, width: int) -> bool:
    body = block.rstrip(b"\r\n")
    last = body[max(body.rfind(b"\n"), body.rfind(b"\r")) + 1 :]
    if b'"' not in last:
        return False
    parser = ExactParser("", delimiter, width)
    parser.feed([last.decode("utf-8", "replace")])
    return parser.is_open
