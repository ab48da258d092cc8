"""``OUT/logs/<run id>.jsonl``: what a run did, in JSON lines; counts and names of files, never a row value."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from records.lake.disk import clear_disk_errors


@contextmanager
def run_log(folder: Path, run_id: str) -> Iterator[Any]:
    """A structlog logger that writes to the run's own file.

    Raises:
        UsageError: ``not_writable``.
    """
    import structlog

    with clear_disk_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(folder / f"{run_id}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "a", encoding="utf-8", buffering=1) as file:
        yield structlog.wrap_logger(
            structlog.WriteLogger(file),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            run_id=run_id,
        )
