"""One graded night, shared: a test that changes something copies it first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.integration.law.city import first_delivery, grade
from tests.sharing import made_once


@pytest.fixture(scope="session")
def graded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``landing`` and ``out``, graded once. Not to be changed."""

    def make(folder: Path) -> None:
        first_delivery(folder / "landing")
        grade(folder, does_publish=True)

    return made_once(tmp_path_factory, "graded-city", make)


@pytest.fixture
def city(graded_once: Path, tmp_path: Path) -> Path:
    """A copy of the graded night that a test may change."""
    folder = tmp_path / "city"
    shutil.copytree(graded_once, folder)
    return folder
