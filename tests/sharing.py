"""What is dear to make and never changed: made once for all processes of a test run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first process that asks for it fills; the others wait for it.

    Args:
        factory: of temporary folders.
        name: of the folder.
        make: fills the folder. Nobody writes to it afterwards.
    """
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # each process has a folder of its own in there
    folder, made = root / name, root / f"{name}.made"
    with open(root / f"{name}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            folder.mkdir()  # there already: it failed in another process, which told why
            make(folder)
            made.touch()
    return folder
