"""A stage that takes too long is ended, and says so; alarms of others go on."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from flows.control.limits import DEFAULT_MINUTES, ENV, Limits, StageTimeout
from records.errors import UsageError

ROOT = Path(__file__).parents[3]


def never(error: object) -> None:
    pytest.fail(f"gave up: {error}")


def test_what_the_environment_says() -> None:
    assert Limits.of({}).seconds["grade"] == DEFAULT_MINUTES["grade"] * 60
    mine = Limits.of({ENV: " ingest=300, grade=0.5 "})
    assert (mine.seconds["ingest"], mine.seconds["grade"]) == (18_000, 30)
    for text in ("grade", "grade=x", "grade=0", "grade=-1", "cook=5", "grade=nan"):
        with pytest.raises(UsageError):
            Limits.of({ENV: text})


def test_a_loop_is_ended() -> None:
    with pytest.raises(StageTimeout) as caught, Limits({"grade": 0.1}).on("grade", give_up=never):  # noqa: PT012
        while True:
            time.sleep(0.01)
    assert (caught.value.exit_code, caught.value.rule) == (1, "stage_timeout")
    assert "grade" in str(caught.value) and ENV in str(caught.value)


def test_a_query_is_ended() -> None:
    import duckdb

    began = time.monotonic()
    with pytest.raises(StageTimeout), Limits({"grade": 0.3}).on("grade", give_up=never):
        duckdb.sql(
            "select count(*) from range(100000000) a, range(1000) b where a.range % 7 = b.range"
        ).fetchall()
    assert time.monotonic() - began < 20


def test_a_library_that_catches_errors_does_not_catch_the_alarm() -> None:
    with pytest.raises(StageTimeout), Limits({"grade": 0.05}).on("grade", give_up=never):  # noqa: PT012
        try:
            time.sleep(5)
        except Exception:  # noqa: BLE001 (that is the point)
            time.sleep(5)


def test_an_error_in_time_stays_what_it_was() -> None:
    with pytest.raises(ValueError, match="mine"), Limits({"grade": 5}).on("grade", give_up=never):
        raise ValueError("mine")
    with Limits({}).on("grade", give_up=never):
        pass
    assert signal.getitimer(signal.ITIMER_REAL)[0] != pytest.approx(5, abs=1)


def test_another_alarm_goes_on() -> None:
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    timer = signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with Limits({"grade": 5}).on("grade", give_up=never):
            time.sleep(0.05)
        until = time.monotonic() + 5
        while not rung and time.monotonic() < until:
            time.sleep(0.01)
        assert rung == [1]
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def test_in_a_thread_nothing_is_limited() -> None:
    done = []

    def work() -> None:
        with Limits({"grade": 0.01}).on("grade", give_up=never):
            time.sleep(0.1)
        done.append(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [1]


STUCK = """
import signal
from flows.control.limits import Limits
def told(error):
    print(error.rule, flush=True)
with Limits({"grade": 0.2}).on("grade", give_up=told, grace=0.3):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})  # as a call that never comes back to Python
    import time
    time.sleep(60)
"""


def test_work_that_hears_no_alarm_ends_with_the_process() -> None:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", STUCK], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "stage_timeout\n", "")
    assert time.monotonic() - began < 20
