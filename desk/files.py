"""A snapshot's ``desk/`` folder, checked before a byte of it is believed."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from publish.places import DESK, DESK_MANIFEST, MANIFEST, PRUNED
from records.errors import InputRefused, UsageError

ELIGIBILITY, BLOCKERS = "eligibility.parquet", "eligibility_blockers.parquet"
# A snapshot of an earlier version quotes none of these.
_NEEDED = ("desk_max_age_days", "objection_working_days")
_NAME = re.compile(r"as_of=(\d{4}-\d{2}-\d{2})(?:\.r([1-9]\d*))?")


@dataclass(frozen=True)
class DeskSnapshot:
    """What the desk is told of one day.

    Attributes:
        folder: of the snapshot.
        name: ``as_of=YYYY-MM-DD`` and its revision.
        as_of: the day.
        revision: 1 for the first snapshot of the day.
        manifest_sha256: of ``desk/manifest.json``.
        manifest: as read.
    """

    folder: Path
    name: str
    as_of: date
    revision: int
    manifest_sha256: str
    manifest: dict[str, Any]

    @property
    def eligibility(self) -> Path:
        """One row per entity."""
        return self.folder / DESK / ELIGIBILITY

    @property
    def blockers(self) -> Path:
        """One row per record that stands in the way."""
        return self.folder / DESK / BLOCKERS

    @property
    def rows(self) -> int:
        """Entities, as the manifest says."""
        return next(int(o["rows"]) for o in self.manifest["outputs"] if o["path"] == ELIGIBILITY)


def read_snapshot(folder: Path) -> DeskSnapshot:
    """Reads and checks ``desk/`` of a snapshot; ``regulators/`` is never opened.

    Where this process may read the snapshot's own manifest, the desk's manifest must be the one named there.

    Raises:
        UsageError: ``snapshot_missing``, ``snapshot_unreadable``, ``no_desk_policy``.
        InputRefused: ``snapshot_damaged``, ``known_by``.
    """
    try:
        content = (folder / DESK_MANIFEST).read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{folder} holds no {DESK_MANIFEST}", rule="snapshot_missing") from error
    except OSError as error:
        raise UsageError(
            f"{folder / DESK_MANIFEST} cannot be read: {error.strerror}", rule="snapshot_unreadable"
        ) from error
    found = _described(folder, content)
    _check_against_whole(folder, found)
    _check_files(found)
    if found.manifest.get("known_by") is not None:
        raise InputRefused(
            f"leaves out what landed after {found.manifest['known_by']}: it answers another question",
            rule="known_by",
            file=found.name,
        )
    if missing := [id_ for id_ in _NEEDED if id_ not in found.manifest["citations"]]:
        raise UsageError(
            f"{found.name} quotes no {missing[0]}: an earlier version made it; run it again",
            rule="no_desk_policy",
        )
    return found


def _described(folder: Path, content: bytes) -> DeskSnapshot:
    try:
        value = json.loads(content.decode("utf-8"))
        match = _NAME.fullmatch(value["snapshot"])
        if match is None or match[1] != value["as_of"] or not isinstance(value["citations"], dict):
            raise ValueError("name")
        for key in ("policy_version", "code_version", "accepted_gaps", "outputs"):
            value[key]
        listed = {str(output["path"]) for output in value["outputs"]}
        if not {ELIGIBILITY, BLOCKERS} <= listed or any("/" in path or ".." in path for path in listed):
            raise ValueError("outputs")
        return DeskSnapshot(
            folder,
            match[0],
            date.fromisoformat(match[1]),
            int(match[2] or 1),
            hashlib.sha256(content).hexdigest(),
            value,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(folder, f"{DESK_MANIFEST} is not as it was written") from error


def _check_against_whole(folder: Path, found: DeskSnapshot) -> None:
    try:
        whole = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        expected, name = whole.get("desk_manifest_sha256"), whole.get("snapshot")
    except PermissionError:
        return  # it belongs to the regulators: the desk's own account may not read it
    except (OSError, ValueError, AttributeError) as error:
        raise _damaged(folder, f"{MANIFEST} is missing or not as it was written") from error
    if expected != found.manifest_sha256 or name != found.name:
        raise _damaged(folder, f"{DESK_MANIFEST} is not the one that {MANIFEST} names")


def _check_files(found: DeskSnapshot) -> None:
    has_been_pruned = (found.folder / PRUNED).exists()
    for output in found.manifest["outputs"]:
        name = str(output["path"])
        place = found.folder / DESK / name
        if not place.exists() and has_been_pruned and name not in (ELIGIBILITY, BLOCKERS):
            continue
        try:
            with open(place, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise _damaged(found.folder, f"{DESK}/{name} cannot be read: {error.strerror}") from error
        if digest != output["sha256"]:
            raise _damaged(found.folder, f"{DESK}/{name} has other bytes than the manifest says")


def _damaged(folder: Path, what: str) -> InputRefused:
    return InputRefused(f"damaged, not loaded: {what}", rule="snapshot_damaged", file=folder.name)
