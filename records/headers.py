"""Header matching: which source column is which canonical field (contract §2, Headers).

Spellings are compared without regard to case, width, `_`, white space and bracket style. Nothing is
guessed: a spelling that is not in the registry (罚款金额(元) among them, whose unit is not the standard's)
is an unknown column.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from records.registry import DERIVED_2015, ERA_2015, FIELDS, PAIRS, Field, FieldType

_BRACKETS = str.maketrans(
    dict.fromkeys("([{〔【「『〈《〖〘〚", "(") | dict.fromkeys(")]}〕】」』〉》〗〙〛", ")")
)
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"))
# Marks with which templates say that a column must be filled.
_TEMPLATE_MARKS = ("(必填)", "(选填)", "(必填项)", "(选填项)")
_LAYOUT_ORDER = ("2018", "2015", "gsxt", "zh", "en")

How = Literal["only", "join", "first"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a canonical field comes from.

    Attributes:
        positions: source columns, in the order in which they are to be used.
        how: `only` one column; `join` the filled cells with `;`; `first` filled cell of them.
        type: how the cells are to be read; differs from the registry's type only for an amount under its
            canonical English header, which is `fen` instead of `money_wan`.
    """

    positions: tuple[int, ...]
    how: How
    type: FieldType


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """What the headers of one file mean.

    Attributes:
        layout: `2018` (official codes), `2015`, `gsxt`, `zh` (Chinese names), `en` (canonical names):
            the layout most recognised headers belong to; `2015` only where its rules apply, `none` where
            nothing was recognised.
        fields: per source column the canonical field, or None where it is unknown. Where two columns of
            one layout feed one field (2015-era CF_CFLB1 and CF_CFLB2; gsxt's penType and penTypeCn,
            judAuth and penAuth_CN) they are named `<field>_1` and `<field>_2`, in the order of use;
            `sources` says how to combine them.
        missing: mandatory columns that were not found and are not derived, in registry order.
        duplicates: canonical fields that two columns claim; such a file is refused (`duplicate_column`).
        derived: mandatory fields without a column that the 2015-era layout derives: `subject_kind`
            (自然人 where `subject_id` is filled and no code is, else 法人及非法人组织), `valid_from` of
            licences (the column of `decided_on`).
        sources: canonical field -> its source columns.
    """

    layout: str
    fields: list[str | None]
    missing: list[str]
    duplicates: list[str]
    derived: tuple[str, ...]
    sources: Mapping[str, Source]

    @property
    def types(self) -> list[FieldType | None]:
        """Per source column how its cells are to be read; None where it is unknown."""
        by_position = {p: source.type for source in self.sources.values() for p in source.positions}
        return [by_position.get(position) for position in range(len(self.fields))]


def fold(header: str) -> str:
    """A header as it is compared: NFKC, case, `_`, white space and bracket style folded.

    >>> fold("行政相对人代码_1（统一社会信用代码）") == fold(" 行政相对人代码1【统一社会信用代码】")
    True
    >>> fold("cfWsh") == fold("CF_WSH") == fold("ｃｆ＿ｗｓｈ")
    True
    """
    text = unicodedata.normalize("NFKC", header).translate(_INVISIBLE).translate(_BRACKETS).casefold()
    text = "".join(text.replace("_", "").split()).strip("*").rstrip(":")
    for mark in _TEMPLATE_MARKS:
        text = text.removesuffix(mark)
    return text


@dataclass(frozen=True, slots=True)
class _Spelling:
    field: Field
    type: FieldType
    layout: str


def _layout_of(header: str, is_2015: bool, field: Field) -> str:
    if is_2015:
        return "2015"
    if header == field.name:
        return "en"
    if not header.isascii():
        return "zh"
    return "2018" if header.isupper() else "gsxt"


@cache
def _spellings(kind: str) -> Mapping[str, _Spelling]:
    era_2015 = {fold(header) for header in ERA_2015.get(kind, ())}
    table: dict[str, _Spelling] = {}
    for field in FIELDS[kind]:
        for header in (field.name, field.zh, *field.headers):
            key = fold(header)
            known = table.get(key)
            if known is not None and known.field is not field:
                raise ValueError(f"{kind}: header {header} stands for {known.field.name} and {field.name}")
            is_fen = field.type == "money_wan" and header == field.name
            table.setdefault(
                key,
                _Spelling(field, "fen" if is_fen else field.type, _layout_of(header, key in era_2015, field)),
            )
    return table


def _sources(
    kind: str, keys: Sequence[str], found: Mapping[str, list[int]]
) -> tuple[dict[str, Source], list[str]]:
    """The source columns of each field, and the fields that too many columns claim."""
    table = _spellings(kind)
    sources: dict[str, Source] = {}
    duplicates: list[str] = []
    for name, positions in found.items():
        kind_of_cell = table[keys[positions[0]]].type
        if len(positions) == 1:
            sources[name] = Source(tuple(positions), "only", kind_of_cell)
            continue
        claimed = {keys[position]: position for position in positions}
        for field_name, how, headers in PAIRS.get(kind, ()):
            order = [fold(header) for header in headers]
            if field_name == name and len(claimed) == len(positions) and set(claimed) == set(order):
                sources[name] = Source(tuple(claimed[key] for key in order), how, kind_of_cell)
                break
        else:
            duplicates.append(name)
    return sources, duplicates


def match(kind: str, headers: Sequence[str]) -> HeaderMatch:
    """Match the headers of one file of `kind` against the registry.

    Args:
        kind: one of the eight record kinds (English name).
        headers: the header cells in source order, as read; empty ones are unknown.

    Returns:
        The match; it is the caller's part to refuse a file with `missing` or `duplicates`.

    Raises:
        KeyError: unknown kind.
    """
    table = _spellings(kind)
    keys = [fold(header) for header in headers]
    found: dict[str, list[int]] = {}
    layouts: Counter[str] = Counter()
    for position, key in enumerate(keys):
        spelling = table.get(key)
        if spelling is not None:
            found.setdefault(spelling.field.name, []).append(position)
            layouts[spelling.layout] += 1
    sources, duplicates = _sources(kind, keys, found)
    fields: list[str | None] = [None] * len(headers)
    for name, positions in found.items():
        fields_of = sources[name].positions if name in sources else tuple(positions)
        for number, position in enumerate(fields_of, start=1):
            fields[position] = name if len(fields_of) == 1 or name in duplicates else f"{name}_{number}"
    is_2015 = "subject_kind" not in found and layouts["2015"] >= 2
    derived = tuple(name for name in DERIVED_2015.get(kind, ()) if name not in found) if is_2015 else ()
    missing = [
        field.name
        for field in FIELDS[kind]
        if field.is_mandatory_column and field.name not in found and field.name not in derived
    ]
    layout = "2015" if is_2015 else _most_common(layouts)
    return HeaderMatch(layout, fields, missing, duplicates, derived, sources)


def _most_common(layouts: Counter[str]) -> str:
    seen = [name for name in _LAYOUT_ORDER if layouts[name]]
    return max(seen, key=lambda name: layouts[name]) if seen else "none"
