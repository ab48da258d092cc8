"""A table's rows put in order in memory: Arrow and NumPy sort numbers that stand for the values of its key.

To sort whole rows costs a database several times as much. A column that its file holds as a dictionary stays one
until its rows are handed out: what repeats in it is read, compared and moved once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow.parquet as pq

    Numbers = npt.NDArray[np.int64]

_INDEX_BYTES = 4


def fits(files: Sequence[Path], schema: pa.Schema, key: Sequence[str], most_bytes: int) -> bool:
    """Whether a table is one Parquet file with columns of exactly these types, none of a key lists, and fits memory.

    Args:
        files: of the table.
        schema: names and types that are asked for.
        key: the columns to sort by.
        most_bytes: of the columns as they are stored, and of a number for each cell.
    """
    import pyarrow.parquet as pq

    if len(files) != 1 or any(pa.types.is_list(schema.field(name).type) for name in key):
        return False
    with pq.ParquetFile(files[0]) as parquet:
        found = {field.name: field.type for field in parquet.schema_arrow}
        groups = range(parquet.metadata.num_row_groups)
        size = sum(parquet.metadata.row_group(group).total_byte_size for group in groups)
        size += parquet.metadata.num_rows * len(schema) * _INDEX_BYTES
    return size <= most_bytes and all(found.get(field.name) == field.type for field in schema)


def in_order(file: Path, schema: pa.Schema, key: Sequence[str], chunk: int) -> Iterator[pa.Table]:
    """The rows of a Parquet file by a key, nulls first, text by code point; lists that are null are empty.

    Args:
        file: see `fits`.
        schema: the columns to read.
        key: the columns to sort by.
        chunk: rows of each table handed out; the last has fewer.
    """
    import pyarrow.compute as pc

    table = _read(file, schema)
    for number, field in enumerate(schema):
        if pa.types.is_list(field.type) and table.column(number).null_count:
            filled = pc.coalesce(table.column(number), pa.scalar([], field.type))
            table = table.set_column(number, field.name, filled)
    places = order_by([table[name] for name in key])
    for start in range(0, len(places), chunk):
        yield table.take(pa.array(places[start : start + chunk]))


def order_by(columns: Sequence[pa.ChunkedArray]) -> Numbers:
    """Places of the rows, the first row's first; rows that are equal in all columns stand in any order.

    >>> import pyarrow as pa
    >>> order_by([pa.chunked_array([["b", None, "a", "b"]]), pa.chunked_array([[2, 1, 1, 1]])]).tolist()
    [1, 2, 3, 0]
    """
    import numpy as np

    place: Numbers = np.zeros(len(columns[0]), dtype=np.int64)  # at which a row's group of equal rows begins
    tied: Numbers = np.arange(len(place))  # rows that are not alone in their group
    for column in columns:
        ranks, count = _ranks(column if len(tied) == len(place) else column.take(pa.array(tied)))
        # The product of two counts of rows is far from what 64 bits hold.
        found, inverse, sizes = np.unique(
            place[tied] * count + ranks, return_inverse=True, return_counts=True
        )
        group = found // count
        begins = np.cumsum(sizes) - sizes
        place[tied] = (group + begins - begins[np.searchsorted(group, group)])[inverse]
        tied = tied[sizes[inverse] > 1]
        if not len(tied):
            break
    return np.argsort(place)


def _ranks(column: pa.ChunkedArray) -> tuple[Numbers, int]:
    """For each value its place among the different values, from 1, and 0 for null; and how many ranks there are."""
    import numpy as np
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.combine_chunks()
    # The last is that of null, whose index is -1.
    ranks: Numbers = np.zeros(len(whole.dictionary) + 1, dtype=np.int64)
    ranks[np.asarray(pc.array_sort_indices(whole.dictionary))] = np.arange(1, len(ranks))
    return ranks[np.asarray(pc.fill_null(whole.indices, -1))], len(ranks)


def _read(file: Path, schema: pa.Schema) -> pa.Table:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as parquet:
        stored = _dictionaries(parquet.metadata, schema)
    with pq.ParquetFile(file, read_dictionary=stored) as parquet:
        table = parquet.read(schema.names, use_threads=False)
    return table.unify_dictionaries().combine_chunks()


def _dictionaries(metadata: pq.FileMetaData, schema: pa.Schema) -> list[str]:
    """Columns of text that are stored as a dictionary and numbers throughout."""
    found = {field.name for field in schema if pa.types.is_string(field.type)}
    for group in range(metadata.num_row_groups):
        for number in range(metadata.num_columns):
            column = metadata.row_group(group).column(number)
            if column.total_uncompressed_size and "PLAIN" in column.encodings:
                found.discard(column.path_in_schema)
    return sorted(found)
