"""Where things lie under OUT, and whether a run can write there at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from publish.places import SNAPSHOTS, TEMP_PREFIX
from records.errors import CreditgradeError, UsageError

# Below this a run could not even write down why it failed.
LEAST_FREE_BYTES = 64 << 20
_WORK_PREFIX = "run-"


@dataclass(frozen=True)
class OutFolder:
    """The output folder of contract §3."""

    root: Path

    @property
    def snapshots(self) -> Path:
        """Holds ``as_of=YYYY-MM-DD`` folders."""
        return self.root / SNAPSHOTS

    @property
    def lake(self) -> Path:
        """The lake, where no other was named."""
        return self.root / "lake"

    @property
    def latest(self) -> Path:
        """Names the snapshot that stands for today."""
        return self.root / "latest.json"

    @property
    def status(self) -> Path:
        """What became of the last attempt."""
        return self.root / "status.json"

    @property
    def metrics(self) -> Path:
        """The last attempt for Prometheus."""
        return self.root / "metrics.prom"

    @property
    def acceptances(self) -> Path:
        """Gaps that a person accepted until a day."""
        return self.root / "acceptances.jsonl"

    @property
    def lock(self) -> Path:
        """Locked by the one run that may write."""
        return self.root / ".lock"

    @property
    def logs(self) -> Path:
        """One JSON-lines file a run."""
        return self.root / "logs"

    @property
    def datadocs(self) -> Path:
        """The data docs of the last validation."""
        return self.root / "datadocs"

    @property
    def work(self) -> Path:
        """Intermediate tables while a run lasts. They hold names and classes, so only the owner enters."""
        return self.root / ".work"

    def make(self) -> None:
        """Makes the folder.

        Raises:
            UsageError: ``not_writable``.
        """
        from records.lake.disk import clear_disk_errors, make_folder

        make_folder(self.root)
        # The bits of the mode do not tell (a read-only mount, another owner): write something.
        with clear_disk_errors(self.root), tempfile.TemporaryFile(dir=self.root):
            pass

    def remove_leftovers(self) -> None:
        """Removes half-written files and tables of a killed run; the caller holds the lock.

        Also where this run has nothing to do: a kill just after the snapshot got its name leaves a day's tables.
        """
        for leftover in self.root.glob(f"{TEMP_PREFIX}*"):
            leftover.unlink(missing_ok=True)
        for folder in (*self.work.glob(f"{_WORK_PREFIX}*"), *self.snapshots.glob(f"{TEMP_PREFIX}*")):
            shutil.rmtree(folder)

    def check_free_space(self, snapshot: Path | None) -> None:
        """Refuses to begin what could not end.

        Args:
            snapshot: the newest snapshot, whose size tells what a new one and its intermediate tables need.

        Raises:
            CreditgradeError: ``disk_full``.
        """
        before = sum(path.stat().st_size for path in snapshot.rglob("*") if path.is_file()) if snapshot else 0
        needed = LEAST_FREE_BYTES + 3 * before
        free = shutil.disk_usage(self.root).free
        if free < needed:
            raise CreditgradeError(
                f"{self.root}: {free >> 20} MiB are free, a run needs {needed >> 20} MiB; "
                f"`creditgrade prune --out {self.root}` makes room",
                rule="disk_full",
            )

    @contextmanager
    def work_folder(self, run_id: str) -> Iterator[Path]:
        """An empty folder for one run; leftovers of a killed one are removed. The caller holds the lock."""
        from records.lake.disk import clear_disk_errors

        with clear_disk_errors(self.work):
            self.work.mkdir(mode=0o700, exist_ok=True)
            self.work.chmod(0o700)
            for leftover in self.work.glob(f"{_WORK_PREFIX}*"):
                shutil.rmtree(leftover)
            mine = self.work / f"{_WORK_PREFIX}{run_id}"
            mine.mkdir(mode=0o700)
        try:
            yield mine
        finally:
            shutil.rmtree(mine, ignore_errors=True)


def existing_out(path: Path) -> OutFolder:
    """An output folder that a run has made.

    Raises:
        UsageError: ``out_missing``.
    """
    if not path.is_dir():
        raise UsageError(f"output folder {path} does not exist", rule="out_missing")
    return OutFolder(path)
