"""Days as people type them, and the zone in which a day begins."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import ZoneInfo

from records.errors import UsageError

ZONE = ZoneInfo("Asia/Shanghai")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def read_day(option: str, text: str) -> date:
    """A day as YYYY-MM-DD.

    Raises:
        UsageError: ``bad_date``.
    """
    try:
        if not _DAY.fullmatch(text.strip()):
            raise ValueError(text)
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is no date: write YYYY-MM-DD", rule="bad_date") from error
