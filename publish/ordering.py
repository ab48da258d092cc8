"""A table's rows in order, put in order in memory: what repeats in a column is compared, moved and read once.

A database sorts whole rows; here the key is ranked column by column, as far as rows are still equal, and only the
places of the rows are sorted. A column that its file holds as a dictionary stays one until its rows are handed out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Places = npt.NDArray[np.int64]

_INDEX_BYTES = 4
_WORD = 8


def fits(files: Sequence[Path], schema: pa.Schema, most_bytes: int) -> bool:
    """Whether Parquet files hold columns of exactly these types, and no more than can be put in order in memory.

    Args:
        files: of one table.
        schema: names and types that are asked for.
        most_bytes: of the columns as they are stored, and of a number for each cell.
    """
    import pyarrow.parquet as pq

    size = 0
    for file in files:
        with pq.ParquetFile(file) as parquet:
            found = {field.name: field.type for field in parquet.schema_arrow}
            if any(found.get(field.name) != field.type for field in schema):
                return False
            groups = range(parquet.metadata.num_row_groups)
            size += sum(parquet.metadata.row_group(group).total_byte_size for group in groups)
            size += parquet.metadata.num_rows * len(schema) * _INDEX_BYTES
    return size <= most_bytes


def in_order(files: Sequence[Path], schema: pa.Schema, key: Sequence[str], chunk: int) -> Iterator[pa.Table]:
    """The rows of Parquet files by a key, nulls first, text by code point; lists that are null are empty.

    Args:
        files: of one table; see `fits`.
        schema: the columns to read.
        key: the columns to sort by.
        chunk: rows of each table handed out; the last has fewer.
    """
    import pyarrow.compute as pc

    table = _read(files, schema)
    for number, field in enumerate(schema):
        if pa.types.is_list(field.type) and table.column(number).null_count:
            filled = pc.coalesce(table.column(number), pa.scalar([], field.type))
            table = table.set_column(number, field.name, filled)
    places = order_by([_whole(table[name]) for name in key])
    for start in range(0, len(places), chunk):
        yield table.take(pa.array(places[start : start + chunk]))


def order_by(columns: Sequence[pa.Array]) -> Places:
    """Places of the rows, the first row's first; rows that are equal in all columns stand in any order.

    >>> import pyarrow as pa
    >>> order_by([pa.array(["b", None, "a", "b"]), pa.array([2, 1, 1, 1])]).tolist()
    [1, 2, 3, 0]
    """
    import numpy as np

    rows = len(columns[0])
    order = _Order(rows, np.arange(rows) == 0)
    for column in columns:
        places = order.open_places()
        if not len(places):
            break
        values = column.take(pa.array(order.rows[places]))
        # Most rows that are equal so far are so in the next column, which then needs no ranks.
        mixed = order.mixed(places, _differs(values))
        if len(mixed):
            values, places = values.take(pa.array(mixed)), places[mixed]
            # The first of several columns repeats its texts: each is compared once.
            if pa.types.is_string(values.type) and (len(columns) == 1 or column is not columns[0]):
                order.put(places, _by_text(values, order.begins[places]))
            else:
                order.refine(places, _ranks(values))
    return order.rows


class _Order:
    """Rows in the order of what was compared so far; rows that are equal in it stand together, a group.

    Attributes:
        rows: for each place the row that stands there.
        begins: whether a group begins at the place.
    """

    def __init__(self, count: int, begins: npt.NDArray[np.bool_]) -> None:
        import numpy as np

        self.rows = np.arange(count)
        self.begins = begins

    def open_places(self, among: Places | None = None) -> Places:
        """Places of groups of more than one row, as far as they are among some whole groups."""
        import numpy as np

        begins = self.begins if among is None else self.begins[among]
        found = np.flatnonzero(~(begins & np.append(begins[1:], True)))
        return found if among is None else among[found]

    def mixed(self, places: Places, differs: npt.NDArray[np.bool_]) -> Places:
        """Where among the places of some whole groups those of different values stand.

        Args:
            places: of whole groups.
            differs: for each but the first: whether its value is another than that before it.
        """
        import numpy as np

        group = np.cumsum(self.begins[places])
        differs = differs & (group[1:] == group[:-1])
        is_mixed = np.zeros(group[-1] + 1, dtype=bool)
        is_mixed[group[1:][differs]] = True
        return np.flatnonzero(is_mixed[group])

    def refine(self, places: Places, values: npt.NDArray[Any]) -> None:
        """Puts the rows of some whole groups in the order of their values within each group."""
        import numpy as np

        group = np.cumsum(self.begins[places])
        inner = np.argsort(values)
        if len(group) and group[-1] > 1:
            rank = np.empty(len(values), dtype=np.int64)
            rank[inner] = np.arange(len(values))
            inner = np.argsort(group * len(values) + rank)
        self.rows[places] = self.rows[places[inner]]
        values = values[inner]
        self.begins[places[1:]] |= values[1:] != values[:-1]

    def put(self, places: Places, order: _Order) -> None:
        """Takes over an order within some whole groups, whose first place is its place 0."""
        self.rows[places] = self.rows[places[order.rows]]
        self.begins[places] = order.begins


def _by_text(column: pa.Array, begins: npt.NDArray[np.bool_]) -> _Order:
    """Order by text within groups, eight bytes after eight bytes as one number each, as far as texts are equal."""
    import numpy as np
    import pyarrow.compute as pc

    order = _Order(len(column), begins.copy())

    def refine(places: Places, values: npt.NDArray[Any]) -> Places:
        mixed = order.mixed(places, values[1:] != values[:-1])
        if len(mixed):
            order.refine(places[mixed], values[mixed])
        return order.open_places(places)

    _, ends, text = column.buffers()
    borders = np.frombuffer(ends, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    starts, lengths = borders[:-1], np.diff(borders)
    places = order.open_places()
    if column.null_count:
        is_valid = np.asarray(pc.is_valid(column))
        lengths = np.where(is_valid, lengths, 0)
        places = refine(places, is_valid[order.rows[places]])
    padded = np.append(np.frombuffer(text or b"", np.uint8), np.zeros(_WORD, np.uint8))
    words = np.ndarray((len(padded) - _WORD + 1,), ">u8", padded, strides=(1,))
    masks = np.array([(1 << 64) - (1 << 8 * (_WORD - length)) for length in range(_WORD + 1)], np.uint64)
    begun = 0
    while len(places):
        rows = order.rows[places]
        left = lengths[rows] - begun
        if not (left > 0).any():
            break
        at = np.minimum(starts[rows] + begun, len(words) - 1)
        places = refine(places, words[at].astype(np.uint64) & masks[np.clip(left, 0, _WORD)])
        begun += _WORD
    # Bytes of zero at the end of a text are all that can still differ.
    if len(places):
        refine(places, lengths[order.rows[places]])
    return order


def _read(files: Sequence[Path], schema: pa.Schema) -> pa.Table:
    import pyarrow.parquet as pq

    parts = []
    stored = _dictionaries(files, schema)
    for file in files:
        with pq.ParquetFile(file, read_dictionary=stored) as parquet:
            parts.append(parquet.read(schema.names, use_threads=False))
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def _dictionaries(files: Sequence[Path], schema: pa.Schema) -> list[str]:
    """Columns of text that are stored as a dictionary and numbers throughout."""
    import pyarrow.parquet as pq

    found = {field.name for field in schema if pa.types.is_string(field.type)}
    for file in files:
        metadata = pq.read_metadata(file)
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                if column.total_uncompressed_size and "PLAIN" in column.encodings:
                    found.discard(column.path_in_schema)
    return sorted(found)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _differs(values: pa.Array) -> npt.NDArray[np.bool_]:
    """For each value but the first: is it another than the one before?"""
    import numpy as np
    import pyarrow.compute as pc

    if pa.types.is_list(values.type):
        texts = values.to_pylist()
        return np.array([one != other for one, other in zip(texts[1:], texts, strict=False)], dtype=bool)
    if pa.types.is_dictionary(values.type):
        values = values.indices
    before, after = values.slice(0, max(len(values) - 1, 0)), values.slice(1)
    same = np.asarray(pc.fill_null(pc.equal(before, after), False))
    if values.null_count:
        same = same | (np.asarray(pc.is_null(before)) & np.asarray(pc.is_null(after)))
    return ~same


def _ranks(values: pa.Array) -> Places:
    """For each value its place among the different values, from 1; 0 for null."""
    import numpy as np
    import pyarrow.compute as pc

    if pa.types.is_list(values.type):
        lists = [None if one is None else tuple(one) for one in values.to_pylist()]
        distinct_lists = sorted({one for one in lists if one is not None})
        places = {one: place for place, one in enumerate(distinct_lists, start=1)}
        return np.array([0 if one is None else places[one] for one in lists], dtype=np.int64)
    distinct: pa.Array
    if pa.types.is_dictionary(values.type):
        used = values.indices.dictionary_encode()
        distinct = values.dictionary.take(used.dictionary)
        indices = used.indices
    else:
        encoded = values.dictionary_encode()
        distinct, indices = encoded.dictionary, encoded.indices
    ranks: Places = np.zeros(len(distinct) + 1, dtype=np.int64)  # the last is that of null, whose index is -1
    if pa.types.is_string(distinct.type):
        sorted_places = _by_text(distinct, np.arange(len(distinct)) == 0).rows
    else:
        sorted_places = np.asarray(pc.array_sort_indices(distinct))
    ranks[sorted_places] = np.arange(1, len(distinct) + 1)
    indices_or_last: Places = np.asarray(pc.fill_null(indices, -1))
    return ranks[indices_or_last]
