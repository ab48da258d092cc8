"""One table into the snapshot: sorted Parquet and, beside it, CSV with the same rows in the same order.

The bytes depend on the rows alone: not on their order in the source, on threads, or on whether the sort spilled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from publish.ordering import fits, in_order
from records.arrays import parts
from records.errors import PromiseBroken
from records.resolve.workspace import parquet_files

if TYPE_CHECKING:
    import duckdb

    from publish.tables import TableSpec

ROW_GROUP = 1 << 16
_CHUNK = 4 * ROW_GROUP
BOM = b"\xef\xbb\xbf"
LIST_SEPARATOR = ";"
# A cell that begins with one of these could be run as a formula by a spreadsheet; the full-width forms too.
_FORMULA_STARTS = list("=+-@\t\r\n＝＋－＠")
# Of one sort; as many run at once as the snapshot has writers.
_IN_MEMORY = 400_000_000
_MEMORY_LIMIT = "500MB"


@dataclass(frozen=True)
class Output:
    """One file of a snapshot, as the manifest lists it.

    Attributes:
        path: in the snapshot, ``/`` between its parts.
        rows: data rows.
        bytes: size of the file.
        sha256: of its bytes.
        reproducible: whether equal runs give equal bytes.
    """

    path: str
    rows: int
    bytes: int
    sha256: str
    reproducible: bool = True


def write_table(spec: TableSpec, source: Path, snapshot: Path, scratch: Path) -> tuple[Output, Output]:
    """Writes one table, in bounded memory.

    Args:
        spec: its columns and place.
        source: Parquet with at least those columns, in any order of rows.
        snapshot: folder of the snapshot; the table's own folder is in it already.
        scratch: folder for what the sort cannot hold in memory.

    Returns:
        the Parquet file and the CSV file.

    Raises:
        PromiseBroken: ``table_columns`` where the source lacks a column, holds another type, or a null where
            none may be.
    """
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    parquet, csv = snapshot / spec.parquet, snapshot / spec.csv
    rows = 0
    with open(csv, "wb") as csv_file:
        csv_file.write(BOM)
        with (
            pq.ParquetWriter(
                parquet, spec.schema, compression="zstd", write_statistics=True
            ) as parquet_writer,
            pa_csv.CSVWriter(csv_file, _csv_schema(spec.schema)) as csv_writer,
        ):
            for table in _in_order(spec, source, scratch):
                parquet_writer.write_table(table, row_group_size=ROW_GROUP)
                _write_csv(csv_writer, table)
                rows += table.num_rows
    return _describe(snapshot, spec.parquet, rows), _describe(snapshot, spec.csv, rows)


def csv_cells(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """A column as its CSV cells: lists joined, and nothing that a spreadsheet would run.

    >>> import pyarrow as pa
    >>> csv_cells(pa.chunked_array([["=1+1", "ABC", None]])).to_pylist()
    ["'=1+1", 'ABC', None]
    >>> csv_cells(pa.chunked_array([pa.array([["a", "b"], []], pa.list_(pa.string()))])).to_pylist()
    ['a;b', '']
    """
    import pyarrow.compute as pc

    if pa.types.is_list(column.type):
        column = pc.binary_join(column, LIST_SEPARATOR)
    if not pa.types.is_string(column.type):
        return column
    if not _may_hold_formula(column):
        return column
    is_formula = pc.is_in(pc.utf8_slice_codeunits(column, 0, 1), pa.array(_FORMULA_STARTS))
    if not pc.any(is_formula).as_py():
        return column
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", column, ""), column)


def _may_hold_formula(column: pa.ChunkedArray | pa.Array) -> bool:
    """Whether a cell's first byte is one that begins a formula's first character; most columns hold none."""
    import numpy as np

    is_start = np.zeros(256, dtype=bool)
    is_start[[start.encode()[0] for start in _FORMULA_STARTS]] = True
    for cells in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        places, text = parts(cells)
        if is_start[text[places[:-1][np.diff(places) > 0]]].any():
            return True
    return False


def _in_order(spec: TableSpec, source: Path, scratch: Path) -> Iterator[pa.Table]:
    """The rows in order, in whole row groups, so that no border depends on how the source was cut."""
    files = parquet_files(source)
    key = spec.key or spec.schema.names
    # A key stands first and is unique (`publish.verify` refuses the snapshot otherwise): it is the order by all.
    if fits(files, spec.schema, key, _IN_MEMORY):
        tables = in_order(files[0], spec.schema, key, _CHUNK)
    else:
        tables = _sorted(spec, files, key, scratch)
    for table in tables:
        yield _typed(spec, table)


def _sorted(spec: TableSpec, files: list[Path], key: Sequence[str], scratch: Path) -> Iterator[pa.Table]:
    """The same of any size, and of other types that can be cast."""
    import duckdb

    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        con.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        con.execute(f"SET temp_directory = '{_quoted(scratch)}'")
        con.execute("SET enable_progress_bar = false")
        try:
            reader = con.sql(_select(con, spec, files, key)).to_arrow_reader(_CHUNK)
        except duckdb.ConversionException as error:
            raise PromiseBroken(
                f"{spec.name}: a column holds what its type cannot", rule="table_columns"
            ) from error
        waiting: list[pa.RecordBatch] = []
        count = 0
        for batch in reader:
            waiting.append(batch)
            count += batch.num_rows
            while count >= _CHUNK:
                table = pa.Table.from_batches(waiting)
                yield table.slice(0, _CHUNK)
                waiting = table.slice(_CHUNK).to_batches()
                count -= _CHUNK
        if count:
            yield pa.Table.from_batches(waiting)


def _select(con: duckdb.DuckDBPyConnection, spec: TableSpec, files: list[Path], key: Sequence[str]) -> str:
    names = ", ".join(f"'{_quoted(file)}'" for file in files)
    place = f"read_parquet([{names}], hive_partitioning = false)"
    found = {row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {place}").fetchall()}
    if missing := [name for name in spec.schema.names if name not in found]:
        raise PromiseBroken(f"{spec.name} lacks the columns {', '.join(missing)}", rule="table_columns")
    columns = ", ".join(f'{_expression(field)} AS "{field.name}"' for field in spec.schema)
    order = ", ".join(f'"{name}" ASC NULLS FIRST' for name in key)
    return f"SELECT {columns} FROM {place} ORDER BY {order}"


_SQL_TYPES: dict[Any, str] = {
    pa.string(): "VARCHAR",
    pa.date32(): "DATE",
    pa.float64(): "DOUBLE",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
}


def _expression(field: pa.Field) -> str:
    if pa.types.is_list(field.type):
        return f'COALESCE(CAST("{field.name}" AS VARCHAR[]), [])'
    return f'CAST("{field.name}" AS {_SQL_TYPES[field.type]})'


def _typed(spec: TableSpec, table: pa.Table) -> pa.Table:
    for field, column in zip(spec.schema, table.columns, strict=True):
        if not field.nullable and column.null_count:
            raise PromiseBroken(
                f"{spec.name}: {field.name} is empty in {column.null_count} rows", rule="table_columns"
            )
    return table.cast(spec.schema).combine_chunks()


def _csv_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(f.name, pa.string() if pa.types.is_list(f.type) else f.type) for f in schema])


def _write_csv(writer: Any, table: pa.Table) -> None:
    columns = [csv_cells(column) for column in table.columns]
    writer.write_table(pa.table(columns, schema=_csv_schema(table.schema)))


def _describe(snapshot: Path, path: str, rows: int) -> Output:
    with open(snapshot / path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Output(path, rows, (snapshot / path).stat().st_size, sha256)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
