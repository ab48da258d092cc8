"""Check digits of the identifiers (regulation §6): scalar functions and their vectorised twins.

GB 32100-2015 统一社会信用代码, GB 11714 组织机构代码, GS 15-2006 注册号, GB 11643 公民身份号码. Nothing here
reads a cell: the functions judge texts that are already folded to half width and upper case.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from policy.uscc import USCC_ALPHABET as USCC_ALPHABET
from policy.uscc import USCC_LENGTH, USCC_WEIGHTS, UsccDefect
from policy.uscc import uscc_check as uscc_check
from policy.uscc import uscc_defect as uscc_defect
from records.arrays import Mask, byte_lengths, parts

ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
REG_LENGTH = 15
CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CITIZEN_CHECKS = "10X98765432"
_BORN_FROM, _BORN_TO = 1850, 2100
# Half the distance between neighbouring doubles at 10^18, which no citizen's id reaches.
_LOST_BY_A_DOUBLE = 64
# GB/T 2260, first two digits, abolished ones too; 83 Taiwan's and 9x foreigners' permanent residence.
PROVINCES = frozenset(
    str(code)
    for first, last in (
        (11, 15),
        (21, 23),
        (31, 37),
        (41, 46),
        (50, 54),
        (61, 65),
        (71, 71),
        (81, 83),
        (91, 91),
    )
    for code in range(first, last + 1)
)


def org_check(body: str) -> str:
    """Check character of the 8 body characters of an organisation code (GB 11714).

    >>> org_check("71526726"), org_check("19218149")
    ('X', '0')
    """
    total = sum(ORG_ALPHABET.index(c) * w for c, w in zip(body, ORG_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def org_code_is_sound(code: str) -> bool:
    """Whether 9 characters are an organisation code with the right check character."""
    return len(code) == 9 and all(c in ORG_ALPHABET for c in code[:8]) and org_check(code[:8]) == code[8]


def reg15_check(body: str) -> str:
    """Check digit of the first 14 digits of a registration number (GS 15-2006, ISO 7064 MOD 11,10).

    >>> reg15_check("34180000000001")
    '6'
    """
    p = 10
    for digit in body:
        s = (p + int(digit)) % 10 or 10
        p = s * 2 % 11
    return str((11 - p) % 10)


def reg_no_is_sound(number: str) -> bool:
    """Whether a number of 15 digits has the right check digit; older numbers of other lengths have none."""
    if len(number) != REG_LENGTH or not _is_digits(number):
        return True
    return reg15_check(number[:14]) == number[14]


def citizen_check(body: str) -> str:
    """Check character of the first 17 digits of a citizen's id (GB 11643, ISO 7064 MOD 11-2).

    >>> citizen_check("11010519491231002")
    'X'
    """
    return CITIZEN_CHECKS[sum(int(c) * w for c, w in zip(body, CITIZEN_WEIGHTS, strict=True)) % 11]


def birth_date(text: str) -> date | None:
    """The birth date that 18 or 15 characters of a citizen's id would hold; None where they hold none."""
    day = text[6:14] if len(text) == 18 else "19" + text[6:12]
    try:
        born = date(int(day[:4]), int(day[4:6]), int(day[6:8]))
    except ValueError:
        return None
    return born if _BORN_FROM <= born.year <= _BORN_TO else None


def looks_like_citizen_id(text: str) -> bool:
    """18 characters with a birth date, whatever the check character; or 15 digits with province and date.

    >>> looks_like_citizen_id("34052419800101001X"), looks_like_citizen_id("341802800230001")
    (True, False)
    """
    if len(text) == 18:
        return (
            _is_digits(text[:17])
            and (_is_digits(text[17]) or text[17] == "X")
            and birth_date(text) is not None
        )
    return len(text) == 15 and _is_digits(text) and text[:2] in PROVINCES and birth_date(text) is not None


def looks_like_rounded_citizen_id(text: str) -> bool:
    """18 digits that were a citizen's id until a spreadsheet took them for a number.

    It keeps such a number to 64 more or less, which carries into the day before the 1st or after the last.

    >>> looks_like_rounded_citizen_id("341802199001009984"), looks_like_rounded_citizen_id("341802199013009984")
    (True, False)
    """
    if len(text) != 18 or not _is_digits(text) or text[:2] not in PROVINCES:
        return False
    if text[12:14] == "00":
        return birth_date(text[:12] + "01" + text[14:]) is not None
    return birth_date(text) is None and birth_date(str(int(text) - _LOST_BY_A_DOUBLE)) is not None


def citizen_id_is_sound(text: str) -> bool:
    """18 characters with province, birth date and the right check character."""
    if len(text) != 18 or not looks_like_citizen_id(text):
        return False
    return text[:2] in PROVINCES and citizen_check(text[:17]) == text[17]


def luhn_is_sound(digits: str) -> bool:
    """Whether digits end in the check digit of bank cards (ISO/IEC 7812-1).

    >>> luhn_is_sound("6222021234567890128"), luhn_is_sound("6222021234567890123")
    (True, False)
    """
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


# -- columns --


def _table(alphabet: str) -> npt.NDArray[np.int16]:
    table = np.full(256, -1, np.int16)
    for value, char in enumerate(alphabet):
        table[ord(char)] = value
    return table


