"""Authorities, divisions, feeds and the calendar."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policy import Authority, Policy, PolicyError, fold, load_policy

TODAY = date(2026, 11, 23)


def bearers(policy: Policy, name: str, on: date) -> list[Authority]:
    return [
        one
        for one in policy.authorities
        if fold(name) == fold(one.name)
        or any(fold(name) == fold(alias.name) and alias.covers(on) for alias in one.aliases)
    ]


def test_each_division_has_its_market_regulator(shipped: Policy) -> None:
    regulators = {one.division_code for one in shipped.authorities if one.name.endswith("市场监督管理局")}
    assert {"341800", "341802", "341821", "341823", "341824", "341825", "341881", "341882"} <= regulators


@pytest.mark.parametrize("code", ["", "宣州区", "341899", "341802001", "99", "340000"])
def test_a_division_in_no_table_falls_to_the_city(shipped: Policy, code: str) -> None:
    expected = "340000-scjg" if code == "340000" else "341800-scjg"
    assert shipped.authority_in(code, "scjg") == expected


def test_names_and_codes_of_authorities(shipped: Policy) -> None:
    assert [a.id for a in bearers(shipped, "宣城市市场监管局", TODAY)] == ["341800-scjg"]
    assert [a.id for a in bearers(shipped, "宣州区市场监督管理局", TODAY)] == ["341802-scjg"]
    assert [a.division_code for a in bearers(shipped, "郎溪县人民法院", TODAY)] == ["341821"]
    codes = {one.uscc: one.name for one in shipped.authorities if one.uscc}
    assert codes == {
        "11341700003244772R": "宣城市住房和城乡建设局",
        "113417030032499282": "宣城市宣州区孙埠镇人民政府",
    }


def test_former_names_end(shipped: Policy) -> None:
    assert [a.id for a in bearers(shipped, "宣城市工商行政管理局", date(2019, 12, 31))] == ["341800-scjg"]
    assert bearers(shipped, "宣城市工商行政管理局", date(2020, 1, 1)) == []
    assert [a.id for a in bearers(shipped, "广德县市场监督管理局", date(2018, 5, 1))] == ["341882-scjg"]
    assert [a.id for a in bearers(shipped, "广德市市场监督管理局", TODAY)] == ["341882-scjg"]


def test_no_name_is_borne_by_two_on_one_day(shipped: Policy) -> None:
    for day in (date(2012, 1, 1), date(2018, 6, 1), TODAY):
        borne = [
            (fold(name), one.id)
            for one in shipped.authorities
            for name in (one.name, *(alias.name for alias in one.aliases if alias.covers(day)))
        ]
        assert len({name for name, _ in borne}) == len(borne)


@pytest.mark.parametrize(
    ("authority", "prefix"),
    [
        ("宣城市市场监督管理局", "3418"),
        ("宣城市宣州区市场监督管理局", "341802"),
        ("宣城市生态环境局郎溪分局", "341821"),
        ("泾县应急管理局", "341823"),
        ("国家税务总局宁国市税务局", "341881"),
        ("广德县市场监督管理局", "341882"),
        ("广德市市场监督管理局", "341882"),
        ("宣城经济技术开发区管委会", "341871"),
        ("滁州市定远县市场监督管理局", "3411"),
        ("安徽省宣城市宁国市公安局", "341881"),
        ("合肥市旌德路派出所", "3401"),
        (" 宣城市 经开区管委会", "341871"),
        ("安徽省药品监督管理局", "34"),
        ("合肥市城乡建设局", "3401"),
        ("上海市市场监督管理局", None),
    ],
)
def test_divisions_place_an_authority(shipped: Policy, authority: str, prefix: str | None) -> None:
    division = shipped.division_of(authority)
    assert (division and division.prefix) == prefix


def test_guangde_became_a_city(shipped: Policy) -> None:
    old = next(d for d in shipped.divisions if d.code == "341822")
    new = next(d for d in shipped.divisions if d.code == "341882")
    assert (old.name, old.successor, new.name) == ("广德县", "341882", "广德市")
    assert old.valid_to is not None and new.valid_from is not None
    assert (new.valid_from - old.valid_to).days == 1 and new.valid_from.year == 2019


FEED = """sources:
- id: xuanzhou
  kind: penalties
  authority: 宣州区市场监管局
  divisions: ["341802"]
  limit_working_days: 10
  min_rows_per_week: 1
  max_rows_per_week: 500
