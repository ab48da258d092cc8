"""One run at a time: ``flock`` on ``OUT/.lock``. The kernel frees it when its holder dies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from records.errors import CreditgradeError
from records.lake.disk import clear_disk_errors, take_lock


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
        if not take_lock(
            handle, wait_seconds,
            waiting=lambda: waiting(f"{_busy(handle, lock)}; waiting up to {wait_seconds:g} s"),
        ):  # fmt: skip
            message = f"{_busy(handle, lock)}; waited {wait_seconds:g} s, --wait SECONDS waits longer"
            raise CreditgradeError(message, rule="run_busy")
        with clear_disk_errors(lock):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({"run_id": run_id, "pid": os.getpid()}).encode(), 0)
        yield
    finally:
        os.close(handle)


def _busy(handle: int, lock: Path) -> str:
    try:
        told = json.loads(os.pread(handle, 4096, 0))
        holder = f"({told['run_id']}, process {told['pid']}) "
    except (ValueError, KeyError, TypeError):
        holder = ""  # it has the lock but has not written its name yet
    return f"another run {holder}writes to {lock.parent}"
