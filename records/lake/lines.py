"""Append-only files of one JSON object a line, fsynced, that survive a kill in mid-append."""

from __future__ import annotations

import json
import os
import zlib
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


def has_torn_end(path: Path) -> bool:
    """Whether a kill tore the last line apart."""
    return path.exists() and bool(_split(path.read_bytes())[1])


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


def sealed(row: Mapping[str, Any], free: str) -> dict[str, Any]:
    """A row with a check sum over all but one of its values.

    It tells a line that a bad disk or an editor changed; it is no protection against somebody who means to.

    Args:
        row: JSON values.
        free: name of the value that an operator may set right, such as a day given by a wrong clock.
    """
    return {**row, "check": _check(row, free)}


def unsealed(row: Mapping[str, Any], free: str, where: str) -> dict[str, Any]:
    """A row without its check sum; one that has none is taken as it is.

    Raises:
        CreditgradeError: ``record_damaged`` where the sum does not fit.
    """
    plain = {name: value for name, value in row.items() if name != "check"}
    if row.get("check", _check(plain, free)) != _check(plain, free):
        raise CreditgradeError(
            f"{where} is not as it was written: restore the file from the backup", rule="record_damaged"
        )
    return plain


def _check(row: Mapping[str, Any], free: str) -> str:
    told = {name: value for name, value in row.items() if name != free}
    return f"{zlib.crc32(json.dumps(told, sort_keys=True).encode()):08x}"


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
