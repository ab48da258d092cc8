"""What every reader returns: cells as they were read, nothing interpreted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from records.errors import InputRefused
from records.headers import HeaderMatch
from records.readers.limits import MAX_BATCH_BYTES, MAX_COLUMNS
from records.registry import FIELDS
from records.registry import field as registry_field

HeaderMatcher = Callable[[str, Sequence[str]], HeaderMatch]

# Prefix of a cell that was a number in its source (workbook, JSON, Parquet).
NUMBER_MARK = "\x01"


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """One source column.

    Attributes:
        position: 0-based; the column is `c<position>` in `CellBatch.table`.
        header: the header as read.
        field: canonical field (or `<field>_1`, `<field>_2`, see `HeaderMatch`); None where unknown.
    """

    position: int
    header: str
    field: str | None


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """A row that fails `row_shape`: it counts as read, and nothing of it does."""

    source_row: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class CellBatch:
    """A run of consecutive data records.

    Attributes:
        table: `source_row` (int64, 1-based data record) and `c0`, `c1`, … (string, null where the source
            has no value), one per source column.
        shape_rows: the records of the run that are not in `table`.
    """

    table: pa.Table
    shape_rows: list[ShapeRow]


@dataclass
class FileReading:
    """One file, opened and understood; its rows are read by `batches()`.

    Attributes:
        name: path under the landing folder.
        encoding: Python's name of the text encoding; None for workbooks, Parquet and empty files.
        layout: format and matched layout, as `csv/2018`.
        columns: every source column in order.
        match: what the headers mean; None for a file without content.
        unknown_columns: headers that are kept out; a column without header is `(column N)`.
        rows_read: data records read so far, shape rows among them; final after `batches()` is exhausted.
        warnings: complete after `batches()` is exhausted.
    """

    name: str
    encoding: str | None
    layout: str
    columns: list[ColumnMatch]
    match: HeaderMatch | None
    unknown_columns: list[str] = field(default_factory=list)
    rows_read: int = 0
    warnings: list[str] = field(default_factory=list)
    source: Callable[[], Iterator[CellBatch]] = lambda: iter(())

    def batches(self) -> Iterator[CellBatch]:
        """The rows in source order, in bounded memory. May be called again: the file is read again.

        Raises:
            InputRefused: the file turns out unreadable, undecodable or inconsistent further down. What
                was yielded before must then be discarded.
        """
        self.rows_read = 0
        for batch in self.source():
            self.rows_read += batch.table.num_rows + len(batch.shape_rows)
            yield batch
        if self.rows_read == 0 and not self.warnings:
            self.warnings.append("no data rows")


def refused(name: str, rule: str, message: str) -> InputRefused:
    """The refusal of the file `name` by `rule`. Messages never quote a cell."""
    return InputRefused(message, rule=rule, file=name)


def empty_reading(name: str, file_format: str) -> FileReading:
    """A file without content: accepted with 0 rows and a warning."""
    return FileReading(name, None, f"{file_format}/none", [], None, warnings=["empty file"])


def understood(
    name: str, kind: str, file_format: str, encoding: str | None, headers: Sequence[str], match: HeaderMatch
) -> FileReading:
    """A reading whose headers are good; its `source` is still to be set.

    Raises:
        InputRefused: `limit_exceeded`, `duplicate_column` or `missing_mandatory_column`.
    """
    check_width(name, len(headers))
    if match.duplicates:
        doubles = ", ".join(match.duplicates)
        raise refused(name, "duplicate_column", f"two columns for the same field: {doubles}")
    if match.missing:
        raise refused(name, "missing_mandatory_column", missing_message(kind, match))
    columns = [
        ColumnMatch(position, header, match.fields[position]) for position, header in enumerate(headers)
    ]
    unknown = [
        column.header.strip() or f"(column {column.position + 1})"
        for column in columns
        if column.field is None
    ]
    return FileReading(name, encoding, f"{file_format}/{match.layout}", columns, match, unknown)


def check_width(name: str, width: int) -> None:
    """Refuse more columns than any layout has reason for."""
    if width > MAX_COLUMNS:
        raise refused(name, "limit_exceeded", f"{width:,} columns, more than {MAX_COLUMNS:,}")


def missing_message(kind: str, match: HeaderMatch) -> str:
    """Names the mandatory columns that are not there, with their Chinese headers."""
    names = [f"{name} ({registry_field(kind, name).zh})" for name in match.missing]
    word = "column" if len(names) == 1 else "columns"
    everything = len(names) == sum(field.is_mandatory_column for field in FIELDS[kind])
    return (
        f"no header row found; missing mandatory {word} {', '.join(names)}"
        if everything
        else (f"missing mandatory {word} {', '.join(names)}")
    )


def column_names(width: int) -> list[str]:
    """Names of the cell columns by position."""
    return [f"c{position}" for position in range(width)]


def cell_table(first_row: int, columns: Sequence[pa.Array | pa.ChunkedArray]) -> pa.Table:
    """Cells of consecutive records, the first of which is data record `first_row`."""
    count = len(columns[0]) if columns else 0
    numbers = pa.array(range(first_row, first_row + count), pa.int64())
    return pa.table([numbers, *columns], names=["source_row", *column_names(len(columns))])


def table_of_rows(numbers: Sequence[int], rows: Sequence[Sequence[str | None]], width: int) -> pa.Table:
    """Cells of the records `numbers`, each a sequence of `width` texts."""
    by_column = zip(*rows, strict=True) if rows else ([] for _ in range(width))
    arrays = [string_array(column) for column in by_column]
    return pa.table([pa.array(numbers, pa.int64()), *arrays], names=["source_row", *column_names(width)])


def string_array(values: Sequence[str | None]) -> pa.Array:
    """A string column; half of a surrogate pair, which JSON can escape, becomes U+FFFD."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        clean = [v if v is None else v.encode("utf-8", "replace").decode() for v in values]
        return pa.array(clean, pa.string())


class Batcher:
    """Gathers tables and shape rows, in source order, and cuts them into batches."""

    def __init__(self, width: int, batch_rows: int) -> None:
        self._batch_rows = batch_rows
        self._empty = table_of_rows([], [], width)
        self._tables: list[pa.Table] = []
        self._rows = 0
        self._bytes = 0
        self._shapes: list[ShapeRow] = []

    def add(self, table: pa.Table | None, shapes: Sequence[ShapeRow] = ()) -> Iterator[CellBatch]:
        """Take rows in; yields the batches that are full."""
        if table is not None and table.num_rows:
            self._tables.append(table)
            self._rows += table.num_rows
            self._bytes += table.nbytes
        self._shapes.extend(shapes)
        while self._rows >= self._batch_rows:
            yield self._cut(self._batch_rows)
        if self._bytes >= MAX_BATCH_BYTES or len(self._shapes) >= self._batch_rows:
            yield self._cut(self._rows)

    def rest(self) -> Iterator[CellBatch]:
        """The last batch, if anything is left."""
        if self._rows or self._shapes:
            yield self._cut(self._rows)

    def _cut(self, count: int) -> CellBatch:
        whole = pa.concat_tables(self._tables) if self._tables else self._empty
        table = whole.slice(0, count).combine_chunks()
        left = whole.slice(count)
        shapes = self._shapes
        self._tables, self._rows = ([left] if left.num_rows else []), left.num_rows
        self._bytes = left.nbytes
        if left.num_rows:
            next_row = left["source_row"][0].as_py()
            self._shapes = [shape for shape in shapes if shape.source_row > next_row]
            shapes = [shape for shape in shapes if shape.source_row < next_row]
        else:
            self._shapes = []
        return CellBatch(table, shapes)
