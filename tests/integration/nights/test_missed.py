"""Missed nights, two runs at once, a holder that died, gaps whose acceptance is over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from flows.backfill import backfill
from flows.control.folder import OutFolder
from flows.days import ZONE
from flows.nightly.night import is_due, late_for, missed, read_time
from flows.request import Request
from records.errors import CreditgradeError, InputRefused, PromiseBroken, UsageError
from tests.integration.nights.conftest import NOW, ROOT, City


def fill(city: City, first: str, last: str, now: datetime = NOW, **options: Any) -> list[str]:
    lines: list[str] = []
    request = Request(city.folder / "landing", city.out, wait_seconds=0)
    again = bool(options.pop("again", False))
    backfill(
        request, first, last, again=again, now=now, environ={}, show=city.told, told=lines.append, **options
    )
    return lines


def latest(city: City) -> str:
    return str(json.loads((city.out / "latest.json").read_text(encoding="utf-8"))["as_of"])


def test_only_the_missing_days_are_graded_and_latest_stays(city: City) -> None:
    city.run(now=NOW - timedelta(days=3))
    city.run(now=NOW)
    assert missed(OutFolder(city.out), date(2026, 6, 30)) == [date(2026, 6, 28), date(2026, 6, 29)]
    assert fill(city, "2026-06-27", "2026-06-29") == [
        "2026-06-27: has a snapshot, left as it is",
        "2026-06-28: as_of=2026-06-28 published",
        "2026-06-29: as_of=2026-06-29 published",
    ]
    assert latest(city) == "2026-06-30"
    assert missed(OutFolder(city.out), date(2026, 6, 30)) == []
    assert fill(city, "2026-06-28", "2026-06-28", again=True) == [
        "2026-06-28: as_of=2026-06-28 stands already"
    ]


def test_a_backfill_before_any_night_moves_nothing(city: City) -> None:
    fill(city, "2026-06-29", "2026-06-29")
    assert not (city.out / "latest.json").exists()
    assert missed(OutFolder(city.out), date(2026, 6, 29)) == []


def test_a_gap_is_named_until_it_is_graded_or_a_month_old(city: City) -> None:
    out = OutFolder(city.out)
    for ago in (4, 2, 1, 0):
        city.run(now=NOW - timedelta(days=ago))
    assert missed(out, date(2026, 7, 1)) == [date(2026, 6, 27)], "three nights went well since"
    assert missed(out, date(2026, 7, 28))[0] == date(2026, 6, 27)
    assert missed(out, date(2026, 7, 29))[0] == date(2026, 7, 1)
    fill(city, "2026-06-27", "2026-06-27")
    assert missed(out, date(2026, 7, 1)) == []


def test_a_day_long_past_begins_no_count(city: City) -> None:
    out = OutFolder(city.out)
    city.run(as_of="2022-03-01")
    city.run(as_of="2026-06-10")
    assert missed(out, date(2026, 6, 30)) == []
    city.run(now=NOW)
    assert missed(out, date(2026, 7, 1)) == [], "the first night has none before it"
    assert missed(out, date(2026, 7, 2)) == [date(2026, 7, 1)]


def test_a_snapshot_that_cannot_be_read_is_no_night(city: City) -> None:
    city.run(now=NOW)
    (city.out / "snapshots" / "as_of=2026-06-30" / "manifest.json").write_text("{}")
    assert missed(OutFolder(city.out), date(2026, 7, 2)) == []


@pytest.mark.parametrize(
    ("first", "last", "rule"),
    [
        ("2026-06-29", "2026-06-30", "bad_option"),  # today is not missed yet
        ("2026-06-29", "2026-06-28", "bad_option"),
        ("29.6.2026", "2026-06-29", "bad_date"),
    ],
)
def test_days_that_make_no_sense(city: City, first: str, last: str, rule: str) -> None:
    with pytest.raises(UsageError) as caught:
        fill(city, first, last)
    assert caught.value.rule == rule


def test_a_day_that_would_break_a_promise_does_not_stop_the_others(city: City) -> None:
    city.fail["grade"] = PromiseBroken("rows were lost", rule="rows_lost")
    with pytest.raises(
        PromiseBroken, match="2 of 2 days were not published, first 2026-06-28: rows were lost"
    ):
        fill(city, "2026-06-28", "2026-06-29")
    assert city.calls.count("grade") == 2


def test_a_refused_file_stops_a_backfill(city: City) -> None:
    city.fail["ingest"] = InputRefused("no", rule="file_undecodable", file="penalties/a.csv")
    with pytest.raises(InputRefused):
        fill(city, "2026-06-28", "2026-06-29")
    assert city.calls == ["ingest"]


def test_a_run_that_comes_a_day_late_is_not_made_up() -> None:
    scheduled = datetime(2026, 6, 28, 2, 0, tzinfo=ZONE)
    assert late_for(scheduled, datetime(2026, 6, 28, 23, 59, tzinfo=ZONE)) is None
    assert late_for(scheduled, datetime(2026, 6, 29, 0, 0, tzinfo=ZONE)) == date(2026, 6, 28)
    # 17:00 UTC on the 27th is 01:00 on the 28th in Shanghai.
    assert late_for(datetime(2026, 6, 27, 17, tzinfo=UTC), datetime(2026, 6, 28, 3, tzinfo=UTC)) is None
    assert late_for(None, NOW) is None


def test_after_downtime_the_night_of_today_is_due_once(city: City) -> None:
    at, out = read_time("--at", "02:00"), OutFolder(city.out)
    morning = datetime(2026, 6, 30, 9, 0, tzinfo=ZONE)
    assert not is_due(out, at, morning.replace(hour=1))
    assert is_due(out, at, morning)
    city.run(now=morning - timedelta(days=1))
    assert is_due(out, at, morning)
    city.run(now=morning)
    assert not is_due(out, at, morning)
    for text in ("2", "25:00", "02:60", "night"):
        with pytest.raises(UsageError):
            read_time("--at", text)


HOLD = """
import sys, time
from pathlib import Path
from flows.control.lock import one_run
with one_run(Path(sys.argv[1]), "other", 0, print):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(city: City) -> subprocess.Popen[str]:
    city.out.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(city.out / ".lock")], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_of_two_runs_the_second_leaves_with_a_message(city: City) -> None:
    with holder(city) as process:
        with pytest.raises(CreditgradeError) as caught:
            city.run(wait_seconds=0.1)
        process.kill()
    assert caught.value.rule == "run_busy" and "other" in str(caught.value)
    assert (city.calls, caught.value.exit_code) == ([], 1)


