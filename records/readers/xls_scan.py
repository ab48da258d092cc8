"""A look at the compound file ([MS-CFB]) that an .xls is, before it is opened.

The workbook library follows its chains of sectors without asking whether they end, and takes the lengths that
it states for memory: a damaged byte could exhaust the machine, or end the process at once. Here every chain must end,
nothing may be longer than the file, and a sheet ([MS-XLS]) no larger than the format allows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from records.readers.model import refused

_HEADER_BYTES = 512
_SECTOR_SHIFTS = (9, 12)
_MINI_SHIFT = 6
_HEADER_FAT_SECTORS = 109
_DIRECTORY_ENTRY_BYTES = 128
_STREAM, _ROOT = 2, 5
_SIZED = (_STREAM, _ROOT)  # a storage has no length
_NAME_BYTES = 64
_BOOKS = ("Workbook", "Book")
# Shorter streams lie in sectors of their own size.
_MINI_LIMIT = 4096
_END, _SHEET, _TEXTS, _RECTANGLE = 0x000A, 0x0085, 0x00FC, 0x0200
_RECTANGLES = {10: "<HHHH", 14: "<IIHH"}
_MOST_ROWS, _MOST_COLUMNS = 65_536, 256
_REGULAR_LIMIT = 0xFFFFFFFA  # numbers from here on are marks: end of chain, free, …

_Numbers = npt.NDArray[np.int64]


class _Damaged(Exception):
    """The structure of the compound file is not sound."""


def check_xls(data: bytes, name: str) -> None:
    """Check the chains and lengths of a compound file.

    Raises:
        InputRefused: `file_unreadable`.
    """
    try:
        _check(data)
    except (_Damaged, struct.error) as error:
        raise refused(name, "file_unreadable", "the workbook is damaged, cut off or encrypted") from error


def _check(data: bytes) -> None:
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    directories, fat_count, directory_start = struct.unpack_from("<III", data, 40)
    mini_start, mini_count, difat_start, difat_count = struct.unpack_from("<IIII", data, 60)
    if shift not in _SECTOR_SHIFTS or mini_shift != _MINI_SHIFT:
        raise _Damaged
    # The last sector may be cut short.
    sectors = -(-(len(data) - (1 << shift)) >> shift)
    if max(directories, fat_count, mini_count, difat_count) > sectors:
        raise _Damaged
    fat = _joined(data, shift, _fat_sectors(data, shift, sectors, difat_start))
    if (fat[fat < _REGULAR_LIMIT] >= sectors).any():
        raise _Damaged  # cut off
    _check_ends(fat)
    entries = _joined(data, shift, _chain(fat, directory_start, sectors)).astype("<u4").tobytes()
    mini_bytes = root_start = 0
    book: tuple[int, int] | None = None
    for place in range(0, len(entries) - _DIRECTORY_ENTRY_BYTES + 1, _DIRECTORY_ENTRY_BYTES):
        # Of the length, files of the older version use the lower half only.
        kind, (size,) = entries[place + 66], struct.unpack_from("<I", entries, place + 120)
        if kind in _SIZED and size > len(data):
            raise _Damaged
        (start,) = struct.unpack_from("<I", entries, place + 116)
        if kind == _ROOT:
            mini_bytes, root_start = size, start
        name = entries[place : place + _NAME_BYTES].decode("utf-16-le", "replace").partition("\0")[0]
        if kind == _STREAM and name in _BOOKS:
            book = start, size
    mini = _joined(data, shift, _chain(fat, mini_start, sectors))
    if (mini[mini < _REGULAR_LIMIT] << _MINI_SHIFT >= mini_bytes).any():
        raise _Damaged
    _check_ends(mini)
    if book is None:
        return  # the library says so
    start, size = book
    if size >= _MINI_LIMIT:
        stream = _bytes(data, shift, _chain(fat, start, sectors))
    else:
        small = _bytes(data, shift, _chain(fat, root_start, sectors))
        stream = b"".join(
            small[sector << _MINI_SHIFT : (sector + 1) << _MINI_SHIFT]
            for sector in _chain(mini, start, len(mini))
        )
    _check_records(stream[:size])


def _check_records(stream: bytes) -> None:
    """The lengths for which the library takes memory: of the shared texts, and of each sheet's rectangle."""
    sheets: list[int] = []
    for kind, at, size in _records(stream, 0):
        if kind == _SHEET and size >= 4:
            sheets.append(struct.unpack_from("<I", stream, at)[0])
        if kind == _TEXTS and size >= 8 and struct.unpack_from("<I", stream, at + 4)[0] > len(stream):
            raise _Damaged
    seen: set[int] = set()
    for sheet in sheets:
        for kind, at, size in _records(stream, sheet):
            if at in seen:
                break  # what follows was looked at: thousands of sheets may begin at one place
            seen.add(at)
            if kind == _RECTANGLE and size in _RECTANGLES:
                first_row, end_row, first_column, end_column = struct.unpack_from(
                    _RECTANGLES[size], stream, at
                )
                # An empty sheet ends at 0, wherever it begins.
                is_reversed = end_row and end_column and (first_row > end_row or first_column > end_column)
                if is_reversed or end_row > _MOST_ROWS or end_column > _MOST_COLUMNS:
                    raise _Damaged


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Kind, place and length of the records from a place to the end of their part of the stream."""
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == _END or at + 4 + size > len(stream):
            return
        yield kind, at + 4, size
        at += 4 + size


def _bytes(data: bytes, shift: int, sectors: Iterable[int]) -> bytes:
    return b"".join(data[(sector + 1) << shift : (sector + 2) << shift] for sector in sectors)


def _numbers(data: bytes, shift: int, sector: int) -> _Numbers:
    start = (sector + 1) << shift
    part = data[start : start + (1 << shift)]
    return np.frombuffer(part[: len(part) & ~3], "<u4").astype(np.int64)


def _joined(data: bytes, shift: int, sectors: list[int]) -> _Numbers:
    parts = [_numbers(data, shift, sector) for sector in sectors]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _fat_sectors(data: bytes, shift: int, sectors: int, difat_start: int) -> list[int]:
    """Where the table of sectors lies: the first numbers are in the header, the others in a chain of sectors."""
    found = list(
        struct.unpack_from(f"<{_HEADER_FAT_SECTORS}I", data, _HEADER_BYTES - 4 * _HEADER_FAT_SECTORS)
    )
    seen: set[int] = set()
    sector = difat_start
    while sector < _REGULAR_LIMIT:
        if sector in seen or sector >= sectors:
            raise _Damaged
        seen.add(sector)
        numbers = _numbers(data, shift, sector)
        if not len(numbers):
            raise _Damaged
        found += numbers[:-1].tolist()
        sector = int(numbers[-1])
    used = [number for number in found if number < _REGULAR_LIMIT]
    if any(number >= sectors for number in used):
        raise _Damaged
    return used


def _check_ends(table: _Numbers) -> None:
    """Every chain of a table must end: after as many steps as it has entries, doubled each time, all have left."""
    size = len(table)
    step = np.append(np.where(table < size, table, size), size)
    for _ in range(size.bit_length()):
        step = step[step]
    if (step != size).any():
        raise _Damaged


def _chain(table: _Numbers, start: int, sectors: int) -> list[int]:
    """The sectors of a chain, which is known to end."""
    found: list[int] = []
    sector = start
    while sector < _REGULAR_LIMIT:
        if sector >= min(len(table), sectors):
            raise _Damaged
        found.append(sector)
        sector = int(table[sector])
    return found
