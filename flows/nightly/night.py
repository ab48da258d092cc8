"""What a night is asked to do, which day it is about, and which days were missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from flows.control.folder import OutFolder
from flows.control.latest import read_latest
from flows.days import ZONE
from records.errors import UsageError


@dataclass(frozen=True)
class Night:
    """The options of a scheduled run; all paths absolute, since it starts in another folder.

    Attributes:
        wait_seconds: how long a night waits for another run to end.
    """

    landing: Path
    out: Path
    lake: Path | None = None
    policy: Path | None = None
    engine: str = "duckdb"
    on_finish: str | None = None
    wait_seconds: float = 3600.0

    def parameters(self) -> dict[str, Any]:
        """As the parameters of the flow: small values only."""
        return {
            "landing": str(self.landing.resolve()),
            "out": str(self.out.resolve()),
            "lake": str(self.lake.resolve()) if self.lake else None,
            "policy": str(self.policy.resolve()) if self.policy else None,
            "engine": self.engine,
            "on_finish": self.on_finish,
            "wait_seconds": self.wait_seconds,
        }


def read_time(option: str, text: str) -> time:
    """A time of day as HH:MM.

    Raises:
        UsageError: ``bad_time``.
    """
    try:
        hour, minute = text.split(":")
        return time(int(hour), int(minute))
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is no time of day: write HH:MM", rule="bad_time") from error


def late_for(scheduled: datetime | None, now: datetime) -> date | None:
    """The day of a run that starts on a later day than the one it was scheduled for, else None.

    Such a run has nothing to say: the night of today runs, ``creditgrade backfill`` grades the others.
    """
    if scheduled is None:
        return None
    day = scheduled.astimezone(ZONE).date()
    return day if day < now.astimezone(ZONE).date() else None


def is_due(out: OutFolder, at: time, now: datetime) -> bool:
    """Whether the night of today should have run already and has not published."""
    local = now.astimezone(ZONE)
    standing = read_latest(out)
    is_published = standing is not None and date.fromisoformat(standing["as_of"]) >= local.date()
    return local.time() >= at and not is_published


def missed(out: OutFolder, until: date) -> list[date]:
    """Days before ``until`` that have no snapshot, from the first day that has one on.

    Args:
        out: the output folder.
        until: the day before which nights are counted, not itself one.
    """
    from publish.revisions import revisions

    have = {revision.as_of for revision in revisions(out.root)}
    known = [day for day in have if day < until]
    return [day for day in days(max(known), until - timedelta(days=1)) if day not in have] if known else []


def days(first: date, last: date) -> Iterator[date]:
    """Both ends in."""
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)