def test_the_second_waits_and_takes_over_from_a_holder_that_dies(city: City) -> None:
    with holder(city) as process:
        killer = threading.Timer(0.5, os.kill, (process.pid, signal.SIGKILL))
        killer.start()
        began = time.monotonic()
        city.run(wait_seconds=30)
        assert 0.2 < time.monotonic() - began < 25
    assert any("waiting up to 30 s" in line for line in city.told.lines)
    assert latest(city) == "2026-06-30"


def test_a_late_run_for_a_published_date_does_nothing(city: City) -> None:
    first = city.run()
    assert first.published.is_new
    second = city.run(now=NOW + timedelta(hours=5))
    assert not second.published.is_new
    assert [path.name for path in (city.out / "snapshots").iterdir()] == ["as_of=2026-06-30"]


def test_an_acceptance_that_is_over_refuses_again(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    later = NOW + timedelta(days=60)
    with pytest.raises(PromiseBroken) as caught:
        city.run(now=later)
    assert {caught.value.rule} <= {"feed_late", "feeds"}
    until = (later + timedelta(days=2)).astimezone(ZONE).date()
    accepted = city.run(
        now=later, accept_stale=("penalties", "listings"), reason="moving house", until=until.isoformat()
    )
    assert [gap["until"] for gap in accepted.published.manifest["accepted_gaps"]] == [until.isoformat()] * 2
    city.run(now=later + timedelta(days=2))  # the last day, from OUT/acceptances.jsonl alone
    with pytest.raises(PromiseBroken):
        city.run(now=later + timedelta(days=3))
    told = json.loads((city.out / "status.json").read_text(encoding="utf-8"))
    assert told["exit_code"] == 4 and "--accept-stale" in told["message"]
