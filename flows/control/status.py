"""``OUT/status.json``: what became of the last attempt, for monitors and for the person in the morning."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from records.lake.disk import write_json


@dataclass(frozen=True)
class Status:
    """One attempt.

    Attributes:
        run_id: name of the attempt, and of its log.
        as_of: the day asked about, as text; None where it could not be read.
        stage: in which it ended; ``done`` where it ended well.
        exit_code: of the process (contract §1).
        rule: that was broken; None where none was.
        message: one line.
        started_at, finished_at: instants.
        snapshot: path of the snapshot under OUT that answers, where there is one.
        warnings: lines that somebody should read.
        last_good: the last attempt that ended well: ``run_id, as_of, path, finished_at``; None where none did.
    """

    run_id: str
    as_of: str | None
    stage: str
    exit_code: int
    rule: str | None
    message: str
    started_at: datetime
    finished_at: datetime
    snapshot: str | None = None
    warnings: tuple[str, ...] = ()
    last_good: dict[str, Any] | None = None

    def write(self, path: Path) -> None:
        """Replaces the file whole. A good attempt becomes ``last_good``, a bad one keeps the one before."""
        good = read_last_good(path) if self.exit_code else self._as_good()
        value = {
            "run_id": self.run_id,
            "as_of": self.as_of,
            "stage": self.stage,
            "exit_code": self.exit_code,
            "rule": self.rule,
            "message": self.message,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "finished_at": self.finished_at.isoformat(timespec="seconds"),
            "snapshot": self.snapshot,
            "warnings": list(self.warnings),
            "last_good": good,
        }
        write_json(path, value, mode=0o644)

    def _as_good(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "as_of": self.as_of,
            "path": self.snapshot,
            "finished_at": self.finished_at.isoformat(timespec="seconds"),
        }


def read_last_good(path: Path) -> dict[str, Any] | None:
    """The last good attempt that a status file tells of; None where it tells of none or cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["last_good"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None
