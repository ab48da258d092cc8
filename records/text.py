"""Normal forms of names, document numbers and code values (contract §2, Natural keys).

NFKC is Arrow's alone: the engines have none, and Python's differs on 167 code points. Everything here
works on whole columns; the functions of one text are the same functions on a column of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.arrays import Bytes, Mask, Rows, as_array, on_rows, parts, positions, rows_where

# White space of any script, control characters and everything that has no width.
WHITE_POINTS = (
    *range(0x00, 0x21), *range(0x7F, 0xA1), 0xAD, 0x34F, 0x61C, 0x1680, 0x180E, *range(0x2000, 0x2010),
    *range(0x2028, 0x2030), *range(0x205F, 0x2070), 0x3000, 0xFEFF,
)  # fmt: skip
WHITE = "".join(map(chr, WHITE_POINTS))
WHITE_RE2 = "[" + "".join(f"\\x{{{point:x}}}" for point in WHITE_POINTS) + "]"
# Bytes a value below which looking for rows to trim costs more than trimming all.
_SHORT = 100
# First bytes of the white characters of two and three bytes, but for U+3000 and U+FEFF.
_FIRST_BYTES = (0xC2, 0xCD, 0xD8, 0xE1, 0xE2)
# Raised, lowered, circled and dotted numerals, and the digits of mathematical alphabets.
_ODD_NUMERALS = r"[\p{No}\x{1D7CE}-\x{1D7FF}]"
# Brackets of every style that names and numbers are written with.
OPENING = "〔【[〈《「『〖〘〚{"
CLOSING = "〕】]〉》」』〗〙〛}"


def _suspects_nfkc(block: Bytes) -> Mask:
    """Bytes that begin a character which NFKC may change.

    Not among them: ASCII, the ideographs U+4000 to U+9FFF (first bytes E4 to E9) and the punctuation
    U+3001 to U+3029 (E3 80 81 to E3 80 A9), none of which has a decomposition or composes.
    """
    suspect = (block >= 0xC2) & ((block < 0xE4) | (block > 0xE9))
    if suspect.any():
        at = np.flatnonzero(suspect & (block == 0xE3))
        at = at[at + 2 < len(block)]
        harmless = (block[at + 1] == 0x80) & (block[at + 2] >= 0x81) & (block[at + 2] <= 0xA9)
        suspect[at[harmless]] = False
    return suspect


def nfkc(array: pa.StringArray) -> pa.StringArray:
    """NFKC of a column; rows that it cannot change are left alone."""
    rows = rows_where(array, _suspects_nfkc, 2)
    return on_rows(array, rows, lambda some: pc.utf8_normalize(some, form="NFKC"))


def _suspects_white(block: Bytes) -> Mask:
    """Bytes that may begin white space: C2 (80 to A0, AD), CD, D8, E1, E2, E3 80 80, EF BB BF."""
    suspect = (block <= 0x20) | (block == 0x7F) | (block == 0xC2) | (block == 0xCD) | (block == 0xD8)
    suspect |= (block == 0xE1) | (block == 0xE2)
    later = (block == 0xE3) | (block == 0xEF)
    if later.any():
        at = np.flatnonzero(later)
        at = at[at + 2 < len(block)]
        second, third = block[at + 1], block[at + 2]
        wide = np.where(
            block[at] == 0xE3, (second == 0x80) & (third == 0x80), (second == 0xBB) & (third == 0xBF)
        )
        suspect[at[wide]] = True
    return suspect


def without_white(array: pa.StringArray) -> pa.StringArray:
    """A column with all white space taken out."""
    rows = rows_where(array, _suspects_white, 2)
    return on_rows(array, rows, lambda some: pc.replace_substring_regex(some, WHITE_RE2 + "+", ""))


def _rows_with_white_ends(array: pa.StringArray) -> Rows:
    offsets, data = parts(array)
    filled = np.flatnonzero(np.diff(offsets))
    if not len(filled):
        return filled.astype(np.int64)
    begin, end = offsets[filled], offsets[filled + 1]
    first, last = data[begin], data[end - 1]
    # In other scripts than ASCII any character that could be white is left to the trimming itself.
    suspect = (
        (first <= 0x20) | (first == 0x7F) | np.isin(first, _FIRST_BYTES) | (last <= 0x20) | (last == 0x7F)
    )
    for wide, lead in ((first == 0xE3, begin), (first == 0xEF, begin), (last >= 0x80, end - 3)):
        rows = np.flatnonzero(wide & (end - begin >= 3))
        at = lead[rows]
        lead_byte, second, third = data[at], data[at + 1], data[at + 2]
        odd = (lead_byte == 0xE3) & (second == 0x80) & (third == 0x80)
        odd |= (lead_byte == 0xEF) & (second == 0xBB) & (third == 0xBF)
        odd |= (lead_byte == 0xE1) | (lead_byte == 0xE2) | np.isin(second, _FIRST_BYTES)
        suspect[rows[odd]] = True
    suspect |= (last >= 0x80) & (end - begin < 3)
    return filled[suspect].astype(np.int64)


def trimmed(array: pa.StringArray) -> pa.StringArray:
    """A column without white space at the ends of its values."""
    if array.nbytes < _SHORT * len(array):
        return pc.utf8_trim(array, characters=WHITE)
    return on_rows(array, _rows_with_white_ends(array), lambda some: pc.utf8_trim(some, characters=WHITE))


def _suspects_bracket(block: Bytes) -> Mask:
    """ASCII brackets, and the first bytes of U+3008 to U+301B (E3 80 88 to E3 80 9B)."""
    suspect = (block == 0x5B) | (block == 0x5D) | (block == 0x7B) | (block == 0x7D)
    at = np.flatnonzero(block == 0xE3)
    at = at[at + 2 < len(block)]
    wide = (block[at + 1] == 0x80) & (block[at + 2] >= 0x88) & (block[at + 2] <= 0x9B)
    suspect[at[wide]] = True
    return suspect


def _bracketed(array: pa.StringArray) -> pa.StringArray:
    """One bracket style: each style that occurs is replaced in the whole column."""
    _, data = parts(array)
    at = positions(data, _suspects_bracket, 2)
    # A style is known by its only byte, or by the last of its three.
    last = np.where(data[at] == 0xE3, np.minimum(at + 2, len(data) - 1), at)
    present = {int(byte) for byte in np.unique(data[last])}
    for styles, plain in ((OPENING, "("), (CLOSING, ")")):
        for style in styles:
            if style.encode()[-1] in present:
                array = pc.replace_substring(array, pattern=style, replacement=plain)
    return array


def _plain_brackets(array: pa.StringArray) -> pa.StringArray:
    """Full-width parentheses first: they are what most names need NFKC for."""
    for wide, plain in (("（", "("), ("）", ")")):
        array = pc.replace_substring(array, pattern=wide, replacement=plain)
    return array


def _by_width(array: pa.StringArray) -> pa.StringArray:
    """Width folded. NFKC, but a value with numerals to which that gives another meaning (10², ①) stays as it is."""

    def plain(some: pa.StringArray) -> pa.StringArray:
        return pc.if_else(
            pc.match_substring_regex(some, _ODD_NUMERALS), some, pc.utf8_normalize(some, form="NFKC")
        )

    return on_rows(array, rows_where(array, _suspects_nfkc, 2), plain)


def folded(array: pa.StringArray) -> pa.StringArray:
    """Width folded and no white space at the ends: how values are read."""
    return trimmed(_by_width(array))


def names_norm(array: pa.StringArray) -> pa.StringArray:
    """Names by NFKC, no white space, one bracket style, Latin upper case; null where nothing is left."""
    plain = _bracketed(without_white(nfkc(_plain_brackets(array))))
    plain = on_rows(plain, rows_where(plain, _suspects_lower), pc.utf8_upper)
    return pc.if_else(pc.equal(plain, ""), pa.scalar(None, pa.string()), plain)


def _suspects_lower(block: Bytes) -> Mask:
    """Lower-case ASCII, or the first byte of a letter of another script that has cases."""
    letters = (block >= 0x61) & (block <= 0x7A)
    return letters | ((block >= 0xC2) & (block < 0xE3)) | (block > 0xE9)


def docs_norm(array: pa.StringArray) -> pa.StringArray:
    """Document numbers by width, white space and bracket style; '' for null and where nothing is left."""
    return _bracketed(without_white(nfkc(_plain_brackets(array)))).fill_null("")


def squeezed(array: pa.StringArray) -> pa.StringArray:
    """Width folded, without any white space."""
    return without_white(_by_width(array))


def norms(texts: Iterable[str]) -> dict[str, str]:
    """The normal forms of many names at once; names without content are left out."""
    listed = list(dict.fromkeys(texts))
    values = names_norm(as_array(pa.array(listed, pa.string()))).to_pylist()
    return {text: norm for text, norm in zip(listed, values, strict=True) if norm is not None}


def _of_one(function: Callable[[pa.StringArray], pa.StringArray], text: str) -> str | None:
    value: str | None = function(as_array(pa.array([text], pa.string())))[0].as_py()
    return value


def fold(text: str) -> str:
    """Width folded, white space trimmed.

    >>> fold("　２０２４－０１ "), fold("10²")
    ('2024-01', '10²')
    """
    return _of_one(folded, text) or ""


def name_norm(text: str) -> str | None:
    """The normal form of a name; None for a text without content.

    >>> name_norm(" 宣城 ａｂｃ〔集团〕有限公司 ")
    '宣城ABC(集团)有限公司'
    """
    return _of_one(names_norm, text)


def doc_norm(text: str) -> str:
    """The normal form of a document number.

    >>> doc_norm("宣市监罚〔2024〕１２ 号") == doc_norm("宣市监罚【２０２４】12号") == "宣市监罚(2024)12号"
    True
    """
    return _of_one(docs_norm, text) or ""
