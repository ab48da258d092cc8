"""``run --check`` where there is nothing to grade: what it leaves, and what it says of the command."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.nights.conftest import Done

Command = Callable[..., Done]


def test_a_check_removes_what_a_killed_one_has_left(
    tmp_path: Path, scratch: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("run", "--check", "--landing", tmp_path / "none", "--out", tmp_path / "out")
    killed, going_on = scratch / "creditgrade-check-1", scratch / "creditgrade-check-2"
    for folder in (killed, going_on):
        (folder / "lake" / "received").mkdir(parents=True)
    handle = os.open(going_on, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    command(*asked, code=2)
    assert killed.exists(), "so young that it may not be locked yet"
    monkeypatch.setattr("flows.check._YOUNG_SECONDS", 0)
    command(*asked, code=2)
    os.close(handle)
    assert list(scratch.iterdir()) == [going_on]


def test_a_check_tells_what_is_wrong_with_the_command(tmp_path: Path, command: Command) -> None:
    landing, out = tmp_path / "landing", tmp_path / "out"
    assert "[landing_missing]" in command("run", "--check", "--landing", landing, "--out", out, code=2).stderr
    (landing / "unknown").mkdir(parents=True)
    assert "[unknown_folder]" in command("run", "--check", "--landing", landing, "--out", out, code=3).stderr
    assert not out.exists()
    out.write_text("")
    assert "[not_writable]" in command("run", "--check", "--landing", landing, "--out", out, code=2).stderr
