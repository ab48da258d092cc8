"""Header matching: every official layout, the folding, and what must stay unknown."""

from __future__ import annotations

import re

import pytest

from records.headers import fold, match
from records.registry import DERIVED_2015, ERA_2015, FIELDS, PAIRS, field


def split(text: str) -> list[str]:
    """Headers parted by spaces."""
    return text.split()


XK = split(
    "XK_XDR_MC XK_XDR_LB XK_XDR_SHXYM XK_XDR_GSZC XK_XDR_ZZJG XK_XDR_SWDJ XK_XDR_SYDW XK_XDR_SHZZ XK_FRDB "
    "XK_FR_ZJLX XK_FR_ZJHM XK_XDR_ZJLX XK_XDR_ZJHM XK_XKWS XK_WSH XK_XKLB XK_XKZS XK_XKBH XK_NR XK_JDRQ XK_YXQZ "
    "XK_YXQZI XK_XKJG XK_XKJGDM XK_ZT XK_LYDW XK_LYDWDM BZ"
)
CF = split(
    "CF_XDR_MC CF_XDR_LB CF_XDR_SHXYM CF_XDR_GSZC CF_XDR_ZZJG CF_XDR_SWDJ CF_XDR_SYDW CF_XDR_SHZZ CF_FRDB "
    "CF_FR_ZJLX CF_FR_ZJHM CF_XDR_ZJLX CF_XDR_ZJHM CF_WSH CF_WFXW CF_SY CF_YJ CF_CFLB CF_NR CF_NR_FK CF_NR_WFFF "
    "CF_NR_ZKDX CF_JDRQ CF_YXQ CF_GSJZQ CF_CFJG CF_CFJGDM CF_SJLY CF_SJLYDM BZ"
)
CF_2015 = split(
    "CF_WSH CF_CFMC CF_CFLB1 CF_CFLB2 CF_SY CF_YJ CF_XDR_MC CF_XDR_SHXYM CF_XDR_ZDM CF_XDR_GSDJ CF_XDR_SWDJ "
    "CF_XDR_SFZ CF_FR CF_JG CF_JDRQ CF_XZJG CF_ZT DFBM SJC BZ"
)
XK_2015 = split(
    "XK_WSH XK_XMMC XK_SPLB XK_NR XK_XDR XK_XDR_SHXYM XK_XDR_ZDM XK_XDR_GSDJ XK_XDR_SWDJ XK_XDR_SFZ XK_FR XK_JDRQ "
    "XK_JZQ XK_XZJG XK_ZT DFBM SJC BZ"
)

# The contract's list, column by column: names in order, M marked with *.
CONTRACT = {
    "entities": "uscc* name* entity_type* status* established_on* division_code* industry_code key_area "
    "registered_capital_wan reg_no parent_uscc predecessor_uscc cancelled_on updated_on",
    "licences": "subject_name* subject_kind* uscc reg_no org_code tax_no institution_no society_no legal_rep "
    "legal_rep_id_type legal_rep_id subject_id_type subject_id doc_name* doc_no* licence_class* certificate_name "
    "licence_no content* decided_on* valid_from* valid_to authority* authority_uscc state source_unit "
    "source_unit_uscc remark",
    "penalties": "subject_name* subject_kind* uscc reg_no org_code tax_no institution_no society_no legal_rep "
    "legal_rep_id_type legal_rep_id subject_id_type subject_id doc_no* violation_type* facts* basis* "
    "penalty_kinds* content* fine_fen confiscated_fen revoked_licence decided_on* valid_to publicity_until "
    "authority* authority_uscc source_unit source_unit_uscc remark procedure decision_status",
    "inspections": "uscc subject_name* plan_no task_no* task_type item* result* authority* inspected_on*",
    "listings": "uscc subject_name* subject_kind list_type* reason_code reason doc_no* authority* listed_on* "
    "removed_on removal_reason",
    "amendments": "target_kind* authority* doc_no* uscc subject_name action* effective_on* amendment_no",
    "honours": "uscc subject_name* honour_type* level issuer* doc_no valid_from* valid_to",
    "rulings": "uscc* kind* authority doc_no source_sha256 source_row conclusion* event_on penalty_kinds "
    "decided_on* decided_by* basis*",
}
CONTRACT_ZH = {
    "entities": "统一社会信用代码 名称 主体类型 登记状态 成立日期 行政区划代码 行业代码 重点监管领域 "
    "注册资本(万元) 注册号 隶属企业统一社会信用代码 前身统一社会信用代码 注销日期 更新日期",
    "inspections": "统一社会信用代码 企业名称 抽查计划编号 抽查任务编号 抽查类型 抽查事项 抽查结果 "
    "抽查机关 抽查完成日期",
    "listings": "统一社会信用代码 主体名称 主体类别 名录名称 列入原因代码 列入原因 列入决定文号 列入机关 "
    "列入日期 移出日期 移出原因",
    "amendments": "对象类型 作出机关 决定文书号 统一社会信用代码 主体名称 变更类型 生效日期 变更文号",
    "honours": "统一社会信用代码 主体名称 荣誉名称 级别 授予单位 文号 有效期自 有效期至",
    "rulings": "统一社会信用代码 记录类别 作出机关 决定文书号 来源文件 来源行 复核结论 决定日期 处罚类别 "
    "复核日期 复核单位 复核依据",
}


