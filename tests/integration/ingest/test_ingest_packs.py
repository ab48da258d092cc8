"""A lake of many small deliveries: put together for reading, with the same rows."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from time import time as time_of_day

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.lake_care import compact_lake, existing_lake
from records.intake import Intake
from records.lake import withdraw
from records.lake.compact import lake_status
from records.lake.packs import Pack, fewest
from records.resolve.load import as_received, load
from records.resolve.workspace import DuckDBWorkspace
from records.schema import ACCEPTED, QUARANTINE

from .conftest import DAY, ZONE, City, entities, listings, penalties

FEW = 4


@pytest.fixture
def days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> City:
    """Nine daily files of penalties, each with a row in quarantine, and one file of entities."""
    monkeypatch.setattr("records.lake.packs.AT_ONCE", FEW)
    city = City(tmp_path)
    city.put("entities/all.csv", entities(*range(40)))
    for n in range(9):
        city.put(f"penalties/{n}.csv", penalties(n, n + 20) + penalties(n + 10, doc_no=""))
    return city


def tables(intake: Intake, folder: Path) -> dict[str, pa.Table]:
    """What resolving reads, in the order of its rows."""
    ws = DuckDBWorkspace(folder)
    try:
        loaded = load(ws, intake)
        found = {name: ws.fetch(t.order_by("rid")) for name, t in loaded.items()}
        rows = loaded["penalties"].select("rid")
        found["as received"] = ws.fetch(as_received(ws, intake, "penalties", rows).order_by("rid"))
    finally:
        ws.close()
    return found


def same_as_unpacked(intake: Intake, folder: Path) -> int:
    """Compares with what the tables themselves give; the number of penalties."""
    alone = tables(replace(intake, packs=()), folder / "alone")
    packed = tables(intake, folder / "packed")
    assert alone.keys() == packed.keys()
    assert all(packed[name].equals(alone[name]) for name in alone)
    return packed["penalties"].num_rows


def test_many_small_tables_are_read_as_few(days: City, tmp_path: Path) -> None:
    intake = days.night()
    accepted, quarantine = intake.accepted("penalties"), intake.quarantine("penalties")
    assert [len(accepted), len(quarantine)] == [1, 1]
    assert accepted[0].parent == quarantine[0].parent == days.lake / "penalties" / "packs"
    assert accepted[0].stat().st_mode & 0o777 == 0o600
    assert accepted[0].parent.stat().st_mode & 0o777 == 0o700
    assert pq.read_schema(accepted[0]).equals(ACCEPTED["penalties"])
    assert pq.read_schema(quarantine[0]).equals(QUARANTINE)
    assert [path.parent.name for path in intake.accepted("entities")] == ["entities"]
    assert same_as_unpacked(intake, tmp_path) == 18


def test_what_comes_later_waits_until_there_is_enough(days: City, tmp_path: Path) -> None:
    first = days.night().accepted("penalties")
    days.put("penalties/x.csv", penalties(35))
    second = days.night(1)
    assert set(second.accepted("penalties")) > set(first)
    for n in range(FEW - 2):
        days.put(f"penalties/y{n}.csv", penalties(36 + n))
    third = days.night(2)
    assert len(third.accepted("penalties")) == 1
    assert third.accepted("penalties") != first
    assert same_as_unpacked(third, tmp_path) == 18 + FEW - 1
    # Whoever still grades what the first night took in reads the first pack, for a day.
    assert days.night(2).packs == third.packs
    assert first[0].exists()
    (larger,) = third.accepted("penalties")
    os.utime(larger, times=(0, time_of_day() - 24 * 3600 - 60))
    assert days.night(3).accepted("penalties") == [larger]
    assert not first[0].exists()


def test_the_past_and_what_was_withdrawn_are_told_apart_within_a_pack(days: City, tmp_path: Path) -> None:
    days.night()
    for n in range(FEW):
        days.put(f"penalties/late{n}.csv", penalties(30 + n))
    now = days.night(3)
    assert len(now.accepted("penalties")) == 1
    gone = next(d for d in now.deliveries if d.path == "penalties/3.csv")
    withdraw(days.lake, gone.sha256, "sent in error", datetime.combine(DAY, time(12), ZONE))
    then = days.night(4, known_by=DAY)
    assert len(then.accepted("penalties")) == 1
    assert same_as_unpacked(then, tmp_path / "then") == 16
    assert same_as_unpacked(days.night(4), tmp_path / "now") == 16 + FEW


def test_a_pack_that_a_disk_changed_is_made_again(days: City, tmp_path: Path) -> None:
    expected = days.night()
    (pack,) = expected.accepted("penalties")
    data = pack.read_bytes()
    for spoiled in (data[:-9], data[:99] + bytes([data[99] ^ 1]) + data[100:]):
        pack.write_bytes(spoiled)
        again = days.night(1)
        assert [str(pack) in line for line in again.repairs] == [True]
        assert replace(again, repairs=()) == expected
        assert pack.read_bytes() == data
    (pack.parent / ".writing-half").write_bytes(b"PAR1")
    assert days.night(1) == expected
    assert len(list(pack.parent.iterdir())) == 2


def test_another_reader_of_the_same_bytes_is_not_mixed_in() -> None:
    folder = Path("lake/penalties")
    a, b, other = (folder / name for name in ("aa-1.parquet", "bb-1.parquet", "aa-2.parquet"))
    pack = Pack(folder / "packs" / "p.parquet", frozenset({a, b}))
    assert fewest([a, b], [pack]) == [pack.path]
    assert fewest([b], [pack]) == [pack.path]
    assert fewest([other, b], [pack]) == [other, b]
    wide = Pack(folder / "packs" / "q.parquet", frozenset({a, b, folder / "cc-1.parquet"}))
    assert fewest([a, b], [pack, wide]) == [wide.path]


def test_packs_of_an_older_reader_are_compacted_away(days: City, monkeypatch: pytest.MonkeyPatch) -> None:
    days.night()
    lake = existing_lake(days.lake, None)
    before = lake_status(lake).table_bytes
    packs = list((days.lake / "penalties" / "packs").iterdir())
    assert len(packs) == 2
    assert compact_lake(lake, None, days.environ, dry_run=False).files == 0
    monkeypatch.setattr("flows.stages.ingest_workers.reader_digest", lambda *_: "another")
    gone = compact_lake(lake, None, days.environ, dry_run=True)
    assert all(pack.exists() for pack in packs)
    assert compact_lake(lake, None, days.environ, dry_run=False) == gone
    assert gone.by_kind == {"penalties": 9 * 3 + 2, "entities": 2}
    assert (gone.bytes, lake_status(lake).table_bytes) == (before, 0)


def test_few_files_need_no_pack(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.put("entities/all.csv", entities(1, 2))
    city.put("listings/a.csv", listings(1))
    assert city.night().packs == ()
    assert not (city.lake / "listings" / "packs").exists()
