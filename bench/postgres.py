"""A PostgreSQL server of one's own for a while, on a socket in a folder of its own: for measuring and for tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql")
START_TRIES = 200


@contextmanager
def own_server(*, is_durable: bool) -> Iterator[str]:
    """The newest PostgreSQL of the machine, started and stopped.

    Args:
        is_durable: a commit waits for the disk, as in service.

    Yields:
        URL with ``{name}`` for the database; the user ``desk`` may make databases.
    """
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda place: int(place.parts[-3]))
    program = found[-1].parent if found else Path(shutil.which("postgres") or "").parent
    # The path of a socket is short, and the server refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="cgpg", dir="/tmp"))
    as_other = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.getuid() == 0 else []
    if as_other:
        shutil.chown(folder, "nobody", "nogroup")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    make = [str(program / "initdb"), "-D", str(folder / "data"), "-U", "desk", "-A", "trust", "-E", "UTF8"]
    make += ["--locale=C.UTF-8", "--no-sync"]
    subprocess.run([*as_other, *make], check=True, capture_output=True, cwd=folder)
    settings = {
        "listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "on" if is_durable else "off",
    }  # fmt: skip
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(
            [*as_other, str(program / "postgres"), "-D", str(folder / "data"), "-p", str(port), *options],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        for _ in range(START_TRIES):
            if (folder / f".s.PGSQL.{port}").exists():
                break
            time.sleep(0.1)
        yield f"postgresql://desk@/{{name}}?host={folder}&port={port}"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def make_databases(url: str, *names: str) -> None:
    """Makes databases on a server that may still be starting."""
    import psycopg

    for tries_left in reversed(range(START_TRIES)):
        try:
            with psycopg.connect(url.format(name="postgres"), autocommit=True) as connection:
                for name in names:
                    connection.execute(f'CREATE DATABASE "{name}"')
            return
        except psycopg.OperationalError:
            if not tries_left:
                raise
            time.sleep(0.1)
