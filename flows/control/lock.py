"""One run at a time: ``flock`` on ``OUT/.lock``. The kernel frees it when its holder dies."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import CreditgradeError
from records.lake.disk import clear_disk_errors

_LOOK_EVERY_SECONDS = 0.2


@contextmanager
def one_run(lock: Path, run_id: str, wait_seconds: float, waiting: Callable[[str], None]) -> Iterator[None]:
    """Holds the lock for as long as the block runs.

    Args:
        lock: the lock file.
        run_id: written into it, for whoever waits.
        wait_seconds: how long to wait for another run to end.
        waiting: told once that this run waits, and for whom.

    Raises:
        CreditgradeError: ``run_busy`` where the other run did not end in time.
        UsageError: ``not_writable``.
    """
    with clear_disk_errors(lock):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(handle, lock, wait_seconds, waiting)
        with clear_disk_errors(lock):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({"run_id": run_id, "pid": os.getpid()}).encode(), 0)
        yield
    finally:
        os.close(handle)


def _take(handle: int, lock: Path, wait_seconds: float, waiting: Callable[[str], None]) -> None:
    until = time.monotonic() + wait_seconds
    has_told = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            holder = _holder(handle)
            if time.monotonic() >= until:
                raise CreditgradeError(
                    f"another run {holder}writes to {lock.parent}; waited {wait_seconds:g} s, --wait SECONDS "
                    "waits longer",
                    rule="run_busy",
                ) from error
            if not has_told:
                waiting(f"another run {holder}writes to {lock.parent}; waiting up to {wait_seconds:g} s")
                has_told = True
        time.sleep(min(_LOOK_EVERY_SECONDS, max(until - time.monotonic(), 0)))


def _holder(handle: int) -> str:
    try:
        told = json.loads(os.pread(handle, 4096, 0))
        return f"({told['run_id']}, process {told['pid']}) "
    except (ValueError, KeyError, TypeError):
        return ""  # it has the lock but has not written its name yet
