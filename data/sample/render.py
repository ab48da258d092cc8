"""From typed records to the cells of one file: its columns, its dates, its units, its habits."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data.sample import text
from data.sample.batch import Batch
from data.sample.headers import AREA, columns
from data.sample.layout import FileSpec
from data.sample.rng import I64, Draws
from records.registry import FIELDS

# Document numbers are written with one bracket style or the other, at times with full-width digits or a space.
_BRACKETS = (("〔", "〕"), ("[", "]"), ("【", "】"), ("（", "）"), ("(", ")"))
_BRACKET_WEIGHTS = (88, 5, 3, 2, 2)
_SPACED_RATE, _FULL_WIDTH_RATE = 0.01, 0.01
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
AREA_CODE = "341800"
# Columns in which a word such as 无 or `-` may stand for no value.
_NEVER_WORDS = (
    "uscc",
    "penalty_kinds",
    "decision_status",
    "procedure",
    "removal_reason",
    "state",
    "licence_class",
)


def is_day(kind: str, name: str) -> bool:
    """Whether a field is a day."""
    return _types(kind).get(name) in ("date", "open_date")


def is_amount(kind: str, name: str) -> bool:
    """Whether a field is an amount in 万元, or in fen under its English name."""
    return _types(kind).get(name) in ("money_wan", "decimal_wan", "fen")


def _types(kind: str) -> dict[str, str]:
    return {field.name: field.type for field in FIELDS[kind]}


def render(draws: Draws, batch: Batch, spec: FileSpec) -> dict[str, pa.Array]:
    """The cells of a batch as text, by field, in the file's column order; a typed day is in ISO form.

    Fields that the file has no column for are left out; columns of no known meaning have the field `area`.
    """
    cells: dict[str, pa.Array] = {}
    for name in columns(spec.kind, spec.style):
        if name == AREA:
            cells[name] = text.constant(AREA_CODE, len(batch))
        elif name.startswith("penalty_kinds_"):
            cells[name] = _kind_part(batch.text("penalty_kinds"), name.endswith("_1"))
        else:
            cells[name] = _cell(draws, batch, spec, name)
    return cells


def _cell(draws: Draws, batch: Batch, spec: FileSpec, name: str) -> pa.Array:
    column = batch.columns.get(name)
    if column is None:
        return text.constant(None, len(batch))
    if is_day(batch.kind, name):
        values = batch.days(name).astype(np.int32)
        return _with_time(draws, batch, spec, name, text.days(values, _date_style(spec)))
    if isinstance(column, np.ndarray):
        return (
            text.fen_text(column)
            if spec.style.startswith("en")
            else _amount(draws, batch, spec, text.wan(column))
        )
    if name == "doc_no":
        column = _document_number(draws, batch, column)
    if name in _NEVER_WORDS or not spec.null:
        return column
    is_optional = name in {field.name for field in FIELDS[batch.kind] if not field.is_mandatory_value}
    return pc.fill_null(column, spec.null) if is_optional else column


def _date_style(spec: FileSpec) -> str:
    if not spec.is_typed or spec.format in ("json", "jsonl"):
        return spec.dates
    return "iso"


def _with_time(draws: Draws, batch: Batch, spec: FileSpec, name: str, days: pa.Array) -> pa.Array:
    """In the standard's own files a few departments send the time too."""
    if spec.dates != "slash" or spec.is_typed:
        return days
    timed = draws.chance(f"time.{name}", batch.key, 0.02)
    is_open = np.asarray(pc.fill_null(pc.equal(days, "2099/12/31"), True))
    return text.where(timed & ~is_open, text.join(days, " 00:00:00"), days)


def _amount(draws: Draws, batch: Batch, spec: FileSpec, amounts: pa.Array) -> pa.Array:
    """Some write six decimals, some a thousands separator where there is reason for one."""
    if spec.is_typed:
        return amounts
    padded = pc.if_else(pc.match_substring(amounts, "."), amounts, text.join(amounts, ".000000"))
    return text.where(draws.chance("decimals", batch.key, 0.1), padded, amounts)


def _document_number(draws: Draws, batch: Batch, numbers: pa.Array) -> pa.Array:
    style = draws.choose("brackets", batch.key, _BRACKET_WEIGHTS)
    written = numbers
    for code, (left, right) in enumerate(_BRACKETS[1:], start=1):
        # Only the brackets around the year; those of the office stay.
        other = pc.replace_substring(pc.replace_substring(numbers, "〔", left), "〕", right)
        written = text.where(style == code, other, written)
    spaced = draws.chance("spaced", batch.key, _SPACED_RATE)
    written = text.where(spaced, pc.replace_substring(written, "号", " 号"), written)
    wide = draws.chance("wide_digits", batch.key, _FULL_WIDTH_RATE)
    if not wide.any():
        return written
    texts = [
        None if cell is None else cell.translate(_FULL_WIDTH)
        for cell in written.filter(pa.array(wide)).to_pylist()
    ]
    return pc.replace_with_mask(written, pa.array(wide), pa.array(texts, pa.string()))


def _kind_part(kinds: pa.Array, is_first: bool) -> pa.Array:
    """The 2015-era layout has two columns for the kinds of penalty."""
    if is_first:
        return pc.replace_substring_regex(kinds, ";.*$", "")
    rest = pc.replace_substring_regex(kinds, "^[^;]*;?", "")
    return text.where(np.asarray(pc.equal(rest, "")), None, rest)


def repeated(code: I64, duplicate: int) -> I64:
    """Positions of the rows in the file: rows with the defect `duplicate` come twice."""
    return np.repeat(np.arange(len(code)), 1 + (code == duplicate))
