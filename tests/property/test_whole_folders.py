"""Laws that hold for any landing folder, through whole runs: nothing is lost, order is nothing, equal runs are equal.

`CREDITGRADE_FOLDERS` says how many made-up folders (default 1; the nightly run more), `CREDITGRADE_FOLDERS_SEED`
from which seed on.
"""

from __future__ import annotations

import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from flows.request import Request
from flows.run import run
from tests.integration.cli.conftest import Told

COUNT = int(os.environ.get("CREDITGRADE_FOLDERS", "1"))
SEED = int(os.environ.get("CREDITGRADE_FOLDERS_SEED", "1"))
AS_OF = date(2026, 6, 30)
NOW = datetime(2026, 6, 30, 1, 0, tzinfo=UTC)


def graded(landing: Path, out: Path) -> dict[str, Any]:
    """The manifest of one whole run."""
    request = Request(landing, out, as_of=AS_OF.isoformat(), does_publish=True)
    return run(request, now=NOW, environ={}, show=Told()).published.manifest


def in_another_order(source: Path, target: Path, random: Random) -> None:
    """The same files, brought into being in a random order, with random times."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    random.shuffle(files)
    for path in files:
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        at = NOW.timestamp() - random.randrange(10_000_000)
        os.utime(copy, (at, at))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(SEED, SEED + COUNT))
def test_any_folder_adds_up_and_order_is_nothing(seed: int, tmp_path: Path) -> None:
    from data.sample import generate

    random = Random(seed)
    generate(tmp_path / "landing", random.randrange(100, 180), seed, AS_OF)
    first = graded(tmp_path / "landing", tmp_path / "first")
    for one in first["inputs"]:
        if one["refused_rule"] is None:
            assert one["rows_read"] == one["accepted"] + one["quarantined"] + one["duplicates"], one["path"]
    for kind, counts in first["conservation"].items():
        assert counts["accepted"] == counts["current"] + counts["superseded"] + counts["withdrawn"], kind
        accepted = sum(one["accepted"] for one in first["inputs"] if one["kind"] == kind)
        assert counts["accepted"] == accepted, kind
    in_another_order(tmp_path / "landing", tmp_path / "shuffled", random)
    # A lake, a place, an order and a key of its own: the same manifest, and in it the bytes of every file.
    second = graded(tmp_path / "shuffled", tmp_path / "second")
    assert second == first