@pytest.mark.parametrize("kind", CONTRACT)
def test_registry_is_the_contract(kind: str) -> None:
    wanted = CONTRACT[kind].split()
    extra = [] if kind == "entities" else ["updated_on"]
    assert [f.name for f in FIELDS[kind]] == [name.rstrip("*") for name in wanted] + extra
    assert [f.name for f in FIELDS[kind] if f.is_mandatory_column] == [n[:-1] for n in wanted if n[-1] == "*"]
    empty_allowed = {f.name for f in FIELDS[kind] if f.is_mandatory_column and not f.is_mandatory_value}
    assert empty_allowed == ({"doc_no"} if kind == "listings" else set())


@pytest.mark.parametrize("kind", CONTRACT)
def test_canonical_english_and_camel_case(kind: str) -> None:
    names = [f.name for f in FIELDS[kind]]
    for headers in (
        names,
        [n.upper() for n in names],
        [re.sub("_(.)", lambda m: m[1].upper(), n) for n in names],
    ):
        found = match(kind, headers)
        assert found.fields == names
        assert (found.missing, found.duplicates) == ([], [])
    assert match(kind, names).layout == "en"


@pytest.mark.parametrize("kind", CONTRACT_ZH)
def test_chinese_names_of_the_contract(kind: str) -> None:
    found = match(kind, CONTRACT_ZH[kind].split())
    assert found.fields == [name.rstrip("*") for name in CONTRACT[kind].split()]
    assert found.layout == "zh"


@pytest.mark.parametrize(("kind", "codes"), [("licences", XK), ("penalties", CF)])
def test_official_codes(kind: str, codes: list[str]) -> None:
    wanted = [name.rstrip("*") for name in CONTRACT[kind].split()][: len(codes)]
    camel = [re.sub("_(.)", lambda m: m[1].upper(), code.lower()) for code in codes]
    full_width = [code.translate({i: i + 0xFEE0 for i in range(0x21, 0x7F)}) for code in codes]
    for headers in (codes, [c.lower() for c in codes], camel, full_width, [f" {c} " for c in codes]):
        found = match(kind, headers)
        assert found.fields == wanted
        assert found.missing == []
    assert match(kind, codes).layout == "2018"


def test_official_chinese_names_in_every_bracket_style() -> None:
    for zh, field_name in (
        ("行政相对人代码_1（统一社会信用代码）", "uscc"),
        ("行政相对人代码_1(统一社会信用代码)", "uscc"),
        ("行政相对人代码1【统一社会信用代码】", "uscc"),
        ("行政相对人代码_1 〔统一社会信用代码〕", "uscc"),
        ("行政相对人代码_2（工商注册号）", "reg_no"),
        ("行政相对人代码_3(组织机构代码)", "org_code"),
        ("行政相对人代码_2 (组织机构代码)", "org_code"),
        ("行政相对人代码_3(工商登记码)", "reg_no"),
        ("行政相对人代码_5 (居民身份证号)", "subject_id"),
        ("处罚金额（万元）", "fine_fen"),
        ("罚款金额(万元)", "fine_fen"),
        ("没收违法所得、没收非法财务的金额（万元）", "confiscated_fen"),
        ("没收违法所得", "confiscated_fen"),
        ("*行政处罚决定书文号", "doc_no"),
        ("处罚决定日期\n（必填）", "decided_on"),
        ("\ufeff处罚机关", "authority"),
    ):
        assert match("penalties", [zh]).fields == [field_name], zh


@pytest.mark.parametrize(
    "header",
    [
        "罚款金额(元)",
        "罚款金额（元）",
        "处罚金额(分)",
        "没收违法所得(元)",
        "fine_yuan",
        "行政相对人代码_2",
        "",
        "  ",
        "备注2",
    ],
)
def test_what_is_not_the_standard_stays_unknown(header: str) -> None:
    assert match("penalties", [header]).fields == [None]


def test_capital_without_a_unit_is_unknown() -> None:
    assert match("entities", ["注册资本", "注册资本（万元）"]).fields == [None, "registered_capital_wan"]


def test_units_of_amounts() -> None:
    found = match("penalties", ["fine_fen", "没收违法所得"])
    assert found.types == ["fen", "money_wan"]
    assert match("penalties", ["CF_NR_FK", "x"]).types == ["money_wan", None]
    assert field("penalties", "fine_fen").type == "money_wan"


def test_missing_columns_are_named_in_order() -> None:
    found = match("listings", ["主体名称", "列入日期"])
    assert found.missing == ["list_type", "doc_no", "authority"]


