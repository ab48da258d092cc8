"""The zone in which a day begins, and instants as they are stored."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This instant, UTC, in whole microseconds."""
    return datetime.now(UTC)


def day_of(instant: datetime) -> date:
    """The day in Asia/Shanghai on which an instant lies."""
    return instant.astimezone(ZONE).date()


def stamp(instant: datetime) -> str:
    """An instant as it is stored: UTC, microseconds, fixed width, so that text order is time order.

    >>> stamp(datetime(2026, 6, 30, 8, tzinfo=ZONE))
    '2026-06-30T00:00:00.000000Z'
    """
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(text: str) -> datetime:
    """What `stamp` wrote."""
    return datetime.fromisoformat(text)


def local(text: str) -> str:
    """A stored instant as a person at the counter reads it, Asia/Shanghai, to the second.

    >>> local("2026-06-30T00:00:00.000000Z")
    '2026-06-30 08:00:00'
    """
    return instant(text).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
