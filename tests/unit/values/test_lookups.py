"""Code lists, penalty kinds, inspection results, removal reasons and authorities."""

from __future__ import annotations

from datetime import date

import pytest

from policy import Alias, Authority, Division, load_policy
from records.authority import Authorities
from records.codes import RESULTS_WORST_FIRST, Lookups
from tests.unit.values.rows import LANDED_ON, changed, lookups, read


@pytest.mark.parametrize(
    ("table", "text", "value"),
    [
        ("entity_status", "存续（在营、开业、在册）", "存续"),
        ("entity_status", " 存续(在营、开业、在册) ", "存续"),
        ("entity_status", "在 营", "存续"),
        ("entity_status", "消失", None),
        ("subject_kind", "法人", "法人及非法人组织"),
        ("target_kind", "行政处罚", "penalties"),
        ("target_kind", "名录名单", "listings"),
        ("record_kind", "名录名单", "listings"),
        ("record_kind", "entities", "entities"),
        ("list_type", "企业经营异常名录", "经营异常名录"),
        ("honour_type", "诚信典型", "诚信典型"),
        ("honour_type", "优秀企业", None),
        ("decision_status", "1", "annulled"),
        ("procedure", "简易程序", "simple"),
    ],
)
def test_codes(table: str, text: str, value: str | None) -> None:
    assert lookups().code(table, text) == value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("罚款", ("罚款",)),
        ("罚款;没收违法所得", ("没收违法所得", "罚款")),
        ("罚款；没收违法所得，警告、通报批评|责令停产停业/行政拘留 责令关闭",
         ("没收违法所得", "罚款", "行政拘留", "警告", "责令停产停业", "责令关闭", "通报批评")),
        ("罚款;罚款", ("罚款",)),
        ("其他-责令改正", ("责令改正",)),
        ("其他－吊销执照", ("吊销执照",)),
        ("其他-怪处罚", ("?其他-怪处罚",)),
        ("吊销排污证；罚款", ("?吊销排污证", "罚款")),
        ("；、", ()),
    ],
)  # fmt: skip
def test_penalty_kinds(text: str, names: tuple[str, ...]) -> None:
    found = lookups().kinds(text)
    assert found.names == names
    assert found.has_unknown == any(name.startswith("?") for name in names)


def test_amounts_add_their_kinds_in_order() -> None:
    assert lookups().kinds("警告").joined("罚款", "没收违法所得") == "没收违法所得;罚款;警告"
    assert lookups().kinds("").joined() == ""


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("未发现问题", ("R1_OK", None)),
        ("不配合检查，情节严重", ("R6_REFUSED", None)),  # an alias that holds the separator
        ("未发现问题；发现问题已责令改正", ("R5_CORRECTED", None)),
        ("未发现问题;通过登记的住所（经营场所）无法联系；", ("R4_UNREACHABLE", None)),
        ("未发现问题；怪事", (None, "enum_unknown")),
        ("怪事", (None, "enum_unknown")),
        ("；", (None, "enum_unknown")),
        ("1", (None, "bare_number_result")),
        ("１２", (None, "bare_number_result")),
        ("B,E", (None, "bare_number_result")),
        ("b", (None, "bare_number_result")),
    ],
)
def test_inspection_results(text: str, result: tuple[str | None, str | None]) -> None:
    assert lookups().result(text) == result


def test_of_several_results_the_worst_stands() -> None:
    tables = load_policy().codes["inspection_result"]
    for better in range(1, len(RESULTS_WORST_FIRST)):
        pair = [tables[RESULTS_WORST_FIRST[n]][1] for n in (better, better - 1)]
        assert lookups().result("；".join(pair))[0] == RESULTS_WORST_FIRST[better - 1]


def test_bare_numbers_are_read_by_the_table_of_their_source() -> None:
    policy = load_policy()
    numbers = {"feed-1": {"1": "R1_OK", "B": "R2_NOT_PUBLISHED"}, "341800-scjg": {"1": "R6_REFUSED"}}
    known = Lookups(type(policy)(**{**vars(policy), "inspection_numbers": numbers}))
    assert known.result("1") == (None, "bare_number_result")
    assert known.result("1", ["feed-1"]) == ("R1_OK", None)
    assert known.result("b；1", ["feed-1"]) == ("R2_NOT_PUBLISHED", None)
    assert known.result("2", ["feed-1"]) == (None, "bare_number_result")
    rows = [changed("inspections", result="1"), changed("inspections", result="1", authority="别处")]
    by_authority = read("inspections", *rows, lookups=known)
    assert by_authority.rows["result_code"].to_pylist() == ["R6_REFUSED", None]
    by_feed = read("inspections", *rows, lookups=known, source="feed-1")
    assert by_feed.rows["result_code"].to_pylist() == ["R1_OK", "R1_OK"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("补报年报", "履行"),
        ("已补报2023年度报告，履行公示义务", "履行"),
        ("依法办理住所（经营场所）变更登记后申请移出", "履行"),
        ("信用修复", "修复"),
        ("期满", "期满"),
        ("错误列入", "错误列入"),
        ("经核实属错误列入，予以移出", "错误列入"),
        # Two reasons: the one that helps least.
        ("履行义务后期满移出", "期满"),
        ("错误列入，信用修复", "修复"),
        ("未履行", None),
        ("拒不履行义务", None),
        ("未履行义务，期满移出", "期满"),
        ("其他", None),
    ],
)
def test_removal_reasons(text: str, code: str | None) -> None:
    assert lookups().removal(text) == code


