"""Days and months (rules.md, head; O-03, O-04)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

DAY = timedelta(days=1)
OPEN_END = date(9999, 12, 31)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, clamped to the last day of that month.

    >>> add_months(date(2024, 2, 29), 36), add_months(date(2021, 2, 28), 36)
    (datetime.date(2027, 2, 28), datetime.date(2024, 2, 28))
    """
    years, month0 = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year > OPEN_END.year:
        return OPEN_END
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))


def within_months(event_on: date, day: date, months: int) -> bool:
    """Whether `day` lies in the window that begins with the event; both ends are in (O-03)."""
    return event_on <= day <= add_months(event_on, months)


def whole_months(start: date, day: date) -> int:
    """Completed months from `start` to `day`, each counted from the original date."""
    months = (day.year - start.year) * 12 + day.month - start.month
    return months if add_months(start, months) <= day else months - 1


def next_day(day: date) -> date:
    """The day after; the open end stays."""
    return day if day == OPEN_END else day + DAY
