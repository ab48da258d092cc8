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

from records.resolve import workspace
from records.resolve.workspace import DuckDBWorkspace, memory_for

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


def test_what_is_released_goes_when_its_last_reader_has_ended(ws: DuckDBWorkspace) -> None:
    first = ws.put_arrow("first", pa.table({"n": pa.array(range(ROWS), pa.int64())}))
    tables = [first]
    for step in range(1, 9):
        # Each reads the two before it.
        tables.append(ws.save(f"step{step}", tables[-1].union(tables[-min(2, step)]).distinct()))
        if step > 2:
            ws.release(f"step{step - 2}")
    last = ws.save("last", tables[-1].aggregate(rows=tables[-1].count(), top=tables[-1].n.max()))
    ws.release("step7", "step8")
    ws.save("step1", first.distinct())  # made again, it is there once more
    assert ws.fetch(last).to_pylist() == [{"rows": ROWS, "top": ROWS - 1}]
    assert [pq.read_table(path).num_rows for path in ws.export("last", "step1")] == [1, ROWS]
    assert tables_of(ws) == ["first", "last", "step1"]


def test_what_was_released_is_not_read_again(ws: DuckDBWorkspace) -> None:
    first = ws.put_arrow("first", pa.table({"n": [1, 2]}))
    second = ws.save("second", first.distinct())
    ws.release("first")
    with pytest.raises(ValueError, match="first"):
        ws.save("third", second.union(first))
    with pytest.raises(ValueError, match="first"):
        ws.fetch(first)
    with pytest.raises(KeyError):
        ws.release("never")
    assert sorted(row["n"] for row in ws.fetch(second).to_pylist()) == [1, 2]


def test_a_view_is_read_by_its_name_and_keeps_what_it_reads(ws: DuckDBWorkspace) -> None:
    first = ws.put_arrow("first", pa.table({"n": pa.array(range(ROWS), pa.int64())}))
    second = ws.save("second", first.mutate(n=first.n + 1))
    even = ws.view("even", second.filter(second.n % 2 == 0))
    tens = ws.view("tens", even.filter(even.n % 10 == 0))
    assert [table.get_name() for table in (even, tens, ws.stored("tens"))] == ["even", "tens", "tens"]
    # Read through two views while it is let go.
    counts = [
        ws.save(f"count{n}", tens.aggregate(rows=tens.count(), plus=tens.n.max() + n)) for n in range(4)
    ]
    ws.release("second")
    assert [ws.fetch(one).to_pylist() for one in counts] == [
        [{"rows": ROWS // 10, "plus": ROWS + n}] for n in range(4)
    ]
    assert "second" not in tables_of(ws)
    with pytest.raises(ValueError, match="second"):
        ws.save("late", tens.distinct())
    with pytest.raises(ValueError, match="second"):
        ws.fetch(even)


def test_what_leaves_is_a_file_that_can_be_read_and_made_again(ws: DuckDBWorkspace) -> None:
    first = ws.put_arrow("first", pa.table({"n": pa.array([1, 2], pa.int8()), "word": ["甲", None]}))
    for added in (1, 2):
        left = ws.save("left", first.mutate(n=(first.n + added).cast("int8")), leaves=True)
        again = ws.save(f"again{added}", left.filter(left.word.notnull()))
        assert ws.fetch(again).to_pylist() == [{"n": 1 + added, "word": "甲"}]
    (path,) = ws.export("left")
    assert pq.read_table(path).sort_by("n").to_pydict() == {"n": [3, 4], "word": ["甲", None]}
    assert pq.read_schema(path).field("n").type == pa.int8()
    assert "left" not in tables_of(ws)


def tables_of(ws: DuckDBWorkspace) -> list[str]:
    found = ws.con.con.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    return sorted(name for (name,) in found)


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


@pytest.mark.parametrize(
    ("entities", "machine_gb", "megabytes"),
    [(0, 24, 2_300), (2_000_000, 24, 2_300), (8_000_000, 24, 9_200), (8_000_000, 8, 4_800), (9, 1, 2_300)],
)
def test_memory_grows_with_the_entities_within_the_machine(
    entities: int, machine_gb: int, megabytes: int
) -> None:
    assert memory_for(entities, machine_gb * 1_000_000_000) == megabytes * 1_000_000


def test_memory_is_taken_when_the_entities_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        workspace.os, "sysconf", lambda name: 24_000_000 if name == "SC_PHYS_PAGES" else 1_000
    )
    ws = DuckDBWorkspace(tmp_path / "work")
    try:
        limits = [_limit(ws)]
        ws.expect(entities=8_000_000)
        limits.append(_limit(ws))
    finally:
        ws.close()
    assert limits == ["2.1 GiB", "8.5 GiB"]


def _limit(ws: DuckDBWorkspace) -> str:
    return str(ws.con.raw_sql("SELECT current_setting('memory_limit')").fetchone()[0])


def test_a_join_holds_its_right_side(tmp_path: Path) -> None:
    """However few DuckDB takes the rows of the left for: it guesses those of many files by the first."""
    ws = DuckDBWorkspace(tmp_path / "work")
    try:
        ws.put_rows("few", [{"a": n} for n in range(3)], pa.schema([("a", pa.int64())]))
        ws.put_rows("many", [{"b": n} for n in range(3_000)], pa.schema([("b", pa.int64())]))
        ws.export("few", "many")
        plan = ws.con.raw_sql("EXPLAIN SELECT * FROM few LEFT JOIN many ON a = b").fetchall()[0][1]
    finally:
        ws.close()
    assert "RIGHT" not in plan
    assert "LEFT" in plan
