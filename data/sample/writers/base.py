"""What all writers share: the target, the cells of one batch, and compression that bears no time."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Protocol, cast

import pyarrow as pa

from data.sample.layout import FileSpec
from data.sample.rng import U64, Bools


@dataclass(frozen=True)
class Cells:
    """Rows of one file.

    Attributes:
        columns: field -> text cells.
        key: random key per row.
        is_sound: rows without any defect, which another one may spoil.
    """

    columns: Mapping[str, pa.Array]
    key: U64
    is_sound: Bools

    def __len__(self) -> int:
        return len(self.key)

    def slice(self, start: int, rows: int) -> Cells:
        """Some consecutive rows."""
        columns = {name: column.slice(start, rows) for name, column in self.columns.items()}
        return Cells(columns, self.key[start : start + rows], self.is_sound[start : start + rows])

    def rows(self) -> list[tuple[str | None, ...]]:
        """The rows as tuples, for formats that are written cell by cell."""
        return list(zip(*(column.to_pylist() for column in self.columns.values()), strict=True))


class Writer(Protocol):
    """One open file."""

    def write(self, cells: Cells) -> Mapping[str, int]:
        """Append rows; returns the defects that arose in writing, with the rows that bear them."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...

    def abandon(self) -> None:
        """Let go of the file as it is: the sample has failed."""
        ...


def opened(path: Path, spec: FileSpec) -> IO[bytes]:
    """The file to write to, compressed where its name says so; no time and no name go into it."""
    raw = path.open("wb")
    if not spec.is_gz:
        return raw
    return cast(IO[bytes], _Gzip(raw))


def let_go(file: IO[bytes]) -> None:
    """Close a file of a sample that has failed; what cannot be written any more does not matter."""
    with contextlib.suppress(OSError):
        file.close()


class _Gzip(gzip.GzipFile):
    """A gzip stream that closes the file below it."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0)
        self._raw = raw

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._raw.close()
