"""Taking landed files in: their bytes to ``received/``, then a line each in the journal."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple
from datetime import date, datetime
from functools import partial
from pathlib import Path

from flows.stages.ingest_landing import LandingFile, Unreadable, walk_landing
from records.lake import (
    Copied,
    FileState,
    GrowingFile,
    Lake,
    Receipt,
    UnreadableFile,
    append_receipts,
    copy_in,
    read_receipts,
)
from records.lake.disk import sync_folder, write_json

# A journal line is written for so many files or bytes at a time: a kill costs at most their hashing.
_FLUSH_FILES = 256
_FLUSH_BYTES = 1 << 29
# Hashing and compressing leave the interpreter's lock.
_THREADS = 2
# A file changed so shortly before it was looked at could change again without another time stamp.
_SETTLED_NS = 2_000_000_000


def receive(lake: Lake, landing: Path, today: date, now: datetime) -> tuple[list[Unreadable], list[str]]:
    """Stores what is new in a landing folder and records it.

    A path gets a new line only where its bytes differ from those of its last line.

    Args:
        lake: a locked lake.
        landing: the landing folder.
        today: day of receipt, Asia/Shanghai.
        now: instant of receipt.

    Returns:
        what could not be read at all, and warnings.

    Raises:
        UsageError, InputRefused: as ``walk_landing``.
        CreditgradeError: ``disk_full``, ``record_damaged``.
    """
    files, unreadable = walk_landing(landing)
    receipts = read_receipts(lake.journal)
    last = {receipt.path: receipt for receipt in receipts}
    warnings = []
    if receipts and today < max(receipt.landed_on for receipt in receipts):
        warnings.append(f"received.jsonl holds deliveries later than today ({today}): was the clock wrong?")
    seen = _SeenFiles(lake)
    batch: list[Receipt] = []
    known = {file: copied for file in files if (copied := seen.find(file.place)) is not None}
    with _pool() as pool:
        taken = pool.map(partial(_take, lake), [file for file in files if file not in known])
        for file in files:
            outcome = known.get(file) or next(taken)
            if isinstance(outcome, Unreadable):
                unreadable.append(outcome)
                continue
            if isinstance(outcome, GrowingFile):
                warnings.append(f"{file.path}: changed while it was read; left for the next run")
                continue
            seen.add(outcome)
            before = last.get(file.path)
            if before is not None and before.sha256 == outcome.sha256:
                continue
            order = before.order + 1 if before else 1
            at = now.isoformat(timespec="seconds")
            receipt = Receipt(file.path, file.kind, outcome.sha256, outcome.bytes, today, order, at)
            last[file.path] = receipt
            batch.append(receipt)
            if len(batch) >= _FLUSH_FILES or sum(item.bytes for item in batch) >= _FLUSH_BYTES:
                _record(lake, batch)
                batch = []
    _record(lake, batch)
    seen.save()
    return unreadable, warnings


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that start nothing more once the run has failed."""
    pool = ThreadPoolExecutor(_THREADS)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _take(lake: Lake, file: LandingFile) -> Copied | Unreadable | GrowingFile:
    try:
        return copy_in(lake, file.place)
    except UnreadableFile as error:
        return Unreadable(file.path, file.kind, "file_unreadable", str(error))
    except GrowingFile as error:
        return error


def _record(lake: Lake, receipts: Sequence[Receipt]) -> None:
    if receipts:
        sync_folder(lake.received)
        append_receipts(lake.journal, receipts)


class _SeenFiles:
    """Files hashed by an earlier run, by device, inode, size and both times.

    Only a saving of work: a file of which anything differs is hashed again, and the list may be deleted.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._started_ns = time.time_ns()
        self._known: dict[FileState, str] = dict(_load(lake.seen_files))
        self._now: dict[FileState, str] = {}

    def find(self, place: Path) -> Copied | None:
        """The file as hashed before, or None where it must be read."""
        try:
            state = FileState.of(os.stat(place))
        except OSError:
            return None  # reading it will say why
        sha256 = self._known.get(state)
        if sha256 is None or not self._lake.bytes_of(sha256).exists():
            return None
        return Copied(sha256, state.size, state)

    def add(self, copied: Copied) -> None:
        """Keeps a file for the next run."""
        self._now[copied.state] = copied.sha256

    def save(self) -> None:
        """Writes the files that lie in the landing folder now and have not changed just before."""
        limit = self._started_ns - _SETTLED_NS
        settled = {s: sha for s, sha in self._now.items() if max(s.modified_ns, s.changed_ns) < limit}
        if settled != self._known:
            rows = sorted([*astuple(state), sha256] for state, sha256 in settled.items())
            write_json(self._lake.seen_files, {"files": rows})


def _load(path: Path) -> Iterator[tuple[FileState, str]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["files"]
        for device, inode, size, modified_ns, changed_ns, sha256 in rows:
            yield FileState(device, inode, size, modified_ns, changed_ns), sha256
    except (OSError, ValueError, KeyError, TypeError):
        return  # no list, or a damaged one: every file is hashed again
