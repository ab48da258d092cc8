"""Codes that name a subject: USCC, 注册号, 组织机构代码, citizens' ids (contract §2, Codes).

A code that went through a number may have lost digits: it is refused, never mended.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.arrays import Mask, byte_lengths, nulled, parts
from records.identifiers import (
    citizen_id_unsound,
    org_code_unsound,
    uscc_defect,
    uscc_defects,
)
from records.text import fold, folded, squeezed
from records.values.cells import Cells

# 9.134E+17: what a workbook shows of a code that it holds as a number. A valid USCC has neither dot nor sign.
_E_NOTATION = r"^[+-]?[0-9]+(?:\.[0-9]*)?[Ee][+-][0-9]+$|^[+-]?[0-9]+\.[0-9]*[Ee][0-9]+$"


def is_e_notation(folded_text: str) -> bool:
    """Whether a code is written as a number with an exponent."""
    return re.match(_E_NOTATION, folded_text) is not None


def read_uscc(text: str, *, is_numeric: bool = False) -> tuple[str | None, str | None]:
    """A valid USCC in upper case, or the rule that the cell breaks.

    Args:
        text: the cell as read.
        is_numeric: it was a number in its source.

    >>> read_uscc("９１３４００００７１１７７１１４３ｊ")
    ('91340000711771143J', None)
    >>> read_uscc("9.1340000711771E+17"), read_uscc("913400007117711")
    ((None, 'code_as_number'), (None, 'uscc_length'))
    """
    code = fold(text)
    if is_numeric or is_e_notation(code):
        return None, "code_as_number"
    defect = uscc_defect(code.upper())
    return (code.upper(), None) if defect is None else (None, defect)


def read_number_code(
    text: str, *, is_numeric: bool = False, max_digits: int = 15
) -> tuple[str | None, str | None]:
    """A registration number or organisation code, or the rule that the cell breaks.

    Args:
        text: the cell as read.
        is_numeric: it was a number in its source; up to `max_digits` digits of it are exact.
        max_digits: digits to which a number in a workbook is exact.

    >>> read_number_code("341800000000016", is_numeric=True), read_number_code("1.5", is_numeric=True)
    (('341800000000016', None), (None, 'code_as_number'))
    """
    code = "".join(fold(text).split()).upper()
    is_exact = code.isascii() and code.isdigit() and len(code) <= max_digits
    if is_e_notation(code) or (is_numeric and not is_exact):
        return None, "code_as_number"
    return code or None, None


@dataclass(frozen=True, slots=True)
class UsccColumn:
    """A column of USCCs: values (valid or null) and per rule the cells that break it."""

    values: pa.StringArray
    broken: dict[str, Mask]
    lower_case: Mask
    org_unsound: Mask

    @property
    def invalid(self) -> Mask:
        """Cells that are filled and no valid USCC."""
        return np.logical_or.reduce(list(self.broken.values()))


def _as_number(cells: Cells, text: pa.StringArray) -> Mask:
    """Cells that were a number, or are one in E notation."""
    _, data = parts(text)
    # E notation needs a sign or a dot.
    if not (np.isin(data, (0x2B, 0x2D, 0x2E))).any():
        return cells.is_numeric.copy()
    return cells.is_numeric | np.asarray(pc.match_substring_regex(text, _E_NOTATION).fill_null(False))


def uscc_column(cells: Cells) -> UsccColumn:
    """A column of USCCs. Equals `read_uscc` value by value."""
    wide = folded(cells.text)
    as_number = _as_number(cells, wide)
    upper = pc.utf8_upper(wide)
    lower_case = np.asarray(pc.not_equal(upper, wide).fill_null(False)) & ~as_number
    broken: dict[str, Mask] = {"code_as_number": as_number}
    for rule, mask in uscc_defects(upper).items():
        broken[rule] = mask & ~as_number
    values = nulled(upper, np.logical_or.reduce(list(broken.values())))
    organisation = pc.utf8_slice_codeunits(values, 8, 17)
    return UsccColumn(values, broken, lower_case, org_code_unsound(organisation))


def number_column(cells: Cells, max_digits: int) -> tuple[pa.StringArray, Mask]:
    """A column of registration numbers or organisation codes, and the cells that break `code_as_number`.

    Equals `read_number_code` value by value.
    """
    plain = pc.utf8_upper(squeezed(cells.text))
    broken = _as_number(cells, plain)
    if cells.numeric is not None:
        exact = np.asarray(pc.match_substring_regex(plain, rf"^[0-9]{{1,{max_digits}}}$").fill_null(False))
        broken &= ~(cells.numeric & exact)
    return nulled(plain, broken | (byte_lengths(plain) == 0)), broken


def citizen_column(cells: Cells) -> tuple[pa.StringArray, Mask, Mask]:
    """A column of persons' ids in clear: values, cells that break `code_as_number`, ids with a wrong check."""
    plain = folded(cells.text)
    as_number = _as_number(cells, plain)
    values = nulled(plain, as_number)
    return values, as_number, citizen_id_unsound(values)
