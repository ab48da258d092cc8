"""Delivered bytes are stored whole, by their sha256, and come back as they were."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest

from records.errors import CreditgradeError, UsageError
from records.lake import GrowingFile, Lake, UnreadableFile, copy_in, restore
from records.lake.disk import write_json


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    with lake.locked():
        pass
    return lake


def test_bytes_come_back_under_their_hash(lake: Lake, tmp_path: Path) -> None:
    data = os.urandom(3 << 20) + "行政处罚".encode("gb18030")
    source = tmp_path / "a.csv"
    source.write_bytes(data)
    copied = copy_in(lake, source)
    assert copied.sha256 == hashlib.sha256(data).hexdigest()
    assert copied.bytes == len(data)
    with restore(lake, copied.sha256, ".csv.gz") as path:
        assert path.read_bytes() == data
        assert path.name.endswith(".csv.gz")
        assert lake.received in path.parents
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(lake.scratch.iterdir()) == []


def test_received_is_closed_to_others(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    copied = copy_in(lake, tmp_path / "a")
    assert stat.S_IMODE(lake.received.stat().st_mode) == 0o700
    assert stat.S_IMODE(lake.bytes_of(copied.sha256).stat().st_mode) == 0o600


def test_the_same_bytes_are_stored_once(lake: Lake, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"same")
        copy_in(lake, tmp_path / name)
    assert len(list(lake.received.glob("*.zst"))) == 1


def test_an_empty_file_is_stored(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    copied = copy_in(lake, tmp_path / "a")
    with restore(lake, copied.sha256, "") as path:
        assert path.read_bytes() == b""


def test_a_growing_file_is_not_taken(lake: Lake, tmp_path: Path) -> None:
    source = tmp_path / "growing.csv"
    source.write_bytes(os.urandom(8 << 20))
    stop = threading.Event()

    def grow() -> None:
        with source.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"row\n")
                stop.wait(0.0005)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        with pytest.raises(GrowingFile):
            copy_in(lake, source)
    finally:
        stop.set()
        writer.join()
    assert [p for p in lake.received.iterdir() if p != lake.scratch] == []


def test_a_file_that_went_away_is_left_for_later(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(GrowingFile):
        copy_in(lake, tmp_path / "gone.csv")


def test_a_pipe_is_refused_without_waiting(lake: Lake, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UnreadableFile, match="no regular file"):
        copy_in(lake, tmp_path / "pipe.csv")


def test_lost_and_damaged_bytes_are_named(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a" * 1000)
    (tmp_path / "b").write_bytes(b"b" * 1000)
    sha_a, sha_b = (copy_in(lake, tmp_path / name).sha256 for name in ("a", "b"))
    lake.bytes_of(sha_a).write_bytes(lake.bytes_of(sha_b).read_bytes())
    with pytest.raises(CreditgradeError, match="received_bytes_damaged"), restore(lake, sha_a, ""):
        pass
    lake.bytes_of(sha_b).write_bytes(b"no zstd at all")
    with pytest.raises(CreditgradeError, match="received_bytes_damaged"), restore(lake, sha_b, ""):
        pass
    with pytest.raises(CreditgradeError, match="received_bytes_lost"), restore(lake, "0" * 64, ""):
        pass


def test_a_killed_write_leaves_no_file_and_is_cleared_away(lake: Lake) -> None:
    leftover = lake.received / ".writing-abc"
    leftover.write_bytes(b"half")
    (lake.scratch / "clear ids").write_bytes(b"half")
    (lake.folder("penalties") / ".writing-xyz").write_bytes(b"half")
    with lake.locked():
        assert list(lake.received.iterdir()) == [lake.scratch]
        assert list(lake.scratch.iterdir()) == []
        assert list(lake.folder("penalties").iterdir()) == []


def test_one_writer_at_a_time(lake: Lake) -> None:
    with lake.locked(), pytest.raises(CreditgradeError, match="lake_busy"), Lake(lake.root).locked():
        pass


def test_a_writer_waits_for_another_as_long_as_it_was_told(lake: Lake) -> None:
    has_it, may_end = threading.Event(), threading.Event()

    def other() -> None:
        with lake.locked():
            has_it.set()
            may_end.wait(30)

    thread = threading.Thread(target=other)
    thread.start()
    assert has_it.wait(30)
    with pytest.raises(CreditgradeError, match=r"waited 0\.1 s.*lake_busy"), Lake(lake.root).locked(0.1):
        pass
    threading.Timer(0.1, may_end.set).start()
    told: list[str] = []
    with Lake(lake.root).locked(30, told.append):
        assert may_end.is_set()
    thread.join()
    assert told == [f"another run writes to {lake.root}; waiting up to 30 s"]
    with Lake(lake.root).locked(30, told.append):
        assert len(told) == 1  # nobody to wait for


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.json"
    write_json(target, {"n": 1})

    def full(*names: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("records.lake.disk.os.replace", full)
    with pytest.raises(CreditgradeError, match="disk_full"):
        write_json(target, {"n": 2})
    assert target.read_text() == '{\n "n": 1\n}\n'
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("place", ["/proc/lake", "x" * 300])
def test_a_lake_that_cannot_be_made_is_wrong_usage(place: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot make .*not_writable"), Lake(tmp_path / place).locked():
        pass


def test_a_lake_that_is_a_file_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("no folder")
    with pytest.raises(UsageError, match="not_writable"), Lake(tmp_path / "lake").locked():
        pass
