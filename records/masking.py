"""Citizens' ids, phone and bank-card numbers in kept text, and the keyed hash of ids (contract §3, PIPL 51).

Text is masked before it is stored, so that only the delivered bytes hold a clear id. A column is first
looked at as bytes: only values with a run of digits long enough for a phone number are read by Python.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from records.arrays import (
    Bytes,
    Distinct,
    Mask,
    Rows,
    as_array,
    byte_lengths,
    on_rows,
    parts,
    positions,
    rows_at,
)
from records.identifiers import (
    PROVINCES,
    birth_date,
    citizen_id_is_sound,
    looks_like_citizen_id,
    looks_like_rounded_citizen_id,
    luhn_is_sound,
    uscc_defect,
)
from records.text import WHITE_POINTS, squeezed

ID_MASK, PHONE_MASK, CARD_MASK = "[证件号]", "[电话]", "[银行卡号]"
PERSON_MASK = "**"
_SPACES = "\t\u00a0\u2002\u2003\u2007\u2009\u202f\u3000"
_INVISIBLE = re.compile(
    "["
    + "".join(re.escape(chr(point)) for point in WHITE_POINTS if chr(point) not in _SPACES + " \n\r")
    + "]"
)
# Characters that are searched as another one: digits of other scripts, wide letters, wide spaces and hyphens.
_ODD = re.compile(f"(?![0-9])\\d|[a-zＡ-Ｚａ-ｚ－{_SPACES}]")
# Digits in groups with one separator between them, perhaps ending in the X of a citizen's id.
_GROUPS = re.compile(r"\d+(?:[ -]\d+)*X?")
_GROUP = re.compile(r"\d+X?")
_LANDLINE = re.compile(r"(?<![\d-])(?:[(（]0\d{2,3}[)）] ?|0\d{2,3}-)\d{7,8}(?![\d-])")
_TOKEN = re.compile(r"[0-9A-Z]+")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_SHORTEST = 11  # a mobile phone number
_ID_BYTES = 15
_COUNTRY = ("86", "086", "0086")
# Whose id may stand in a document number: no person below 14 is punished (行政处罚法第三十条), none is older
# than the oldest; and the two-digit years of a number of this century begin below 30.
_YOUNGEST, _OLDEST, _FIRST_YEAR_OF_15 = 14, 1900, 1930
_ID_RUN = re.compile(r"(?<!\d)(?:\d{17}[\dX]|\d{15})(?!\d)")


class IdHasher:
    """HMAC-SHA256 of citizens' and other persons' ids under the key of one lake.

    The same id gives the same value whatever its width, case and white space.
    """

    def __init__(self, key: bytes) -> None:
        # HMAC as RFC 2104 defines it; the two keyed states are copied for each id, a third of the time.
        block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def __repr__(self) -> str:
        return "IdHasher(***)"

    def hash(self, text: str) -> str:
        """64 hex digits for an id as read.

        >>> IdHasher(b"k" * 16).hash("34052419800101001x") == IdHasher(b"k" * 16).hash(" ３４０５２４19800101001X")
        True
        """
        value: str = self.column(as_array(pa.array([text], pa.string())))[0].as_py()
        return value

    def column(self, array: pa.StringArray) -> pa.StringArray:
        """The same for a column; null stays null."""
        distinct = Distinct(pc.utf8_upper(squeezed(array)))
        return distinct.spread([self._digest(v.encode()) for v in distinct.values.to_pylist()], pa.string())

    def _digest(self, message: bytes) -> str:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.hexdigest()


@dataclass(frozen=True, slots=True)
class _Plain:
    """A text as it is searched: half width, upper case, one kind of space, nothing invisible."""

    text: str
    index: Sequence[int] | None  # place of each character in the original; None where it is the same

    def span(self, start: int, end: int) -> tuple[int, int]:
        if self.index is None:
            return start, end
        return self.index[start], self.index[end - 1] + 1


def _half(match: re.Match[str]) -> str:
    char = match.group()
    if char in _SPACES:
        return " "
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return (char if char.isascii() else chr(ord(char) - 0xFEE0)).upper()


def _plain(text: str) -> _Plain:
    if _INVISIBLE.search(text) is None:
        return _Plain(_ODD.sub(_half, text), None)
    kept = [place for place, char in enumerate(text) if _INVISIBLE.match(char) is None]
    return _Plain(_ODD.sub(_half, "".join(text[place] for place in kept)), kept)


def _in_valid_uscc(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] lies inside 18 characters that are a valid USCC."""
    for token in _TOKEN.finditer(text, max(0, start - 18)):
        if token.start() > start:
            return False
        if token.end() >= end:
            first = max(token.start(), end - 18)
            last = min(start, token.end() - 18)
            return any(uscc_defect(text[at : at + 18]) is None for at in range(first, last + 1))
    return False


