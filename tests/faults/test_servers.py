"""The Prefect server, and the database under it, end and come back in mid-run; in `make faults` alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from flows.nightly.server import running_server
from tests.faults.city import ROOT, Known, Out, tables
from tests.integration.nights.conftest import free_port, without_prefect

HOST = "127.0.0.1"


def start(out: Out, api: str) -> subprocess.Popen[str]:
    """The second night by Prefect, from the command line."""
    words = [
        sys.executable, "-m", "flows.cli", "run", "-q", "--landing", str(out.known.folder / "landing"),
        "--out", str(out.root), "--as-of", "2026-06-30", "--publish", "--runner", "prefect",
    ]  # fmt: skip
    environ = {**without_prefect(), "PREFECT_API_URL": api, "CREDITGRADE_RETRY_SECONDS": "1"}
    return subprocess.Popen(
        words, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def in_mid_run(out: Out) -> None:
    """Waits until the run grades: its folder of work is there."""
    until = time.monotonic() + 200
    while not list(out.root.glob(".work/run-*")):
        assert time.monotonic() < until
        time.sleep(0.1)


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
    with running_server(tmp_path / "prefect", HOST, port, without_prefect()) as api:
        night = start(out, api)
        in_mid_run(out)
    with running_server(tmp_path / "prefect", HOST, port, without_prefect()):
        check(out, night)


def test_the_prefect_server_does_not_come_back(known: Known, tmp_path: Path) -> None:
    out = known.fresh(tmp_path / "out")
    with running_server(tmp_path / "prefect", HOST, free_port(), without_prefect()) as api:
        night = start(out, api)
        in_mid_run(out)
    check(out, night)


BIN = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def database(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A PostgreSQL for Prefect's own store: its URL, and the command that restarts it without a farewell."""
    folder.mkdir()
    as_user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL will not run as root
        shutil.chown(folder, "postgres")
        for parent in folder.parents[:4]:
            if parent.stat().st_mode & 0o777 == 0o700:
                parent.chmod(0o711)
        as_user = ["runuser", "-u", "postgres", "--"]
    port, data = free_port(), str(folder / "data")

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

    call(str(BIN / "initdb"), "-D", data, "-A", "trust", "-U", "prefect", "-E", "UTF8", "--no-sync")
    control = [str(BIN / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log")]
    call(*control, "-o", f"-p {port} -k {folder} -c listen_addresses={HOST}", "start")
    try:
        client = ["-h", HOST, "-p", str(port), "-U", "prefect"]
        call(str(BIN / "createdb"), *client, "prefect")
        call(str(BIN / "psql"), *client, "prefect", "-c", "CREATE EXTENSION IF NOT EXISTS pg_trgm")
        yield (
            f"postgresql+asyncpg://prefect@{HOST}:{port}/prefect",
            [*as_user, *control, "-m", "immediate", "restart"],
        )
    finally:
        call(*control, "-m", "immediate", "stop")


@pytest.mark.skipif(not BIN.is_dir(), reason="PostgreSQL 15 is not installed")
def test_the_database_under_the_prefect_server_restarts(known: Known, tmp_path: Path) -> None:
    out = known.fresh(tmp_path / "out")
    with ExitStack() as stack:
        url, restart = stack.enter_context(database(tmp_path / "pg"))
        api = stack.enter_context(
            running_server(tmp_path / "prefect", HOST, free_port(), without_prefect(), url)
        )
        night = start(out, api)
        in_mid_run(out)
        subprocess.run(restart, check=True, cwd="/", stdout=subprocess.DEVNULL)
        check(out, night)
