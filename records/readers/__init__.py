"""Readers: the bytes of a delivered file as cells, nothing interpreted.

A file is known by the extension of its name and checked against its content; its layout comes from its
headers. Whatever cannot be read to the end is refused with the rule that it broke.
"""

from __future__ import annotations

from pathlib import Path

from records.readers.limits import QUOTED_CELL_MAX_LINES
from records.readers.model import (
    NUMBER_MARK,
    CellBatch,
    ColumnMatch,
    FileReading,
    HeaderMatcher,
    ShapeRow,
    empty_reading,
    refused,
)
from records.readers.source import (
    GZIP_MAGIC,
    OLE_MAGIC,
    PARQUET_MAGIC,
    ZIP_MAGIC,
    ByteSource,
    binary_kind,
)

__all__ = [
    "NUMBER_MARK",
    "READER_VERSION",
    "CellBatch",
    "ColumnMatch",
    "FileReading",
    "HeaderMatcher",
    "ShapeRow",
    "read_file",
]

# Raised whenever the same bytes would be read otherwise: files of the lake are then read again.
READER_VERSION = 2

_WORKBOOKS = {"xlsx": ZIP_MAGIC, "xls": OLE_MAGIC}
_TEXTS = ("csv", "json", "jsonl")


def read_file(
    path: Path,
    kind: str,
    *,
    name: str,
    header_matcher: HeaderMatcher,
    batch_rows: int = 50_000,
    quoted_cell_max_lines: int = QUOTED_CELL_MAX_LINES,
) -> FileReading:
    """Open one delivered file.

    Args:
        path: where the bytes lie; the extension is taken from `name`.
        kind: record kind (English name), given by the folder.
        name: path under the landing folder.
        header_matcher: `records.headers.match`.
        batch_rows: rows of a batch at most.
        quoted_cell_max_lines: lines that a quoted CSV cell may have (policy: quoted_cell_max_lines).

    Returns:
        The reading; its rows come from `.batches()`, which may refuse the file too, further down.

    Raises:
        InputRefused: rule `file_unknown_format`, `file_not_what_name_says`, `file_undecodable`,
            `file_unreadable`, `missing_mandatory_column`, `duplicate_column`, `limit_exceeded`
            (and `file_row_count_mismatch` from `.batches()`).
    """
    extension, is_gzip = _extension(name)
    if path.stat().st_size == 0:
        return empty_reading(name, extension or "none")
    if extension not in (*_WORKBOOKS, *_TEXTS, "parquet") or (is_gzip and extension in _WORKBOOKS):
        raise refused(name, "file_unknown_format", "no known format (.csv .xlsx .xls .json .jsonl .parquet)")
    source = ByteSource(path, name, is_gzip)
    if is_gzip and not ByteSource(path, name, False).head(2).startswith(GZIP_MAGIC):
        raise refused(name, "file_not_what_name_says", "named .gz, but no gzip file")
    head = source.head()
    if not head:
        return empty_reading(name, extension)
    _check_content(head, extension, name)
    if extension in _WORKBOOKS:
        from records.readers.workbook import read_workbook

        return read_workbook(path, name, kind, header_matcher, file_format=extension, batch_rows=batch_rows)
    if extension == "parquet":
        from records.readers.parquet_reader import read_parquet

        return read_parquet(source, kind, header_matcher, batch_rows=batch_rows)
    if extension == "csv":
        from records.readers.csv_reader import read_csv

        return read_csv(
            source, kind, header_matcher, batch_rows=batch_rows, cell_max_lines=quoted_cell_max_lines
        )
    from records.readers.json_reader import read_json

    return read_json(source, kind, header_matcher, batch_rows=batch_rows)


def _extension(name: str) -> tuple[str, bool]:
    """The extension in lower case, without `.gz`, and whether there was one."""
    parts = name.rsplit("/", 1)[-1].lower().split(".")
    is_gzip = len(parts) > 1 and parts[-1] == "gz"
    if is_gzip:
        parts.pop()
    return (parts[-1] if len(parts) > 1 else ""), is_gzip


def _check_content(head: bytes, extension: str, name: str) -> None:
    """Refuse content that is not what the name says, by its first bytes."""
    expected = _WORKBOOKS.get(extension, PARQUET_MAGIC if extension == "parquet" else None)
    found = binary_kind(head)
    if expected is not None:
        if not head.startswith(expected):
            raise refused(
                name, "file_not_what_name_says", f"named .{extension}, but is {found or 'something else'}"
            )
        return
    if found is not None:
        raise refused(name, "file_not_what_name_says", f"named .{extension}, but is {found}")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if extension == "csv":
        # 「[{」 and 「{"」 open JSON, 「<」 a page or an XML workbook; no header begins so.
        if text.startswith(b"<"):
            raise refused(name, "file_not_what_name_says", "named .csv, but is HTML or XML")
        if text.startswith(b"{") or (text.startswith(b"[") and text[1:].lstrip().startswith(b"{")):
            raise refused(name, "file_not_what_name_says", "named .csv, but is JSON")
