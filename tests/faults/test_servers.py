"""The Prefect server, and the database under it, end and come back in mid-run; in `make faults` alone.

These nights come from the command line, so their files land on the real day, and some tables tell on which day a
file landed (``filing_timeliness``). They are compared with an undisturbed night of the same day of landing.
"""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path
from typing import Any

import pytest

from flows.days import ZONE
from flows.nightly.server import running_server
from tests.faults.city import ROOT, SEED, TIMES, Known, Out, desk, tables
from tests.integration.nights.conftest import free_port, without_prefect

HOST = "127.0.0.1"
AS_OF = "2026-06-30"


@contextmanager
def night_by(out: Out, api: str) -> Iterator[subprocess.Popen[str]]:
    """The second night by Prefect, from the command line, once it grades: its folder of work is there."""
    words = [
        sys.executable, "-m", "flows.cli", "run", "-q", "--landing", str(out.known.folder / "landing"),
        "--out", str(out.root), "--as-of", AS_OF, "--publish", "--runner", "prefect",
    ]  # fmt: skip
    environ = {**without_prefect(), "PREFECT_API_URL": api, "CREDITGRADE_RETRY_SECONDS": "1"}
    with subprocess.Popen(
        words, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as night:
        try:
            until = time.monotonic() + 300
            while not list(out.root.glob(".work/run-*")):
                assert night.poll() is None and time.monotonic() < until
                time.sleep(0.1)
            yield night
        finally:
            night.kill()


@pytest.fixture(scope="module")
def landed_on(known: Known, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Known]:
    """What is known of undisturbed nights whose files landed on a day."""

    @functools.cache
    def of(day: str) -> Known:
        out = known.fresh(tmp_path_factory.mktemp(f"landed-{day}") / "out")
        noon = datetime.combine(date.fromisoformat(day), clock(12), ZONE)
        assert out.night(replay="", **at(noon)) == (0, "")
        snapshot = out.root / "snapshots" / f"as_of={AS_OF}"
        return replace(known, second=tables(snapshot), desk=desk(out.root))

    return of


def at(now: datetime) -> dict[str, Any]:
    """The night of ``AS_OF`` at another time."""
    return {"now": now.isoformat(), "as_of": AS_OF, "does_publish": True}


def check(out: Out, night: subprocess.Popen[str], landed_on: Callable[[str], Known]) -> None:
    """It ended with the known answers, or refused with the reason; the next run ends with them."""
    told, errors = night.communicate(timeout=600)
    received = [json.loads(line) for line in (out.root / "lake" / "received.jsonl").read_text().splitlines()]
    (day,) = {
        one["landed_on"] for one in received if one["path"].startswith(("penalties/later", "listings/later"))
    }
    out.known = landed_on(day)
    out.stands()
    assert told == "" and "Traceback" not in errors
    if night.returncode:
        (line,) = errors.splitlines()
        assert "[server_away]" in line
    code, line = out.night(replay="", **at(datetime.now(ZONE)))
    assert (code, line) == (0, "")
    assert [path.name for path in (out.root / "snapshots").iterdir() if AS_OF in path.name] == [
        f"as_of={AS_OF}"
    ]
    assert tables(out.root / "snapshots" / f"as_of={AS_OF}") == out.known.second
    assert desk(out.root) == out.known.desk


def test_the_prefect_server_restarts(known: Known, landed_on: Callable[[str], Known], tmp_path: Path) -> None:
    out, port = known.fresh(tmp_path / "out"), free_port()
    with ExitStack() as later:
        with running_server(tmp_path / "prefect", HOST, port, without_prefect()) as api:
            night = later.enter_context(night_by(out, api))
        later.enter_context(running_server(tmp_path / "prefect", HOST, port, without_prefect()))
        check(out, night, landed_on)


def test_the_prefect_server_does_not_come_back(
    known: Known, landed_on: Callable[[str], Known], tmp_path: Path
) -> None:
    out = known.fresh(tmp_path / "out")
    with ExitStack() as later:
        with running_server(tmp_path / "prefect", HOST, free_port(), without_prefect()) as api:
            night = later.enter_context(night_by(out, api))
        check(out, night, landed_on)


BIN = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def database() -> Iterator[tuple[str, list[str]]]:
    """A PostgreSQL for Prefect's own store: its URL, and the command that restarts it without a farewell."""
    # Not in pytest's folder: PostgreSQL will not run as root, and its user must get there.
    folder = Path(tempfile.mkdtemp(prefix="creditgrade-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    port, data = free_port(), str(folder / "data")
    control = [str(BIN / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log")]

    def call(*words: str) -> None:
        done = subprocess.run(
            [*as_user, *words],
            check=False,
            text=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert done.returncode == 0, done.stderr

    try:
        call(str(BIN / "initdb"), "-D", data, "-A", "trust", "-U", "prefect", "-E", "UTF8", "--no-sync")
        call(*control, "-o", f"-p {port} -k {folder} -c listen_addresses={HOST}", "start")
        try:
            client = ["-h", HOST, "-p", str(port), "-U", "prefect"]
            call(str(BIN / "createdb"), *client, "prefect")
            call(str(BIN / "psql"), *client, "prefect", "-c", "CREATE EXTENSION IF NOT EXISTS pg_trgm")
            url = f"postgresql+asyncpg://prefect@{HOST}:{port}/prefect"
            yield url, [*as_user, *control, "-m", "immediate", "restart"]
        finally:
            call(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(not BIN.is_dir(), reason="PostgreSQL 15 is not installed")
@pytest.mark.parametrize("number", range(max(TIMES // 50, 1)))
def test_the_database_under_the_prefect_server_restarts(
    known: Known, landed_on: Callable[[str], Known], tmp_path: Path, number: int
) -> None:
    out = known.fresh(tmp_path / "out")
    with ExitStack() as stack:
        url, restart = stack.enter_context(database())
        api = stack.enter_context(
            running_server(tmp_path / "prefect", HOST, free_port(), without_prefect(), url)
        )
        night = stack.enter_context(night_by(out, api))
        # In grading, in publishing, or just after the end.
        time.sleep(random.Random(f"{SEED} database {number}").uniform(0, 6 * known.seconds))
        subprocess.run(restart, check=True, cwd="/", stdout=subprocess.DEVNULL)
        check(out, night, landed_on)
