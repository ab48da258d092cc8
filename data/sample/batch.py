"""Records of one kind before they are written: typed columns under canonical names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.sample.rng import I64, U64, Bools
from data.sample.text import constant

# Text is an Arrow array; days (int32) and amounts (int64 fen) are numpy arrays.
Column: TypeAlias = "pa.Array | NDArray[Any]"


def as_days(values: I64) -> NDArray[np.int32]:
    """Day numbers as a column."""
    return values.astype(np.int32)


@dataclass(frozen=True)
class Batch:
    """Some records of one kind.

    Attributes:
        kind: English name of the record kind.
        key: one random key per record.
        day: day of the event, by which old records are told from new ones.
        columns: canonical field -> column.
        tags: marks for routing and for the records that follow from these; they are not written.
    """

    kind: str
    key: U64
    day: I64
    columns: Mapping[str, Column]
    tags: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.key)

    def take(self, rows: I64) -> Batch:
        """The records of these positions."""
        index = pa.array(rows)
        columns = {
            name: column[rows] if isinstance(column, np.ndarray) else column.take(index)
            for name, column in self.columns.items()
        }
        tags = {name: tag[rows] for name, tag in self.tags.items()}
        return Batch(self.kind, self.key[rows], self.day[rows], columns, tags)

    def replace(self, **columns: Column) -> Batch:
        """The same records with other columns."""
        return Batch(self.kind, self.key, self.day, {**self.columns, **columns}, self.tags)

    def text(self, name: str) -> pa.Array:
        """A text column."""
        column = self.columns[name]
        if isinstance(column, np.ndarray):
            raise TypeError(f"{self.kind}.{name} is not text")
        return column

    def flag(self, name: str) -> Bools:
        """A mark of each record; none where the kind has no such tag."""
        return np.asarray(self.tags.get(name, np.zeros(len(self), dtype=np.bool_)), dtype=np.bool_)

    @property
    def row(self) -> I64:
        """Position of each record's entity in the chunk."""
        return np.asarray(self.tags["row"], dtype=np.int64)

    def days(self, name: str) -> I64:
        """A day or amount column."""
        return np.asarray(self.columns[name], dtype=np.int64)


def concat(batches: Iterable[Batch]) -> Batch:
    """Batches of one kind, one after the other; a text column that one of them lacks is null there."""
    parts = [batch for batch in batches if batch is not None]
    names = {name: None for part in parts for name in part.columns}
    columns: dict[str, Column] = {}
    for name in names:
        pieces = [part.columns.get(name, constant(None, len(part))) for part in parts]
        if isinstance(parts[0].columns[name], np.ndarray):
            columns[name] = np.concatenate(pieces)
        else:
            columns[name] = pa.concat_arrays(pieces)
    tags = {name: np.concatenate([part.tags[name] for part in parts]) for name in parts[0].tags}
    return Batch(
        parts[0].kind,
        np.concatenate([p.key for p in parts]),
        np.concatenate([p.day for p in parts]),
        columns,
        tags,
    )


def at_least(mask: Bools, eligible: Bools, order: U64, least: int) -> Bools:
    """`mask`, with more of the eligible rows until `least` of them are in it, as far as there are any."""
    missing = least - int(np.count_nonzero(mask))
    if missing <= 0:
        return mask
    others = np.flatnonzero(eligible & ~mask)
    chosen = others[np.argsort(order[others], kind="stable")[:missing]]
    full = mask.copy()
    full[chosen] = True
    return full


def each_in_turn(values: I64, options: Iterable[int], is_small_part: bool) -> I64:
    """`values`; in the part of the sample that must show everything, its first rows take each option once."""
    if not is_small_part:
        return values
    shown = np.array(list(options), dtype=np.int64)[: len(values)]
    full = values.copy()
    full[: len(shown)] = shown
    return full


class Serials:
    """Running numbers of documents per issuer and year, kept from chunk to chunk."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def next(self, group: I64, order: I64) -> I64:
        """The next numbers of each group, in the order given."""
        rows = np.lexsort((order, group))
        groups, starts, counts = np.unique(group[rows], return_index=True, return_counts=True)
        numbers = np.empty(len(group), dtype=np.int64)
        for code, start, count in zip(groups.tolist(), starts.tolist(), counts.tolist(), strict=True):
            last = self._last.get(code, 0)
            numbers[rows[start : start + count]] = np.arange(last + 1, last + count + 1)
            self._last[code] = last + count
        return numbers
