"""CSV in the contract's encodings and delimiters, with stray quotes and surplus cells at stated rates."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample.headers import columns
from data.sample.layout import FileSpec
from data.sample.rng import Draws
from data.sample.writers.base import Cells, let_go, opened

# Two stray quotes swallow the rows between them: both rows are quarantined (`row_shape`).
STRAY_QUOTE_PAIR_RATE = 0.0002
# A cell too many at the end of a row.
SURPLUS_CELL_RATE = 0.0003
# A quote inside a cell that was never quoted: harmless, and no defect.
HARMLESS_QUOTE_RATE = 0.0005
# Rows of people's offices that hold such defects; a spoiled row of entities would lose the entity.
_SPOILED_KINDS = ("licences", "penalties", "inspections")
_LINE_END = "\r\n"


class CsvWriter:
    """One CSV file; lines end with CR LF as spreadsheets write them."""

    def __init__(self, path: Path, spec: FileSpec, draws: Draws, shows_all: bool) -> None:
        self._spec = spec
        self._draws = draws
        self._shows_all = shows_all
        self._file = opened(path, spec)
        encoding = "utf-16-le" if spec.encoding == "utf-16" else spec.encoding.removesuffix("-sig")
        self._encoding = encoding
        if spec.encoding == "utf-16":
            self._file.write(codecs.BOM_UTF16_LE)
        elif spec.encoding == "utf-8-sig":
            self._file.write(codecs.BOM_UTF8)
        header = spec.delimiter.join(
            _quoted_header(cell, spec.delimiter) for cell in columns(spec.kind, spec.style).values()
        )
        self._file.write((header + _LINE_END).encode(encoding))

    def write(self, cells: Cells) -> Mapping[str, int]:
        """Append rows."""
        quoted = [_quoted(column, self._spec.delimiter) for column in cells.columns.values()]
        lines = pc.binary_join_element_wise(
            *quoted, pa.scalar(self._spec.delimiter), null_handling="replace", null_replacement=""
        )
        lines, counts = self._spoiled(lines, cells)
        lines = pc.binary_join_element_wise(lines, pa.scalar(_LINE_END), pa.scalar(""))
        self._file.write(self._encoded(lines))
        return counts

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        let_go(self._file)

    def _encoded(self, lines: pa.Array) -> bytes | memoryview:
        if not len(lines):
            return b""
        # The texts of an Arrow array lie one after the other: they are the file.
        offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[
            lines.offset : lines.offset + len(lines) + 1
        ]
        data = memoryview(lines.buffers()[2])[int(offsets[0]) : int(offsets[-1])]
        if self._encoding == "utf-8":
            return data
        return str(data, "utf-8").encode(self._encoding)

    def _spoiled(self, lines: pa.Array, cells: Cells) -> tuple[pa.Array, dict[str, int]]:
        if self._spec.kind not in _SPOILED_KINDS or self._spec.picks == "fixes" or len(lines) < 2:
            return lines, {}
        has_quote = np.asarray(pc.match_substring(lines, '"'))
        is_free = cells.is_sound & ~has_quote
        draws, key = self._draws, cells.key
        changed: dict[int, str] = {}
        pairs = self._pairs(draws.chance("stray_quote", key, STRAY_QUOTE_PAIR_RATE), is_free)
        for row in pairs:
            changed[row] = self._with_quote(lines[row].as_py(), is_opening=True)
            changed[row + 1] = self._with_quote(lines[row + 1].as_py(), is_opening=False)
        is_surplus = draws.chance("surplus", key, SURPLUS_CELL_RATE) & is_free
        if self._shows_all and not is_surplus.any():
            is_surplus = is_free & (np.cumsum(is_free) == 3)
        surplus = [row for row in np.flatnonzero(is_surplus).tolist() if row not in changed]
        for row in surplus:
            changed[row] = lines[row].as_py() + self._spec.delimiter + "审核人：已阅"
        for row in np.flatnonzero(draws.chance("harmless", key, HARMLESS_QUOTE_RATE) & is_free).tolist():
            if row not in changed:
                changed[row] = lines[row].as_py().replace("当事人", '当事人"', 1)
        self._shows_all = False
        counts = {"stray_quote": 2 * len(pairs), "surplus_cell": len(surplus)}
        return _replaced(lines, changed), {name: count for name, count in counts.items() if count}

    def _pairs(self, drawn: np.ndarray, is_free: np.ndarray) -> list[int]:
        """First rows of pairs of sound neighbours, none of them twice."""
        possible = is_free[:-1] & is_free[1:]
        starts: list[int] = np.flatnonzero(drawn[:-1] & possible).tolist()
        if self._shows_all and not starts:
            starts = np.flatnonzero(possible)[-1:].tolist()
        kept: list[int] = []
        for row in starts:
            if not kept or row > kept[-1] + 1:
                kept.append(row)
        return kept

    def _with_quote(self, line: str, *, is_opening: bool) -> str:
        """A quote before the second cell, or after it."""
        first, second, rest = line.split(self._spec.delimiter, 2)
        second = f'"{second}' if is_opening else f'{second}"'
        return self._spec.delimiter.join((first, second, rest))


def _replaced(lines: pa.Array, changed: dict[int, str]) -> pa.Array:
    if not changed:
        return lines
    mask = np.zeros(len(lines), dtype=np.bool_)
    rows = sorted(changed)
    mask[rows] = True
    return pc.replace_with_mask(lines, pa.array(mask), pa.array([changed[row] for row in rows], pa.string()))


def _quoted(column: pa.Array, delimiter: str) -> pa.Array:
    """The cells, quoted where they hold a delimiter, a quote or a line break."""
    pattern = f'[{delimiter}"\r\n]'
    special = pc.match_substring_regex(column, pattern)
    if not pc.any(special).as_py():
        return column
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(column, '"', '""'), '"', "")
    return pc.if_else(special, quoted, column)


def _quoted_header(cell: str, delimiter: str) -> str:
    return f'"{cell}"' if delimiter in cell else cell
