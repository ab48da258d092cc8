"""Parquet files: every column as text, numbers marked."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from records.readers.cells import moment_text, number_text
from records.readers.model import (
    NUMBER_MARK,
    Batcher,
    CellBatch,
    FileReading,
    HeaderMatcher,
    cell_table,
    refused,
    understood,
)
from records.readers.source import ByteSource

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_READ_ROWS = 10_000


def read_parquet(
    source: ByteSource, kind: str, header_matcher: HeaderMatcher, *, batch_rows: int
) -> FileReading:
    """Open a Parquet file.

    Raises:
        InputRefused: `file_unreadable`, `missing_mandatory_column`, `duplicate_column`, `limit_exceeded`.
    """
    with ExitStack() as stack:
        file = _opened(source, stack)
        try:
            headers = [str(header) for header in file.schema_arrow.names]
        except UnicodeDecodeError as error:
            raise refused(source.name, "file_undecodable", "a column name that is not UTF-8") from error
    reading = understood(source.name, kind, "parquet", None, headers, header_matcher(kind, headers))
    reading.source = lambda: _batches(source, len(headers), batch_rows)
    return reading


def _opened(source: ByteSource, stack: ExitStack) -> parquet.ParquetFile:
    stream: BinaryIO
    if source.is_gzip:
        # Its index stands at the end, so it is unpacked first, into a file without a name.
        stream = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        for chunk in source.chunks():
            stream.write(chunk)
        stream.seek(0)
    else:
        stream = stack.enter_context(source.path.open("rb"))
    try:
        return stack.enter_context(parquet.ParquetFile(stream, memory_map=False))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise refused(source.name, "file_unreadable", "the Parquet file is damaged or cut off") from error


def _batches(source: ByteSource, width: int, batch_rows: int) -> Iterator[CellBatch]:
    batcher = Batcher(width, batch_rows)
    row = 1
    with ExitStack() as stack:
        file = _opened(source, stack)
        batches = file.iter_batches(batch_size=min(batch_rows, _READ_ROWS), use_threads=False)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                message = f"the Parquet file is damaged after row {row - 1:,}"
                raise refused(source.name, "file_unreadable", message) from error
            if batch is None:
                break
            columns = [_as_text(column, source.name) for column in batch.columns]
            yield from batcher.add(cell_table(row, columns))
            row += batch.num_rows
    yield from batcher.rest()


def _as_text(column: pa.Array, name: str) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.dictionary_decode(), name)
    if pa.types.is_string(kind):
        try:
            column.validate(full=True)  # Arrow takes the bytes as they are
        except pa.ArrowInvalid as error:
            raise refused(name, "file_undecodable", "text that is not UTF-8") from error
        return column
    if pa.types.is_null(kind) or pa.types.is_boolean(kind):
        return column.cast(pa.string())
    if pa.types.is_integer(kind):
        return pc.binary_join_element_wise(NUMBER_MARK, column.cast(pa.string()), "")
    if pa.types.is_large_string(kind) or _is_binary(kind):
        try:
            return _as_text(column.cast(pa.string()), name)
        except pa.ArrowInvalid as error:
            raise refused(name, "file_undecodable", "text that is not UTF-8") from error
    if pa.types.is_nested(kind):
        try:
            return pa.array([_value_text(value) for value in column.to_pylist()], pa.string())
        except UnicodeDecodeError as error:
            raise refused(name, "file_undecodable", "text that is not UTF-8") from error
    unique = column.dictionary_encode()
    texts = [_value_text(value) for value in _plain(unique.dictionary)]
    return pa.array(texts, pa.string()).take(unique.indices)


def _is_binary(kind: pa.DataType) -> bool:
    checks = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary,
              pa.types.is_string_view, pa.types.is_binary_view)  # fmt: skip
    return any(check(kind) for check in checks)


def _plain(values: pa.Array) -> list[Any]:
    """Python values; instants as wall-clock time of Asia/Shanghai, without fractions of a second."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        # Through whole seconds, since Python has no nanoseconds. Division rounds down before 1970 too.
        per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
        zone = dt.UTC if kind.tz is not None else None
        return [_moment(number // per_second, zone) for number in values.cast(pa.int64()).to_pylist()]
    return list(values.to_pylist())


def _moment(seconds: int, zone: dt.tzinfo | None) -> str:
    try:
        moment = dt.datetime(1970, 1, 1, tzinfo=zone) + dt.timedelta(seconds=seconds)
        if zone is not None:
            moment = moment.astimezone(_SHANGHAI).replace(tzinfo=None)
    except OverflowError:
        # Outside the years 1 to 9999: readable as no date, and shown as it is.
        return f"{seconds} s"
    return moment_text(moment)


def _value_text(value: Any) -> str | None:
    if value is None or value != value:  # NaN is how many writers say null
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, dt.datetime):
        return moment_text(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, dt.timedelta):
        return str(value)
    return number_text(value)
