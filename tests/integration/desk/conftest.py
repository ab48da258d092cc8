"""A desk to ask: on SQLite, and on a real PostgreSQL that the session starts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from desk.answers import Answer
from desk.asking import Question, ask
from desk.audit import Audit, Who
from desk.load import Loaded, load
from desk.places import Places
from desk.store import Store
from tests.integration.desk.making import DAY, write_snapshot

WHO = Who("os:tester", "operator", "cli")
NOON = datetime(2026, 6, 30, 4, 0, tzinfo=UTC)
BINARIES = Path("/usr/lib/postgresql")


@dataclass
class City:
    """An output folder with its desk."""

    out: Path
    places: Places
    opened: list[Any] = field(default_factory=list)

    def publish(self, entities: Sequence[Any], blockers: Sequence[Any] = (), **values: Any) -> Path:
        return write_snapshot(self.out, entities, blockers, **values)

    def load(self, snapshot: Path, now: datetime = NOON) -> Loaded:
        return load(snapshot, self.places, now)

    def night(
        self, entities: Sequence[Any], blockers: Sequence[Any] = (), *, as_of: date = DAY, now: datetime | None = None,
        **values: Any,
    ) -> Loaded:  # fmt: skip
        """Publishes and loads on the same day."""
        snapshot = self.publish(entities, blockers, as_of=as_of, **values)
        return self.load(snapshot, now or datetime(as_of.year, as_of.month, as_of.day, 4, tzinfo=UTC))

    @property
    def store(self) -> Store:
        return self._kept(Store(self.places))

    @property
    def audit(self) -> Audit:
        return self._kept(Audit(self.places))

    def ask(
        self, applicant: str, item: str = "", on: date | None = DAY, known_on: date | None = None
    ) -> Answer:
        return ask(self.store, self.audit, WHO, [Question(applicant, item)], on=on, known_on=known_on)[0]

    def _kept(self, made: Any) -> Any:
        self.opened.append(made)
        return made

    def close(self) -> None:
        for made in self.opened:
            made.close()
        self.opened.clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of this session's own, on a socket in a folder of its own."""
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
    make = [
        program / "initdb",
        "-D",
        folder / "data",
        "-U",
        "desk",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]
    subprocess.run([*as_other, *map(str, make), "--no-sync"], check=True, capture_output=True, cwd=folder)
    options = [
        "-c",
        "listen_addresses=",
        "-c",
        f"unix_socket_directories={folder}",
        "-c",
        "fsync=off",
        "-p",
        str(port),
    ]
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(
            [*as_other, str(program / "postgres"), "-D", str(folder / "data"), *options],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        for _ in range(200):
            if (folder / f".s.PGSQL.{port}").exists():
                break
            time.sleep(0.1)
        yield f"postgresql://desk@/{{name}}?host={folder}&port={port}"
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def postgres_places(url: str, out: Path) -> Places:
    """Two fresh databases of the server."""
    import psycopg

    mark = uuid.uuid4().hex[:10]
    for _ in range(100):
        try:
            with psycopg.connect(url.format(name="postgres"), autocommit=True) as connection:
                for name in (f"desk_{mark}", f"audit_{mark}"):
                    connection.execute(f'CREATE DATABASE "{name}"')
            break
        except psycopg.OperationalError:
            time.sleep(0.1)
    return Places.of(out, url.format(name=f"desk_{mark}"), url.format(name=f"audit_{mark}"))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    """A desk on each database."""
    out = tmp_path / "out"
    out.mkdir()
    if request.param == "postgres":
        places = postgres_places(request.getfixturevalue("postgres"), out)
    else:
        places = Places.of(out)
    made = City(out, places)
    yield made
    made.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[City]:
    """A desk on SQLite alone, where the database makes no difference."""
    out = tmp_path / "out"
    out.mkdir()
    made = City(out, Places.of(out))
    yield made
    made.close()
