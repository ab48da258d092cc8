"""Cells of one batch to typed rows, verdicts and, once the suites have judged, the two tables of the lake.

typed      cells -> Typed: every row typed, every rule's verdict
(expectations.validate judges the verdicts of one or of many batches)
split      Typed, judgement -> accepted rows with flags, quarantined rows with rules
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from records.arrays import Mask, nulls
from records.codes import Lookups
from records.headers import HeaderMatch
from records.masking import IdHasher
from records.quarantine import quarantined
from records.readers.model import CellBatch
from records.schema import ACCEPTED
from records.values.reading import Reading
from records.values.rows import BUILDERS


@dataclass(frozen=True)
class Typed:
    """The rows of one batch, in the order of the batch.

    Attributes:
        kind: record kind.
        rows: every row in the schema ACCEPTED[kind]; what could not be read is null, `flags` are empty.
        verdicts: one boolean column for each rule of `records.rules.rules(kind)`, true where a row breaks it.
        reading: the cells, for what quarantine keeps of a row as it was read.
        headers: the source's headers by position.
    """

    kind: str
    rows: pa.Table
    verdicts: pa.Table
    reading: Reading
    headers: Sequence[str]


class Judgement(Protocol):
    """What the suites say of the rows of a batch (`expectations.Validation`)."""

    @property
    def rejected(self) -> Mask:
        """Rows that break a critical rule."""

    @property
    def rules(self) -> pa.ListArray:
        """Per row the ids of the critical rules that it breaks, sorted."""

    @property
    def flags(self) -> pa.ListArray:
        """Per row the ids of the warnings that it raises, sorted."""


def typed(
    kind: str,
    batch: CellBatch,
    match: HeaderMatch,
    headers: Sequence[str],
    lookups: Lookups,
    *,
    landed_on: date,
    ids: IdHasher,
    sha256: str,
    source: str | None = None,
) -> Typed:
    """Read the cells of a batch as their columns say (contract §2, Values). Nothing is dropped.

    Args:
        kind: record kind.
        batch: cells; its `shape_rows` are not looked at (see `records.quarantine.shape_rows_quarantined`).
        match: what the headers mean.
        headers: header texts by position, keys of the quarantined row as read.
        lookups: tables of the policy.
        landed_on: day on which the file entered the lake, Asia/Shanghai; with it the policy's limits are read.
        ids: keyed hash of citizens' ids.
        sha256: of the delivered bytes.
        source: id of the declared feed that the file belongs to, for bare inspection numbers.

    Returns:
        the rows with their verdicts.
    """
    reading = Reading(kind, batch.table, match, lookups, landed_on, ids, source)
    columns = BUILDERS[kind](reading)
    count = reading.count
    columns |= {
        "sha256": pa.repeat(pa.scalar(sha256), count),
        "source_row": batch.table.column("source_row").combine_chunks(),
        "flags": _empty_lists(count),
    }
    schema = ACCEPTED[kind]
    rows = pa.table([_column(columns, field) for field in schema], schema=schema)
    return Typed(kind, rows, reading.verdicts.table(), reading, headers)


def _column(columns: dict[str, pa.Array], field: pa.Field) -> pa.Array:
    array = columns[field.name]
    return array if array.type == field.type else array.cast(field.type)


def _empty_lists(count: int) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(np.zeros(count + 1, np.int32)), nulls(0))


def split(
    batch: Typed, judgement: Judgement, keep: npt.NDArray[np.bool_] | None = None
) -> tuple[pa.Table, pa.Table]:
    """The rows of a batch as the lake keeps them.

    Args:
        batch: typed rows.
        judgement: what the suites say of exactly these rows.
        keep: rows to take; the others (duplicates) are left out of both tables.

    Returns:
        accepted rows (schema ACCEPTED[kind]) with their flags, quarantined rows (schema QUARANTINE).

    Raises:
        ValueError: the judgement is of another number of rows.
    """
    rejected = judgement.rejected
    if len(rejected) != batch.rows.num_rows:
        raise ValueError(f"{len(rejected)} rows were judged, the batch has {batch.rows.num_rows}")
    kept = np.ones(len(rejected), np.bool_) if keep is None else keep
    flagged = batch.rows.set_column(
        batch.rows.schema.get_field_index("flags"), batch.rows.schema.field("flags"), judgement.flags
    )
    accepted = flagged.filter(pa.array(kept & ~rejected))
    held = np.flatnonzero(kept & rejected).astype(np.int64)
    return accepted, quarantined(
        batch.rows, batch.reading, batch.headers, held, judgement.rules.take(pa.array(held))
    )
