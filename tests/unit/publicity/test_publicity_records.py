"""Which records have a clock, and what stops or lengthens it: repair, restriction, area, list entries, persons."""

from __future__ import annotations

from datetime import date, timedelta

from features.publicity import COLUMNS, KEY
from tests.unit.publicity.conftest import Desk
from tests.unit.publicity.world import ENTITIES, FIRM, SHOP, Entry, Penalty

D = date.fromisoformat
DAY = timedelta(days=1)
AS_OF = D("2026-11-23")
DECIDED = D("2026-05-10")
REVOKED = "吊销许可证件"


def test_who_has_a_clock(desk: Desk) -> None:
    penalties = [
        Penalty(DECIDED, doc_no="企业"),
        Penalty(DECIDED, doc_no="个体工商户", linked=SHOP, subject_kind="个体工商户"),
        Penalty(DECIDED, doc_no="自然人", linked=SHOP, subject_kind="自然人"),
        Penalty(DECIDED, doc_no="已撤销", is_annulled=True),
        Penalty(DECIDED, doc_no="被取代", is_winner=False),
        Penalty(DECIDED, doc_no="未关联", linked=None),
        Penalty(DECIDED, doc_no="无主体行", linked="91341802MA2NOROW01"),
    ]
    entries = [
        Entry(DECIDED, doc_no="列严"),
        Entry(DECIDED, doc_no="列严自然人", linked=SHOP, subject_kind="自然人"),
        Entry(DECIDED, doc_no="错误列入", is_annulled=True),
        Entry(DECIDED, doc_no="复核所立", is_from_row=False),
        Entry(DECIDED, doc_no="异常", list_type="经营异常名录"),
        Entry(DECIDED, doc_no="失信被执行人", list_type="失信被执行人"),
        Entry(D("2016-03-31"), doc_no="制度之前"),
    ]
    rows = desk.rows(AS_OF, penalties, entries)
    assert [(row["doc_no"], row["channel"]) for row in rows] == [
        ("个体工商户", "creditchina"), ("个体工商户", "gsxt"), ("企业", "creditchina"), ("企业", "gsxt"),
        ("列严", "gsxt"),
    ]  # fmt: skip
    assert list(rows[0]) == list(COLUMNS)
    # The registered name, never the one on the row.
    assert {(row["uscc"], row["name"]) for row in rows} == {(FIRM, "宣城市甲有限公司"), (SHOP, "乙食品店")}


def test_repair_stops_it(desk: Desk) -> None:
    on = AS_OF - DAY
    penalties = [
        Penalty(DECIDED),
        Penalty(DECIDED, repaired_on=AS_OF),
        Penalty(DECIDED, repaired_on=on),
        Penalty(DECIDED, REVOKED, repaired_on=on),
        Penalty(D("2025-10-01"), "通报批评", repaired_on=on),  # ended before it was repaired
        Penalty(DECIDED, repaired_on=DECIDED),
        Penalty(DECIDED, "警告", repaired_on=on),
    ]
    rows = desk.both(AS_OF, penalties)
    assert [(row["is_published"], row["publish_until"]) for row in rows["gsxt"]] == [
        (True, D("2029-05-10")),
        (False, AS_OF - DAY),
        (False, on - DAY),
        (True, D("2029-05-10")),  # never early
        (False, D("2026-01-01")),
        (False, DECIDED - DAY),
        (False, None),
    ]
    assert [(row["is_published"], row["publish_until"]) for row in rows["creditchina"]] == [
        (True, D("2027-05-10")),
        (False, AS_OF - DAY),
        (False, on - DAY),
        (False, on - DAY),
        (False, None),
        (False, DECIDED - DAY),
        (False, None),
    ]
    assert rows["gsxt"][2]["earliest_repair_on"] == D("2026-11-11")


def test_a_longer_restriction_extends_gsxt(desk: Desk) -> None:
    kinds = "限制从业"
    penalties = [
        Penalty(DECIDED, kinds, valid_to=D("2029-05-10")),
        Penalty(DECIDED, kinds, valid_to=D("2031-05-10")),
        Penalty(DECIDED, f"{REVOKED};限制开展生产经营活动", valid_to=D("2029-05-11")),
        Penalty(DECIDED, kinds, valid_to=D("9999-12-31")),
        Penalty(DECIDED, kinds),
        Penalty(DECIDED, "?限制从业十年", valid_to=D("2036-05-10")),
        Penalty(DECIDED, REVOKED, valid_to=D("9999-12-31")),
        Penalty(DECIDED, "罚款", 20_000_000, valid_to=D("9999-12-31")),
        Penalty(D("2020-05-10"), kinds, valid_to=D("9999-12-31")),
    ]
    rows = desk.both(AS_OF, penalties)
    far = [
        D("2029-05-10"),
        D("2031-05-10"),
        D("2029-05-11"),
        None,
        D("2029-05-10"),
        D("2036-05-10"),
        D("2029-05-10"),
    ]
    assert [row["publish_until"] for row in rows["gsxt"]] == [*far, D("2029-05-10"), D("2025-05-10")]
    assert rows["gsxt"][3]["is_published"] is True
    assert {row["earliest_repair_on"] for row in rows["gsxt"][:7]} == {None}
    assert [row["publish_until"] for row in rows["creditchina"][:7]] == [D("2029-05-10")] * 7


