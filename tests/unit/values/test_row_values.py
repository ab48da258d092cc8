"""What is read of whole rows: values that come from several cells, older layouts, keys and masked texts."""

from __future__ import annotations

import random
from datetime import date
from itertools import combinations

import pytest

from policy import load_policy
from records.registry import FIELDS
from records.schema import KINDS
from tests.unit.values.rows import GOOD, INDIVIDUAL, USCC, broken, changed, read, read_cells, read_one

CITIZEN = "34052419800101001X"


@pytest.mark.parametrize("kind", ["penalties", "licences", "listings"])
def test_a_natural_person_carries_no_code_of_an_enterprise(kind: str) -> None:
    conflict = "subject_kind_conflict:subject_kind"
    for uscc, expected in ((USCC, True), (INDIVIDUAL, False), (None, False), ("91340000711771143K", False)):
        values, found = read_one(
            kind, subject_kind="自然人", uscc=uscc, subject_name="张三", subject_id=CITIZEN
        )
        assert (conflict in found) is expected
        assert values["is_natural_person"] is True
    _, found = read_one(kind, subject_kind="个体工商户", uscc=USCC)
    assert conflict not in found


def test_conditional_fields_of_natural_persons() -> None:
    _, found = read_one("penalties", subject_kind="自然人", uscc=None, legal_rep=None)
    assert found == ["warn:conditional_missing:subject_id_type", "warn:conditional_missing:subject_id"]


def test_an_unknown_type_comes_from_the_code() -> None:
    codes = {"91341802MA2WE5W03B": "企业", INDIVIDUAL: "个体工商户", "93341824MA0000031R": "农民专业合作社",
             "11341700003244772R": "其他"}  # fmt: skip
    rows = [changed("entities", uscc=uscc, entity_type="怪型") for uscc in codes]
    assert read("entities", *rows).rows["entity_type"].to_pylist() == list(codes.values())
    assert read_one("entities", entity_type="有限责任公司分公司")[0]["entity_type"] == "分支机构"


def test_upheld_rulings_need_their_day_and_kinds() -> None:
    day, kinds = "missing_mandatory:event_on", "missing_mandatory:penalty_kinds"
    assert read_one("rulings", conclusion="属实有效")[1] == [day, kinds]
    assert read_one("rulings", conclusion="属实有效", event_on="2024-01-05")[1] == [kinds]
    assert read_one("rulings", conclusion="属实有效", event_on="2024-01-05", penalty_kinds="罚款")[1] == []
    # Only penalties need both (rules §4): an entry may take the day of its own row.
    assert read_one("rulings", conclusion="属实有效", kind="名录名单")[1] == []
    assert read_one("rulings", conclusion="属实有效", kind="市场主体")[1] == []
    assert read_one("rulings", conclusion="不成立")[1] == []


def test_rulings_name_a_row_by_its_delivery() -> None:
    values, found = read_one(
        "rulings", source_sha256=" " + "AB" * 32, source_row="\x0112.0", doc_no=None, authority=None
    )
    assert found == []
    assert (values["source_sha256"], values["ruled_row"]) == ("ab" * 32, 12)
    assert (values["authority_key"], values["doc_norm"], values["kinds"]) == (None, "", "")
    assert read_one("rulings", source_sha256="abc")[0]["source_sha256"] is None


def test_kinds_of_rulings() -> None:
    values, _ = read_one("rulings", event_on="2024-01-05", penalty_kinds="警告；罚款", conclusion="属实有效")
    assert (values["kind"], values["kinds"], values["event_on"]) == (
        "penalties",
        "罚款;警告",
        date(2024, 1, 5),
    )


def test_a_removal_reason_that_is_unknown_warns() -> None:
    values, found = read_one("listings", removed_on="2024/06/05", removal_reason="别的原因")
    assert found == ["warn:removal_reason_unknown:removal_reason"]
    assert (values["removal_code"], values["removal_reason"]) == (None, "别的原因")


