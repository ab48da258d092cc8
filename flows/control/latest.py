"""``OUT/latest.json``: the snapshot that stands for today; moved last, and never back (contract §3)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flows.control.folder import OutFolder


@dataclass(frozen=True)
class Move:
    """What was done with ``latest.json``.

    Attributes:
        is_moved: whether it names the snapshot of this run now.
        note: why not, in words; None where it does.
        is_warning: whether somebody asked for, or could have expected, a move that was refused.
    """

    is_moved: bool
    note: str | None = None
    is_warning: bool = False


def move_latest(
    out: OutFolder,
    snapshot: Path,
    manifest_sha256: str,
    *,
    as_of: date,
    today: date,
    has_asked: bool,
    known_by: date | None,
) -> Move:
    """Lets ``latest.json`` name a snapshot, where the rules allow it.

    Args:
        out: the output folder, whose lock is held.
        snapshot: folder of the snapshot.
        manifest_sha256: of its manifest.
        as_of: the day asked about.
        today: day of the run, Asia/Shanghai.
        has_asked: ``--publish`` was given.
        known_by: day up to which deliveries were known; None for all.
    """
    if known_by is not None:
        return Move(False, "latest.json was not moved: --known-by leaves out what is known today", has_asked)
    if as_of > today:
        return Move(False, f"latest.json was not moved: {as_of} lies in the future", True)
    if as_of != today and not has_asked:
        return Move(
            False, f"latest.json was not moved: {as_of} is not the day of this run (--publish moves it)"
        )
    standing = read_latest(out)
    if standing is not None and as_of < date.fromisoformat(standing["as_of"]):
        return Move(False, f"latest.json was not moved: it stands at the later day {standing['as_of']}", True)
    value = {
        "as_of": as_of.isoformat(),
        "path": snapshot.relative_to(out.root).as_posix(),
        "manifest_sha256": manifest_sha256,
    }
    if value != standing:
        from records.lake.disk import sync_folder, write_json

        write_json(out.latest, value, mode=0o644)
        sync_folder(out.root)
    return Move(True)


def read_latest(out: OutFolder) -> dict[str, Any] | None:
    """What ``latest.json`` says; None where there is none or it cannot be read (the next move mends it)."""
    try:
        value = json.loads(out.latest.read_text(encoding="utf-8"))
        date.fromisoformat(value["as_of"])
        return {
            "as_of": value["as_of"],
            "path": str(value["path"]),
            "manifest_sha256": value["manifest_sha256"],
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None
