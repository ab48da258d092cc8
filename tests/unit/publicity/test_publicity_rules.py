"""Each line of the table of publicity rules: its days, and the days beside them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from policy import Policy
from tests.unit.publicity.conftest import Desk
from tests.unit.publicity.world import Penalty

D = date.fromisoformat
DAY = timedelta(days=1)
AS_OF = D("2026-11-23")
LOW = 9_999_999  # fen: the last amount below 100,000 yuan
HIGH = 10_000_000
REVOKED = "吊销许可证件"

# decision; then for each channel: rule, earliest repair, last day.
CASES: dict[str, tuple[Penalty, tuple[str, str | None, str | None], tuple[str, str | None, str | None]]] = {
    "不予处罚": (
        Penalty(D("2026-05-10"), "不予处罚"),
        ("gsxt_2021_no_penalty", None, None), ("creditchina_2026_minor", None, None),
    ),
    "简易程序罚款": (
        Penalty(D("2026-05-10"), "罚款", 300_000, procedure="简易"),
        ("gsxt_2021_simple", None, None), ("creditchina_2026_minor", None, None),
    ),
    "推定简易程序": (
        Penalty(D("2026-05-10"), "罚款", 50_000, doc_says_simple=True),
        ("gsxt_2021_simple", None, None), ("creditchina_2026_minor", None, None),
    ),
    "简易程序超限按普通程序": (
        Penalty(D("2026-05-10"), "罚款", 300_001, procedure="简易"),
        ("gsxt_2021_short", None, "2026-08-10"), ("creditchina_2026_general", "2026-08-11", "2027-05-10"),
    ),
    "简易程序的警告": (
        Penalty(D("2026-05-10"), "警告", procedure="简易"),
        ("gsxt_2021_simple", None, None), ("creditchina_2026_minor", None, None),
    ),
    "仅警告": (
        Penalty(D("2026-05-10"), "警告"),
        ("gsxt_2021_warning", None, None), ("creditchina_2026_minor", None, None),
    ),
    "警告并责令改正": (
        Penalty(D("2026-05-10"), "警告;责令改正"),
        ("gsxt_2021_warning", None, None), ("creditchina_2026_minor", None, None),
    ),
    "简易程序罚款并责令改正": (
        Penalty(D("2026-05-10"), "罚款;责令改正", 50_000, procedure="简易"),
        ("gsxt_2021_simple", None, None), ("creditchina_2026_minor", None, None),
    ),
    "通报批评": (
        Penalty(D("2026-05-10"), "通报批评"),
        ("gsxt_2021_short", None, "2026-08-10"), ("creditchina_2026_minor", None, None),
    ),
    "警告和通报批评": (
        Penalty(D("2026-11-30"), "警告;通报批评"),
        ("gsxt_2021_short", None, "2027-02-28"), ("creditchina_2026_minor", None, None),
    ),
    "较低数额罚款": (
        Penalty(D("2026-05-10"), "罚款", LOW),
        ("gsxt_2021_short", None, "2026-08-10"), ("creditchina_2026_general", "2026-08-11", "2027-05-10"),
    ),
    "警告并处较低数额罚款": (
        Penalty(D("2026-05-10"), "罚款;警告", LOW),
        ("gsxt_2021_short", None, "2026-08-10"), ("creditchina_2026_general", "2026-08-11", "2027-05-10"),
    ),
    "罚款十万元": (
        Penalty(D("2026-05-10"), "罚款", HIGH),
        ("gsxt_2021_other", "2026-11-11", "2029-05-10"), ("creditchina_2026_general", "2026-08-11", "2027-05-10"),
    ),
    "罚款数额未载明": (
        Penalty(D("2026-05-10"), "罚款"),
        ("gsxt_2021_other", "2026-11-11", "2029-05-10"), ("creditchina_2026_general", "2026-08-11", "2027-05-10"),
    ),
    "较低数额罚款并没收": (
        Penalty(D("2026-05-10"), "没收违法所得;罚款", LOW),
        ("gsxt_2021_other", "2026-11-11", "2029-05-10"), ("creditchina_2026_general", "2026-08-11", "2027-05-10"),
    ),
    "种类无法识别": (
        Penalty(D("2026-05-10"), ""),
        ("gsxt_2021_other", "2026-11-11", "2029-05-10"), ("creditchina_2026_general", "2026-08-11", "2027-05-10"),
    ),
    "吊销": (
        Penalty(D("2026-05-10"), REVOKED),
        ("gsxt_2021_heavy", None, "2029-05-10"), ("creditchina_2026_serious", "2027-05-11", "2029-05-10"),
    ),
    "罚款并吊销以最长为准": (
        Penalty(D("2026-05-10"), f"{REVOKED};罚款;警告", LOW),
        ("gsxt_2021_heavy", None, "2029-05-10"), ("creditchina_2026_serious", "2027-05-11", "2029-05-10"),
    ),
    "暂扣或者吊销且载明吊销": (
        Penalty(D("2026-05-10"), "暂扣或者吊销许可证", says_revoked=True),
        ("gsxt_2021_heavy", None, "2029-05-10"), ("creditchina_2026_serious", "2027-05-11", "2029-05-10"),
    ),
    "暂扣或者吊销未载明": (
        Penalty(D("2026-05-10"), "暂扣或者吊销许可证"),
        ("gsxt_2021_other", "2026-11-11", "2029-05-10"), ("creditchina_2026_general", "2026-08-11", "2027-05-10"),
    ),
    "未知种类含吊销": (
        Penalty(D("2026-05-10"), "?吊销某证"),
        ("gsxt_2021_heavy", None, "2029-05-10"), ("creditchina_2026_serious", "2027-05-11", "2029-05-10"),
    ),
    "2014年规则_警告": (
        Penalty(D("2020-02-29"), "警告"),
        ("gsxt_2014", None, "2025-02-28"), ("creditchina_2019_minor", None, None),
    ),
    "2014年规则_简易": (
        Penalty(D("2020-02-29"), "罚款", 100_000, procedure="简易"),
        ("gsxt_2014_not_published", None, None), ("creditchina_2019_minor", None, None),
    ),
    "2019年规则_一般": (
        Penalty(D("2020-02-29")),
        ("gsxt_2014", None, "2025-02-28"), ("creditchina_2019_general", "2020-05-30", "2021-02-28"),
    ),
    "2019年规则_严重": (
        Penalty(D("2020-08-31"), REVOKED),
        ("gsxt_2014_heavy", None, "2025-08-31"), ("creditchina_2019_serious", "2021-03-01", "2023-08-31"),
    ),
    "2014年前": (
        Penalty(D("2014-09-30"), REVOKED),
        ("gsxt_before_2014", None, None), ("creditchina_before_2019", None, None),
    ),
    "2023年规则_轻微": (
        Penalty(D("2024-01-31"), "通报批评"),
        ("gsxt_2021_short", None, "2024-04-30"), ("creditchina_2023_minor", None, None),
    ),
    "2023年规则_其他_重": (
        Penalty(D("2024-01-31"), REVOKED),
        ("gsxt_2021_heavy", None, "2027-01-31"), ("creditchina_2023_other", "2024-05-01", "2027-01-31"),
    ),
    # 从旧兼从轻: thirty-six months under 令58, twelve under 令36.
    "过渡_新期限已满": (
        Penalty(D("2024-01-31")),
        ("gsxt_2021_other", "2024-08-01", "2027-01-31"), ("creditchina_2026_transition", "2024-05-01", "2026-04-01"),
    ),
    "过渡_恰在施行日届满": (
        Penalty(D("2025-04-01")),
        ("gsxt_2021_other", "2025-10-02", "2028-04-01"), ("creditchina_2026_transition", "2025-07-02", "2026-04-01"),
    ),
    "过渡_施行日后届满": (
        Penalty(D("2025-04-02")),
        ("gsxt_2021_other", "2025-10-03", "2028-04-02"), ("creditchina_2026_transition", "2025-07-03", "2026-04-02"),
    ),
    "过渡_施行前一日的决定": (
        Penalty(D("2026-03-31")),
        ("gsxt_2021_other", "2026-10-01", "2029-03-31"), ("creditchina_2026_transition", "2026-07-01", "2027-03-31"),
    ),
    "过渡_旧期限更早届满": (
        Penalty(D("2023-04-01")),
        ("gsxt_2021_other", "2023-10-02", "2026-04-01"), ("creditchina_2019_general", "2023-07-02", "2024-04-01"),
    ),
    "过渡_旧期限在施行日届满": (
        Penalty(D("2023-05-01")),
        ("gsxt_2021_other", "2023-11-02", "2026-05-01"), ("creditchina_2026_transition", "2023-08-02", "2026-04-01"),
    ),
    "施行日的决定": (
        Penalty(D("2026-04-01")),
        ("gsxt_2021_other", "2026-10-02", "2029-04-01"), ("creditchina_2026_general", "2026-07-02", "2027-04-01"),
    ),
}  # fmt: skip


def test_every_rule_has_a_case(shipped: Policy) -> None:
    named = {rule for _, *sides in CASES.values() for rule, _, _ in sides}
    rules = {rule.id for rule in shipped.publicity.rules if rule.groups}
    assert named == rules | {transition.id for transition in shipped.publicity.transitions}


def test_days_of_each_rule(desk: Desk) -> None:
    penalties = [case[0] for case in CASES.values()]
    wrong = []
    for side, rows in enumerate(desk.both(D("2026-12-31"), penalties).values(), 1):
        for (title, case), row in zip(CASES.items(), rows, strict=True):
            rule, earliest, until = case[side]
            wanted = (
                rule,
                None if until is None else case[0].decided_on,
                earliest and D(earliest),
                until and D(until),
            )
            got = (row["rule"], row["publish_from"], row["earliest_repair_on"], row["publish_until"])
            if got != wanted or row["is_published"] is not (
                until is not None and D(until) >= D("2026-12-31")
            ):
                wrong.append((title, got, wanted))
    assert not wrong


@pytest.mark.parametrize(
    ("as_of", "shown"),
    [
        # The longest period of the rule in force then ends on as_of: shown on that day, not on the next one.
        ("2022-07-15", [
            ("gsxt", Penalty(D("2017-07-15"), "警告")), ("gsxt", Penalty(D("2017-07-15"), REVOKED)),
            ("gsxt", Penalty(D("2022-04-15"), "罚款", LOW)),
            ("creditchina", Penalty(D("2021-07-15"))), ("creditchina", Penalty(D("2019-07-15"), REVOKED)),
        ]),
        ("2026-04-01", [("creditchina", Penalty(D("2023-05-01"))), ("creditchina", Penalty(D("2024-03-31")))]),
        ("2029-05-28", [
            ("gsxt", Penalty(D("2026-05-28"))), ("gsxt", Penalty(D("2026-05-28"), REVOKED)),
            ("gsxt", Penalty(D("2029-02-28"), "通报批评")),
            ("creditchina", Penalty(D("2028-05-28"))), ("creditchina", Penalty(D("2026-05-28"), REVOKED)),
        ]),
    ],
)  # fmt: skip
def test_shown_through_the_last_day(desk: Desk, as_of: str, shown: list[tuple[str, Penalty]]) -> None:
    penalties = [penalty for _, penalty in shown]
    for day, is_shown in ((D(as_of), True), (D(as_of) + DAY, False)):
        rows = desk.both(day, penalties)
        got = [
            (rows[channel][n]["is_published"], rows[channel][n]["publish_until"])
            for n, (channel, _) in enumerate(shown)
        ]
        assert got == [(is_shown, D(as_of))] * len(shown)


def test_the_rule_is_that_of_the_decision(desk: Desk) -> None:
    days = ["2014-09-30", "2014-10-01", "2019-06-30", "2019-07-01", "2021-08-31", "2021-09-01", "2023-04-30",
            "2023-05-01", "2026-03-31", "2026-04-01"]  # fmt: skip
    penalties = [Penalty(D(day), REVOKED) for day in days]
    rows = desk.both(AS_OF, penalties)
    assert [row["rule"] for row in rows["gsxt"]] == [
        "gsxt_before_2014", *["gsxt_2014_heavy"] * 4, *["gsxt_2021_heavy"] * 5,
    ]  # fmt: skip
    assert [row["rule"] for row in rows["creditchina"]] == [
        *["creditchina_before_2019"] * 3, *["creditchina_2019_serious"] * 4, *["creditchina_2023_other"] * 2,
        "creditchina_2026_serious",
    ]  # fmt: skip


def test_decision_of_the_day_is_shown_and_a_later_one_does_not_exist(desk: Desk) -> None:
    rows = desk.rows(AS_OF, [Penalty(AS_OF, doc_no="今"), Penalty(AS_OF + DAY, doc_no="明")])
    assert [(row["doc_no"], row["is_published"]) for row in rows] == [("今", True), ("今", True)]
    assert {row["as_of"] for row in rows} == {AS_OF}


def test_changed_decision_keeps_its_first_day(desk: Desk) -> None:
    changed = Penalty(D("2026-06-01"), event_on=D("2025-05-01"))
    row = desk.both(AS_OF, [changed])["creditchina"][0]
    assert (row["decided_on"], row["rule"]) == (D("2025-05-01"), "creditchina_2026_transition")
    assert row["publish_until"] == D("2026-05-01")
