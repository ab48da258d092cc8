"""Rows that were not taken in, as the lake keeps them: what could be read of them, and the row itself masked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from records.arrays import as_array, nulls
from records.codes import Lookups
from records.identifiers import uscc_defect
from records.keyed_names import names_keyed
from records.masking import IdHasher, mask_doc, mask_person, mask_text, masked, rows_to_read
from records.persons import looks_like_person, without_names
from records.readers.model import NUMBER_MARK, ShapeRow
from records.registry import field as registry_field
from records.rules import EVENT_DAY, ROW_SHAPE
from records.schema import QUARANTINE
from records.text import folded, names_norm
from records.values.reading import NUMBER_MASK, REG_NO_MASK, Reading

# Free texts in which a name cannot be found (contract §3).
_REPLACED_BY_LENGTH = ("facts", "remark")
_DOC_LIKE = ("task_no", "plan_no", "amendment_no")
_NUMBER_LIKE = ("tax_no", "institution_no", "society_no", "org_code")
_HIDDEN = "***"
Mask = Callable[[str], str]


def length_of(text: str) -> str:
    """What stands for a text that is not shown."""
    return f"[{len(text)} characters]"


def quarantined(
    rows: pa.Table,
    reading: Reading,
    headers: Sequence[str],
    held: npt.NDArray[np.int64],
    rules: pa.ListArray,
) -> pa.Table:
    """Rows of a batch in the schema QUARANTINE.

    Args:
        rows: all rows of the batch, typed.
        reading: their cells.
        headers: header texts by position.
        held: the rows to quarantine, ascending.
        rules: ids of the rules that each of them breaks.
    """
    take = pa.array(held)
    name = "name" if reading.kind == "entities" else "subject_name"
    columns = {
        field.name: _taken(rows, field, take) for field in QUARANTINE if field.name in rows.column_names
    }
    day = EVENT_DAY.get(reading.kind)
    raw, name_header = _raw(reading, headers, held, name, columns.get("is_natural_person"))
    columns |= {
        "kind": pa.repeat(pa.scalar(reading.kind), len(held)),
        "rules": rules,
        "uscc_seen": masked(reading.cells("uscc").text.take(take)),
        "name_seen": masked(reading.cells(name).text.take(take)),
        "raw": raw,
        "name_header": pa.repeat(pa.scalar(name_header, pa.string()), len(held)),
        "has_date_failure": pa.array(reading.verdicts.date_failures()[held]),
        "is_row_shape": pa.array(np.zeros(len(held), np.bool_)),
        "cells": pa.array([[]] * len(held), pa.list_(pa.string())),
    }
    if "authority" in columns:
        # Of a row without a day the key is the one that it would have on any day.
        columns["authority_norm"] = names_norm(columns["authority"])
    if day is not None:
        columns["event_on"] = _taken(rows, rows.schema.field(day), take)
    return _table(columns, len(held))


def _taken(rows: pa.Table, field: pa.Field, take: pa.Array) -> pa.Array:
    column = rows.column(field.name).take(take).combine_chunks()
    return column.cast(field.type)


def _table(columns: Mapping[str, pa.Array], count: int) -> pa.Table:
    defaults = {
        "doc_norm": pa.repeat(pa.scalar(""), count),
        "is_natural_person": pa.array(np.zeros(count, np.bool_)),
    }
    filled = [columns.get(f.name, defaults.get(f.name, nulls(count, f.type))) for f in QUARANTINE]
    return pa.table(filled, schema=QUARANTINE)


# -- the row as read --


def _raw(
    reading: Reading,
    headers: Sequence[str],
    held: npt.NDArray[np.int64],
    name: str,
    natural: pa.BooleanArray | None,
) -> tuple[pa.StringArray, str | None]:
    """The rows as JSON objects, header -> masked cell; and the header under which the name stands."""
    persons = np.zeros(len(held), np.bool_) if natural is None else np.asarray(natural)
    take = pa.array(held)
    objects: list[dict[str, str | None]] = [{} for _ in held]
    stated = _persons(reading, held, name, persons)
    name_header = None
    for position, field in sorted(
        (p, f) for f, source in reading.match.sources.items() for p in source.positions
    ):
        mask = _mask_for(reading, field)
        texts = as_array(reading.column(position).take(take)).to_pylist()
        for place, text in enumerate(texts):
            bare = None if text is None else text.removeprefix(NUMBER_MARK)
            if bare and field == name:
                bare = mask_person(bare) if persons[place] else bare
            elif bare:
                bare = without_names(bare, stated[place])
            objects[place][headers[position]] = None if bare is None else mask(bare)
        if field == name and name_header is None:
            name_header = headers[position]
    return pa.array([json.dumps(row, ensure_ascii=False) for row in objects], pa.string()), name_header


def _persons(
    reading: Reading, held: npt.NDArray[np.int64], name: str, natural: npt.NDArray[np.bool_]
) -> list[list[str]]:
    """The natural persons that each row names: wherever else in the row their names stand, they are masked."""
    take = pa.array(held)
    subjects = reading.cells(name).text.take(take).to_pylist()
    fields = [f for f in reading.match.sources if registry_field(reading.kind, f).type == "person"]
    others = [reading.cells(field).text.take(take).to_pylist() for field in fields]
    return [
        [
            text
            for text in (subjects[place] if natural[place] else None, *(cells[place] for cells in others))
            if text
        ]
        for place in range(len(held))
    ]


def _mask_for(reading: Reading, name: str) -> Mask:
    """How a cell of a column is masked where the row is shown as read."""
    field = registry_field(reading.kind, name)
    if name in _REPLACED_BY_LENGTH:
        return _length_or_nothing
    if field.type == "person":
        return mask_person
    if field.type == "citizen_id":
        return _hidden
    if field.type == "doc" or name in _DOC_LIKE:
        return partial(mask_doc, hasher=reading.ids, on=reading.landed_on)
    if name == "reg_no":
        return REG_NO_MASK
    return NUMBER_MASK if name in _NUMBER_LIKE else mask_text


def _length_or_nothing(text: str) -> str:
    return length_of(text) if text.strip() else text


def _hidden(text: str) -> str:
    return _HIDDEN if text.strip() else text


# -- rows of wrong shape --


def shape_rows_quarantined(
    kind: str,
    shape_rows: Sequence[ShapeRow],
    lookups: Lookups,
    *,
    landed_on: date,
    ids: IdHasher,
    sha256: str,
) -> pa.Table:
    """Rows that fail `row_shape` in the schema QUARANTINE. Nothing of them counts as read.

    `cells` holds the valid USCCs and the normalised names found as whole cells, by which such a row holds
    entities; in `raw`, a list, cells above the policy's length stand as their length, and cells that look like
    a natural person's name as 王**.

    Args:
        kind: record kind of the file.
        shape_rows: the rows as the reader gave them.
        lookups: tables of the policy.
        landed_on: day on which the file entered the lake.
        ids: keyed hash of the numbers in names.
        sha256: of the delivered bytes.
    """
    count = len(shape_rows)
    limit = lookups.limits(landed_on).long_cell
    bare = [[cell.removeprefix(NUMBER_MARK) for cell in row.cells] for row in shape_rows]
    clear = as_array(pa.array([cell for row in bare for cell in row], pa.string()))
    to_read = rows_to_read(clear)
    safe = masked(clear, rows=to_read)
    shown = iter(safe.to_pylist())
    raw = [
        json.dumps(
            [length_of(cell) if len(cell) > limit else _shown(text) for cell, text in pairs],
            ensure_ascii=False,
        )
        for pairs in ([*zip(row, islice(shown, len(row)), strict=True)] for row in bare)
    ]
    codes = iter(folded(safe).to_pylist())
    names = iter(names_keyed(clear, ids, to_read).to_pylist())
    found = [_found(codes, names, len(row)) for row in bare]
    columns = {
        "sha256": pa.repeat(pa.scalar(sha256), count),
        "source_row": pa.array([row.source_row for row in shape_rows], pa.int64()),
        "kind": pa.repeat(pa.scalar(kind), count),
        "rules": pa.array([[ROW_SHAPE]] * count, pa.list_(pa.string())),
        "raw": pa.array(raw, pa.string()),
        "has_date_failure": pa.array(np.zeros(count, np.bool_)),
        "is_row_shape": pa.array(np.ones(count, np.bool_)),
        "cells": pa.array(found, pa.list_(pa.string())),
    }
    return _table(columns, count)


def _shown(cell: str) -> str:
    return mask_person(cell) if looks_like_person(cell) else cell


def _found(codes: Iterator[str], names: Iterator[str | None], count: int) -> list[str]:
    """Valid USCCs and normalised names among the next cells, once each, sorted."""
    found: set[str] = set()
    for code, name in zip(islice(codes, count), islice(names, count), strict=True):
        if uscc_defect(code.upper()) is None:
            found.add(code.upper())
        elif name is not None:
            found.add(name)
    return sorted(found)
