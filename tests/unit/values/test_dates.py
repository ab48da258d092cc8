"""Dates in every form of the contract, and what is no date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.values.dates import OPEN_END, SHANGHAI, read_date, read_open_date
from tests.unit.values.rows import broken, changed, read

DAY = date(2024, 1, 5)
OPEN_DAYS = (date(2099, 12, 31), date(9999, 12, 31))
FORMS = [
    "2024/01/05", "2024-1-5", "2024.1.5", "2024年1月5日", "2024 年 01 月 05 日", "20240105",
    " 2024/01/05　", "２０２４－０１－０５",
    "2024/1/5 0:00", "2024-01-05 10:30:00", "2024-01-05 10:30:00.0", "2024-01-05T10:30:00", "20240105 10:30",
    "2024年1月5日 10:30", "2024年1月5日10时30分", "2024年1月5日10时", "20240105T103000",
    "2024-01-05T00:00:00+08:00", "2024-01-05T00:00:00.000+0800", "2024-01-04T16:00:00Z", "2024-01-05T15:59:59 UTC",
    "2024-01-04T20:00:00-05:00", "20240104T160000Z", "45296", "1704384000000", "1704470399999",
]  # fmt: skip
UNREADABLE = [
    "2024-02-30", "2023-02-29", "2024/13/01", "2024-00-01", "2024-01/05", "24-01-05", "2024-1", "2024",
    "202401", "9999999999",
    "99999999999", "20240105103000", "202401051030", "4529", "045296", "45296.5", "2024年1月5",
    "2024-01-05 24:00", "2024-01-05 10:60",
    "2024-01-05x", "x", "二〇二四年一月五日", "Jan 5, 2024", "2024-01-05T10:00:00+99:00", "0000-01-01",
    "长期", "-", "2024-01-05Z", "2024-01-0⁵", "2024年①月5日", "2024-0₁-05", "𝟐024-01-05",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_forms(text: str) -> None:
    assert read_date(text) == DAY


@pytest.mark.parametrize("text", UNREADABLE)
def test_unreadable(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize(
    "text", ["2099/12/31", "2099-12-31 00:00:00", "9999-12-31", "99991231", "73050", "2099年12月31日"]
)
def test_open_ends_are_open_only_where_an_end_stands(text: str) -> None:
    assert read_date(text, open_days=OPEN_DAYS) is None
    assert read_open_date(text, open_days=OPEN_DAYS, open_words={"长期"}) == OPEN_END


def test_the_word_for_no_end() -> None:
    assert read_open_date(" 长期 ", open_days=OPEN_DAYS, open_words={"长期"}) == OPEN_END
    assert read_open_date("很久", open_days=OPEN_DAYS, open_words={"长期"}) is None
    assert read_open_date("2024/01/05", open_days=OPEN_DAYS, open_words={"长期"}) == DAY


def test_serials_know_the_leap_day_that_never_was() -> None:
    assert read_date("36526") == date(2000, 1, 1)
    assert read_date("10000") == date(1927, 5, 18)


@given(st.dates(date(1927, 5, 18), date(2173, 10, 13)))
def test_any_day_as_serial(day: date) -> None:
    assert read_date(str((day - date(1899, 12, 30)).days)) == day


@given(
    st.dates(), st.sampled_from(["{}/{:02}/{:02}", "{}-{}-{}", "{}.{}.{}", "{}年{}月{}日", "{}{:02}{:02}"])
)
def test_any_day_in_any_form(day: date, form: str) -> None:
    assert read_date(form.format(f"{day.year:04}", day.month, day.day)) == day


@given(
    st.datetimes(datetime(1974, 1, 1), datetime(2100, 1, 1)),
    st.integers(-11 * 60, 12 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)
def test_instants_are_days_in_shanghai(moment: datetime, zone: timezone) -> None:
    instant = moment.replace(microsecond=0, tzinfo=zone)
    expected = instant.astimezone(SHANGHAI).date()
    assert read_date(instant.isoformat()) == expected
    milliseconds = str(int(instant.timestamp() * 1000))
    utc = instant.astimezone(UTC)
    # A moment of 1976 may be written with the digits of a minute of our days: then it is not guessed.
    assert read_date(milliseconds) in ({expected, None} if utc.year == 1976 else {expected})


@given(
    st.lists(
        st.none() | st.sampled_from(FORMS + UNREADABLE) | st.text("0123456789-/.年月日 :TZ", max_size=20),
        max_size=6,
    )
)
def test_columns_equal_single_dates(texts: list[str | None]) -> None:
    rows = [changed("penalties", publicity_until=text, valid_to=text, updated_on=text) for text in texts]
    if not rows:
        return
    result = read("penalties", *rows)
    values = result.rows.to_pydict()
    for row, text in enumerate(texts):
        is_empty = text is None or text.strip() in ("", "-", "/")
        single = None if is_empty else read_date(text or "", open_days=OPEN_DAYS)
        ends = None if is_empty else read_open_date(text or "", open_days=OPEN_DAYS, open_words={"长期"})
        assert values["updated_on"][row] == single
        assert values["valid_to"][row] == values["publicity_until"][row] == ends
        found = broken(result)[row]
        assert ("date_unreadable:updated_on" in found) == (single is None and not is_empty)
        assert ("date_unreadable:valid_to" in found) == (ends is None and not is_empty)
        assert ("warn:date_unreadable:publicity_until" in found) == (ends is None and not is_empty)