def test_values_of_a_penalty() -> None:
    values, found = read_one(
        "penalties",
        penalty_kinds="警告",
        fine_fen="0.2",
        confiscated_fen="０.０１",
        content="吊销营业执照",
        doc_no="宣市监简罚【2024】１号",
        decision_status="复议诉讼中",
        procedure="简易",
        valid_to="长期",
        publicity_until="2099/12/31",
        legal_rep_id=CITIZEN,
        uscc="91340000711771143j",
    )
    assert found == ["warn:uscc_lower_case:uscc"]
    expected = {
        "uscc": USCC, "subject_name": "宣城（测试）有限公司", "name_norm": "宣城(测试)有限公司",
        "is_natural_person": False,
        "legal_rep": "王**", "doc_no": "宣市监简罚【2024】１号", "doc_norm": "宣市监简罚(2024)1号", "fine_fen": 200_000,
        "confiscated_fen": 10_000, "kinds": "没收违法所得;罚款;警告", "says_revoked": True, "doc_says_simple": True,
        "procedure_code": "simple", "status_code": "provisional", "valid_to": date(9999, 12, 31),
        "publicity_until": date(9999, 12, 31), "decided_on": date(2024, 1, 5), "authority_key": "341800-scjg",
        "authority_division": "3418",
    }  # fmt: skip
    assert {name: values[name] for name in expected} == expected
    assert values["legal_rep_id"] not in (None, CITIZEN) and len(values["legal_rep_id"]) == 64


@pytest.mark.parametrize(
    ("kinds", "fine", "confiscated", "joined"),
    [
        ("警告", None, None, "警告"),
        ("警告", "0", "0", "警告"),
        ("警告", "0.1", None, "罚款;警告"),
        ("警告", None, "0.1", "没收违法所得;警告"),
        ("、", "0.1", None, "罚款"),
        ("、", None, None, ""),
        ("怪罚", None, None, "?怪罚"),
        ("警告", "若干", None, "警告"),
    ],
)
def test_kinds_with_their_amounts(kinds: str, fine: str | None, confiscated: str | None, joined: str) -> None:
    assert (
        read_one("penalties", penalty_kinds=kinds, fine_fen=fine, confiscated_fen=confiscated)[0]["kinds"]
        == joined
    )


@pytest.mark.parametrize(
    ("doc_no", "says"),
    [
        ("宣市监当罚〔2024〕1号", False), ("当场处罚第1号", True), ("简易〔2024〕1号", True), ("宣简罚1号",
        True), ("简处（1）", True),
        ("宣简〔2024〕1号", True), ("宣简【2024】1号", True), ("（宣简）第1号", True), ("宣简2024号", True),
        ("宣简２号", True),
        ("简阳市罚〔2024〕1号", False), ("宣市监罚〔2024〕1号", False),
    ],
)  # fmt: skip
def test_numbers_that_point_to_the_simple_procedure(doc_no: str, says: bool) -> None:
    assert read_one("penalties", doc_no=doc_no)[0]["doc_says_simple"] is says


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "in_force"), ("正常", "in_force"), ("0", "in_force"), ("\x010", "in_force"), ("1", "annulled"),
     ("\x011.0", "annulled"),
     ("已撤销", "annulled"), ("确认违法", "annulled"), ("2", "provisional"), ("异议", "provisional"),
     ("别的", "in_force"),
     ("信用修复", "in_force")],
)  # fmt: skip
def test_state_of_a_decision(text: str | None, code: str) -> None:
    assert read_one("penalties", decision_status=text)[0]["status_code"] == code