def test_every_spelling_of_the_policy_is_read() -> None:
    for table, values in load_policy().codes.items():
        for canonical, spellings in values.items():
            for spelling in spellings:
                found = lookups().code(table, spelling)
                if table != "target_kind":
                    assert found == canonical


def test_limits_come_from_the_policy_on_the_day_of_receipt() -> None:
    limits = lookups().limits(LANDED_ON)
    assert (limits.earliest_event_on, limits.latest_event_on) == (date(1949, 10, 1), date(2026, 11, 24))


# -- authorities -----------------------------------------------------------------------------------------------------


def table() -> Authorities:
    return Authorities(
        [
            Authority(
                id="a", name="甲市市场局", division_code="341800", uscc="11341700003244772R",
                aliases=(Alias.model_validate({"name": "甲市工商局", "valid_to": "2018-12-31"}),),
            ),
            Authority(
                id="b", name="乙县市场局", division_code="341823",
                aliases=(Alias.model_validate({"name": "甲市工商局", "valid_from": "2020-01-01"}),
                         Alias.model_validate({"name": "乙县质监局", "valid_to": "2016-12-31"})),
            ),
        ],
        [
            Division(code="341800", name="宣城市", aliases=("宣城",), prefix="3418", valid_from=None, valid_to=None),
            Division(code="341823", name="泾县", prefix="341823", valid_from=None, valid_to=None),
            Division(code="341825", name="旌德县", prefix="341825", valid_from=None, valid_to=None),
            Division(code="340000", name="安徽省", prefix="34", valid_from=None, valid_to=None),
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("norm", "uscc", "day", "is_quoted", "key"),
    [
        ("甲市市场局", None, date(2024, 1, 1), False, "a"),
        ("甲市市场局", None, None, False, "a"),
        ("别的局", "11341700003244772R", date(2024, 1, 1), False, "a"),  # the code goes before the name
        ("乙县市场局", "91340000711771143J", date(2024, 1, 1), False, "b"),  # a code of no entry says nothing
        ("甲市工商局", None, date(2018, 12, 31), False, "a"),
        ("甲市工商局", None, date(2019, 6, 1), False, "甲市工商局"),  # nobody's name on that day
        ("甲市工商局", None, date(2020, 1, 1), False, "b"),
        ("甲市工商局", None, date(2019, 6, 1), True, "甲市工商局"),  # quoted, but two bore it
        ("乙县质监局", None, date(2024, 1, 1), False, "乙县质监局"),
        ("乙县质监局", None, date(2024, 1, 1), True, "b"),
        ("乙县质监局", None, None, False, "b"),
        ("别的局", None, date(2024, 1, 1), True, "别的局"),
    ],
)
def test_authority_keys(norm: str, uscc: str | None, day: date | None, is_quoted: bool, key: str) -> None:
    assert table().key(norm, uscc, day, is_quoted=is_quoted) == key


@pytest.mark.parametrize(
    ("norm", "key", "division"),
    [
        ("安徽省宣城市泾县市场局", "x", "341823"),
        ("宣城市市场局", "x", "3418"),
        ("安徽省市场局", "x", "34"),
        ("泾县旌德县联合执法队", "x", None),
        ("别处市场局", "x", None),
        ("市市场局", "b", None),  # 乙县 is no division of the table
    ],
)
def test_divisions_in_names(norm: str, key: str, division: str | None) -> None:
    assert table().division(norm, key) == division


def test_authorities_of_rows() -> None:
    names = ["宣城市市场监督管理局", "宣城市工商局", "宣城市工商局", "外地某局", "国家税务总局宣城市税务局"]
    days = ["2024/01/05", "2018/01/05", "2024/01/05", "2024/01/05", "2024/01/05"]
    rows = [changed("penalties", authority=n, decided_on=d) for n, d in zip(names, days, strict=True)]
    rows.append(changed("penalties", authority="另一个名字", authority_uscc="11341700003244772R"))
    rows.append(changed("penalties", authority="宣城市工商局", decided_on="x"))
    result = read("penalties", *rows).rows
    assert result["authority_key"].to_pylist() == [
        "341800-scjg", "341800-scjg", "宣城市工商局", "外地某局", "341800-sw", "341800-zjj", "341800-scjg",
    ]  # fmt: skip
    assert result["authority_division"].to_pylist() == ["3418", "3418", "3418", None, "3418", "3418", "3418"]
    assert result["authority"].to_pylist()[5] == "另一个名字"


def test_former_divisions_stand_under_their_successor() -> None:
    rows = [changed("entities", division_code=code) for code in ("341822", "341882", "\x01341802", "340104")]
    assert read("entities", *rows).rows["division_code"].to_pylist() == [
        "341882",
        "341882",
        "341802",
        "340104",
    ]
