"""A policy folder that a test may spoil."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import policy
from policy import Policy, load_policy, loading
from policy.reading import read_yaml

SHIPPED = Path(policy.__file__).parent
Edit = Callable[..., Path]
_PARSED: dict[tuple[str, bytes], Any] = {}


@pytest.fixture(scope="session")
def shipped() -> Policy:
    """The policy that lies beside the package."""
    return load_policy()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped YAML files."""
    for path in SHIPPED.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def parse_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that a test leaves as it is need not be parsed again for each test."""

    def read(path: Path) -> Any:
        key = (path.name, path.read_bytes())
        if key not in _PARSED:
            _PARSED[key] = read_yaml(path)
        return copy.deepcopy(_PARSED[key])

    monkeypatch.setattr(loading, "read_yaml", read)


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Function of (file, old, new) that replaces the first `old` of a file of the copy; `old` must stand there."""

    def replace(file: str, old: str, new: str) -> Path:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} does not hold {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return replace
