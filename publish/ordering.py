"""A table's rows put in order in memory: the database sorts keys and places, and Arrow takes the rows from there.

To sort whole rows costs a database several times as much. A column that its file holds as a dictionary stays one
until its rows are handed out: what repeats in it is read and moved once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    import duckdb
    import pyarrow.parquet as pq

_INDEX_BYTES = 4


def fits(files: Sequence[Path], schema: pa.Schema, most_bytes: int) -> bool:
    """Whether a table is one Parquet file that holds columns of exactly these types, and can be sorted in memory.

    Args:
        files: of the table.
        schema: names and types that are asked for.
        most_bytes: of the columns as they are stored, and of a number for each cell.
    """
    import pyarrow.parquet as pq

    if len(files) != 1:
        return False
    with pq.ParquetFile(files[0]) as parquet:
        found = {field.name: field.type for field in parquet.schema_arrow}
        groups = range(parquet.metadata.num_row_groups)
        size = sum(parquet.metadata.row_group(group).total_byte_size for group in groups)
        size += parquet.metadata.num_rows * len(schema) * _INDEX_BYTES
    return size <= most_bytes and all(found.get(field.name) == field.type for field in schema)


def in_order(
    con: duckdb.DuckDBPyConnection, file: Path, schema: pa.Schema, key: Sequence[str], chunk: int
) -> Iterator[pa.Table]:
    """The rows of a Parquet file by a key, nulls first, text by code point; lists that are null are empty.

    Args:
        con: sorts.
        file: see `fits`.
        schema: the columns to read.
        key: the columns to sort by.
        chunk: rows of each table handed out; the last has fewer.
    """
    import pyarrow.compute as pc

    order = ", ".join(
        f'COALESCE("{name}", []) ASC'
        if pa.types.is_list(schema.field(name).type)
        else f'"{name}" ASC NULLS FIRST'
        for name in key
    )
    source = "read_parquet($1, file_row_number = true, hive_partitioning = false)"
    sorted_places = con.sql(f"SELECT file_row_number FROM {source} ORDER BY {order}", params=[str(file)])
    places = sorted_places.to_arrow_table().column(0)
    table = _read(file, schema)
    for number, field in enumerate(schema):
        if pa.types.is_list(field.type) and table.column(number).null_count:
            filled = pc.coalesce(table.column(number), pa.scalar([], field.type))
            table = table.set_column(number, field.name, filled)
    for start in range(0, len(places), chunk):
        yield table.take(places.slice(start, chunk))


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