def _is_id(text: str, start: int, digits: str, *, joined: bool, is_15_read: bool) -> bool:
    """Whether digits that stand at `start` are masked as a citizen's id."""
    if len(digits) == 15:
        return is_15_read and looks_like_citizen_id(digits)
    if len(digits) != 18:
        return False
    if joined:
        return citizen_id_is_sound(digits)
    if not looks_like_citizen_id(digits) and not looks_like_rounded_citizen_id(digits):
        return False
    if uscc_defect(digits) is None:
        # Both are possible; only foreigners' ids begin like the codes of market entities.
        return citizen_id_is_sound(digits) and not digits.startswith("9")
    return not _in_valid_uscc(text, start, start + 18)


def _is_mobile(digits: str) -> bool:
    bare = next(
        (digits[len(c) :] for c in _COUNTRY if digits.startswith(c) and len(digits) == 11 + len(c)), digits
    )
    return _MOBILE.fullmatch(bare) is not None


def _is_card(digits: str) -> bool:
    """Whether digits are masked as a bank card's: sound ones, and those of a 银联 card with a wrong check digit."""
    size = len(digits)
    return 16 <= size <= 19 and (luhn_is_sound(digits) or (size in (16, 19) and digits.startswith("62")))


def _in_run(
    text: str, start: int, digits: str, is_15_read: bool, ids_only: bool
) -> Iterator[tuple[int, int, str]]:
    """What is masked of one run of digits (with a final X, perhaps)."""
    size = len(digits)
    if _is_id(text, start, digits, joined=False, is_15_read=is_15_read):
        yield start, start + size, ID_MASK
    elif size > 18 and (inner := _inner_id(digits)) is not None:
        yield start + inner, start + inner + 18, ID_MASK
        yield from _in_run(text, start, digits[:inner], is_15_read, ids_only)
        yield from _in_run(text, start + inner + 18, digits[inner + 18 :], is_15_read, ids_only)
    elif digits.endswith("X"):
        yield from _in_run(text, start, digits[:-1], is_15_read, ids_only)
    elif not ids_only and _is_mobile(digits):
        yield start, start + size, PHONE_MASK
    elif not ids_only and _is_card(digits) and not _in_valid_uscc(text, start, start + size):
        yield start, start + size, CARD_MASK


def _inner_id(digits: str) -> int | None:
    """Where a sound citizen's id begins inside a longer run."""
    return next((at for at in range(len(digits) - 17) if citizen_id_is_sound(digits[at : at + 18])), None)


def _in_groups(
    text: str, groups: Sequence[tuple[int, str]], is_15_read: bool, ids_only: bool
) -> Iterator[tuple[int, int, str]]:
    """What is masked of runs that stand one separator apart: as they are joined, else each by itself."""
    first = 0
    while first < len(groups):
        found = None
        for last in range(min(first + 6, len(groups)) - 1, first, -1):
            taken = groups[first : last + 1]
            digits = "".join(part for _, part in taken)
            sizes = [len(part) for _, part in taken]
            if _is_id(text, taken[0][0], digits, joined=True, is_15_read=False):
                found = ID_MASK
            elif not ids_only and _is_mobile(digits) and sizes in ([3, 4, 4], [3, 8], [2, 3, 4, 4], [2, 11]):
                found = PHONE_MASK
            elif not ids_only and set(sizes[:-1]) == {4} and digits.isdigit() and _is_card(digits):
                found = CARD_MASK
            if found is not None:
                yield taken[0][0], taken[-1][0] + len(taken[-1][1]), found
                first = last + 1
                break
        if found is None:
            yield from _in_run(text, *groups[first], is_15_read, ids_only)
            first += 1


