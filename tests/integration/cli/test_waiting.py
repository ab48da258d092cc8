"""What a run waits for, and places that cannot be made: told before work begins."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.request import Request
from flows.run import run
from records.errors import CreditgradeError, UsageError
from records.lake.layout import Lake

from .conftest import Told

NOW = datetime(2026, 6, 30, 1, 0, tzinfo=UTC)


def test_waiting_for_a_lake_prints_a_line(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    lake = Lake(tmp_path / "lake")
    has_it, told = threading.Event(), Told()

    def other() -> None:
        with lake.locked():
            has_it.set()
            until = time.monotonic() + 30
            while not told.lines and time.monotonic() < until:
                time.sleep(0.02)

    thread = threading.Thread(target=other)
    thread.start()
    assert has_it.wait(30)
    request = Request(tmp_path / "landing", tmp_path / "out", lake=lake.root, wait_seconds=60)
    with pytest.raises(CreditgradeError, match="no_entities"):
        run(request, now=NOW, environ={}, show=told)
    thread.join()
    assert told.lines == [f"another run writes to {lake.root}; waiting up to 60 s"]


@pytest.mark.parametrize(("out", "lake"), [("/proc/out", None), ("out", "/proc/lake")])
def test_a_place_that_cannot_be_made_is_wrong_usage(out: str, lake: str | None, tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    request = Request(tmp_path / "landing", tmp_path / out, lake=None if lake is None else Path(lake))
    with pytest.raises(UsageError, match=r"cannot make /proc/.*not_writable"):
        run(request, now=NOW, environ={}, show=Told())


def test_a_retry_that_is_no_number_is_told_by_a_plain_run(tmp_path: Path) -> None:
    (tmp_path / "landing").mkdir()
    request = Request(tmp_path / "landing", tmp_path / "out")
    with pytest.raises(UsageError, match="CREDITGRADE_RETRY_SECONDS 'soon'"):
        run(request, now=NOW, environ={"CREDITGRADE_RETRY_SECONDS": "soon"}, show=Told())
    assert json.loads((tmp_path / "out" / "status.json").read_text())["exit_code"] == 2
    assert not (tmp_path / "out" / "lake").exists()
