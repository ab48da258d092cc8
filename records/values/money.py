"""Amounts: 万元 in the sources, whole 分 (int64) in the lake, exact (contract §2, Money)."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from records.text import fold

FEN_PER_WAN = 1_000_000
# num(18,6) of the standard: twelve digits before the point.
_LIMIT_FEN = 10**18
_LONGEST = 60
_DIGIT = re.compile(r"\d", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)?(?:\.\d*)?", re.ASCII)
# Small numbers are written so by programs (5E-05); a large one has lost its digits.
_SMALL = re.compile(r"[+-]?\d(?:\.\d+)?[eE]-\d{1,2}", re.ASCII)
_EXACT = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)

AmountDefect = Literal["amount_unreadable", "amount_negative", "amount_precision"]


def read_amount(
    text: str,
    *,
    is_numeric: bool = False,
    fen_per_unit: int = FEN_PER_WAN,
    decimals: int = 6,
    tolerance: Decimal = Decimal("1E-9"),
) -> tuple[int | None, AmountDefect | None]:
    """An amount in 分, or why there is none.

    Args:
        text: the cell as read.
        is_numeric: it was a number in its source, so that E notation is exact.
        fen_per_unit: 分 in one unit of the column: 1,000,000 for 万元, 1 for 分.
        decimals: decimals that an amount in 万元 has.
        tolerance: 万元 within which it is rounded to them.

    >>> read_amount("1,234.5"), read_amount("０.３"), read_amount("0.30000000000000004")
    ((1234500000, None), (300000, None), (300000, None))
    >>> read_amount("-1")[1], read_amount("0.2万元")[1], read_amount("0.0000005")[1]
    ('amount_negative', 'amount_unreadable', 'amount_precision')
    """
    return amount_of(
        fold(text), is_numeric=is_numeric, fen_per_unit=fen_per_unit, decimals=decimals, tolerance=tolerance
    )


@lru_cache(maxsize=1 << 16)
def amount_of(
    folded_text: str, *, is_numeric: bool, fen_per_unit: int, decimals: int, tolerance: Decimal
) -> tuple[int | None, AmountDefect | None]:
    """The same for a text that is width folded and trimmed."""
    pattern = _EXACT if is_numeric else _NUMBER
    is_number = pattern.fullmatch(folded_text) or _SMALL.fullmatch(folded_text)
    if not is_number or _DIGIT.search(folded_text) is None or len(folded_text) > _LONGEST:
        return None, "amount_unreadable"
    fen = Decimal(folded_text.replace(",", "")) * fen_per_unit
    if fen < 0:
        return None, "amount_negative"
    if fen >= _LIMIT_FEN:
        return None, "amount_unreadable"
    step = Decimal(FEN_PER_WAN).scaleb(-decimals)
    rounded = (fen / step).to_integral_value() * step
    if abs(fen - rounded) > tolerance * FEN_PER_WAN:
        return None, "amount_precision"
    return int(rounded), None