def _findings(plain: str, is_15_read: bool, ids_only: bool) -> Iterator[tuple[int, int, str]]:
    if not ids_only:
        for match in _LANDLINE.finditer(plain):
            yield *match.span(), PHONE_MASK
        plain = _LANDLINE.sub(lambda match: "#" * len(match.group()), plain)
    for match in _GROUPS.finditer(plain):
        if match.end() - match.start() < _SHORTEST:
            continue
        groups = [(part.start(), part.group()) for part in _GROUP.finditer(plain, *match.span())]
        yield from _in_groups(plain, groups, is_15_read, ids_only)


def mask_text(text: str, *, is_15_read: bool = True, ids_only: bool = False) -> str:
    """A text without citizens' ids, phone and bank-card numbers.

    Args:
        text: any text.
        is_15_read: whether 15 digits may be an old id (not in 注册号, where they are the number itself).
        ids_only: whether phone and card numbers stay (in columns of numbers).

    A valid USCC stays. Masking a masked text changes nothing.

    >>> mask_text("张三（34052419800101001X，电话13812345678）")
    '张三（[证件号]，电话[电话]）'
    >>> mask_text("统一社会信用代码91340000711771143J")
    '统一社会信用代码91340000711771143J'
    """
    return replace_numbers(text, lambda _, mask: mask, is_15_read=is_15_read, ids_only=ids_only)


def replace_numbers(
    text: str, shown: Callable[[str, str], str], *, is_15_read: bool = True, ids_only: bool = False
) -> str:
    """A text in which each number that `mask_text` masks is replaced by what `shown` makes of it and of its mask."""
    done: list[str] = []
    # From the last to the first, and whether they stand for a number. The others are looked at again: what
    # stood beside a number may be one by itself now.
    pieces = [(text, False)]
    while pieces:
        piece, is_done = pieces.pop()
        if is_done:
            done.append(piece)
            continue
        plain = _plain(piece)
        edits = sorted(_findings(plain.text, is_15_read, ids_only), reverse=True)
        for start, end, mask in edits:
            first, last = plain.span(start, end)
            pieces += [(piece[last:], False), (shown(piece[first:last], mask), True)]
            piece = piece[:first]
        if edits:
            pieces.append((piece, False))
        else:
            done.append(piece)
    return "".join(done)


def mask_doc(text: str, hasher: IdHasher, on: date) -> str:
    """A document number whose citizen's id, if it has one, is replaced by a token of its own.

    Numbers are parts of keys, so two of them must never become one, and a number must be found again under
    the same token: it is taken from the id's HMAC.

    Args:
        text: the number.
        hasher: keyed hash.
        on: day on which the file entered the lake. Numbers with a division and a date are common, so a run of
            digits is an id only if its date is the birth of somebody old enough on that day; of 15 digits,
            whose years have no century, only one before the centuries can be confused.
    """
    plain = _plain(text)
    for match in reversed(list(_ID_RUN.finditer(plain.text))):
        digits = match.group()
        # Most numbers hold a recent year there, which two comparisons show.
        year, oldest = (
            (digits[6:10], _OLDEST) if len(digits) == 18 else ("19" + digits[6:8], _FIRST_YEAR_OF_15)
        )
        if not oldest <= int(year) <= on.year - _YOUNGEST or digits[:2] not in PROVINCES:
            continue
        if birth_date(digits) is None or uscc_defect(digits) is None:
            continue
        first, last = plain.span(*match.span())
        text = text[:first] + "ID" + hasher.hash(digits)[:16] + text[last:]
    return text


