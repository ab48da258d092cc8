"""String columns seen as bytes: the few vectorised questions for which Arrow has no function.

A clean column is the rule, and most work on text is only needed for the few rows that hold something
unusual. These helpers find those rows by looking at the bytes once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

# Bytes looked at in one go, so that the working copies stay in the processor's cache.
_BLOCK = 1 << 17


def as_array(column: pa.Array | pa.ChunkedArray) -> pa.StringArray:
    """A string column in one piece."""
    if isinstance(column, pa.ChunkedArray):
        # One chunk is taken as it is: combine_chunks would copy it.
        column = column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(_chunks(column))
    return column if column.type == pa.string() else column.cast(pa.string())


def _chunks(column: pa.ChunkedArray) -> list[pa.Array]:
    """The chunks of a column, an empty one where there are none."""
    return column.chunks or [pa.array([], column.type)]


def joined(columns: Sequence[pa.StringArray], separator: str) -> pa.StringArray:
    """The values of each row with the separator between them, nulls left out; '' where all are null.

    Arrow's ``null_handling="skip"`` leaves a row of nulls out of its answer, which is then shorter than its columns.
    """
    first = pc.if_else(pc.is_null(pc.coalesce(*columns)), "", columns[0])
    return pc.binary_join_element_wise(first, *columns[1:], separator, null_handling="skip")


def parts(array: pa.StringArray) -> tuple[Offsets, Bytes]:
    """Offsets (one more than rows, the first is 0) and the bytes of all values."""
    _, offset_buffer, data_buffer = array.buffers()
    if offset_buffer is None or len(array) == 0:
        return np.zeros(len(array) + 1, np.int64), np.zeros(0, np.uint8)
    offsets = np.frombuffer(offset_buffer, np.int32)[array.offset : array.offset + len(array) + 1].astype(
        np.int64
    )
    first, last = int(offsets[0]), int(offsets[-1])
    data = np.zeros(0, np.uint8) if data_buffer is None else np.frombuffer(data_buffer, np.uint8)[first:last]
    return offsets - first, data


def byte_lengths(array: pa.StringArray) -> Offsets:
    """Length of each value in bytes; 0 for null."""
    offsets, _ = parts(array)
    return np.diff(offsets)


def positions(data: Bytes, find: Callable[[Bytes], Mask], overlap: int) -> Offsets:
    """Where `find` says yes, asked block by block.

    Args:
        data: bytes.
        find: for a block a mask that may be up to `overlap` shorter than the block: entry i judges the
            bytes from i on.
        overlap: bytes after a position that `find` looks at.
    """
    found = []
    for start in range(0, len(data), _BLOCK):
        hits = np.flatnonzero(find(data[start : start + _BLOCK + overlap])[:_BLOCK])
        if len(hits):
            found.append(hits + start)
    return np.concatenate(found).astype(np.int64) if found else np.zeros(0, np.int64)


def rows_at(offsets: Offsets, where: Offsets) -> Rows:
    """The rows, ascending and once each, that hold the byte positions `where` (ascending)."""
    if not len(where):
        return np.zeros(0, np.int64)
    rows = np.searchsorted(offsets, where, side="right") - 1
    return rows[np.insert(np.diff(rows) > 0, 0, True)].astype(np.int64)


def rows_where(array: pa.StringArray, find: Callable[[Bytes], Mask], overlap: int = 0) -> Rows:
    """Rows in whose bytes `find` (see `positions`) says yes.

    With an `overlap` a match may reach over the end of a row: the caller must bear with such rows.
    """
    offsets, data = parts(array)
    return rows_at(offsets, positions(data, find, overlap))


def replace_rows(array: pa.StringArray, rows: Rows, values: pa.Array) -> pa.StringArray:
    """`array` with the values of `rows` (ascending) replaced by `values`."""
    if not len(rows):
        return array
    mask = np.zeros(len(array), np.bool_)
    mask[rows] = True
    return pc.replace_with_mask(array, pa.array(mask), values)


def on_rows(
    array: pa.StringArray, rows: Rows, function: Callable[[pa.StringArray], pa.Array]
) -> pa.StringArray:
    """`array` with `function` applied to `rows` (ascending) only."""
    if not len(rows):
        return array
    if len(rows) == len(array):
        return function(array)
    return replace_rows(array, rows, function(array.take(pa.array(rows))))


def mask_of(array: pa.Array) -> Mask:
    """A boolean column as numpy; null counts as false."""
    if array.null_count:
        array = array.fill_null(False)
    result: Mask = array.to_numpy(zero_copy_only=False)
    return result


def is_null(array: pa.Array) -> Mask:
    """Which values are null."""
    if not array.null_count:
        return np.zeros(len(array), np.bool_)
    return mask_of(array.is_null())


def nulls(count: int, kind: pa.DataType | None = None) -> pa.Array:
    """A column of nulls (strings, where no type is given)."""
    return pa.nulls(count, kind or pa.string())


def nulled(array: pa.Array, mask: Mask) -> pa.Array:
    """`array` with null where the mask is true."""
    return pc.if_else(pa.array(mask), pa.scalar(None, array.type), array) if mask.any() else array


class Distinct:
    """A string column by its distinct values, for work that is done once for each of them.

    Attributes:
        values: the distinct values, without null.
    """

    def __init__(self, array: pa.StringArray) -> None:
        encoded = array.dictionary_encode()
        self.values: pa.StringArray = encoded.dictionary
        self._indices: pa.Array = encoded.indices

    def spread(self, results: Sequence[Any] | pa.Array, kind: pa.DataType) -> pa.Array:
        """One result for each distinct value, brought back to the rows; null stays null."""
        array = results if isinstance(results, pa.Array) else pa.array(results, kind)
        return array.take(self._indices)

    def spread_mask(self, results: Sequence[bool] | Mask) -> Mask:
        """The same for a yes or no; null is no."""
        flags = np.asarray(results, np.bool_)
        if not flags.any():
            return np.zeros(len(self._indices), np.bool_)
        return mask_of(self.spread(pa.array(flags), pa.bool_()))

    def codes(self) -> npt.NDArray[np.int64]:
        """Per row the number of its distinct value; -1 for null."""
        result: npt.NDArray[np.int64] = (
            self._indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        )
        return result
