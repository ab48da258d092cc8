"""Typed source values as text: numbers marked and without exponent, dates in ISO form."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from records.readers.model import NUMBER_MARK

# Beyond it a number keeps its exponent: nothing that we read is so large.
_MAX_EXPONENT = 400


def number_text(value: int | float | Decimal) -> str:
    r"""A number with the mark: `\x01913418020000000000`, `\x010.2`.

    >>> number_text(9.1341802e17), number_text(0.2), number_text(1e-7)
    ('\x01913418020000000000', '\x010.2', '\x010.0000001')
    """
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e300:
            return f"{NUMBER_MARK}{int(value)}"
        return plain_number(repr(value))
    return plain_number(str(value)) if isinstance(value, Decimal) else f"{NUMBER_MARK}{value}"


def plain_number(digits: str) -> str:
    r"""Digits as written in the source, with the mark; an exponent is carried out.

    >>> plain_number("2e-1"), plain_number("100.50")
    ('\x010.2', '\x01100.50')
    """
    if "e" in digits or "E" in digits:
        try:
            number = Decimal(digits)
        except InvalidOperation:
            return NUMBER_MARK + digits
        if number.is_finite() and abs(number.adjusted()) <= _MAX_EXPONENT:
            return NUMBER_MARK + format(number, "f")
    return NUMBER_MARK + digits


def moment_text(value: dt.datetime) -> str:
    """`YYYY-MM-DD`, with ` HH:MM:SS` unless it is midnight."""
    return value.strftime("%Y-%m-%d" if value.time() == dt.time() else "%Y-%m-%d %H:%M:%S").zfill(10)


def workbook_moment(value: dt.datetime) -> str:
    """A workbook's date with time: kept there as a fraction, so rounded to the second."""
    try:
        value = (value + dt.timedelta(milliseconds=500)).replace(microsecond=0)
    except OverflowError:
        value = value.replace(microsecond=0)
    return moment_text(value)


def json_text(value: Any) -> str:
    """A nested value as JSON text; numbers in it, which carry the mark, as numbers again."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {json_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    if isinstance(value, str):
        return value[1:] if value.startswith(NUMBER_MARK) else _quoted(value)
    return _quoted(value)


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
