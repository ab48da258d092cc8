"""What a night is asked to do, which day it is about, and which days were missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.control.folder import OutFolder
from flows.control.latest import read_latest
from flows.days import ZONE
from records.errors import UsageError

if TYPE_CHECKING:
    from publish.revisions import Revision

# So far back a missed night is named; after that nobody grades it any more without being asked.
_MISSED_DAYS = 31


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
    """Days before ``until`` that have no snapshot, of the last 31, from the first night on.

    A night is graded on its own day. A snapshot of another day (``run --as-of``, a backfill) fills a gap and begins
    no count; a gap is named until it is graded, however many nights went well since.

    Args:
        out: the output folder.
        until: the day before which nights are counted, not itself one.
    """
    from publish.revisions import revisions

    earlier = [revision for revision in revisions(out.root) if revision.as_of < until]
    have = {revision.as_of for revision in earlier}
    first = until - timedelta(days=_MISSED_DAYS)
    gap = [day for day in days(first, until - timedelta(days=1)) if day not in have]
    if not gap:
        return []
    # One manifest is enough where the night before the gap is one: the nearest is looked at first.
    before = [revision for revision in reversed(earlier) if revision.as_of < gap[0]]
    after = [revision for revision in earlier if revision.as_of > gap[0]]
    for revision in (*before, *after):
        if _is_night(revision):
            return [day for day in gap if day > revision.as_of]
    return []


def _is_night(revision: Revision) -> bool:
    """Whether a snapshot was made on the day that it is about."""
    try:
        made = datetime.fromisoformat((revision.manifest() or {})["created_at"])
    except (KeyError, TypeError, ValueError):
        return False
    return made.astimezone(ZONE).date() == revision.as_of


def days(first: date, last: date) -> Iterator[date]:
    """Both ends in."""
    day = first
    while day <= last:
        yield day
        day += timedelta(days=1)
