"""Reading of single cells (contract §2, Values)."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from tests.reference.dates import OPEN_END

Cell = str | int | float | None
NULLS = {"", "-", "/", "无", "NULL", "N/A"}
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
SHANGHAI = timezone(timedelta(hours=8))
_YMD = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[ T].*)?|(\d{4})年(\d{1,2})月(\d{1,2})日(?: .*)?")


class Unreadable(ValueError):
    """A cell that breaks a rule; the message is the rule family."""


def _width(text: str) -> str:
    """Full width read as half width; a numeral of another kind (10², ①) is no digit."""
    if any(unicodedata.category(sign) == "No" or 0x1D7CE <= ord(sign) <= 0x1D7FF for sign in text):
        return text
    return unicodedata.normalize("NFKC", text)


def text_of(cell: Cell, *, is_optional: bool = True) -> str | None:
    """The cell without blanks around it; null for blank and, in optional columns, for the usual signs."""
    if cell is None:
        return None
    text = _width(str(cell)).strip() if is_optional else str(cell).strip()
    if text == "" or (is_optional and text.upper() in NULLS):
        return None
    return str(cell).strip()


def date_of(cell: Cell, *, may_be_open: bool = False) -> date | None:
    """A date in any of the contract's forms.

    Raises:
        Unreadable: `date_unreadable`.
    """
    text = text_of(cell)
    if text is None:
        return None
    text = _width(text)
    if may_be_open and text in ("长期", "2099/12/31", "2099-12-31", "9999-12-31", "9999/12/31"):
        return OPEN_END
    try:
        found = _plain_date(text)
    except (ValueError, OverflowError) as error:
        raise Unreadable("date_unreadable") from error
    if found is None or (found == OPEN_END and not may_be_open):
        raise Unreadable("date_unreadable")
    return found


def _plain_date(text: str) -> date | None:
    if re.fullmatch(r"\d{8}", text):
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    if re.fullmatch(r"\d{5}", text):
        return date(1899, 12, 30) + timedelta(days=int(text))  # Excel serial
    if re.fullmatch(r"\d{12,13}", text):
        return datetime.fromtimestamp(int(text) / 1000, SHANGHAI).date()
    if re.fullmatch(r".*T.*(?:Z|[+-]\d\d:?\d\d)", text):
        return datetime.fromisoformat(text).astimezone(SHANGHAI).date()
    match = _YMD.fullmatch(text)
    if match is None:
        return None
    parts = [part for part in match.groups() if part and part.isdigit()]
    year, month, day = (int(part) for part in parts)
    return date(year, month, day)


def uscc_of(cell: Cell) -> str | None:
    """A valid unified social credit code in upper case.

    Raises:
        Unreadable: `code_as_number`, `uscc_length`, `uscc_alphabet`, `uscc_check`.
    """
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        raise Unreadable("code_as_number")
    text = text_of(cell)
    if text is None:
        return None
    code = _width(text).upper()
    if re.fullmatch(r"\d(\.\d+)?E\+?\d+", code):
        raise Unreadable("code_as_number")
    if len(code) != 18:
        raise Unreadable("uscc_length")
    if any(sign not in ALPHABET for sign in code):
        raise Unreadable("uscc_alphabet")
    if code[17] != uscc_check_sign(code[:17]):
        raise Unreadable("uscc_check")
    return code


def uscc_check_sign(body: str) -> str:
    """Check sign of GB 32100-2015.

    >>> uscc_check_sign("91340000711771143")
    'J'
    """
    total = sum(ALPHABET.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return ALPHABET[(31 - total % 31) % 31]


def fen_of(cell: Cell) -> int | None:
    """An amount in fen, from a canonical English column.

    Raises:
        Unreadable: `amount_unreadable`, `amount_negative`, `amount_precision`.
    """
    text = text_of(cell)
    if text is None:
        return None
    try:
        amount = Decimal(_width(text).replace(",", ""))
    except InvalidOperation as error:
        raise Unreadable("amount_unreadable") from error
    if not amount.is_finite():
        raise Unreadable("amount_unreadable")
    if amount < 0:
        raise Unreadable("amount_negative")
    if amount != amount.to_integral_value():
        raise Unreadable("amount_precision")
    return int(amount)
