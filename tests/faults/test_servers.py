"""The Prefect server, and the database under it, end and come back in mid-run; in `make faults` alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from flows.nightly.server import running_server
from tests.faults.city import ROOT, Known, Out, tables
from tests.integration.nights.conftest import free_port, without_prefect

HOST = "127.0.0.1"


@contextmanager
def night_by(out: Out, api: str) -> Iterator[subprocess.Popen[str]]:
    """The second night by Prefect, from the command line, once it grades: its folder of work is there."""
    words = [
        sys.executable, "-m", "flows.cli", "run", "-q", "--landing", str(out.known.folder / "landing"),
        "--out", str(out.root), "--as-of", "2026-06-30", "--publish", "--runner", "prefect",
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


def check(out: Out, night: subprocess.Popen[str]) -> None:
    """It ended with the known answers, or refused with the reason; the next run ends with them."""
    told, errors = night.communicate(timeout=600)
    out.stands()
    assert told == "" and "Traceback" not in errors
    if night.returncode:
        (line,) = errors.splitlines()
        assert "[server_away]" in line
    # The files of the second night landed on the real day of this test: tables only.
    code, line = out.night(replay="")
    assert (code, line) == (0, "")
    assert tables(out.root / "snapshots" / "as_of=2026-06-30") == out.known.second


def test_the_prefect_server_restarts(known: Known, tmp_path: Path) -> None:
    out, port = known.fresh(tmp_path / "out"), free_port()
    with ExitStack() as later:
        with running_server(tmp_path / "prefect", HOST, port, without_prefect()) as api:
            night = later.enter_context(night_by(out, api))
        later.enter_context(running_server(tmp_path / "prefect", HOST, port, without_prefect()))
        check(out, night)


def test_the_prefect_server_does_not_come_back(known: Known, tmp_path: Path) -> None:
    out = known.fresh(tmp_path / "out")
    with ExitStack() as later:
        with running_server(tmp_path / "prefect", HOST, free_port(), without_prefect()) as api:
            night = later.enter_context(night_by(out, api))
        check(out, night)


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
def test_the_database_under_the_prefect_server_restarts(known: Known, tmp_path: Path) -> None:
    out = known.fresh(tmp_path / "out")
    with ExitStack() as stack:
        url, restart = stack.enter_context(database())
        api = stack.enter_context(
            running_server(tmp_path / "prefect", HOST, free_port(), without_prefect(), url)
        )
        night = stack.enter_context(night_by(out, api))
        subprocess.run(restart, check=True, cwd="/", stdout=subprocess.DEVNULL)
        check(out, night)
