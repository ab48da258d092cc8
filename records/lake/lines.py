"""Append-only files of one JSON object a line, fsynced, that survive a kill in mid-append."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from records.errors import CreditgradeError
from records.lake.disk import clear_disk_errors, sync_folder


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All whole lines of the file; a last line that a kill tore apart is not one.

    Raises:
        CreditgradeError: ``record_damaged`` where a line other than an unfinished last one is no JSON object.
    """
    if not path.exists():
        return []
    whole, _ = _split(path.read_bytes())
    return [_parse(line, path, number) for number, line in enumerate(whole, start=1)]


def append_lines(path: Path, rows: Iterable[Mapping[str, Any]], *, mode: int = 0o600) -> None:
    """Appends rows and fsyncs; what an earlier kill left of a last line is cut off first."""
    data = b"".join(
        json.dumps(row, ensure_ascii=False, sort_keys=True).encode("utf-8") + b"\n" for row in rows
    )
    if not data:
        return
    with clear_disk_errors(path):
        is_new = not path.exists()
        handle = os.open(path, os.O_RDWR | os.O_CREAT, mode)
        with os.fdopen(handle, "r+b") as file:
            whole, rest = _split(file.read())
            end = sum(len(line) + 1 for line in whole)
            if rest:
                file.truncate(end)
            file.seek(end)
            try:
                file.write(data)
                file.flush()
            except OSError:
                os.ftruncate(file.fileno(), end)
                raise
            os.fsync(file.fileno())
        if is_new:
            sync_folder(path.parent)


def _split(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines, and what follows the last line feed.

    A block that a power cut left unwritten reads as NUL bytes; they belong to the unfinished rest.
    """
    *whole, rest = data.split(b"\n")
    while whole and whole[-1].startswith(b"\0"):
        rest = whole.pop() + b"\n" + rest
    return whole, rest


def _parse(line: bytes, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise CreditgradeError(f"{path}: line {number} is damaged", rule="record_damaged") from error
    if not isinstance(value, dict):
        raise CreditgradeError(f"{path}: line {number} is no object", rule="record_damaged")
    return value