def test_longer_shortest_period_by_area(desk: Desk) -> None:
    entities = [*ENTITIES[:1], {**ENTITIES[1], "key_area": "食品销售"}]
    words = [
        "使用未经定期检验的特种设备",
        "从非法渠道购进药品",
        "经营超过保质期的食品",
        "消防设施未保持完好有效",
        "虚假宣传",
    ]
    penalties = [
        Penalty(day, violation_type=word) for day in (D("2026-03-31"), D("2026-04-01")) for word in words
    ]
    penalties += [Penalty(D("2025-03-31"), linked=SHOP), Penalty(D("2021-08-31"), linked=SHOP)]
    rows = desk.both(AS_OF, penalties, entities=entities)
    six = [D("2027-04-01")] * 3 + [D("2026-10-01")] * 2
    assert [row["earliest_repair_on"] for row in rows["gsxt"]] == [
        *six, *[day + DAY for day in six], D("2026-04-01"), None,
    ]  # fmt: skip
    # Under 令58 fire too; where 令36 ends it before that day there is nothing to ask for. Under 令36 no area.
    assert [row["earliest_repair_on"] for row in rows["creditchina"]] == [
        *[None] * 4, D("2026-07-01"), *[D("2026-07-02")] * 5, D("2026-04-01"), D("2021-12-01"),
    ]  # fmt: skip


def test_list_entries(desk: Desk) -> None:
    entries = [
        Entry(D("2021-08-31"), doc_no="1"),
        Entry(D("2021-11-23"), doc_no="2"),
        Entry(D("2023-11-22"), doc_no="3"),
        Entry(D("2023-11-23"), doc_no="4"),
        Entry(D("2025-11-23"), AS_OF, doc_no="5"),
        Entry(D("2025-11-23"), D("2025-12-31"), doc_no="6"),
        Entry(D("2025-11-22"), doc_no=None),
    ]
    rows = desk.rows(AS_OF, [], entries)
    shown = [
        (r["doc_no"], r["is_published"], r["earliest_repair_on"], r["publish_until"], r["rule"]) for r in rows
    ]
    assert shown == [
        ("1", False, None, D("2026-08-31"), "gsxt_2016_serious_list"),
        ("2", False, D("2022-11-24"), D("2024-11-23"), "gsxt_2021_serious_list"),
        ("3", False, D("2024-11-23"), D("2026-11-22"), "gsxt_2021_serious_list"),
        ("4", True, D("2024-11-24"), AS_OF, "gsxt_2021_serious_list"),
        ("5", False, D("2026-11-24"), AS_OF - DAY, "gsxt_2021_serious_list"),
        ("6", False, D("2026-11-24"), D("2025-12-30"), "gsxt_2021_serious_list"),
        (None, True, D("2026-11-23"), D("2028-11-22"), "gsxt_2021_serious_list"),
    ]
    assert {(r["kind"], r["channel"]) for r in rows} == {("listings", "gsxt")}


def test_records_that_look_the_same_are_one(desk: Desk) -> None:
    same = [
        Penalty(DECIDED, "警告", doc_no="同号"),
        Penalty(DECIDED, REVOKED, doc_no="同号"),
        Penalty(DECIDED, repaired_on=AS_OF, doc_no="同号"),
        Penalty(DECIDED, REVOKED, doc_no="同号", authority="宣城市消防救援支队"),
        Penalty(DECIDED, doc_no="同号", linked=SHOP),
        Penalty(DECIDED - DAY, doc_no="同号"),
    ]
    entries = [Entry(DECIDED, doc_no=None), Entry(DECIDED, AS_OF, doc_no=None), Entry(DECIDED, doc_no="")]
    rows = desk.rows(AS_OF, same, entries)
    assert len({tuple(row[name] for name in KEY) for row in rows}) == len(rows) == 4 * 2 + 2
    mine = [
        r for r in rows if (r["uscc"], r["decided_on"], r["authority"]) == (FIRM, DECIDED, same[0].authority)
    ]
    assert sorted((str(r["doc_no"]), r["channel"], r["rule"], r["is_published"]) for r in mine) == [
        ("", "gsxt", "gsxt_2021_serious_list", True),
        ("None", "gsxt", "gsxt_2021_serious_list", True),
        ("同号", "creditchina", "creditchina_2026_serious", True),
        ("同号", "gsxt", "gsxt_2021_heavy", True),
    ]


def test_nothing_at_all(desk: Desk) -> None:
    assert desk.rows(AS_OF, []) == []
    assert desk.rows(D("2020-01-01"), [Penalty(DECIDED)], [Entry(DECIDED)]) == []
