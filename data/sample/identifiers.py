"""Valid but fictitious identifiers, made in bulk (GB 32100, GB 11714, 15-digit 注册号, GB 11643).

Every organisation code begins with `MAX`, which no register has handed out, and every citizen's id bears
the county code 349901, which does not exist: nothing here can be a real firm or person.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.sample.rng import I64, Bools
from data.sample.text import from_bytes

Ascii = NDArray[np.uint8]
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
FICTITIOUS_ORG_PREFIX = "MAX"
FICTITIOUS_COUNTY = "349901"
# Organisation codes: numbers below this are entities, those above are units outside the sample.
ORG_NUMBERS = 31**5
FIRST_OUTSIDE = 20_000_000

_LETTERS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
_VALUE = np.zeros(128, dtype=np.int64)
_VALUE[_LETTERS] = np.arange(31)
_ORG_VALUE = np.zeros(128, dtype=np.int64)
_ORG_VALUE[np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype=np.uint8)] = np.arange(36)
_USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)], dtype=np.int64)
_ORG_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_CITIZEN_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_CITIZEN_CHECK = np.frombuffer(b"10X98765432", dtype=np.uint8)
_ZERO = ord("0")


def ascii_rows(texts: list[str], index: I64) -> Ascii:
    """The text of each row as a row of ASCII codes; the texts are of one length."""
    return np.frombuffer("".join(texts).encode("ascii"), dtype=np.uint8).reshape(len(texts), -1)[index]


def digits(numbers: I64, width: int) -> Ascii:
    """The last `width` decimal digits of each number."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((numbers[:, None] // powers) % 10 + _ZERO).astype(np.uint8)


def organisation_codes(numbers: I64, broken: Bools) -> Ascii:
    """GB 11714 codes of 9 characters for numbers below `ORG_NUMBERS`; wrong check character where `broken`."""
    powers = 31 ** np.arange(4, -1, -1, dtype=np.int64)
    serial = _LETTERS[(numbers[:, None] // powers) % 31]
    prefix = np.broadcast_to(np.frombuffer(FICTITIOUS_ORG_PREFIX.encode(), dtype=np.uint8), (len(numbers), 3))
    body = np.hstack([prefix, serial])
    check = (11 - (_ORG_VALUE[body] @ _ORG_WEIGHTS) % 11) % 11
    check = np.where(broken, (check + 1) % 10, check)
    return np.hstack([body, np.where(check == 10, ord("X"), check + _ZERO).astype(np.uint8)[:, None]])


def usccs(kinds: Ascii, divisions: Ascii, org_codes: Ascii) -> pa.Array:
    """GB 32100 codes from the first two characters, six division digits and the organisation code."""
    body = np.hstack([kinds, divisions, org_codes])
    check = (31 - (_VALUE[body] @ _USCC_WEIGHTS) % 31) % 31
    return from_bytes(np.hstack([body, _LETTERS[check][:, None]]))


def registration_numbers(divisions: Ascii, serials: I64) -> pa.Array:
    """15-digit 工商注册号: six division digits, eight of the serial, ISO 7064 MOD 11,10."""
    body = np.hstack([divisions, digits(serials, 8)])
    p = np.full(len(serials), 10, dtype=np.int64)
    for column in range(14):
        s = (p + body[:, column] - _ZERO) % 10
        p = np.where(s == 0, 10, s) * 2 % 11
    check = ((11 - p) % 10 + _ZERO).astype(np.uint8)
    return from_bytes(np.hstack([body, check[:, None]]))


def citizen_ids(birth_dates: I64, serials: I64) -> pa.Array:
    """18-digit citizens' ids of a county that does not exist; `birth_dates` are numbers such as 19800417."""
    county = np.broadcast_to(np.frombuffer(FICTITIOUS_COUNTY.encode(), dtype=np.uint8), (len(serials), 6))
    body = np.hstack([county, digits(birth_dates, 8), digits(serials, 3)])
    check = _CITIZEN_CHECK[((body.astype(np.int64) - _ZERO) @ _CITIZEN_WEIGHTS) % 11]
    return from_bytes(np.hstack([body, check[:, None]]))


def with_wrong_check(code: str, draw: int) -> str:
    """The same USCC with another last character: it always fails the check."""
    at = ALPHABET.index(code[-1])
    return code[:-1] + ALPHABET[(at + 1 + draw % 30) % 31]
