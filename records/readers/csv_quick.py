"""The middle path of CSV: irregular blocks at the speed of the standard library's parser.

It reads strictly, so it stops at whatever is not plainly right; that record, and any that runs over
several lines and looks like more than one, goes to `csv_exact`, which decides. Blocks are small, so an
open quote swallows little before it is noticed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from records.readers.csv_exact import ExactParser


def physical_lines(text: str) -> Iterator[str]:
    """Lines with their breaks; a break is LF, CR or CRLF and nothing else."""
    return iter(io.StringIO(text, newline=""))


def read_text(text: str, parser: ExactParser, delimiter: str) -> None:
    """Read a block that ends at a line break into `parser`."""
    lines = list(physical_lines(text))
    start = 0
    while start < len(lines):
        if not parser.is_open:
            start = _read_strictly(lines, start, parser, delimiter)
        if start < len(lines):
            parser.feed(lines[start : start + 1])
            start += 1


def _read_strictly(lines: list[str], start: int, parser: ExactParser, delimiter: str) -> int:
    """Records from line `start` on, up to the first that is not plainly right; the line of that one."""
    first = start
    reader = csv.reader(iter(lines[start:]), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            end = first + reader.line_num
            parser.accept(cells, lines[start:end])
            start = end
    except csv.Error:
        # A quote out of place, one that is still open at the end of the block, or a cell beyond the
        # module's limit: the exact parser goes on from the last good record.
        return start
    return start
