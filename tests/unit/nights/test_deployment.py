"""What the server plans, and by which schedule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows.nightly.deployment import is_planned

NIGHT = ("30 4 * * *", "Asia/Shanghai", True)
BY_A_PERSON = ("0 2 * * 1-5", "Asia/Shanghai", True)
ELSEWHERE = ("30 3 * * *", "Europe/Berlin", True)


@pytest.mark.parametrize(
    ("begins", "schedules", "expected"),
    [
        (datetime(2026, 11, 28, 20, 30, tzinfo=UTC), (NIGHT,), True),
        (datetime(2026, 11, 28, 19, 30, tzinfo=UTC), (NIGHT,), False),
        (datetime(2026, 11, 28, 20, 30, tzinfo=UTC), (), False),
        (datetime(2026, 11, 28, 18, 0, tzinfo=UTC), (BY_A_PERSON,), True),
        (datetime(2026, 11, 28, 2, 30, tzinfo=UTC), (NIGHT, ELSEWHERE), True),
    ],
)
def test_a_night_is_planned_by_a_schedule_that_stands(
    begins: datetime, schedules: tuple[tuple[str, str, bool], ...], expected: bool
) -> None:
    assert is_planned(begins, schedules) is expected
