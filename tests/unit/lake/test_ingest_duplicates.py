"""Equal rows of one file are found whatever its length and however it is cut into batches."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pytest

from flows.stages.ingest_duplicates import SeenRows, _is_in


def expected(rows: list[tuple[str | None, ...]]) -> list[bool]:
    seen: set[tuple[str, ...]] = set()
    first = []
    for row in rows:
        cells = tuple(cell or "" for cell in row)
        first.append(cells not in seen)
        seen.add(cells)
    return first


def table(rows: list[tuple[str | None, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    return pa.table({f"c{n}": pa.array(column, pa.string()) for n, column in enumerate(columns)})


@pytest.mark.parametrize("batch", [7, 300, 999, 1001, 5000])
@pytest.mark.parametrize("variety", [3, 12])
def test_as_plain_comparison_says(batch: int, variety: int) -> None:
    chance = random.Random(batch + variety)
    cells = [None, "", *(f"甲{n}" for n in range(variety))]
    rows = [tuple(chance.choice(cells) for _ in range(4)) for _ in range(5000)]
    seen = SeenRows()
    found = [
        first for n in range(0, 5000, batch) for first in seen.first_time(table(rows[n : n + batch])).tolist()
    ]
    assert found == expected(rows)


@pytest.mark.parametrize("fill", [10, 3000])
def test_cells_do_not_run_into_each_other(fill: int) -> None:
    rows: list[tuple[str | None, ...]] = [
        ("ab", "c"),
        ("a", "bc"),
        ("abc", ""),
        ("", "abc"),
        ("c", "ab"),
        ("ab", None),
    ]
    rows += [(str(n), "x") for n in range(fill)]
    assert SeenRows().first_time(table(rows)).all()


def test_rows_with_one_equal_hash_are_told_apart() -> None:
    run = np.array([[1, 1], [5, 2], [5, 4], [5, 6], [9, 9]], dtype=np.uint64)
    asked = np.array([[5, 4], [5, 5], [5, 6], [5, 7], [9, 9], [9, 10], [0, 0], [1, 1]], dtype=np.uint64)
    assert _is_in(run, asked).tolist() == [True, False, True, False, True, False, False, True]