_USCC_VALUES, _ORG_VALUES, _DIGIT_VALUES = _table(USCC_ALPHABET), _table(ORG_ALPHABET), _table("0123456789")
_CITIZEN_VALUES = _table("0123456789X")
_CITIZEN_VALUES[ord("x")] = 10


def _matrix(
    array: pa.StringArray, rows: npt.NDArray[np.int64], width: int, table: npt.NDArray[np.int16]
) -> npt.NDArray[np.int16]:
    """The values of the characters of `rows`, all of `width` bytes; -1 for a character outside the table."""
    offsets, data = parts(array)
    return table[data[offsets[rows][:, None] + np.arange(width)]]


def uscc_defects(array: pa.StringArray) -> dict[UsccDefect, Mask]:
    """What is wrong with each USCC of a column; null has no defect. Equals `uscc_defect` value by value."""
    count = len(array)
    characters = pc.utf8_length(array).fill_null(USCC_LENGTH).to_numpy(zero_copy_only=False)
    defects: dict[UsccDefect, Mask] = {
        "uscc_length": characters != USCC_LENGTH,
        "uscc_alphabet": np.zeros(count, np.bool_),
        "uscc_check": np.zeros(count, np.bool_),
    }
    filled = ~np.asarray(array.is_null())
    lengths = byte_lengths(array)
    defects["uscc_alphabet"] |= filled & (characters == USCC_LENGTH) & (lengths != USCC_LENGTH)
    rows = np.flatnonzero(filled & (characters == USCC_LENGTH) & (lengths == USCC_LENGTH))
    values = _matrix(array, rows, USCC_LENGTH, _USCC_VALUES)
    known = (values >= 0).all(axis=1)
    defects["uscc_alphabet"][rows[~known]] = True
    total = values[:, :17].astype(np.int32) @ np.array(USCC_WEIGHTS, np.int32)
    wrong = known & ((-total) % 31 != values[:, 17])
    defects["uscc_check"][rows[wrong]] = True
    return defects


def org_code_unsound(array: pa.StringArray) -> Mask:
    """Which organisation codes of a column are no `org_code_is_sound`; null is sound."""
    filled = ~np.asarray(array.is_null())
    unsound = filled.copy()
    rows = np.flatnonzero(filled & (byte_lengths(array) == 9))
    values = _matrix(array, rows, 9, _ORG_VALUES)
    known = (values[:, :8] >= 0).all(axis=1)
    remainder = 11 - (values[:, :8].astype(np.int32) @ np.array(ORG_WEIGHTS, np.int32)) % 11
    # 10 is written X, 11 is written 0.
    expected = np.where(remainder == 11, 0, np.where(remainder == 10, ORG_ALPHABET.index("X"), remainder))
    unsound[rows[known & (expected == values[:, 8])]] = False
    return unsound


def reg_no_unsound(array: pa.StringArray) -> Mask:
    """Which registration numbers of a column are no `reg_no_is_sound`; null is sound."""
    unsound = np.zeros(len(array), np.bool_)
    rows = np.flatnonzero(~np.asarray(array.is_null()) & (byte_lengths(array) == REG_LENGTH))
    values = _matrix(array, rows, REG_LENGTH, _DIGIT_VALUES)
    digits = (values >= 0).all(axis=1)
    rows, values = rows[digits], values[digits].astype(np.int32)
    p = np.full(len(rows), 10, np.int32)
    for place in range(14):
        s = (p + values[:, place]) % 10
        p = np.where(s == 0, 10, s) * 2 % 11
    unsound[rows[(11 - p) % 10 != values[:, 14]]] = True
    return unsound


def citizen_id_unsound(array: pa.StringArray) -> Mask:
    """Which ids of 18 characters are no `citizen_id_is_sound`; other values are not judged.

    Args:
        array: texts in half width; a final x may be in lower case.
    """
    unsound = np.zeros(len(array), np.bool_)
    rows = np.flatnonzero(~np.asarray(array.is_null()) & (byte_lengths(array) == 18))
    values = _matrix(array, rows, 18, _CITIZEN_VALUES).astype(np.int32)
    shaped = (values[:, :17] >= 0).all(axis=1) & (values[:, :17] < 10).all(axis=1) & (values[:, 17] >= 0)
    rows, values = rows[shaped], values[shaped]
    checks = np.array([10 if char == "X" else int(char) for char in CITIZEN_CHECKS], np.int32)
    right = values[:, 17] == checks[(values[:, :17] @ np.array(CITIZEN_WEIGHTS, np.int32)) % 11]
    right &= np.isin(values[:, 0] * 10 + values[:, 1], [int(code) for code in PROVINCES])
    year = values[:, 6:10] @ np.array([1000, 100, 10, 1], np.int32)
    month, day = values[:, 10] * 10 + values[:, 11], values[:, 12] * 10 + values[:, 13]
    days = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int32)[
        np.where(month <= 12, month, 0)
    ]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    right &= (year >= _BORN_FROM) & (year <= _BORN_TO) & (day >= 1) & (day <= days + (leap & (month == 2)))
    unsound[rows[~right]] = True
    return unsound
