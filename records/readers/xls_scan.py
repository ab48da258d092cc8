"""A look at the compound file ([MS-CFB]) that an .xls is, before it is opened.

The workbook library follows its chains of sectors without asking whether they end, and takes the lengths that
it states for memory: a damaged byte could exhaust the machine. Here every chain must end, and nothing may be
longer than the file.
"""

from __future__ import annotations

import struct

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
    mini_bytes = 0
    for place in range(0, len(entries) - _DIRECTORY_ENTRY_BYTES + 1, _DIRECTORY_ENTRY_BYTES):
        # Of the length, files of the older version use the lower half only.
        kind, (size,) = entries[place + 66], struct.unpack_from("<I", entries, place + 120)
        if kind in _SIZED and size > len(data):
            raise _Damaged
        mini_bytes = size if kind == _ROOT else mini_bytes
    mini = _joined(data, shift, _chain(fat, mini_start, sectors))
    if (mini[mini < _REGULAR_LIMIT] << _MINI_SHIFT >= mini_bytes).any():
        raise _Damaged
    _check_ends(mini)


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
