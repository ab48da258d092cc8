"""One small city, graded once; every test here gets a copy of its folders. And a Prefect server for some."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows.nightly.server import running_server
from flows.pipeline import Answered
from flows.request import Request
from flows.run import run
from tests.integration.cli.conftest import City, Told, city
from tests.integration.law.city import first_delivery, row, write
from tests.sharing import made_once

ROOT = Path(__file__).parents[3]
DAY = date(2026, 6, 30)
# 09:00 in Shanghai on that day.
NOW = datetime(2026, 6, 30, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Graded:
    """A landing folder and what one run left of it."""

    landing: Path
    out: Path

    @property
    def snapshot(self) -> Path:
        return self.out / "snapshots" / f"as_of={DAY}"

    def copy(self, folder: Path) -> Graded:
        shutil.copytree(self.landing, folder / "landing")
        shutil.copytree(self.out, folder / "out")
        return Graded(folder / "landing", folder / "out")


@pytest.fixture(scope="session")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """Never written to."""

    def make(folder: Path) -> None:
        landing = folder / "landing"
        first_delivery(landing)
        fresh = row(
            "penalties", "general", doc_no="宣市监罚〔2026〕8号", decided_on="2026-06-19", fine_fen="900000"
        )
        write(landing, "penalties/fresh", [fresh])
        write(
            landing,
            "listings/fresh",
            [row("listings", "shop", doc_no="宣列〔2026〕8号", listed_on="2026-06-18")],
        )
        grade(landing, folder / "out")

    folder = made_once(tmp_path_factory, "graded-night", make)
    return Graded(folder / "landing", folder / "out")


def grade(landing: Path, out: Path, now: datetime = NOW, **options: Any) -> Answered:
    request = Request(landing, out, **{"wait_seconds": 0, **options})
    return run(request, now=now, environ={}, show=Told())


def tables(snapshot: Path) -> dict[str, bytes]:
    """The reproducible files of a snapshot: every Parquet and CSV."""
    found = [path for suffix in ("parquet", "csv") for path in snapshot.rglob(f"*.{suffix}")]
    assert found
    return {path.relative_to(snapshot).as_posix(): path.read_bytes() for path in found}


def tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """All that can be seen of a folder: modes, times of change, bytes."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


class Done(NamedTuple):
    """What a command left."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs ``creditgrade`` in this process."""
    from flows.cli import _run

    def call(*arguments: object, code: int = 0) -> Done:
        capsys.readouterr()
        found = _run([str(argument) for argument in arguments])
        done = Done(found, *capsys.readouterr())
        assert done.code == code, done.stderr
        return done

    return call


# Prefect reads its settings when it is imported, so what needs it has a process of its own: one for many commands.
COMMANDS = """
import contextlib, io, json, sys
from flows.cli import _run
for arguments in json.loads(sys.argv[1]):
    told = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(told[0]), contextlib.redirect_stderr(told[1]):
        code = _run(arguments)
    print(json.dumps([code, told[0].getvalue(), told[1].getvalue()]), flush=True)
"""


def commands(*lines: Sequence[object], **environ: str) -> list[Done]:
    """Runs ``creditgrade`` once for each line, as a timer would, with nothing of Prefect's around it."""
    done = script(COMMANDS, json.dumps([[str(word) for word in line] for line in lines]), **environ)
    assert done.stderr == ""
    return [Done(*json.loads(line)) for line in done.stdout.splitlines()]


def script(text: str, *arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in a process of its own, with nothing of Prefect's around it."""
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=280, cwd=ROOT, env={**without_prefect(), **environ},
    )  # fmt: skip


def without_prefect() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dedicated Prefect server, as `creditgrade nightly up` starts it."""
    home = tmp_path_factory.mktemp("prefect")
    with running_server(home, "127.0.0.1", free_port(), without_prefect()) as address:
        yield address


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


__all__ = ["City", "Graded", "city"]


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    return tmp_path / "tmp"
