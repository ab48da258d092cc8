"""The snapshots under ``OUT/snapshots/``: ``as_of=YYYY-MM-DD``, then ``.r2``, ``.r3`` and so on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from publish.places import MANIFEST, SNAPSHOTS

_NAME = re.compile(r"as_of=(\d{4}-\d{2}-\d{2})(?:\.r([1-9]\d*))?")


@dataclass(frozen=True, order=True)
class Revision:
    """One snapshot folder; the greatest of a day is the newest of it.

    Attributes:
        as_of: the day asked about.
        number: 1 for the first snapshot of the day.
        path: the folder.
    """

    as_of: date
    number: int
    path: Path

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.path.name

    def manifest(self) -> dict[str, Any] | None:
        """Its manifest, or None where that cannot be read."""
        try:
            value = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def is_whole(self, manifest: dict[str, Any]) -> bool:
        """Whether all its files are there in their size. ``verify`` looks closer."""
        try:
            return all((self.path / o["path"]).stat().st_size == o["bytes"] for o in manifest["outputs"])
        except (OSError, KeyError, TypeError):
            return False


def revisions(out: Path, as_of: date | None = None) -> list[Revision]:
    """The snapshots of a day, or of all days, oldest first."""
    folder = out / SNAPSHOTS
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if (revision := _revision(path)) and as_of in (None, revision.as_of):
            found.append(revision)
    return sorted(found)


def next_name(out: Path, as_of: date) -> tuple[str, str | None]:
    """Name of the next snapshot of a day, and of the one that it supersedes."""
    standing = revisions(out, as_of)
    first = f"as_of={as_of.isoformat()}"
    return (f"{first}.r{standing[-1].number + 1}", standing[-1].name) if standing else (first, None)


def newest_alike(out: Path, as_of: date, known_by: date | None) -> tuple[Revision, dict[str, Any]] | None:
    """The newest whole snapshot of a day that knew deliveries up to the same day, with its manifest."""
    limit = known_by.isoformat() if known_by else None
    for revision in reversed(revisions(out, as_of)):
        manifest = revision.manifest()
        if manifest is None:
            return None  # damaged: a new revision takes its place
        if manifest.get("known_by") == limit:
            return (revision, manifest) if revision.is_whole(manifest) else None
    return None


def _revision(path: Path) -> Revision | None:
    match = _NAME.fullmatch(path.name)
    if not match or match[2] == "1" or not path.is_dir():
        return None
    try:
        return Revision(date.fromisoformat(match[1]), int(match[2] or 1), path)
    except ValueError:
        return None
