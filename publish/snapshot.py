"""A graded day as a snapshot folder: written under a temporary name, verified, then renamed into place.

A kill at any instant leaves what stood before; what it leaves under a temporary name the next run removes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from publish.access import Access
from publish.changes import add_changes
from publish.manifest import Edition, as_bytes, desk_manifest, gives_same_answers, manifest
from publish.places import CORES, DESK, DESK_MANIFEST, MANIFEST, REGULATORS, SNAPSHOTS, TEMP_PREFIX
from publish.report.page import write_report
from publish.revisions import newest_alike, next_name
from publish.tables import TABLES
from publish.verify import verify
from publish.writer import Output, write_table
from records.errors import PromiseBroken
from records.lake.disk import clear_disk_errors, sync_folder
from records.resolve.workspace import parquet_files

if TYPE_CHECKING:
    from models.engine import EngineResult


@dataclass(frozen=True)
class Published:
    """A snapshot that stands.

    Attributes:
        path: its folder.
        manifest: as stored.
        is_new: False where it stood before this run.
    """

    path: Path
    manifest: dict[str, Any]
    is_new: bool

    @property
    def manifest_sha256(self) -> str:
        """Of the manifest file."""
        return hashlib.sha256((self.path / MANIFEST).read_bytes()).hexdigest()


def find_same(edition: Edition, out: Path) -> Published | None:
    """The snapshot that was made from the same inputs by the same code, if it stands."""
    found = newest_alike(out, edition.as_of, edition.known_by)
    if found is None or found[1].get("inputs_digest") != edition.inputs_digest:
        return None
    return Published(found[0].path, found[1], is_new=False)


def publish(result: EngineResult, edition: Edition, out: Path, *, access: Access | None = None) -> Published:
    """Writes, verifies and names a snapshot; the caller holds the lock of ``out``.

    Where the newest snapshot of the day gives the same answers from the same inputs (only the code, or the day
    on which the lake was built, differ), that one stays and nothing is added.

    Args:
        result: the graded tables, unsorted, with their counts.
        edition: what they were made from.
        out: the output folder.
        access: groups that may read the folders.

    Raises:
        PromiseBroken: what ``verify`` finds; nothing is published then.
        CreditgradeError: ``disk_full``.
        UsageError: ``not_writable``, ``group_not_allowed``.
    """
    folder = out / SNAPSHOTS
    with clear_disk_errors(folder):
        folder.mkdir(exist_ok=True)
        remove_leftovers(out)
        name, supersedes = next_name(out, edition.as_of)
        temporary = folder / f"{TEMP_PREFIX}{name}"
        temporary.mkdir(mode=0o700)
        try:
            described = _write(result, edition, out, temporary, name, supersedes)
            if problems := verify(temporary, does_read_cells=False):
                more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
                raise PromiseBroken(f"not published: {problems[0].message}{more}", rule=problems[0].rule)
            alike = newest_alike(out, edition.as_of, edition.known_by)
            if alike is not None and gives_same_answers(alike[1], described):
                return Published(alike[0].path, alike[1], is_new=False)
            (access or Access()).apply(temporary)
            _sync(temporary)
            os.rename(temporary, folder / name)
            sync_folder(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Published(folder / name, described, is_new=True)


def remove_leftovers(out: Path) -> None:
    """Removes what a killed run left under a temporary name; the caller holds the lock."""
    for leftover in (out / SNAPSHOTS).glob(f"{TEMP_PREFIX}*"):
        shutil.rmtree(leftover)


def _write(
    result: EngineResult, edition: Edition, out: Path, folder: Path, name: str, supersedes: str | None
) -> dict[str, Any]:
    for part in (REGULATORS, DESK):
        (folder / part).mkdir(mode=0o700)
    scratch = folder / ".sorting"
    tables, changes = add_changes(result, edition, out)
    outputs = _write_tables(tables, folder, scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    for_desk = as_bytes(
        desk_manifest(
            edition,
            name=name,
            supersedes=supersedes,
            outputs=outputs,
            statuses=result.summary.get("statuses", {}),
        )
    )
    (folder / DESK_MANIFEST).write_bytes(for_desk)
    described = manifest(
        edition,
        name=name,
        supersedes=supersedes,
        outputs=outputs,
        conservation=result.conservation,
        summary=result.summary,
        changes=changes,
        warnings=result.warnings,
        desk_manifest_sha256=hashlib.sha256(for_desk).hexdigest(),
    )
    # The report shows what the manifest says, so it is made last and named in it.
    described["outputs"].append(asdict(write_report(folder, out, described)))
    (folder / MANIFEST).write_bytes(as_bytes(described))
    return described


def _write_tables(tables: Mapping[str, Path], folder: Path, scratch: Path) -> list[Output]:
    """Every table, the largest first so that the cores end together; listed in the order of `TABLES`.

    Raises:
        PromiseBroken: ``table_columns``.
    """
    scratch.mkdir()
    by_size = sorted(TABLES, key=lambda spec: -_size(tables[spec.name]))
    with ThreadPoolExecutor(CORES) as pool:
        jobs = {
            spec.name: pool.submit(write_table, spec, tables[spec.name], folder, scratch / spec.name)
            for spec in by_size
        }
        try:
            return [output for spec in TABLES for output in jobs[spec.name].result()]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _size(table: Path) -> int:
    return sum(file.stat().st_size for file in parquet_files(table))


def _sync(folder: Path) -> None:
    """Brings files and names to the disk, before the rename makes them the answer."""
    for root, _, files in os.walk(folder):
        for file in files:
            handle = os.open(os.path.join(root, file), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        sync_folder(Path(root))
