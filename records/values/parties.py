"""Who a row concerns and who decided: the column groups that kinds share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from records.arrays import Distinct, Mask, nulls
from records.codes import LEGAL_PERSON, NATURAL_PERSON
from records.text import names_norm
from records.values.reading import Reading

Columns = dict[str, pa.Array]

_CODES = ("uscc", "reg_no", "org_code", "tax_no", "institution_no", "society_no")
# Codes of 个体工商户 begin so (GB 32100): the only ones that a natural person's row may carry (rules §3).
_INDIVIDUAL_BUSINESS = "92"
_EPOCH = date(1970, 1, 1).toordinal()


def subject(reading: Reading) -> Columns:
    """USCC, name and kind of the subject; notes what is wrong with them."""
    name, norm = reading.name("subject_name")
    uscc = reading.uscc("uscc").values
    kind = _subject_kind(reading)
    natural = np.asarray(pc.equal(kind, NATURAL_PERSON).fill_null(False))
    if reading.kind in ("licences", "penalties", "listings"):
        foreign = np.asarray(pc.invert(pc.starts_with(uscc, _INDIVIDUAL_BUSINESS)).fill_null(False))
        reading.verdicts.note("subject_kind_conflict", "subject_kind", natural & foreign)
    return {
        "uscc": uscc,
        "subject_name": name,
        "name_norm": norm,
        "subject_kind": kind,
        "is_natural_person": pa.array(natural),
    }


def _subject_kind(reading: Reading) -> pa.StringArray:
    if "subject_kind" in reading.match.derived:
        # 2015-era files: 自然人 where a person's id is filled and no code is (contract §2).
        has_code = np.logical_or.reduce([reading.is_filled(code) for code in _CODES])
        natural = reading.is_filled("subject_id") & ~has_code
        return pc.if_else(pa.array(natural), NATURAL_PERSON, LEGAL_PERSON)
    if "subject_kind" not in reading.match.sources:
        return nulls(reading.count)
    return reading.strict_code("subject_kind", "subject_kind")


def numbers_and_persons(reading: Reading, natural: Mask, known_kind: Mask) -> Columns:
    """The other numbers of the subject, and the persons behind it; warns of conditional fields left empty.

    Args:
        reading: licences or penalties.
        natural: rows on a natural person.
        known_kind: rows whose kind of subject was read.
    """
    for name in ("uscc", "legal_rep"):
        reading.verdicts.note("conditional_missing", name, known_kind & ~natural & ~reading.is_filled(name))
    for name in ("subject_id_type", "subject_id"):
        reading.verdicts.note("conditional_missing", name, natural & ~reading.is_filled(name))
    return {
        "reg_no": reading.number_code("reg_no"),
        "org_code": reading.number_code("org_code"),
        "tax_no": reading.number_text("tax_no"),
        "institution_no": reading.number_text("institution_no"),
        "society_no": reading.number_text("society_no"),
        "legal_rep": reading.person("legal_rep"),
        "legal_rep_id_type": reading.text("legal_rep_id_type"),
        "legal_rep_id": reading.person_id("legal_rep_id"),
        "subject_id_type": reading.text("subject_id_type"),
        "subject_id": reading.person_id("subject_id"),
    }


def sources(reading: Reading) -> Columns:
    """Where a licence or penalty was reported from."""
    return {
        "authority_uscc": reading.uscc("authority_uscc").values,
        "source_unit": reading.text("source_unit"),
        "source_unit_uscc": reading.uscc("source_unit_uscc").values,
        "remark": reading.text("remark"),
    }


def authority(
    reading: Reading,
    day: pa.Date32Array,
    *,
    name: str = "authority",
    uscc: pa.StringArray | None = None,
    is_quoted: bool = False,
) -> Columns:
    """The authority as read, its key and the division that its name contains.

    Args:
        reading: the batch.
        day: the day on which a name must be borne.
        name: column that names the authority.
        uscc: its USCC, where the kind has it.
        is_quoted: the row names the authority of another record.
    """
    raw = reading.text(name)
    distinct = Distinct(raw)
    norms: list[str | None] = names_norm(distinct.values).to_pylist()
    table = reading.lookups.authorities
    name_codes = distinct.codes()
    by_uscc = Distinct(uscc if uscc is not None else nulls(reading.count))
    entries = [table.by_uscc(code) for code in by_uscc.values.to_pylist()]
    # A USCC outside the table says nothing.
    known = np.array([entry is not None for entry in entries] + [False])
    uscc_codes = np.where(known[by_uscc.codes()], by_uscc.codes(), -1)
    dated = np.array([norm is not None and table.depends_on_day(norm) for norm in norms] + [False])
    periods = np.where(dated[name_codes], _periods(day, table.changes), 0)
    cases, case_of_row = _cases(name_codes, uscc_codes, periods)
    keys: list[str | None] = []
    divisions: list[str | None] = []
    for name_code, uscc_code, period in cases:
        norm = norms[name_code] if name_code >= 0 else None
        entry = entries[uscc_code] if uscc_code >= 0 else None
        named = (
            None
            if norm is None
            else table.key(norm, None, _day_in(period, table.changes), is_quoted=is_quoted)
        )
        key = entry or named
        keys.append(key)
        divisions.append(table.division(norm or "", key or ""))
    index = pa.array(case_of_row)
    return {
        "authority": raw,
        "authority_key": pa.array(keys, pa.string()).take(index),
        "authority_division": pa.array(divisions, pa.string()).take(index),
    }


def quoted_authority(reading: Reading, day: pa.Date32Array) -> Columns:
    """The authority of another record, which the row names: also its name alone."""
    columns = authority(reading, day, is_quoted=True)
    return columns | {"authority_norm": names_norm(columns["authority"])}


def _periods(day: pa.Date32Array, changes: Sequence[int]) -> npt.NDArray[np.int64]:
    """For each day the number of changes up to it, from 0 on; -1 where there is none."""
    ordinals = day.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64) + _EPOCH
    return np.where(np.asarray(day.is_valid()), np.searchsorted(changes, ordinals, side="right"), -1)


def _day_in(period: int, changes: Sequence[int]) -> date | None:
    """Some day of a period."""
    if period < 0:
        return None
    return date.fromordinal(changes[period - 1]) if period else date.min


def _cases(
    *columns: npt.NDArray[np.int64],
) -> tuple[list[tuple[int, ...]], npt.NDArray[np.int64]]:
    """The distinct combinations of whole numbers, and for each row the place of its own."""
    combined = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
        combined = combined * (high - low + 1) + (column - low)
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    return [tuple(int(column[row]) for column in columns) for row in first], inverse.astype(np.int64)
