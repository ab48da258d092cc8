"""Old snapshots without their bulk: manifests and eligibility stay, ``pruned.json`` says what went and when.

The manifest is not touched: it still holds the hash of every file, so that what is derived again can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from publish.places import DESK, MANIFEST, PRUNED
from records.lake.disk import sync_folder, write_json

KEPT = tuple(
    f"{DESK}/{name}.{suffix}"
    for name in ("eligibility", "eligibility_blockers")
    for suffix in ("parquet", "csv")
)


@dataclass(frozen=True)
class Pruned:
    """What ``pruned.json`` says.

    Attributes:
        on: day of removal, Asia/Shanghai.
        files: paths in the snapshot that were removed.
    """

    on: date
    files: tuple[str, ...]


def read_pruned(snapshot: Path) -> Pruned | None:
    """What was removed of a snapshot; None where it is whole, or the note cannot be read."""
    try:
        value = json.loads((snapshot / PRUNED).read_text(encoding="utf-8"))
        return Pruned(date.fromisoformat(value["pruned_on"]), tuple(str(path) for path in value["files"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def removable(snapshot: Path) -> dict[str, int]:
    """The files of a snapshot that pruning would remove, with their sizes.

    Only what its manifest lists; of one whose manifest cannot be read, nothing.
    """
    try:
        outputs = json.loads((snapshot / MANIFEST).read_text(encoding="utf-8"))["outputs"]
        listed = [str(output["path"]) for output in outputs]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    found = {}
    for path in listed:
        if path not in KEPT and ".." not in Path(path).parts and (snapshot / path).is_file():
            found[path] = (snapshot / path).stat().st_size
    return found


def prune_snapshot(snapshot: Path, files: Iterable[str], on: date) -> None:
    """Removes files of a snapshot. The note is written first: a kill in between leaves nothing unexplained."""
    before = read_pruned(snapshot)
    listed = sorted({*files, *(before.files if before else ())})
    mode = (snapshot / MANIFEST).stat().st_mode & 0o777
    note = {"pruned_on": on.isoformat(), "files": listed}
    write_json(snapshot / PRUNED, note, mode=mode)
    sync_folder(snapshot)
    for path in listed:
        (snapshot / path).unlink(missing_ok=True)
