"""Dates as departments write them (contract §2, Values). Days only, Asia/Shanghai."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from records.text import fold

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPEN_END = date(9999, 12, 31)

_DAY = (
    r"(?P<y>\d{4})(?:(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})"
    r"|\s*年\s*(?P<mz>\d{1,2})\s*月\s*(?P<dz>\d{1,2})\s*日)"
)
_COMPACT = r"(?P<y8>\d{4})(?P<m8>\d{2})(?P<d8>\d{2})"
_CLOCK = (
    r"(?P<H>\d{1,2})(?:[:时](?P<M>\d{1,2})(?:[:分](?P<S>\d{1,2})(?:[.,](?P<F>\d+))?秒?|分?)|时)"
    r"|(?P<H6>\d{2})(?P<M6>\d{2})(?P<S6>\d{2})"
)
_ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)"
_DATE = re.compile(rf"(?:{_DAY}|{_COMPACT})(?:(?:T|\s+|(?<=日))(?:{_CLOCK})(?:\s*{_ZONE})?)?", re.ASCII)
_SERIAL = re.compile(r"[1-9]\d{4}", re.ASCII)
_EPOCH_MS = re.compile(r"[1-9]\d{11,12}", re.ASCII)
_MINUTE = re.compile(
    r"(?:19[5-9]|20\d)\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d", re.ASCII
)
# Day 60 of the 1900 system is a 29 February that never was; from day 61 on this day is its zero.
_SERIAL_ZERO = date(1899, 12, 30)
_ZONES = ("Z", "UTC", "GMT")


@lru_cache(maxsize=1 << 16)
def read_day(text: str) -> date | None:
    """A day that is written in one of the forms of the contract; None for anything else.

    `YYYY/MM/DD`, `YYYY-M-D`, dots, `YYYY年M月D日`, `YYYYMMDD`, each with a time part; with a zone, and 12 or 13
    digits of epoch milliseconds, the day of that instant in Shanghai; 5 digits are a serial of the 1900 system.
    Other bare numbers mean nothing: so do 12 digits that could as well be year, month, day, hour and minute.

    Args:
        text: a cell, width folded and trimmed (`records.text.fold`).

    >>> read_day("2024年2月29日"), read_day("45352"), read_day("2024-02-28T16:00:00Z")
    (datetime.date(2024, 2, 29), datetime.date(2024, 3, 1), datetime.date(2024, 2, 29))
    >>> read_day("2023-02-29"), read_day("202402"), read_day("202401051030")
    (None, None, None)
    """
    try:
        if match := _DATE.fullmatch(text):
            return _from_parts(match.groupdict())
        if _SERIAL.fullmatch(text):
            return _SERIAL_ZERO + timedelta(days=int(text))
        if _EPOCH_MS.fullmatch(text) and not _MINUTE.fullmatch(text):
            return (
                (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text)))
                .astimezone(SHANGHAI)
                .date()
            )
    except (ValueError, OverflowError):
        return None  # no such day
    return None


def _from_parts(parts: dict[str, str | None]) -> date | None:
    year, month, day = (parts[k + "8"] or parts[k] or parts.get(k + "z") or "" for k in "ymd")
    found = date(int(year), int(month), int(day))
    hour, minute, second = (int(parts[k] or parts[k + "6"] or 0) for k in "HMS")
    if hour > 23 or minute > 59 or second > 60:
        return None
    zone = parts["zone"]
    if zone is None:
        return found
    offset = UTC
    if zone not in _ZONES:
        digits = zone[1:].replace(":", "").ljust(4, "0")
        shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        offset = timezone(-shift if zone[0] == "-" else shift)
    instant = datetime(found.year, found.month, found.day, hour, minute, min(second, 59), tzinfo=offset)
    return instant.astimezone(SHANGHAI).date()


def read_date(text: str, *, open_days: Collection[date] = ()) -> date | None:
    """A day as read from a cell; None where it is unreadable.

    Args:
        text: the cell as read.
        open_days: days that mean no end; in a column that has an end they are unreadable.
    """
    day = read_day(fold(text))
    return None if day in open_days else day


def read_open_date(text: str, *, open_days: Collection[date], open_words: Collection[str]) -> date | None:
    """An end (valid_to, publicity_until): 长期 and the days that mean no end are 9999-12-31.

    Args:
        text: the cell as read.
        open_days: days that mean no end.
        open_words: words that mean no end, in the normal form of names.
    """
    return open_end(fold(text), open_days=open_days, open_words=open_words)


def open_end(folded_text: str, *, open_days: Collection[date], open_words: Collection[str]) -> date | None:
    """The same for a text that is width folded and trimmed."""
    if folded_text in open_words:
        return OPEN_END
    day = read_day(folded_text)
    return OPEN_END if day in open_days else day
