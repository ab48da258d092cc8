"""``latest.json`` moves last, for the day of the run or when asked, and never back (contract §3)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from flows.control.folder import OutFolder
from flows.control.latest import Move, move_latest, read_latest

TODAY = date(2026, 6, 30)


@pytest.fixture
def out(tmp_path: Path) -> OutFolder:
    return OutFolder(tmp_path)


def move(
    out: OutFolder,
    as_of: date,
    *,
    has_asked: bool = False,
    known_by: date | None = None,
    name: str | None = None,
) -> Move:
    folder = out.snapshots / (name or f"as_of={as_of}")
    return move_latest(
        out, folder, "f" * 64, as_of=as_of, today=TODAY, has_asked=has_asked, known_by=known_by
    )


def test_the_day_of_the_run_moves_it(out: OutFolder) -> None:
    assert move(out, TODAY) == Move(True)
    assert json.loads(out.latest.read_text()) == {
        "as_of": "2026-06-30", "path": "snapshots/as_of=2026-06-30", "manifest_sha256": "f" * 64,
    }  # fmt: skip


def test_another_day_moves_it_only_when_asked(out: OutFolder) -> None:
    quiet = move(out, date(2026, 6, 1))
    assert (quiet.is_moved, quiet.is_warning) == (False, False)
    assert quiet.note is not None and "--publish" in quiet.note
    assert not out.latest.exists()
    assert move(out, date(2026, 6, 1), has_asked=True).is_moved


@pytest.mark.parametrize("has_asked", [False, True])
def test_never_to_the_future(out: OutFolder, has_asked: bool) -> None:
    refused = move(out, date(2026, 7, 1), has_asked=has_asked)
    assert (refused.is_moved, refused.is_warning) == (False, True)
    assert not out.latest.exists()


def test_never_back(out: OutFolder) -> None:
    move(out, TODAY)
    refused = move(out, date(2026, 6, 29), has_asked=True)
    assert (refused.is_moved, refused.is_warning) == (False, True)
    standing = read_latest(out)
    assert standing is not None and standing["as_of"] == "2026-06-30"


def test_a_revision_of_the_same_day_takes_its_place(out: OutFolder) -> None:
    move(out, TODAY)
    assert move(out, TODAY, name="as_of=2026-06-30.r2").is_moved
    standing = read_latest(out)
    assert standing is not None and standing["path"] == "snapshots/as_of=2026-06-30.r2"


@pytest.mark.parametrize("has_asked", [False, True])
def test_what_was_known_earlier_never_moves_it(out: OutFolder, has_asked: bool) -> None:
    refused = move(out, TODAY, known_by=date(2026, 6, 29), has_asked=has_asked)
    assert (refused.is_moved, refused.is_warning) == (False, has_asked)
    assert not out.latest.exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"as_of": "soon", "path": "x", "manifest_sha256": "y"}', '{"as_of": 1}']
)
def test_a_damaged_one_is_mended_by_the_next_move(out: OutFolder, text: str) -> None:
    out.latest.write_text(text)
    assert read_latest(out) is None
    assert move(out, TODAY).is_moved


def test_it_is_not_written_anew_for_the_same_snapshot(out: OutFolder) -> None:
    move(out, TODAY)
    before = out.latest.stat().st_mtime_ns
    assert move(out, TODAY).is_moved
    assert out.latest.stat().st_mtime_ns == before
