"""JSON, JSON lines and Parquet."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.sample.defects import NUMBER_MARK
from data.sample.headers import columns
from data.sample.layout import FileSpec
from data.sample.render import is_amount, is_day
from data.sample.writers.base import Cells, let_go, opened

_INTEGER = re.compile(r"\d+")
_NUMBER = re.compile(r"\d+(\.\d+)?")


class JsonWriter:
    """An array of objects, or an object a line; a typed file holds amounts and instants as numbers."""

    def __init__(self, path: Path, spec: FileSpec) -> None:
        self._spec = spec
        self._file = opened(path, spec)
        self._is_lines = spec.format == "jsonl"
        self._count = 0
        if not self._is_lines:
            self._file.write(b"[\n")

    def write(self, cells: Cells) -> Mapping[str, int]:
        """Append rows."""
        headers = columns(self._spec.kind, self._spec.style)
        names = list(cells.columns)
        for row in cells.rows():
            # The key of an empty cell is left out by some systems and null in others: here by position.
            record = {
                headers[name]: self._value(name, cell)
                for number, (name, cell) in enumerate(zip(names, row, strict=True))
                if cell is not None or number % 2
            }
            text = json.dumps(record, ensure_ascii=False)
            lead = "" if self._is_lines or self._count == 0 else ",\n"
            self._file.write(f"{lead}{text}{chr(10) if self._is_lines else ''}".encode())
            self._count += 1
        return {}

    def close(self) -> None:
        """Finish the file."""
        if not self._is_lines:
            self._file.write(b"\n]\n")
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        let_go(self._file)

    def _value(self, name: str, cell: str | None) -> str | int | float | None:
        if cell is None:
            return None
        if cell.startswith(NUMBER_MARK):
            return int(cell.removeprefix(NUMBER_MARK))
        if not self._spec.is_typed:
            return cell
        if is_day(self._spec.kind, name) and _INTEGER.fullmatch(cell):
            return int(cell)
        if is_amount(self._spec.kind, name) and _NUMBER.fullmatch(cell):
            return float(cell)
        return cell


class ParquetWriter:
    """A Parquet file; a typed one has date and decimal columns, with no end as 9999-12-31."""

    def __init__(self, path: Path, spec: FileSpec) -> None:
        self._spec = spec
        headers = columns(spec.kind, spec.style)
        self._types = {name: self._type(name) for name in headers}
        schema = pa.schema([pa.field(header, self._types[name]) for name, header in headers.items()])
        self._file = opened(path, spec)
        self._writer = pq.ParquetWriter(self._file, schema, compression="zstd", store_schema=False)
        self._schema = schema

    def write(self, cells: Cells) -> Mapping[str, int]:
        """Append rows."""
        arrays = [_cast(cells.columns[name], kind) for name, kind in self._types.items()]
        self._writer.write_table(pa.table(arrays, schema=self._schema))
        return {}

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(OSError):
            self._writer.close()
        let_go(self._file)

    def _type(self, name: str) -> pa.DataType:
        if not self._spec.is_typed:
            return pa.string()
        if is_day(self._spec.kind, name):
            return pa.date32()
        is_fen = self._spec.style == "en" and name.endswith("_fen")
        if is_amount(self._spec.kind, name):
            return pa.int64() if is_fen else pa.decimal128(18, 6)
        return pa.string()


def _cast(cells: pa.Array, kind: pa.DataType) -> pa.Array:
    if kind == pa.string():
        return cells
    if kind == pa.date32():
        # A mistyped day of the future keeps its slashes in text formats only.
        return pc.cast(pc.replace_substring(cells, "/", "-"), kind)
    return pc.cast(cells, kind)
