"""The corpus again, and a few new inputs for each target; `make fuzz` runs many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import CORPUS, at_random, targets
from tests.fuzz.choices import Choices

KEPT = sorted(path for path in CORPUS.glob("*/*") if not path.name.startswith("."))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}/{path.name[:8]}")
def test_what_once_went_wrong(path: Path) -> None:
    targets()[path.parent.name](Choices(path.read_bytes()))


@pytest.mark.parametrize("name", list(targets()))
def test_a_few_inputs(name: str) -> None:
    assert at_random(name, targets()[name], seed=2026, inputs=60, seconds=30) > 0
