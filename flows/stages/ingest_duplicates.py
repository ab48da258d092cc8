"""Rows that equal an earlier row of the same file in every cell (contract §2, "Duplicates")."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from numpy.typing import NDArray

# Below this, comparing the cells themselves is cheaper than a query, whose fixed cost is some 10 ms.
_FEW_ROWS = 1_000


class SeenRows:
    """The rows of one file so far: the first as they are, many as 16 bytes each (two 64-bit hashes).

    An absent cell equals an empty one (contract §2: fewer cells than the header are empty ones).

    >>> import pyarrow as pa
    >>> seen = SeenRows()
    >>> seen.first_time(pa.table({"c0": ["a", "b", "a"], "c1": ["x", None, "x"]})).tolist()
    [True, True, False]
    >>> seen.first_time(pa.table({"c0": ["b", "ax"], "c1": ["", ""]})).tolist()
    [False, True]
    """

    def __init__(self) -> None:
        self._few: set[tuple[str, ...]] = set()
        self._held: list[pa.Table] = []
        # Sorted runs, each at most half as long as the one before it: adding stays cheap for any length.
        self._runs: list[NDArray[np.uint64]] = []

    def first_time(self, cells: pa.Table) -> NDArray[np.bool_]:
        """Takes the next rows in; tells which of them equal no earlier row, here or before.

        Args:
            cells: one text column for each source column, the same ones at each call.
        """
        if not self._runs and len(self._few) + cells.num_rows <= _FEW_ROWS:
            return self._first_of_few(cells)
        if self._held:
            import pyarrow as pa

            self._first_of_many(pa.concat_tables(self._held))
            self._few, self._held = set(), []
        return self._first_of_many(cells)

    def _first_of_few(self, cells: pa.Table) -> NDArray[np.bool_]:
        first = np.zeros(cells.num_rows, dtype=np.bool_)
        columns = [[cell or "" for cell in column.to_pylist()] for column in cells.columns]
        for place, row in enumerate(zip(*columns, strict=True)):
            first[place] = row not in self._few
            self._few.add(row)
        self._held.append(cells)
        return first

    def _first_of_many(self, cells: pa.Table) -> NDArray[np.bool_]:
        digests = self._digests(cells)
        order = np.lexsort((digests[:, 1], digests[:, 0]))  # stable: of equal rows the earliest comes first
        in_order = digests[order]
        is_new = np.ones(len(order), dtype=np.bool_)
        is_new[1:] = (in_order[1:] != in_order[:-1]).any(axis=1)
        for run in self._runs:
            is_new &= ~_is_in(run, in_order)
        self._add(in_order[is_new])
        first = np.empty(len(order), dtype=np.bool_)
        first[order] = is_new
        return first

    def _digests(self, cells: pa.Table) -> NDArray[np.uint64]:
        """Two hashes of each row: over its cells from the first to the last, and back."""
        names = [f'"{name}"' for name in cells.column_names]
        there, back = ", ".join(names), ", ".join(["'back'", *reversed(names)])
        hashed = ", ".join(f"hash(nullif({name}, '')) AS {name}" for name in names)
        self._engine.register("cells", cells)
        try:
            query = f"SELECT hash({there}) AS a, hash({back}) AS b FROM (SELECT {hashed} FROM cells)"
            found = self._engine.execute(query).fetchnumpy()
        finally:
            self._engine.unregister("cells")
        return np.column_stack([found["a"], found["b"]]).astype(np.uint64, copy=False)

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        """A connection of one thread, which keeps the order of rows.

        DuckDB complains of one that is still there when a worker process ends, so each file has its own.
        """
        import duckdb

        return duckdb.connect(config={"threads": 1})

    def _add(self, run: NDArray[np.uint64]) -> None:
        self._runs.append(run)
        while len(self._runs) > 1 and 2 * len(self._runs[-1]) > len(self._runs[-2]):
            merged = np.concatenate([self._runs.pop(), self._runs.pop()])
            self._runs.append(merged[np.lexsort((merged[:, 1], merged[:, 0]))])


def _is_in(run: NDArray[np.uint64], rows: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which rows stand in a sorted run."""
    found = np.zeros(len(rows), dtype=np.bool_)
    place = np.searchsorted(run[:, 0], rows[:, 0], side="left")
    open_rows = np.flatnonzero(place < len(run))
    while len(open_rows):
        there = run[place[open_rows]]
        same_first = there[:, 0] == rows[open_rows, 0]
        found[open_rows[same_first & (there[:, 1] == rows[open_rows, 1])]] = True
        open_rows = open_rows[same_first & ~found[open_rows]]
        place[open_rows] += 1
        open_rows = open_rows[place[open_rows] < len(run)]
    return found
