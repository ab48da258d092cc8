"""The bytes of a delivered file: plain or gzip, with a look at what they are."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from records.readers import limits
from records.readers.limits import FREE_EXPANSION_BYTES, MAX_EXPANSION_RATIO
from records.readers.model import refused

# What a file begins with that is no text, whatever its name says.
_BINARY = {
    b"PK\x03\x04": "a zip file or .xlsx workbook",
    b"PK\x05\x06": "a zip file",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an .xls workbook or other OLE file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip file",
    b"%PDF": "a PDF",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"ARROW1": "an Arrow file",
    b"SQLite format 3": "an SQLite database",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
}
GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PARQUET_MAGIC = b"PAR1"


def binary_kind(head: bytes) -> str | None:
    """What `head`, the first bytes of a file, says it is, if that is a known binary format."""
    return next((what for magic, what in _BINARY.items() if head.startswith(magic)), None)


@dataclass(frozen=True, slots=True)
class ByteSource:
    """The content of one file.

    Attributes:
        path: where it lies.
        name: path under the landing folder, for messages.
        is_gzip: whether its name ends in `.gz`.
    """

    path: Path
    name: str
    is_gzip: bool

    def head(self, size: int = 65_536) -> bytes:
        """The first bytes of the content (fewer where it is shorter)."""
        parts: list[bytes] = []
        for chunk in self.chunks(size):
            parts.append(chunk)
            if sum(map(len, parts)) >= size:
                break
        return b"".join(parts)[:size]

    def chunks(self, size: int | None = None) -> Iterator[bytes]:
        """The whole content in order, in chunks of `size` bytes (a block unless given).

        Raises:
            InputRefused: `file_unreadable` for a gzip that is truncated, damaged or followed by other
                bytes; `limit_exceeded` for one that expands beyond reason.
        """
        size = size or limits.BLOCK_BYTES
        if not self.is_gzip:
            with self.path.open("rb") as plain:
                while chunk := plain.read(size):
                    yield chunk
            return
        packed = self.path.stat().st_size
        total = 0
        with gzip.open(self.path, "rb") as stream:
            while chunk := self._unpacked(stream, size):
                total += len(chunk)
                if total > FREE_EXPANSION_BYTES and total > packed * MAX_EXPANSION_RATIO:
                    raise refused(
                        self.name,
                        "limit_exceeded",
                        f"expands to more than {MAX_EXPANSION_RATIO} times its size",
                    )
                yield chunk

    def _unpacked(self, stream: gzip.GzipFile, size: int) -> bytes:
        try:
            return stream.read(size)
        except EOFError as error:
            raise refused(self.name, "file_unreadable", "the gzip file is truncated") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            message = "the gzip file is damaged or followed by other bytes"
            raise refused(self.name, "file_unreadable", message) from error
