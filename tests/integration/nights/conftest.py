"""One small city, graded once; every test here gets a copy of its folders."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from data.sample import generate
from flows.pipeline import Answered
from flows.request import Request
from flows.run import run
from tests.integration.cli.conftest import City, Told, city

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
    folder = tmp_path_factory.mktemp("night")
    generate(folder / "landing", 100, 1, DAY)
    made = Graded(folder / "landing", folder / "out")
    grade(made.landing, made.out)
    return made


def grade(landing: Path, out: Path, now: datetime = NOW, **options: object) -> Answered:
    request = Request(landing, out, wait_seconds=0, **options)  # type: ignore[arg-type]
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


def command(
    *arguments: object, environ: Mapping[str, str] | None = None, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Runs ``creditgrade`` in a process of its own, as a timer would, with nothing of Prefect's around it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=200, cwd=ROOT, env={**clean, **(environ or {})},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


__all__ = ["City", "Graded", "city"]
