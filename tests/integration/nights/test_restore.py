"""From ``received/``, ``received.jsonl`` and the key alone, every past snapshot comes out in the same bytes."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from flows.days import ZONE
from flows.lake_care import compact_lake, existing_lake
from records.errors import CreditgradeError
from records.lake import Lake, withdraw
from records.lake.compact import lake_status
from tests.integration.nights.conftest import DAY, NOW, Graded, command, grade, tables

SECOND = NOW + timedelta(days=2)
# What docs/operations/backup.md tells to copy, and nothing else.
BACKED_UP = ("received.jsonl", "withdrawn.jsonl", "id.key", "key.json", "received")


def is_utf8(path: Path) -> bool:
    try:
        path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.slow
def test_two_nights_come_back_in_the_same_bytes(graded: Graded, tmp_path: Path) -> None:
    mine = graded.copy(tmp_path)
    # A second night: a file less in the folder, one better, and a delivery taken out.
    gone, changed = sorted(path for path in (mine.landing / "penalties").rglob("*.csv") if is_utf8(path))[:2]
    gone.unlink()
    changed.write_bytes(changed.read_bytes().replace(b"\r\n", b"\n") + b"\n")
    lake = Lake(mine.out / "lake")
    receipt = next(iter(lake.received.glob("*.zst")))
    withdraw(lake.root, receipt.name.removesuffix(".zst"), "delivered by mistake", SECOND)
    second = grade(mine.landing, mine.out, SECOND).published.path
    days = (NOW.astimezone(ZONE).date(), SECOND.astimezone(ZONE).date())

    rebuilt = tmp_path / "rebuilt"
    (rebuilt / "lake").mkdir(parents=True)
    for name in BACKED_UP:
        source = lake.root / name
        if source.is_dir():
            shutil.copytree(source, rebuilt / "lake" / name)
        else:
            shutil.copyfile(source, rebuilt / "lake" / name)
    (tmp_path / "empty").mkdir()
    for day, snapshot in zip(days, (graded.snapshot, second), strict=True):
        command(
            "run", "-q", "--landing", tmp_path / "empty", "--out", rebuilt, "--as-of", day, "--known-by", day
        )
        assert tables(rebuilt / "snapshots" / f"as_of={day}") == tables(snapshot)


def test_a_lake_is_looked_at_and_made_smaller(graded: Graded, tmp_path: Path) -> None:
    mine = graded.copy(tmp_path)
    lake = Lake(mine.out / "lake")
    found = lake_status(lake, reads_all=True)
    assert (found.missing, found.damaged, found.unrecorded) == ((), (), 0)
    assert found.kinds["penalties"].deliveries > 0 and found.kinds["penalties"].newest == DAY
    told = command("lake", "status", "--out", mine.out, "--read-all").stdout
    assert "penalties" in told

    before = {path.name for path in lake.root.rglob("*") if path.is_file()}
    assert compact_lake(lake, None, {}, dry_run=False).files == 0
    # Another reader's tables beside those in use.
    for path in list(lake.folder("penalties").glob("*.json"))[:2]:
        shutil.copyfile(path, path.with_name(f"{path.name[:64]}-0123456789abcdef.json"))
    table = next(lake.folder("penalties").glob("*[0-9a-f].parquet"))
    shutil.copyfile(table, table.with_name(f"{table.name[:64]}-0123456789abcdef.parquet"))
    assert compact_lake(lake, None, {}, dry_run=True).files == 3
    assert compact_lake(lake, None, {}, dry_run=False).by_kind == {"penalties": 3}
    assert {path.name for path in lake.root.rglob("*") if path.is_file()} == before

    # What was received is not whole: nothing may be removed that could not be made again.
    bytes_of = next(lake.received.glob("*.zst"))
    bytes_of.write_bytes(bytes_of.read_bytes()[:-7])
    assert len(lake_status(lake, reads_all=True).damaged) >= 1
    assert (
        "[received_bytes_damaged]"
        in command("lake", "status", "--out", mine.out, "--read-all", code=1).stderr
    )
    bytes_of.unlink()
    with pytest.raises(CreditgradeError) as caught:
        compact_lake(lake, None, {}, dry_run=False)
    assert caught.value.rule == "received_bytes_lost"
    assert "[received_bytes_lost]" in command("lake", "status", "--out", mine.out, code=1).stderr


def test_a_folder_that_is_no_lake(tmp_path: Path) -> None:
    with pytest.raises(CreditgradeError) as caught:
        existing_lake(tmp_path, None)
    assert caught.value.rule == "lake_missing"
    assert "[missing_option]" in command("lake", "status", code=2).stderr
