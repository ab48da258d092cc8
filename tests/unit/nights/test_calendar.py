"""The State Council's arrangements 2020–2026: how many days each year is worked, and which week-ends."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from policy import load_policy
from policy.feeds import Calendar

# 全年工作日；周末上班的日子
WORKED = {
    2020: (249, "01-19 04-26 05-09 06-28 09-27 10-10"),
    2021: (250, "02-07 02-20 04-25 05-08 09-18 09-26 10-09"),
    2022: (249, "01-29 01-30 04-02 04-24 05-07 10-08 10-09"),
    2023: (249, "01-28 01-29 04-23 05-06 06-25 10-07 10-08"),
    2024: (251, "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12"),
    2025: (248, "01-26 02-08 04-27 09-28 10-11"),
    2026: (248, "01-04 02-14 02-28 05-09 09-20 10-10"),
}


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return load_policy().holidays


@pytest.mark.parametrize("year", WORKED)
def test_a_year(calendar: Calendar, year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    worked = [day for day in days if day.year == year and calendar.is_working_day(day)]
    count, week_ends = WORKED[year]
    assert calendar.covers(date(year, 7, 1))
    assert len(worked) == count
    assert [f"{day:%m-%d}" for day in worked if day.weekday() >= 5] == week_ends.split()


def test_counting_over_a_long_holiday(calendar: Calendar) -> None:
    # 2026 春节：二月十四日（周六）上班，十五日至二十三日放假。
    assert calendar.add_working_days(date(2026, 2, 13), 1) == date(2026, 2, 14)
    assert calendar.add_working_days(date(2026, 2, 14), 1) == date(2026, 2, 24)
    assert calendar.working_days_before(date(2026, 2, 24), 3) == date(2026, 2, 13)
    assert calendar.working_days_before(date(2026, 2, 22), 1) == date(2026, 2, 14)
    assert not calendar.covers(date(2027, 1, 1))