def test_revocation_is_read_in_either_text() -> None:
    rows = [
        changed("penalties", content="不吊"), changed("penalties", content="销售吊"), changed("penalties",
        content="吊销"),
        changed("penalties", revoked_licence="吊销食品证"), changed("penalties", content="罚", revoked_licence=None),
    ]  # fmt: skip
    assert read("penalties", *rows).rows["says_revoked"].to_pylist() == [False, False, True, True, False]


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_without_any_text_is_a_row(kind: str) -> None:
    good = GOOD[kind]
    result = read(kind, good, dict.fromkeys(good), good)
    assert [any("missing_mandatory" in name for name in found) for found in broken(result)] == [
        False,
        True,
        False,
    ]


def test_files_of_2015() -> None:
    titles = ["CF_WSH", "CF_CFMC", "CF_CFLB1", "CF_CFLB2", "CF_SY", "CF_YJ", "CF_XDR_MC", "CF_XDR_SHXYM", "CF_XDR_ZDM",
              "CF_XDR_GSDJ", "CF_XDR_SWDJ", "CF_XDR_SFZ", "CF_FR", "CF_JG", "CF_JDRQ", "CF_XZJG", "CF_ZT",
              "SJC"]  # fmt: skip
    good = ["宣工商罚字〔2015〕1号", "虚假广告", "罚款", "警告", "事实", "依据", "某店", None, None, None,
            None, None, "王小明", "罚款1万元",
            "2015-06-01", "宣城市工商局", "0", "2015-07-01 10:00:00"]  # fmt: skip

    def row(**cells: str) -> list[str | None]:
        return [cells.get(title, cell) for title, cell in zip(titles, good, strict=True)]

    result = read_cells(
        "penalties",
        titles,
        [row(), row(CF_XDR_SFZ=CITIZEN), row(CF_XDR_SFZ=CITIZEN, CF_XDR_ZDM="711771143"), row(CF_CFLB2="-")],
    )
    rows = result.rows.to_pylist()
    assert [r["subject_kind"] for r in rows] == [
        "法人及非法人组织",
        "自然人",
        "法人及非法人组织",
        "法人及非法人组织",
    ]
    assert [r["kinds"] for r in rows] == ["罚款;警告", "罚款;警告", "罚款;警告", "罚款"]
    assert rows[0]["penalty_kinds"] == "罚款;警告"
    assert (rows[0]["violation_type"], rows[0]["content"], rows[0]["status_code"]) == (
        "虚假广告",
        "罚款1万元",
        "in_force",
    )
    assert rows[0]["updated_on"] == date(2015, 7, 1)
    assert rows[0]["authority_key"] == "341800-scjg"
    assert not any(name for found in broken(result) for name in found if not name.startswith("warn:"))
    without_kinds = read_cells("penalties", titles, [row(), row(CF_CFLB1="", CF_CFLB2="-"), row()])
    assert ["missing_mandatory:penalty_kinds" in found for found in broken(without_kinds)] == [
        False,
        True,
        False,
    ]


def test_licences_of_2015_are_valid_from_their_decision() -> None:
    titles = [
        "XK_WSH",
        "XK_XMMC",
        "XK_SPLB",
        "XK_NR",
        "XK_XDR",
        "XK_XDR_SFZ",
        "XK_FR",
        "XK_JDRQ",
        "XK_JZQ",
        "XK_XZJG",
    ]
    cells = [
        "1号",
        "食品许可",
        "普通",
        "内容",
        "某店",
        CITIZEN,
        None,
        "2015-06-01",
        "2018-06-01",
        "宣城市工商局",
    ]
    values = read_cells("licences", titles, [cells]).rows.to_pylist()[0]
    assert (values["valid_from"], values["valid_to"]) == (date(2015, 6, 1), date(2018, 6, 1))
    assert (values["doc_name"], values["subject_kind"]) == ("食品许可", "自然人")


