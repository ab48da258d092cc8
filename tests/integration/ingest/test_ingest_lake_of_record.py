"""The lake survives kills and growth, can be made anew, and keeps clear ids in one place only."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from records.errors import CreditgradeError
from records.schema import ACCEPTED, QUARANTINE

from .conftest import DAY, City, as_csv, entities, held_of, penalties, rows_of, told

CITIZEN_ID = "34052419800101001X"


def test_the_lake_is_made_anew_from_what_was_received(city: City) -> None:
    city.night()
    city.put("penalties/a.csv", penalties(1, 3))
    city.put("penalties/b.csv", penalties(4, decided_on=date(1900, 1, 1)))
    expected = city.night(3)
    files = city.files()
    for kind in ACCEPTED:
        shutil.rmtree(city.lake / kind)
    shutil.rmtree(city.landing)
    city.landing.mkdir()
    assert replace(city.night(30), repairs=()) == expected
    assert city.files() == files


def test_another_lake_from_the_same_files_holds_the_same_bytes(city: City, tmp_path: Path) -> None:
    city.put("penalties/b.csv", [*penalties(4, decided_on=date(1900, 1, 1)), *penalties(7)])
    city.night()
    other = City(tmp_path / "other")
    other.root.mkdir()
    other.night(landing=city.landing, workers=0)
    assert other.files() == city.files()


def test_tables_have_the_schemas_of_the_lake(city: City) -> None:
    city.put("penalties/b.csv", penalties(4, decided_on=date(1900, 1, 1)))
    intake = city.night()
    for delivery in intake.taking_part():
        if delivery.accepted is not None:
            assert pq.read_schema(delivery.accepted).equals(ACCEPTED[delivery.kind])
        if delivery.quarantine is not None:
            assert pq.read_schema(delivery.quarantine).equals(QUARANTINE)
    (held,) = (d for d in intake.taking_part("penalties") if d.quarantine)
    assert held_of(held).select(["rules", "source_row", "kind"]).to_pylist() == [
        {"rules": ["date_range:decided_on"], "source_row": 1, "kind": "penalties"}
    ]
    assert held.accepted is None
    assert held.record["rules"] == {"date_range:decided_on": 1}


def test_the_day_of_receipt_bounds_the_future(city: City) -> None:
    day_after = DAY + timedelta(days=1)
    rows = [*penalties(1, decided_on=day_after), *penalties(2, decided_on=day_after + timedelta(days=1))]
    city.put("penalties/a.csv", rows)
    (delivery,) = city.night().taking_part("penalties")
    assert rows_of(delivery).column("source_row").to_pylist() == [1]
    (later,) = city.night(9).taking_part("penalties")  # the bytes entered the lake on the first day
    assert later.record["quarantined"] == 1


def test_rows_of_wrong_shape_are_quarantined_in_their_place(city: City) -> None:
    lines = as_csv(penalties(1, 2, 3)).decode().splitlines()
    lines[2] += ",surplus"
    city.put("penalties/a.csv", "\n".join(lines))
    (delivery,) = city.night().taking_part("penalties")
    assert told(city.night())["penalties/a.csv"] == (3, 2, 1, 0)
    assert held_of(delivery).column("source_row").to_pylist() == [2]
    assert delivery.record["rules"] == {"row_shape": 1}


def test_clear_ids_stay_in_received_only(city: City) -> None:
    row = penalties(1, legal_rep="王小明", legal_rep_id_type="身份证", legal_rep_id=CITIZEN_ID)[0]
    bad = {
        **penalties(2, legal_rep_id=CITIZEN_ID)[0],
        "decided_on": "1900-01-01",
        "facts": f"证件{CITIZEN_ID}",
    }
    city.put("penalties/a.csv", as_csv([row]))
    city.put("penalties/b.csv", as_csv([bad]))
    intake = city.night()
    mine = intake.taking_part("penalties")
    hashed = rows_of(mine[0]).column("legal_rep_id").to_pylist()[0]
    assert len(hashed) == 64
    for name, content in city.files().items():
        assert CITIZEN_ID.encode() not in content, name
    assert CITIZEN_ID not in str(held_of(mine[1]).to_pylist())
    assert stat.S_IMODE((city.lake / "received").stat().st_mode) == 0o700
    assert list((city.lake / "received/.parsing").iterdir()) == []


def test_a_torn_journal_is_mended(city: City) -> None:
    expected = city.night()
    journal = city.lake / "received.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-25])
    (city.lake / "seen-files.json").unlink(missing_ok=True)
    again = city.night()
    assert [(d.path, d.sha256, d.file_ord) for d in again.deliveries] == [
        (d.path, d.sha256, d.file_ord) for d in expected.deliveries
    ]
    assert journal.read_bytes() == whole


def test_a_kill_while_tables_are_written_is_finished_by_the_next_run(city: City) -> None:
    expected = city.night()
    files = city.files()
    for path in (city.lake / "penalties").glob("*.json"):
        path.unlink()  # written last: without it the tables are not done
    (city.lake / "penalties" / ".writing-half").write_bytes(b"PAR1")
    (city.lake / "received" / ".writing-half").write_bytes(b"half")
    assert city.night(1) == expected
    assert city.files() == files


def test_what_a_disk_changed_is_read_again(city: City) -> None:
    expected = city.night()
    files = city.files()
    (record,) = (city.lake / "penalties").glob("*.json")
    table = record.with_suffix(".parquet")
    whole = table.read_bytes(), record.read_bytes()
    for path, data in (
        (table, whole[0][:-9]),
        (table, whole[0][:99] + bytes([whole[0][99] ^ 1]) + whole[0][100:]),
        (record, b"{"),
        (record, b"[]"),
        (record, whole[1].replace(b'"accepted": ', b'"accepted": 1')),
    ):
        path.write_bytes(data)
        again = city.night(1)
        assert len(again.repairs) == 1 and str(table.with_suffix("")) in again.repairs[0]
        assert replace(again, repairs=()) == expected
        assert city.files() == files
    table.unlink()
    assert len(city.night(1).repairs) == 1


def test_a_journal_that_was_changed_or_cut_is_no_journal(city: City) -> None:
    city.night()
    journal = city.lake / "received.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    for data in (
        b"".join(lines[:-1]),
        b"".join(lines[:-2]) + lines[-2][:40],
        b"",
        journal.read_bytes().replace(b"penalties/", b"penalties/x", 1),
        journal.read_bytes().replace(b'"order": 1', b'"order": 2', 1),
    ):
        journal.write_bytes(data)
        with pytest.raises(CreditgradeError, match="restore the file from the backup"):
            city.night(1)
    # A day that a wrong clock gave may be set right.
    right = b"".join(lines).replace(b'"landed_on": "2026', b'"landed_on": "2025')
    journal.write_bytes(right)
    assert {d.landed_on.year for d in city.night(1).deliveries} == {2025}


def test_a_growing_file_is_left_for_the_next_run(city: City) -> None:
    place = city.put("penalties/b.csv", as_csv(penalties(*range(100, 110))) + b"\n" * (6 << 20))
    stop = threading.Event()

    def grow() -> None:
        with place.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"\n")
                stop.wait(0.0002)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        intake = city.night()
    finally:
        stop.set()
        writer.join()
    assert "penalties/b.csv: changed while it was read; left for the next run" in intake.warnings
    assert "penalties/b.csv" not in told(intake)
    assert told(city.night(1))["penalties/b.csv"][:2] == (10, 10)


def test_a_file_replaced_by_one_of_the_same_size_and_time_is_seen(city: City) -> None:
    place = city.put("penalties/a.csv", penalties(1, 2))
    old = os.stat(place)
    city.night()
    city.night(1)
    new = city.root / "new.csv"
    new.write_bytes(as_csv(penalties(1, 3)))
    assert new.stat().st_size == old.st_size
    os.utime(new, ns=(old.st_atime_ns, old.st_mtime_ns))
    os.replace(new, place)
    os.utime(place, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert len(city.night(2).taking_part("penalties")) == 2


def test_settled_files_are_not_read_again(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.stages.ingest_receive._SETTLED_NS", 0)
    city.night()
    read: list[Path] = []
    monkeypatch.setattr("flows.stages.ingest_receive.copy_in", lambda lake, path: read.append(path))
    first = city.night(1)
    assert read == []
    (city.lake / "seen-files.json").write_text("no json")
    monkeypatch.undo()
    assert city.night(1) == first


def test_a_full_disk_leaves_no_half_tables(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    city.night()
    city.put("penalties/b.csv", penalties(3))
    before = city.files()

    def full(*args: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("flows.stages.ingest_artifacts.publish_file", full)
    with pytest.raises(CreditgradeError, match="disk_full"):
        city.night(1)
    monkeypatch.undo()
    assert city.files() == before
    assert told(city.night(1))["penalties/b.csv"] == (1, 1, 0, 0)


def test_bundles_of_another_size_give_the_same_bytes(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(6):
        city.put(f"penalties/{n}.csv", penalties(*range(10 * n, 10 * n + 9)))
    city.night()
    monkeypatch.setattr("flows.stages.ingest_parse.BUNDLE_ROWS", 20)
    other = City(tmp_path / "other")
    other.root.mkdir()
    other.night(landing=city.landing)
    assert other.files() == city.files()


def test_an_error_of_ours_quotes_no_row(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: object, **options: object) -> None:
        raise ValueError(f"cannot read {CITIZEN_ID}")

    monkeypatch.setattr("records.typed.typed", fails)
    with pytest.raises(CreditgradeError, match="internal_error") as raised:
        city.night()
    assert CITIZEN_ID not in str(raised.value)


def test_progress_is_told_in_delivered_bytes(city: City) -> None:
    heard: list[tuple[int, int]] = []
    city.night(progress=lambda done, whole: heard.append((done, whole)))
    whole = sum(path.stat().st_size for path in city.landing.rglob("*.csv"))
    assert heard[-1] == (whole, whole)
    assert heard == sorted(heard)


def test_data_docs_count_and_quote_nothing(city: City, tmp_path: Path) -> None:
    city.put("penalties/b.csv", penalties(4, decided_on=date(1900, 1, 1)))
    docs = tmp_path / "datadocs"
    city.night(datadocs=docs)
    assert stat.S_IMODE(docs.stat().st_mode) == 0o700
    page = (docs / "penalties.html").read_text(encoding="utf-8")
    assert "date_range:decided_on" in page
    assert "贸易有限公司" not in page
    pages = {path.name: path.read_bytes() for path in docs.iterdir()}
    city.night(1, datadocs=docs)
    assert {path.name: path.read_bytes() for path in docs.iterdir()} == pages


def test_entities_alone_are_enough_for_ingest(tmp_path: Path) -> None:
    city = City(tmp_path)
    city.put("市场主体/a.csv", as_csv(entities(1), "gb18030"))
    (delivery,) = city.night().deliveries
    assert delivery.record["encoding"] == "gb18030"
