"""A dedicated Prefect server on this machine: its process, and whether it answers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flows.nightly.settings import api_url, server_settings
from records.errors import CreditgradeError, UsageError
from records.lake.disk import clear_disk_errors

START_SECONDS = 180.0
_STOP_SECONDS = 20.0
# No proxy of the environment may stand between this process and its own machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def environment(
    environ: Mapping[str, str], home: Path, host: str, port: int, database: str | None = None
) -> dict[str, str]:
    """The environment for a server and its clients; what an operator set stays.

    Args:
        environ: this process's.
        home: folder for all that Prefect keeps.
        host, port: where it listens.
        database: URL of a PostgreSQL database (``postgresql+asyncpg://…``); SQLite under ``home`` without.
    """
    made = {**server_settings(home, host, port), **environ}
    # These two name one server: an address set for another one would lead the runs astray.
    made["PREFECT_API_URL"] = api_url(host, port)
    made["PREFECT_HOME"] = str(home)
    if database:
        made["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    return made


def command(host: str, port: int) -> list[str]:
    """Starts the server in the foreground."""
    return [sys.executable, "-m", "prefect", "server", "start", "--host", host, "--port", str(port)]


def make_home(home: Path) -> None:
    """The folder of Prefect's own data, for its owner alone."""
    with clear_disk_errors(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)


def server_version(api: str) -> str | None:
    """The version of the Prefect server that answers at an address; None where none does."""
    try:
        with _opener.open(f"{api}/admin/version", timeout=5) as answer:
            found = json.loads(answer.read())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, str) else None


def is_port_taken(host: str, port: int) -> bool:
    """Whether something listens there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((host, port)) == 0


@contextmanager
def running_server(
    home: Path, host: str, port: int, environ: Mapping[str, str], database: str | None = None
) -> Iterator[str]:
    """Gives the API's address of a server: of the one that answers there, or of one started for the block.

    Raises:
        UsageError: ``port_taken`` where something else listens.
        CreditgradeError: ``server_dead`` where it ends or does not answer in time.
    """
    api = api_url(host, port)
    if server_version(api) is not None:
        yield api
        return
    if is_port_taken(host, port):
        raise UsageError(
            f"{host}:{port} is taken by something else; --port chooses another", rule="port_taken"
        )
    make_home(home)
    log = home / "server.log"
    with open(log, "ab") as told:
        process = subprocess.Popen(
            command(host, port), env=environment(environ, home, host, port, database), stdout=told,
            stderr=told, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(process, api, log)
        yield api
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[bytes], api: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while server_version(api) is None:
        if process.poll() is not None:
            raise CreditgradeError(
                f"the Prefect server ended with {process.returncode}; see {log}", rule="server_dead"
            )
        if time.monotonic() > until:
            raise CreditgradeError(
                f"the Prefect server does not answer after {START_SECONDS:g} s; see {log}", rule="server_dead"
            )
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the server and what it started: they are a group of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
            process.wait(_STOP_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
