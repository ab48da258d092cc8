"""The fast path of CSV: physical lines that are one regular record each go through Arrow.

It is taken only where it gives what `csv_exact` would give: as many rows as lines (a row has one line at
least, so each has exactly one), every row of the header's width, and no cell open at the end.
"""

from __future__ import annotations

import codecs
from functools import cache

import pyarrow as pa
from pyarrow import csv

from records.readers.csv_exact import ExactParser
from records.readers.model import ShapeRow, column_names, table_of_rows

# Irregular lines that are read one by one; beyond them, and a tenth of all, `csv_quick` is faster.
_FEW_LINES = 50


def count_lines(block: bytes) -> int:
    """Physical lines of a block that does not end between CR and LF."""
    breaks = block.count(b"\n")
    if b"\r" in block:
        breaks += block.count(b"\r") - block.count(b"\r\n")
    return breaks + (not block.endswith((b"\n", b"\r")))


def regular_table(block: bytes, delimiter: str, width: int) -> pa.Table | None:
    """The block as a table `c0`, `c1`, … of strings, or None where it must be read exactly."""
    if block.startswith(codecs.BOM_UTF8):
        return None  # here it is a character of the first cell; Arrow would drop it
    lines = count_lines(block)
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


def mixed_table(
    block: bytes, parser: ExactParser, delimiter: str, width: int
) -> tuple[pa.Table, list[ShapeRow]] | None:
    """A block of regular and irregular lines: the irregular ones go to `parser`, the others to Arrow.

    Returns:
        The rows of both in source order, `source_row` first, and the shape rows; None, with `parser` as it
        was, where the lines that look regular are not, or too many do not.
    """
    before = parser.snapshot()
    mark = delimiter.encode()
    regular: list[bytes] = []
    numbers: list[int] = []
    irregular = 0
    for line in block.splitlines(keepends=True):
        quotes = line.count(b'"')
        if parser.is_open or (quotes % 2 if quotes else line.count(mark) != width - 1):
            irregular += 1
            if irregular > _FEW_LINES and irregular > len(regular) // 10:
                parser.restore(before)
                return None
            parser.feed([line.decode("utf-8")])
        else:
            regular.append(line)
            numbers.append(parser.next_row)
            parser.next_row += 1
    table = regular_table(b"".join(regular), delimiter, width) if regular else None
    if table is None:
        parser.restore(before)
        return None
    table = table.add_column(0, "source_row", pa.array(numbers, pa.int64()))
    others, rows, shapes = parser.take()
    if rows:
        table = pa.concat_tables([table, table_of_rows(others, rows, width)]).sort_by("source_row")
    return table, shapes


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