def test_events_sent_again_have_one_key() -> None:
    rows = [
        changed("amendments", updated_on="2024-06-06"),
        changed(
            "amendments", doc_no="宣市监罚【2024】 1号", updated_on="2024-07-01", effective_on="2024-6-5"
        ),
        changed("amendments", action="撤销"),
        changed("amendments", uscc=None),
        changed("amendments", uscc=None, subject_name="甲"),
        changed("amendments", amendment_no="1"),
        changed("amendments", effective_on="2024/06/06"),
    ]
    keys = read("amendments", *rows).rows["row_key"].to_pylist()
    assert keys[0] == keys[1]
    assert len(set(keys)) == 6
    rulings = [
        changed("rulings"),
        changed("rulings", basis="另一依据"),
        changed("rulings", decided_on="2024年6月5日"),
    ]
    keys = read("rulings", *rulings).rows["row_key"].to_pylist()
    assert keys[0] == keys[2] != keys[1]


def test_kept_text_holds_no_citizens_id() -> None:
    for kind in KINDS:
        for field in FIELDS[kind]:
            for text in (CITIZEN, f"张三，身份证{CITIZEN}，电话13812345678"):
                rows = read(kind, {**GOOD[kind], field.name: text}).rows.to_pylist()
                assert CITIZEN not in str(rows), (kind, field.name)


def test_ids_in_codes_and_numbers() -> None:
    values, _ = read_one(
        "penalties", subject_id=CITIZEN, reg_no=CITIZEN, tax_no=CITIZEN + "00", doc_no=f"{CITIZEN}号"
    )
    assert CITIZEN not in str(values)
    assert values["reg_no"] is None
    assert values["doc_norm"].startswith("ID")


def test_codes_and_numbers_are_not_destroyed() -> None:
    values, _ = read_one("inspections", task_no="３４００００201709041000", plan_no="34000020171000")
    assert (values["task_no"], values["plan_no"]) == ("340000201709041000", "34000020171000")
    values, _ = read_one("licences", licence_no="JY13418020012345", reg_no="341800800101001")
    assert (values["licence_no"], values["licence_norm"], values["reg_no"]) == (
        "JY13418020012345",
        "JY13418020012345",
        "341800800101001",
    )


def test_rows_do_not_depend_on_their_neighbours() -> None:
    odd = {
        "decided_on": "x",
        "uscc": "\x0191",
        "fine_fen": "-1",
        "penalty_kinds": "怪罚",
        "authority": "宣城市工商局",
        "remark": CITIZEN,
        "subject_kind": "自然人",
        "reg_no": "3.4E+14",
        "doc_no": "〔２０２４〕 1号",
        "subject_name": " Ａ（甲） ",
        "valid_to": "长期",
    }
    rows = [changed("penalties", **{name: odd[name] for name in pair}) for pair in combinations(odd, 2)]
    random.Random(7).shuffle(rows)
    together = read("penalties", *rows)
    said = broken(together)
    for number, row in enumerate(rows):
        full = {field.name: row.get(field.name) for field in FIELDS["penalties"]}
        alone = read("penalties", full)
        assert broken(alone) == [said[number]]
        one = together.rows.slice(number, 1).to_pylist()[0]
        assert alone.rows.to_pylist()[0] | {"source_row": number + 1} == one


def test_limits_of_dates_are_the_policys() -> None:
    assert load_policy().value("future_tolerance_days", date(2026, 11, 23)) == 1
    for landed_on, found in ((date(2024, 1, 3), ["date_range:decided_on"]), (date(2024, 1, 4), [])):
        assert broken(read("penalties", GOOD["penalties"], landed_on=landed_on)) == [found]


def test_a_number_in_a_name_is_hidden_and_tells_names_apart() -> None:
    shown, norms = set(), set()
    for phone in ("13812345678", "13700000000"):
        for kind, column in (("entities", "name"), ("penalties", "subject_name")):
            row, found = read_one(kind, **{column: f"大众饭店（{phone}）"})
            assert found == [] and phone not in str(row)
            shown.add(row[column])
            norms.add(row["name_norm"])
    assert shown == {"大众饭店（[电话]）"} and len(norms) == 2
