"""A sound landing folder, an output folder, and the command run on them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flows.cli import _run
from tests.integration.errors import landing as files

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return files.make(tmp_path / "landing", TODAY)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def run(landing: Path, out: Path, *options: str) -> int:
    # With the day spelled out, a test that runs at midnight asks for one day only.
    day = () if "--as-of" in options else ("--as-of", TODAY.isoformat())
    return _run(["run", "--landing", str(landing), "--out", str(out), *day, *options])


def status(out: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((out / "status.json").read_text(encoding="utf-8"))
    return value


def manifest(out: Path) -> dict[str, Any]:
    path = out / json.loads((out / "latest.json").read_text())["path"]
    value: dict[str, Any] = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    return value