- {id: courts, kind: listings, folder: court/daily, divisions: ["3418"], limit_working_days: 20, mode: full}
"""


def test_no_feed_is_declared_by_default(shipped: Policy) -> None:
    assert shipped.feeds == ()


def test_declared_feeds(edit: Any, shipped: Policy) -> None:
    policy = load_policy(edit("feeds.yaml", "sources: []\n", FEED))
    first, second = policy.feeds
    assert (first.authority, first.folder, first.limit_working_days) == ("341802-scjg", None, 10)
    assert (first.min_rows_per_week, first.max_rows_per_week, first.mode) == (1, 500, "incremental")
    assert (second.authority, second.folder, second.mode) == (None, "court/daily", "full")
    assert policy.reader_digest == shipped.reader_digest
    assert policy.version != shipped.version


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "authority: 宣州区市场监管局",
            "authority: 无此机关",
            "sources.xuanzhou.authority: 无此机关 is no authority",
        ),
        ("folder: court/daily, ", "", "sources.courts: needs exactly one of authority and folder"),
        ("folder: court/daily", "folder: /court", "sources.courts.folder"),
        ("folder: court/daily", "folder: ../court", "sources.courts: folder ../court leaves its kind"),
        ("id: courts", "id: xuanzhou", "source xuanzhou stands twice"),
        ("limit_working_days: 10", "limit_working_days: 0", "sources.xuanzhou.limit_working_days"),
        (
            "max_rows_per_week: 500",
            "max_rows_per_week: 1\n  min_rows: 3",
            "sources.xuanzhou.min_rows: unknown key",
        ),
        (
            "min_rows_per_week: 1",
            "min_rows_per_week: 501",
            "max_rows_per_week 500 lies below min_rows_per_week 501",
        ),
        ("kind: listings", "kind: lists", "sources.courts.kind"),
        ('divisions: ["3418"]', "divisions: []", "sources.courts.divisions"),
    ],
)
def test_wrong_feeds_are_refused(edit: Any, old: str, new: str, message: str) -> None:
    assert old in FEED
    folder = edit("feeds.yaml", "sources: []\n", FEED.replace(old, new))
    with pytest.raises(PolicyError) as refused:
        load_policy(folder)
    assert refused.value.file == "feeds.yaml"
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2020, 1, 19), True),  # Sunday worked
        (date(2020, 1, 31), False),  # prolonged leave of 2020
        (date(2022, 12, 31), False),
        (date(2023, 1, 3), True),
        (date(2024, 2, 18), True),
        (date(2025, 10, 8), False),
        (date(2026, 2, 14), True),
        (date(2026, 2, 23), False),
        (date(2026, 10, 10), True),
        (date(2026, 11, 21), False),  # Saturday
        (date(2026, 11, 23), True),
        (date(2027, 10, 1), True),  # not arranged yet: week-ends only
    ],
)
def test_working_days(shipped: Policy, day: date, worked: bool) -> None:
    assert shipped.holidays.is_working_day(day) is worked


def test_counting_working_days(shipped: Policy) -> None:
    calendar = shipped.holidays
    # 2026-09-30 Wednesday, then leave to 7 October; 8 and 9 October, and Saturday 10 October worked.
    assert calendar.add_working_days(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert calendar.add_working_days(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert calendar.add_working_days(date(2026, 9, 30), 4) == date(2026, 10, 12)
    assert calendar.add_working_days(date(2026, 10, 3), 0) == date(2026, 10, 3)
    assert calendar.working_days_before(date(2026, 10, 8), 1) == date(2026, 10, 8)
    assert calendar.working_days_before(date(2026, 10, 7), 1) == date(2026, 9, 30)
    assert calendar.working_days_before(date(2026, 10, 8), 2) == date(2026, 9, 30)
    assert calendar.working_days_before(date(2026, 10, 12), 4) == date(2026, 10, 8)
    with pytest.raises(ValueError, match="at least 1"):
        calendar.working_days_before(TODAY, 0)


def test_each_year_has_the_days_off_of_the_law(shipped: Policy) -> None:
    assert list(shipped.holidays.years) == [str(y) for y in range(2020, 2027)]
    assert shipped.holidays.covers(date(2026, 12, 31))
    assert not shipped.holidays.covers(date(2027, 1, 1))
    for year in shipped.holidays.years:
        names = "".join(h.name for h in shipped.holidays.years[year].holidays)
        for festival in ("元旦", "春节", "清明节", "劳动节", "端午节", "国庆节"):
            assert festival in names


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('worked: ["2020-01-19"]', 'worked: ["2020-01-20"]', "2020-01-20 is no Saturday or Sunday"),
        ('last: "2020-02-02"', 'last: "2020-01-02"', "is no span of a holiday"),
        (
            'first: "2020-04-04", last: "2020-04-06"',
            'first: "2021-04-04", last: "2021-04-06"',
            "lies in another year",
        ),
        (
            'first: "2020-04-04", last: "2020-04-06"',
            'first: "2020-02-02", last: "2020-02-03"',
            "2020-02-02 stands twice",
        ),
        ('worked: ["2020-06-28"]', 'worked: ["2020-05-02"]', "2020-05-02 is both off and worked"),
    ],
)
def test_wrong_holidays_are_refused(edit: Any, old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        load_policy(edit("holidays.yaml", old, new))
