"""Worker processes of ingest: the same bytes, and a clear end whatever ends them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from multiprocessing import active_children
from pathlib import Path

import psutil
import pytest

from flows.stages.ingest_artifacts import Artifact
from flows.stages.ingest_judge import Judging
from flows.stages.ingest_processes import work_off
from policy import load_policy
from records.errors import CreditgradeError
from records.lake import Lake, copy_in

from .conftest import DAY, City, entities, penalties


def test_workers_write_the_same_bytes(city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(6):
        city.put(
            f"penalties/{n}.csv", penalties(*range(10 * n, 10 * n + 9), decided_on=DAY - timedelta(days=n))
        )
    city.night()
    monkeypatch.setattr("flows.stages.ingest_workers.WORTH_A_WORKER_BYTES", 1)
    monkeypatch.setattr("flows.stages.ingest_workers.JOB_BYTES", 1)
    other = City(tmp_path / "other")
    other.root.mkdir()
    heard: list[tuple[int, int]] = []
    other.night(landing=city.landing, workers=2, progress=lambda done, whole: heard.append((done, whole)))
    assert other.files() == city.files()
    assert heard == sorted(heard)
    assert len(heard) > 6
    assert heard[-1] == (heard[0][1], heard[0][1])


def _artifact_of_a(city: City) -> Artifact:
    sha256 = copy_in(Lake(city.lake), city.landing / "penalties/a.csv").sha256
    return Artifact("penalties", sha256, "csv", "penalties/a.csv", DAY, 1, None, city.lake / "penalties/x")


def _a_large_and_a_small_job(city: City) -> list[list[Artifact]]:
    city.put("entities/large.csv", entities(*range(40_000)))
    small = _artifact_of_a(city)
    sha256 = copy_in(Lake(city.lake), city.landing / "entities/large.csv").sha256
    return [[replace(small, kind="entities", sha256=sha256, stem=city.lake / "entities/x")], [small]]


def _nothing_is_left(lake: Lake) -> bool:
    return not any(
        list(folder.iterdir()) for folder in (lake.folder("entities"), lake.scratch) if folder.exists()
    ) and not [process for process in active_children() if process.is_alive()]


def test_a_dying_worker_is_one_clear_line(city: City) -> None:
    lake = Lake(city.lake)

    def kill() -> None:
        _wait_for(lambda: lake.scratch.exists() and any(lake.scratch.iterdir()))
        active_children()[0].kill()

    with lake.locked():
        jobs = _a_large_and_a_small_job(city)
        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(CreditgradeError, match=r"^a worker process died .*\[worker_died\]"):
            work_off(lake, jobs, Judging(load_policy(), b"k" * 32, "x"), 1, print)
        killer.join()
        assert _nothing_is_left(lake)


def test_an_interrupted_run_waits_for_no_worker(city: City) -> None:
    lake = Lake(city.lake)

    def interrupt(done: int) -> None:
        assert done == 1
        raise KeyboardInterrupt

    with lake.locked():
        jobs = _a_large_and_a_small_job(city)
        with pytest.raises(KeyboardInterrupt):
            work_off(lake, jobs, Judging(load_policy(), b"k" * 32, "x"), 2, interrupt)
        assert _nothing_is_left(lake)


def test_what_goes_wrong_in_a_worker_is_told_as_it_was_there(city: City) -> None:
    lake = Lake(city.lake)
    with lake.locked():
        jobs = _a_large_and_a_small_job(city)
        lake.bytes_of(jobs[1][0].sha256).write_bytes(b"no zstd")
        with pytest.raises(
            CreditgradeError, match=r"is damaged: restore it .*\[received_bytes_damaged\]"
        ) as raised:
            work_off(lake, jobs, Judging(load_policy(), b"k" * 32, "x"), 2, print)
        assert _nothing_is_left(lake)
    assert "in restore" in "".join(raised.value.__notes__)  # for --debug


def _wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError


ORPHANS = """
import os, signal
from flows.stages.ingest_processes import workers
if __name__ == "__main__":
    with workers(1) as started:
        print(started[0][0].pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(ORPHANS)
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    assert done.returncode == -9
    assert not done.stderr
    for _ in range(100):
        if not psutil.pid_exists(int(done.stdout)):
            break
        time.sleep(0.1)
    assert not psutil.pid_exists(int(done.stdout))
