"""Where things lie in a lake, and the one who may write to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from records.errors import CreditgradeError
from records.lake.disk import TEMP_PREFIX, clear_disk_errors, make_folder, take_lock
from records.schema import KINDS

# Below the folder of a kind: its small tables put together (`records.lake.packs`).
PACKS = "packs"


@dataclass(frozen=True)
class Lake:
    """A lake folder. Natural persons' names stand in it: it is made with mode 700."""

    root: Path

    @property
    def journal(self) -> Path:
        """What arrived when, append-only."""
        return self.root / "received.jsonl"

    @property
    def withdrawn(self) -> Path:
        """Deliveries taken out, append-only."""
        return self.root / "withdrawn.jsonl"

    @property
    def received(self) -> Path:
        """Delivered bytes by sha256: the one place where clear citizens' ids remain."""
        return self.root / "received"

    @property
    def scratch(self) -> Path:
        """Delivered bytes while they are parsed; empty between runs."""
        return self.received / ".parsing"

    @property
    def key_record(self) -> Path:
        """Fingerprint of the key that the ids in this lake were hashed with."""
        return self.root / "key.json"

    @property
    def key_file(self) -> Path:
        """The key itself, where the environment gives none."""
        return self.root / "id.key"

    @property
    def seen_files(self) -> Path:
        """Size and times of landing files already hashed; may be deleted at any time."""
        return self.root / "seen-files.json"

    def bytes_of(self, sha256: str) -> Path:
        """Compressed bytes of a delivery."""
        return self.received / f"{sha256}.zst"

    def folder(self, kind: str) -> Path:
        """Where the tables of a kind lie."""
        return self.root / kind

    @contextmanager
    def locked(
        self, wait_seconds: float = 0.0, waiting: Callable[[str], None] = lambda text: None
    ) -> Iterator[None]:
        """Makes the folders and keeps other writers out; leftovers of a killed one are removed.

        Args:
            wait_seconds: how long to wait for another writer; runs of several output folders may share a lake.
            waiting: told once that this one waits.

        Raises:
            CreditgradeError: ``lake_busy`` where another process writes to this lake for longer than that.
            UsageError: ``not_writable``.
        """
        make_folder(self.root, 0o700)
        with clear_disk_errors(self.root):
            handle = os.open(self.root / "lake.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            busy = f"another run writes to {self.root}"
            if not take_lock(
                handle, wait_seconds, waiting=lambda: waiting(f"{busy}; waiting up to {wait_seconds:g} s")
            ):
                message = f"{busy}; waited {wait_seconds:g} s; run again when it has ended"
                raise CreditgradeError(message, rule="lake_busy")
            with clear_disk_errors(self.root):
                self._make_ready()
            yield
        finally:
            os.close(handle)

    def _make_ready(self) -> None:
        self.received.mkdir(mode=0o700, exist_ok=True)
        self.received.chmod(0o700)
        for kind in KINDS:
            self.folder(kind).mkdir(exist_ok=True)
        self.remove_leftovers()

    def remove_leftovers(self) -> None:
        """Removes what writers that were killed had begun. The lake is locked."""
        if self.scratch.exists():
            shutil.rmtree(self.scratch)
        self.scratch.mkdir(mode=0o700)
        for folder in (self.root, self.received, *(self.folder(kind) for kind in KINDS)):
            for place in (folder, folder / PACKS):
                for leftover in place.glob(TEMP_PREFIX + "*"):
                    leftover.unlink()
