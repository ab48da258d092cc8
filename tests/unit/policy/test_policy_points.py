"""The expert table: sound forms, and a scale on which the classes mean what they say."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from policy import Indicator, Policy, PolicyError, load_policy
from policy.points import EVENT_STREAMS, NUMERIC_FEATURES, TEXT_FEATURES, hundredths

TODAY = date(2026, 11, 23)


def of_feature(policy: Policy, feature: str) -> Indicator:
    (found,) = [one for one in policy.indicators if one.feature == feature]
    return found


def band_points(indicator: Indicator, value: int) -> int:
    """Hundredths by the half-open bands; exactly one band holds each value."""
    (points,) = [
        b.points_h
        for b in indicator.bands or ()
        if (b.ge is None or b.ge <= value) and (b.lt is None or value < b.lt)
    ]
    return points


def events(policy: Policy, feature: str, *ages_in_months: int) -> Fraction:
    """Hundredths of records of these ages, by the decay of the policy."""
    one = of_feature(policy, feature)
    total = Fraction(0)
    for age in ages_in_months:
        factor = next((Fraction(f) for m, f in policy.value("points_decay", TODAY) if age <= m), Fraction(0))
        total += one.event_points_h * (factor if one.decay else 1)
    return min(total, Fraction(one.cap_h)) if one.cap_h is not None else total


def test_categories_and_features(shipped: Policy) -> None:
    assert {one.category for one in shipped.indicators} == {
        "基础属性",
        "动态",
        "监管",
        "关联关系",
        "社会评价",
    }
    used = {one.feature for one in shipped.indicators}
    # Honours are counted by the feature honours_valid: the stream would count each of them twice.
    assert used == {*NUMERIC_FEATURES, *TEXT_FEATURES, *EVENT_STREAMS} - {"honour"}
    assert len(used) == len(shipped.indicators)
    for one in shipped.indicators:
        assert one.title and one.title_en and one.reason and one.reason_en
    assert shipped.indicators_on(date(2012, 1, 1)) == shipped.indicators_on(TODAY) == shipped.indicators


def test_hundredths() -> None:
    assert [hundredths(p) for p in ("12.50", "0.05", "-0.05", "1000.00", "0.29")] == [1250, 5, -5, 100000, 29]


def test_points_in_hundredths(shipped: Policy) -> None:
    age = of_feature(shipped, "age_months")
    assert [band_points(age, m) for m in (0, 11, 12, 35, 36, 119, 120, 900)] == [
        3000, 3000, 2000, 2000, 1000, 500, 0, 0,
    ]  # fmt: skip
    assert age.missing_h == 3000
    industry = of_feature(shipped, "industry_code")
    assert industry.prefix and industry.map_h["62"] == 2000 and industry.default_h == 500
    assert of_feature(shipped, "honours_valid").bands is not None
    assert band_points(of_feature(shipped, "honours_valid"), 1) == -3000
    assert of_feature(shipped, "penalty_general").cap_h == 60000
    assert of_feature(shipped, "penalty_general").missing_h == 0


def test_no_adverse_fact_is_class_a(shipped: Policy) -> None:
    worst = sum(one.worst_neutral_h() for one in shipped.indicators)
    assert 0 < worst < 20000


def test_one_recent_general_penalty_is_class_b(shipped: Policy) -> None:
    for age in (0, 12):
        points = events(shipped, "penalty_general", age)
        assert 20000 <= points < 50000
    assert events(shipped, "penalty_general", 13) == 10000
    assert events(shipped, "penalty_general", 24) == 10000
    assert events(shipped, "penalty_general", 25) == 5000
    assert events(shipped, "penalty_general", 60) == 5000
    assert events(shipped, "penalty_general", 61) == 0


def test_several_serious_penalties_are_class_c_and_d(shipped: Policy) -> None:
    assert 20000 <= events(shipped, "penalty_serious", 3) < 50000
    assert 50000 <= events(shipped, "penalty_serious", 3, 8) < 75000
    assert events(shipped, "penalty_serious", 1, 2, 3) >= 75000
    assert 50000 <= events(shipped, "penalty_general", 1, 2, 3) < 75000


def test_tiers_weigh_in_order_everywhere(shipped: Policy) -> None:
    for prefix in ("", "branch_", "parent_", "predecessor_"):
        minor, general, serious = (
            next((x.event_points_h for x in shipped.indicators if x.feature == f"{prefix}penalty_{tier}"), 0)
            for tier in ("minor", "general", "serious")
        )
        assert minor < general < serious


TABLE_HEAD = "- description: First table of expert points"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    feature: age_months", "    feature: age_years", "AGE: unknown feature age_years for bands"),
        ("    feature: age_months", "    feature: entity_type", "AGE: unknown feature entity_type for bands"),
        ("    feature: penalty_minor", "    feature: penalties", "unknown feature penalties for"),
        ("    category: 动态", "    category: 动态信息", "CHANGES.category"),
        ("  - id: CHANGES", "  - id: AGE", "indicator AGE stands twice"),
        ("  - id: CHANGES", "  - id: CLIP", "indicator CLIP is the engine's own"),
        ("    decay: true\n", "    decay: true\n    bands: []\n", "needs exactly one of bands, map"),
        ("    feature: age_months\n", "    feature: age_months\n    cap: \"1.00\"\n", "cap has no meaning"),
        ("    - {ge: 12, lt: 36,", "    - {ge: 13, lt: 36,", "bands leave a gap or overlap at 12 and 13"),
        ("    - {ge: 120, points: \"0.00\"}", "    - {ge: 120, lt: 900, points: \"0.00\"}", "end without lt"),
        ("    - {lt: 12, points", "    - {ge: 0, lt: 12, points", "begin without ge"),
        ('points: "160.00"}', 'points: "110.00"}', "points must not fall as fine_total_yuan_60m rises"),
        ('    event_points: "20.00"', '    event_points: "-20.00"', "an adverse record carries no negative"),
        ('    cap: "80.00"', '    cap: "10.00"', "cap lies below the points of one record"),
        ('points: "30.00"}', "points: 30}", "AGE.bands.0.points"),
        ('points: "30.00"}', 'points: "30.0"}', "AGE.bands.0.points"),
        ('points: "30.00"}', 'points: "60.00"}', "without an adverse fact could reach 202.00 points"),
        ("    title: 成立年限", "    titel: 成立年限", "unknown key"),
        (TABLE_HEAD, "- label: x\n  description: y", "stands twice"),
    ],
)  # fmt: skip
def test_an_unsound_table_is_refused(edit: Any, old: str, new: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_policy(edit("points.yaml", old, new))
    assert refused.value.file == "points.yaml"
    assert message in refused.value.message


def test_a_second_table_for_later_days(folder: Any) -> None:
    path = folder / "points.yaml"
    text = path.read_text(encoding="utf-8")
    body = text[text.index(TABLE_HEAD) :]
    earlier = body.replace("  valid_to: null", '  valid_to: "2026-12-31"', 1)
    later = body.replace("  valid_from: null", '  valid_from: "2027-01-01"', 1).replace(
        '    event_points: "200.00"', '    event_points: "210.00"', 1
    )
    path.write_text(f"tables:\n{earlier}{later}", encoding="utf-8")
    policy = load_policy(folder)
    points = {
        day: next(x.event_points for x in policy.indicators_on(day) if x.id == "PENALTY_GENERAL")
        for day in (date(2026, 12, 31), date(2027, 1, 1))
    }
    assert list(points.values()) == ["200.00", "210.00"]
    with pytest.raises(PolicyError, match="several"):
        _ = policy.indicators
    path.write_text(f"tables:\n{body}{later}", encoding="utf-8")
    with pytest.raises(PolicyError, match="overlap"):
        load_policy(folder)