def test_penalties_of_the_2015_era() -> None:
    found = match("penalties", CF_2015)
    by_code = dict(zip(CF_2015, found.fields, strict=True))
    assert found.layout == "2015"
    assert (found.missing, found.duplicates, found.derived) == ([], [], ("subject_kind",))
    assert by_code["CF_CFMC"] == "violation_type"
    assert by_code["CF_JG"] == "content"
    assert by_code["CF_XZJG"] == "authority"
    assert by_code["CF_ZT"] == "decision_status"
    assert by_code["SJC"] == "updated_on"
    assert by_code["CF_XDR_SFZ"] == "subject_id"
    assert by_code["DFBM"] is None
    assert (by_code["CF_CFLB1"], by_code["CF_CFLB2"]) == ("penalty_kinds_1", "penalty_kinds_2")
    kinds = found.sources["penalty_kinds"]
    assert (kinds.positions, kinds.how) == ((2, 3), "join")


def test_licences_of_the_2015_era() -> None:
    found = match(
        "licences", [f"xk{c[3:].title().replace('_', '')}" if c[:2] == "XK" else c for c in XK_2015]
    )
    assert found.layout == "2015"
    assert (found.missing, found.derived) == ([], ("subject_kind", "valid_from"))
    assert found.fields[1] == "doc_name"
    assert found.sources["valid_to"].positions == (XK_2015.index("XK_JZQ"),)


def test_2015_order_of_a_pair_does_not_depend_on_the_columns() -> None:
    found = match("penalties", [*CF_2015[:2], "CF_CFLB2", "CF_CFLB1", *CF_2015[4:]])
    assert found.sources["penalty_kinds"].positions == (3, 2)
    assert found.fields[2:4] == ["penalty_kinds_2", "penalty_kinds_1"]


def test_one_column_of_a_pair_alone_is_the_field() -> None:
    found = match("penalties", [c for c in CF_2015 if c != "CF_CFLB2"])
    assert found.sources["penalty_kinds"].how == "only"
    assert "penalty_kinds" in found.fields


def test_a_2018_file_without_subject_kind_is_not_taken_for_2015() -> None:
    headers = [code for code in CF if code != "CF_XDR_LB"]
    for more in ([], ["CF_ZT"], ["SJC", "CF_ZT", "DFBM"]):
        found = match("penalties", headers + more)
        assert found.missing == ["subject_kind"]
        assert found.layout == "2018"


def test_2015_file_with_its_own_subject_kind_derives_nothing() -> None:
    found = match("penalties", [*CF_2015, "行政相对人类别"])
    assert found.derived == ()
    assert found.missing == []


def test_gsxt_names() -> None:
    headers = ["penDecNo", "illegActType", "penContent", "penType", "penTypeCn", "penAm", "forfAm", "judAuth",
               "penAuth_CN", "penDecIssDate", "publicDate", "penPeri", "pubDeadline", "penBasis_CN",
               "mainIllegFact", "uniscid", "regNo"]  # fmt: skip
    found = match("penalties", headers)
    assert found.fields == [
        "doc_no", "violation_type", "content", "penalty_kinds_2", "penalty_kinds_1", "fine_fen",
        "confiscated_fen", "authority_2", "authority_1", "decided_on", None, "valid_to", "publicity_until",
        "basis", "facts", "uscc", "reg_no",
    ]  # fmt: skip
    assert found.sources["penalty_kinds"].how == "first"
    assert found.missing == ["subject_name", "subject_kind"]
    assert found.layout == "gsxt"
    inspected = match("inspections", ["raninsPlanId", "raninsPlaneName", "raninsTaskId", "raninsTypeName", "insAuth",
                                      "insDate", "raninsItemName", "raninsCheckResName", "uniscid"])  # fmt: skip
    assert inspected.missing == ["subject_name"]
    assert inspected.fields[1] is None


@pytest.mark.parametrize(
    "headers",
    [
        ["CF_WSH", "行政处罚决定书文号"],
        ["CF_NR_FK", "fine_fen"],
        ["CF_CFLB", "CF_CFLB1", "CF_CFLB2"],
        ["CF_CFLB1", "CF_CFLB1"],
        ["penType", "penTypeCn", "处罚类别"],
    ],
)
def test_two_columns_for_one_field_are_duplicates(headers: list[str]) -> None:
    assert len(match("penalties", headers).duplicates) == 1


@pytest.mark.parametrize("kind", FIELDS)
def test_no_spelling_stands_for_two_fields(kind: str) -> None:
    owners: dict[str, set[str]] = {}
    for f in FIELDS[kind]:
        for header in (f.name, f.zh, *f.headers):
            owners.setdefault(fold(header), set()).add(f.name)
    assert {key: names for key, names in owners.items() if len(names) > 1} == {}


def test_side_tables_name_known_spellings() -> None:
    for table in (ERA_2015, {kind: [h for p in pairs for h in p[2]] for kind, pairs in PAIRS.items()}):
        for kind, headers in table.items():
            assert all(match(kind, [header]).fields != [None] for header in headers)
    for kind, names in DERIVED_2015.items():
        assert all(field(kind, name).is_mandatory_column for name in names)


def test_no_header_says_an_amount_in_another_unit() -> None:
    for kind, fields in FIELDS.items():
        for f in fields:
            if f.type == "money_wan":
                odd = [h for h in f.headers if "元" in h and "万元" not in h]
                assert odd == [], kind
