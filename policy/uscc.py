"""The unified social credit code 统一社会信用代码 (GB 32100-2015): its alphabet, its check character, its defects.

Imports nothing heavy: the desk and the quick commands check what was typed. `records.identifiers` has the twin for
whole columns.
"""

from __future__ import annotations

from operator import mul
from typing import Literal

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
USCC_LENGTH = 18
USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(USCC_LENGTH - 1))
_VALUES = {char: value for value, char in enumerate(USCC_ALPHABET)}

UsccDefect = Literal["uscc_length", "uscc_alphabet", "uscc_check"]


def uscc_check(body: str) -> str:
    """Check character of the first 17 characters of a code.

    >>> uscc_check("91340000711771143")
    'J'
    """
    return USCC_ALPHABET[-sum(map(mul, map(_VALUES.__getitem__, body), USCC_WEIGHTS)) % 31]


def uscc_defect(code: str) -> UsccDefect | None:
    """The first thing wrong with a code, folded to half width and upper case; None for a valid one.

    >>> uscc_defect("91340000711771143K"), uscc_defect("9134000071177114OJ"), uscc_defect("9134")
    ('uscc_check', 'uscc_alphabet', 'uscc_length')
    """
    if len(code) != USCC_LENGTH:
        return "uscc_length"
    if not _VALUES.keys() >= set(code):
        return "uscc_alphabet"
    return None if uscc_check(code[:-1]) == code[-1] else "uscc_check"
