"""The cells of one canonical column, brought together from its source columns and cleaned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.arrays import Bytes, Mask, Rows, as_array, joined, nulled, nulls, on_rows, parts, rows_where
from records.headers import Source
from records.readers.model import NUMBER_MARK
from records.text import names_norm, trimmed

# What stands for an empty cell (contract §2, Null), in the normal form of names.
NULL_TOKENS = ("-", "/", "无", "NULL", "N/A")
_TOKEN_BYTES = 12
# First bytes of the tokens in half width, full width and as a radical.
_TOKEN_STARTS = np.isin(np.arange(256), [*b"-/Nn", "无".encode()[0], 0xEF, 0xE2])


@dataclass(frozen=True, slots=True)
class Cells:
    """One canonical column.

    Attributes:
        text: the cells, trimmed; null where a cell is empty or stands for nothing.
        numeric: which cells were numbers in their source (workbook, JSON, Parquet); None for none of them.
    """

    text: pa.StringArray
    numeric: Mask | None = None

    @property
    def is_numeric(self) -> Mask:
        """Which cells were numbers in their source."""
        return np.zeros(len(self.text), np.bool_) if self.numeric is None else self.numeric


def empty_cells(count: int) -> Cells:
    """A column that the file does not have."""
    return Cells(nulls(count))


def cells_of(table: pa.Table, source: Source) -> Cells:
    """The cells of one canonical column of a batch (`CellBatch.table`)."""
    columns = [clean(as_array(table.column(f"c{position}"))) for position in source.positions]
    return columns[0] if len(columns) == 1 else _combined(columns, source.how == "join")


def _combined(columns: Sequence[Cells], is_joined: bool) -> Cells:
    texts = [column.text for column in columns]
    numeric = np.logical_or.reduce([column.is_numeric for column in columns])
    if is_joined:
        text = joined(texts, ";")
        return Cells(nulled(text, np.asarray(pc.equal(text, ""))), numeric)
    return Cells(pc.coalesce(*texts), numeric)


def clean(array: pa.StringArray) -> Cells:
    """Cells as read: the mark of numbers taken off, white space trimmed, empty ones and null tokens null."""
    marked = rows_where(array, _has_mark)
    numeric = None
    if len(marked):
        starts = np.asarray(pc.starts_with(array, NUMBER_MARK).fill_null(False))
        numeric = starts
        array = on_rows(array, np.flatnonzero(starts).astype(np.int64), _number_text)
    array = trimmed(array)
    nothing = np.zeros(len(array), np.bool_)
    nothing[_rows_of_nothing(array)] = True
    return Cells(nulled(array, nothing), numeric)


def _has_mark(block: Bytes) -> Mask:
    return block == ord(NUMBER_MARK)


def _number_text(array: pa.StringArray) -> pa.StringArray:
    """A number without its mark; a whole one without decimals."""
    bare = pc.utf8_slice_codeunits(array, 1)
    return pc.replace_substring_regex(bare, r"^(-?[0-9]+)\.0+$", r"\1")


def _rows_of_nothing(array: pa.StringArray) -> Rows:
    offsets, data = parts(array)
    sizes = np.diff(offsets)
    nothing = (sizes == 0) & np.asarray(array.is_valid())
    rows = np.flatnonzero((sizes > 0) & (sizes <= _TOKEN_BYTES))
    rows = rows[_TOKEN_STARTS[data[offsets[rows]]]]
    if len(rows):
        norm = names_norm(array.take(pa.array(rows)))
        tokens = np.asarray(pc.is_in(norm, value_set=pa.array(NULL_TOKENS)))
        nothing[rows[tokens]] = True
    return np.flatnonzero(nothing).astype(np.int64)
