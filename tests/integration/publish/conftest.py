"""A graded day, and the same published."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from publish.snapshot import Published, publish
from tests.integration.publish.graded import Graded


@pytest.fixture
def graded(tmp_path: Path) -> Graded:
    return Graded(tmp_path / "engine")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    graded = Graded(folder / "engine")
    return publish(graded.result(), graded.edition(), folder)


@pytest.fixture
def published(published_once: Published, out: Path) -> Published:
    """The graded day as published in ``out``; a test may damage it."""
    path = out / "snapshots" / published_once.path.name
    shutil.copytree(published_once.path, path)
    return replace(published_once, path=path)