def mask_person(name: str) -> str:
    """A natural person's name as 王**.

    >>> mask_person(" 王小明")
    '王**'
    """
    bare = name.strip()
    return bare[:1] + PERSON_MASK if bare else bare


# -- columns --


def _to_read(block: Bytes) -> Mask:
    """Where something begins that Python has to read; found in as few looks as can be.

    That is more than is masked: 11 bytes of ASCII digits and signs; three characters whose first byte is EF
    (full-width digits); a digit and, after something invisible or wide, another; a character beyond the
    first plane.
    """
    soft = (block & 0xE0) == 0x20
    two = soft[:-1] & soft[1:]
    four = two[:-2] & two[2:]
    eight = four[:-4] & four[4:]
    lead = block >= 0xC2
    result = block >= 0xF0
    result[: len(eight) - 3] |= eight[:-3] & eight[3:]
    wide = block == 0xEF
    result[:-6] |= wide[:-6] & wide[3:-3] & wide[6:]
    lead &= (block - np.uint8(0xE4)) > 5
    at = np.flatnonzero(soft[:-4] & lead[1:-3] & (soft[3:-1] | soft[4:]))
    first, second, third = block[at + 1], block[at + 2], block[at + 3]
    # Punctuation such as 、 between two digits is common; it separates them.
    common = (first == 0xE3) & ~((second == 0x80) & (third == 0x80))
    # Not the hyphen and digits of full width, nor the bracket after an area code.
    common |= (first == 0xEF) & (second == 0xBC) & ~_is_between(third, 0x8D, 0x99) & (third != 0x89)
    after = block[at + np.where(first < 0xE0, 3, 4)]
    inner = _is_between(block[at], 0x30, 0x39) & ~common & (_is_between(after, 0x30, 0x39) | (first == 0xEF))
    result[at[inner]] = True
    return result


def _is_between(values: Bytes, low: int, high: int) -> Mask:
    return (values >= low) & (values <= high)


def rows_to_read(array: pa.StringArray) -> Rows:
    """Rows that may hold something to mask."""
    offsets, data = parts(array)
    if len(data) < _SHORTEST:
        return np.zeros(0, np.int64)
    # What is looked for may end with the last byte: that end is looked at once more, with room after it.
    tail = max(len(data) - 64, 0)
    end = np.concatenate([data[tail:], np.zeros(16, np.uint8)])
    marked = np.zeros(len(array), np.bool_)
    marked[rows_at(offsets, positions(data, _to_read, 12))] = True
    marked[rows_at(offsets, tail + positions(end, _to_read, 12))] = True
    return np.flatnonzero(marked).astype(np.int64)


def rows_longer_than(array: pa.StringArray, size: int) -> Rows:
    """Rows that may hold something to mask and have at least `size` bytes."""
    long = byte_lengths(array) >= size
    if not long.any():
        return np.zeros(0, np.int64)
    rows = rows_to_read(array)
    return rows[long[rows]]


def masked(
    array: pa.StringArray, function: Callable[[str], str] = mask_text, rows: Rows | None = None
) -> pa.StringArray:
    """A column with `function` (see `mask_text`) applied to the values that may need it; null stays null."""

    def apply(some: pa.StringArray) -> pa.StringArray:
        return pa.array([None if text is None else function(text) for text in some.to_pylist()], pa.string())

    return on_rows(array, rows_to_read(array) if rows is None else rows, apply)


def masked_docs(array: pa.StringArray, hasher: IdHasher, on: date) -> pa.StringArray:
    """A column of document numbers, see `mask_doc`."""
    mask = partial(mask_doc, hasher=hasher, on=on)
    return masked(array, mask, rows_longer_than(array, _ID_BYTES))


def masked_persons(array: pa.StringArray) -> pa.StringArray:
    """A column of natural persons' names (trimmed), see `mask_person`."""
    first = pc.utf8_slice_codeunits(array, 0, 1)
    return pc.binary_join_element_wise(first, pa.scalar(PERSON_MASK), pa.scalar(""))
