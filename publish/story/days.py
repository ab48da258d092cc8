"""Days as the rules count them (rules, introduction)."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

OPEN_END = date(9999, 12, 31)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, clamped to the month's last day; the open end where no later day exists.

    >>> add_months(date(2024, 2, 29), 36)
    datetime.date(2027, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return OPEN_END
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def day_after(day: date) -> date:
    """The next day; the open end has none."""
    return day if day >= OPEN_END else day + timedelta(days=1)
