"""Columns of text, made with Arrow: word lists, joins, days, amounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.sample.rng import I64, Bools

EPOCH = date(1970, 1, 1)
# Days are counted from 1970-01-01. No day at all, and no end (长期).
NO_DAY = -(2**30)
OPEN = (date(9999, 12, 31) - EPOCH).days
NO_AMOUNT = -1
FEN_PER_WAN = 1_000_000
# Every day that a record can hold lies in here; each is written once per style and then looked up.
_FIRST_YEAR, _LAST_YEAR = 1985, 2075
_EXCEL_EPOCH = date(1899, 12, 30)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def words(values: Sequence[str | None]) -> pa.Array:
    """A list of words to take from."""
    return pa.array(values, pa.string())


def take(values: pa.Array, index: I64, missing: Bools | None = None) -> pa.Array:
    """The word of each row; null where `missing`."""
    return values.take(pa.array(index, pa.int32(), mask=missing))


def join(*parts: pa.Array | str) -> pa.Array:
    """The parts of each row as one text; a null part makes the text null. One part at least is an array."""
    scalars = [pa.scalar(part) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*scalars, "")


def constant(text: str | None, rows: int) -> pa.Array:
    """The same text in every row."""
    return pa.repeat(pa.scalar(text, pa.string()), rows)


def where(mask: Bools, yes: pa.Array | str | None, no: pa.Array | str | None) -> pa.Array:
    """`yes` where `mask`, else `no`."""
    either = [
        pa.scalar(value, pa.string()) if value is None or isinstance(value, str) else value
        for value in (yes, no)
    ]
    return pc.if_else(pa.array(mask), *either)


def integers(values: I64, *, width: int = 0) -> pa.Array:
    """Numbers as text, with leading zeros to `width`."""
    text = pc.cast(pa.array(values, pa.int64()), pa.string())
    return pc.utf8_lpad(text, width, "0") if width else text


def from_bytes(matrix: NDArray[np.uint8]) -> pa.Array:
    """An (n, width) matrix of ASCII codes as n texts."""
    rows, width = matrix.shape
    offsets = pa.py_buffer(np.arange(0, (rows + 1) * width, width, dtype=np.int32).tobytes())
    data = pa.py_buffer(np.ascontiguousarray(matrix).tobytes())
    return pa.Array.from_buffers(pa.string(), rows, [None, offsets, data])


def _instant(day: date) -> str:
    """Midnight in Shanghai, in UTC: the day before."""
    return f"{day - timedelta(days=1):%Y-%m-%d}T16:00:00Z"


def _epoch_ms(day: date) -> str:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8)
    return str(int(midnight.timestamp()) * 1000)


# The ways of writing a day that the contract reads (§2, Values).
DATE_STYLES: dict[str, Callable[[date], str]] = {
    "slash": lambda d: f"{d.year}/{d.month:02}/{d.day:02}",
    "iso": lambda d: f"{d.year}-{d.month:02}-{d.day:02}",
    "short": lambda d: f"{d.year}-{d.month}-{d.day}",
    "dot": lambda d: f"{d.year}.{d.month:02}.{d.day:02}",
    "zh": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "compact": lambda d: f"{d.year}{d.month:02}{d.day:02}",
    "datetime": lambda d: f"{d.year}-{d.month:02}-{d.day:02} 00:00:00",
    "instant": _instant,
    "epoch": _epoch_ms,
    "serial": lambda d: str((d - _EXCEL_EPOCH).days),
}
_OPEN_TEXTS = {"slash": "2099/12/31", "iso": "9999-12-31", "zh": "长期", "dot": "长期"}


@lru_cache(maxsize=len(DATE_STYLES))
def _day_words(style: str) -> tuple[pa.Array, int, int]:
    first, last = date(_FIRST_YEAR, 1, 1), date(_LAST_YEAR, 12, 31)
    write = DATE_STYLES[style]
    texts = [write(first + timedelta(days=n)) for n in range((last - first).days + 1)]
    texts.append(_OPEN_TEXTS.get(style, "2099/12/31"))
    return words(texts), day_number(first), len(texts) - 1


def days(values: NDArray[np.int32], style: str) -> pa.Array:
    """Days as text; null for `NO_DAY`, the words for no end for `OPEN`."""
    table, first, open_at = _day_words(style)
    index = np.where(values == OPEN, open_at, np.clip(values.astype(np.int64) - first, 0, open_at - 1))
    return take(table, index, values == NO_DAY)


def _decimal(units: I64, digits: int) -> pa.Array:
    """`units` of 10**-digits as plain decimals without trailing zeros."""
    scale = 10**digits
    fraction = pc.utf8_rtrim(integers(units % scale, width=digits), "0")
    point = where(units % scale == 0, "", ".")
    return join(integers(units // scale), point, fraction)


def wan(fen: I64) -> pa.Array:
    """Amounts as 万元; null for `NO_AMOUNT`."""
    return where(fen < 0, None, _decimal(np.maximum(fen, 0), 6))


def fen_text(fen: I64) -> pa.Array:
    """Amounts as integer 分; null for `NO_AMOUNT`."""
    return where(fen < 0, None, integers(np.maximum(fen, 0)))


def yuan(fen: I64) -> pa.Array:
    """Amounts as 元, for texts; `NO_AMOUNT` is 0."""
    return _decimal(np.maximum(fen, 0), 2)


def cumulative_count(counts: I64) -> I64:
    """0, 1, … within each run of `np.repeat(_, counts)`."""
    ends = np.cumsum(counts)
    return np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) - np.repeat(ends - counts, counts)
