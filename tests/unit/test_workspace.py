"""Steps of the DuckDB workspace: in the order of what they read, made again after their readers, ended by a failure."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from records.resolve.workspace import DuckDBWorkspace

ROWS = 200_000


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[DuckDBWorkspace]:
    ws = DuckDBWorkspace(tmp_path / "work")
    yield ws
    ws.close()


def test_a_step_finds_what_the_steps_before_it_made(ws: DuckDBWorkspace) -> None:
    table = ws.put_arrow("t0", pa.table({"n": pa.array(range(ROWS), pa.int64())}))
    for step in range(1, 30):
        kept = ws.save(f"t{step}", table.mutate(n=table.n + 1))
        # One beside it, which nothing waits for.
        ws.save(f"u{step}", kept.aggregate(total=kept.n.sum().cast("int64")))
        table = kept
    assert ws.fetch(table.aggregate(low=table.n.min(), rows=table.count())).to_pylist() == [
        {"low": 29, "rows": ROWS}
    ]
    made = [pq.read_table(path).column("total")[0].as_py() for path in ws.export("u1", "u29")]
    assert made == [sum(range(ROWS)) + ROWS, sum(range(ROWS)) + 29 * ROWS]


def test_a_table_made_again_leaves_its_readers_what_it_was(ws: DuckDBWorkspace) -> None:
    read = []
    for day in range(8):
        now = ws.put_arrow("day", pa.table({"n": pa.array([day] * ROWS, pa.int64())}))
        read.append(ws.save(f"read{day}", now.distinct()))
    assert [ws.fetch(one).to_pylist() for one in read] == [[{"n": day}] for day in range(8)]


def test_what_a_step_failed_of_is_said_by_whoever_asks_next(ws: DuckDBWorkspace) -> None:
    words = ws.put_arrow("words", pa.table({"word": ["1", "eins"]}))
    numbers = ws.save("numbers", words.select(n=words.word.cast("int64")))
    sums = ws.save("sums", numbers.aggregate(n=numbers.n.sum().cast("int64")))
    with pytest.raises(duckdb.ConversionException, match="eins"):
        ws.fetch(sums)
    later = ws.save("later", words.distinct())
    with pytest.raises(duckdb.ConversionException, match="eins"):
        ws.fetch(later)
    with pytest.raises(duckdb.ConversionException, match="eins"):
        ws.export("words", "later")


def test_what_is_not_kept_goes_when_its_last_reader_has_ended(ws: DuckDBWorkspace) -> None:
    first = ws.put_arrow("first", pa.table({"n": pa.array(range(ROWS), pa.int64())}))
    tables = [first]
    for step in range(1, 9):
        # Each reads the two before it.
        tables.append(ws.save(f"step{step}", tables[-1].union(tables[-min(2, step)]).distinct()))
    last = ws.save("last", tables[-1].aggregate(rows=tables[-1].count(), top=tables[-1].n.max()))
    unread = ws.save("unread", first.limit(1))
    ws.fetch(unread)
    ws.keep_only("last", "step4")
    paths = ws.export("last", "step4")
    assert [pq.read_table(path).num_rows for path in paths] == [1, ROWS]
    assert ws.fetch(last).to_pylist() == [{"rows": ROWS, "top": ROWS - 1}]
    left = ws.con.con.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert sorted(name for (name,) in left) == ["last", "step4"]
    with pytest.raises(duckdb.CatalogException, match="step8"):
        ws.fetch(tables[-1])


def test_nothing_goes_while_steps_are_still_given(ws: DuckDBWorkspace) -> None:
    table = ws.put_arrow("t", pa.table({"n": [1, 2]}))
    for step in range(5):
        kept = ws.save(f"s{step}", table.distinct())
        assert ws.fetch(kept.count().as_table()).num_rows == 1
    assert ws.fetch(table).num_rows == 2


def test_closing_waits_for_nothing(tmp_path: Path) -> None:
    ws = DuckDBWorkspace(tmp_path / "work")
    table = ws.put_arrow("t", pa.table({"n": pa.array(range(300_000), pa.int64())}))
    # Two steps of minutes, and one that waits for them.
    pairs = [
        ws.save(name, table.join(table.view(), ibis.literal(True)).aggregate(n=table.n.max()))
        for name in ("one", "two")
    ]
    ws.save("three", pairs[0].union(pairs[1]))
    time.sleep(0.2)
    began = time.monotonic()
    ws.close()
    assert time.monotonic() - began < 20
