"""Code tables: the spellings that departments deliver find their canonical value, and no other."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from policy import Policy, fold, load_policy
from policy.tables import CANONICAL

TODAY = date(2026, 11, 23)

SPELLINGS = [
    ("entity_status", "存续（在营、开业、在册）", "存续"),
    ("entity_status", "存续(在营、开业、在册)", "存续"),
    ("entity_status", "在营", "存续"),
    ("entity_status", "在营(开业)企业", "存续"),
    ("entity_status", "开业", "开业"),
    ("entity_status", "在业", "在业"),
    ("entity_status", "吊销,未注销", "吊销"),
    ("entity_status", "吊销，未注销", "吊销"),
    ("entity_status", "吊销未注销", "吊销"),
    ("entity_status", "吊销，已注销", "注销"),
    ("entity_status", "已注销", "注销"),
    ("entity_status", "迁往外地", "迁出"),
    ("entity_status", "正在清算", "清算"),
    ("entity_status", "已撤销", "撤销"),
    ("subject_kind", "法人", "法人及非法人组织"),
    ("subject_kind", "非法人组织", "法人及非法人组织"),
    ("subject_kind", "法人或其他组织", "法人及非法人组织"),
    ("subject_kind", "企业", "法人及非法人组织"),
    ("subject_kind", "个体户", "个体工商户"),
    ("subject_kind", "公民", "自然人"),
    ("entity_type", "有限责任公司(自然人独资)", "企业"),
    ("entity_type", "有限责任公司分公司（自然人独资）", "分支机构"),
    ("entity_type", "农民专业合作社联合社", "农民专业合作社"),
    ("target_kind", "penalties", "行政处罚"),
    ("target_kind", "listings", "名录名单"),
    ("record_kind", "行政处罚", "penalties"),
    ("record_kind", "名录名单", "listings"),
    ("record_kind", "修复变更", "amendments"),
    ("record_kind", "rulings", "rulings"),
    ("action", "撤销信用修复", "撤销修复"),
    ("action", "提前停止公示", "信用修复"),
    ("action", "行政复议受理", "复议诉讼受理"),
    ("removal_reason", "补报年报", "履行"),
    ("removal_reason", "补报未报年份的年度报告并公示", "履行"),
    ("removal_reason", "履行公示义务", "履行"),
    ("removal_reason", "更正", "履行"),
    ("removal_reason", "办理变更登记", "履行"),
    ("removal_reason", "取得联系", "履行"),
    ("removal_reason", "通过登记的住所（经营场所）可以重新取得联系", "履行"),
    ("removal_reason", "信用修复", "修复"),
    ("removal_reason", "列入满三年", "期满"),
    ("removal_reason", "列入错误", "错误列入"),
    ("inspection_result", "未发现问题", "R1_OK"),
    ("inspection_result", "正常", "R1_OK"),
    ("inspection_result", "未按规定公示应当公示的信息", "R2_NOT_PUBLISHED"),
    ("inspection_result", "未按规定公示年报", "R2_NOT_PUBLISHED"),
    ("inspection_result", "未按规定公示即时信息", "R2_NOT_PUBLISHED"),
    ("inspection_result", "公示信息隐瞒真实情况、弄虚作假", "R3_FALSE_INFO"),
    ("inspection_result", "隐瞒真实情况、弄虚作假", "R3_FALSE_INFO"),
    ("inspection_result", "弄虚作假", "R3_FALSE_INFO"),
    ("inspection_result", "通过登记的住所（经营场所）无法联系", "R4_UNREACHABLE"),
    ("inspection_result", "无法联系", "R4_UNREACHABLE"),
    ("inspection_result", "发现问题已责令改正", "R5_CORRECTED"),
    ("inspection_result", "经责令已改正", "R5_CORRECTED"),
    ("inspection_result", "责令改正", "R5_CORRECTED"),
    ("inspection_result", "已改正", "R5_CORRECTED"),
    ("inspection_result", "不配合检查情节严重", "R6_REFUSED"),
    ("inspection_result", "不予配合情节严重", "R6_REFUSED"),
    ("inspection_result", "未发现开展本次抽查涉及的经营活动", "R7_NO_ACTIVITY"),
    ("inspection_result", "发现问题待后续处理", "R8_PENDING"),
    ("inspection_result", "待后续处理", "R8_PENDING"),
    ("inspection_result", "注销", "R0_EXIT"),
    ("inspection_result", "被吊销", "R0_EXIT"),
    ("inspection_result", "被撤销", "R0_EXIT"),
    ("inspection_result", "迁出", "R0_EXIT"),
    ("inspection_result", "已关闭停业或正在组织清算", "R0_EXIT"),
    ("conclusion", "属实有效", "属实有效"),
    ("procedure", "简易程序", "simple"),
    ("procedure", "一般程序", "ordinary"),
]


def lookup(table: Any, text: str) -> set[str]:
    return {canonical for canonical, names in table.items() if fold(text) in {fold(name) for name in names}}


@pytest.mark.parametrize(("table", "text", "canonical"), SPELLINGS)
def test_spellings_met_in_deliveries(shipped: Policy, table: str, text: str, canonical: str) -> None:
    assert lookup(shipped.codes[table], text) == {canonical}


@pytest.mark.parametrize("table", sorted(CANONICAL))
def test_each_canonical_value_finds_itself(shipped: Policy, table: str) -> None:
    assert set(shipped.codes[table]) == set(CANONICAL[table])
    for canonical in CANONICAL[table]:
        assert shipped.codes[table][canonical][0] == canonical
        assert lookup(shipped.codes[table], canonical) == {canonical}


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("subject_kind", "1"), ("subject_kind", "02"), ("inspection_result", "1"), ("inspection_result", "B"),
        ("entity_status", "1"), ("action", "终止公示"), ("entity_status", "吊销,"), ("conclusion", "无"),
        ("decision_status", "已修复"), ("decision_status", "信用修复"), ("decision_status", "3"),
        ("removal_reason", "其他"),
    ],
)  # fmt: skip
def test_what_cannot_be_known_has_no_alias(shipped: Policy, table: str, text: str) -> None:
    assert lookup(shipped.codes[table], text) == set()


def test_decision_status_is_exactly_that_of_the_rules(shipped: Policy) -> None:
    assert {k: set(v[1:]) for k, v in shipped.codes["decision_status"].items()} == {
        "annulled": {"撤销", "已撤销", "确认违法", "确认无效", "1"},
        "provisional": {"复议诉讼中", "异议", "2"},
        "in_force": {"正常", "有效", "0"},
    }


def test_one_spelling_for_each_folded_class(shipped: Policy) -> None:
    for table in shipped.codes.values():
        for names in table.values():
            assert len({fold(n) for n in names}) == len(names), names
    spellings = [(k.name, *k.aliases) for k in shipped.penalty_kinds]
    spellings += [(one.name, *one.aliases) for one in shipped.lists]
    spellings += [(one.name, *one.aliases) for one in shipped.honours]
    for names in spellings:
        assert len({fold(n) for n in names}) == len(names), names
    folded = [fold(n) for n in shipped.placeholder_names]
    assert len(set(folded)) == len(folded)


def test_status_groups(shipped: Policy) -> None:
    groups = {status: shipped.entity_status_group(status) for status in CANONICAL["entity_status"]}
    assert groups == {
        "存续": "active", "在业": "active", "开业": "active", "歇业": "dormant", "吊销": "revoked",
        "注销": "cancelled", "撤销": "rescinded", "清算": "liquidation", "迁出": "moved_out",
    }  # fmt: skip


def test_a_bare_inspection_number_means_nothing_by_default(shipped: Policy, edit: Any) -> None:
    assert shipped.inspection_numbers == {}
    own = load_policy(
        edit("codes.yaml", "inspection_numbers: {}", 'inspection_numbers: {anhui-2014: {"5": R3_FALSE_INFO}}')
    )
    assert own.inspection_numbers["anhui-2014"]["5"] == "R3_FALSE_INFO"
    assert own.reader_digest != shipped.reader_digest


def weight(policy: Policy, text: str) -> set[str]:
    return {k.weight for k in policy.penalty_kinds if fold(text) in {fold(n) for n in (k.name, *k.aliases)}}


@pytest.mark.parametrize(
    ("weighs", "kinds"),
    [
        ("serious", "吊销许可证件 吊销营业执照 吊销执照 限制开展生产经营活动 责令停产停业"),
        ("serious", "责令关闭 限制从业 降低资质等级"),
        ("serious", "吊销许可证 停业整顿 关闭 降低资质 吊销食品经营许可证"),
        ("minor", "警告 通报批评"),
        ("no_penalty", "不予处罚 不予行政处罚 首违不罚 责令改正"),
        ("merged_revocation", "暂扣或者吊销许可证 暂扣或者吊销执照 暂扣或吊销许可证"),
        ("general", "罚款 没收违法所得 没收非法财物 没收非法财务 暂扣许可证件 暂扣许可证 行政拘留"),
    ],
)
def test_penalty_kinds(shipped: Policy, weighs: str, kinds: str) -> None:
    for kind in kinds.split():
        assert weight(shipped, kind) == {weighs}, kind


def test_only_the_named_kinds_are_harmless(shipped: Policy) -> None:
    """A kind that is no penalty could make an entity eligible: they are exactly those of rules §2."""
    harmless = {k.name for k in shipped.penalty_kinds if k.weight in ("minor", "no_penalty")}
    assert harmless == {"警告", "通报批评", "不予处罚", "不予行政处罚", "首违不罚", "责令改正"}
    for kind in shipped.penalty_kinds:
        for name in (kind.name, *kind.aliases):
            heavy = any(word in name for word in ("吊销", "停产停业", "关闭", "限制从业", "降低资质"))
            assert not heavy or kind.weight in ("serious", "merged_revocation"), name
            assert not (set(name) & set(";；,，、|/ ")), f"{name} would be split before it is looked up"


def test_unknown_kinds_that_are_serious(shipped: Policy) -> None:
    rules = {(r.contains, r.unless) for r in shipped.unknown_kind_serious}
    assert rules == {
        ("吊销", "暂扣"), ("停产停业", None), ("关闭", None), ("限制从业", None), ("降低资质", None),
    }  # fmt: skip


LISTS = [
    ("企业经营异常名录", "经营异常名录"),
    ("经营异常状态", "经营异常名录"),
    ("严重违法失信企业名单", "严重违法失信名单"),
    ("失信被执行人名单", "失信被执行人"),
    ("重大税收违法案件", "重大税收违法失信主体"),
    ("重大税收违法案件当事人", "重大税收违法失信主体"),
    ("拖欠农民工工资“黑名单”", "拖欠农民工工资失信联合惩戒对象"),
    ("拖欠农民工工资失信联合惩戒对象名单", "拖欠农民工工资失信联合惩戒对象"),
    ("海关失信企业", "海关失信企业名单"),
    ("安全生产失信联合惩戒对象", "安全生产严重失信主体名单"),
    ("政府采购严重违法失信名单", "政府采购严重违法失信行为记录名单"),
]


@pytest.mark.parametrize(("text", "name"), LISTS)
def test_list_aliases(shipped: Policy, text: str, name: str) -> None:
    assert lookup({one.name: (one.name, *one.aliases) for one in shipped.lists}, text) == {name}


def test_what_an_entry_on_each_list_means(shipped: Policy) -> None:
    blocking = {
        "经营异常名录": "ABNORMAL_LIST", "严重违法失信名单": "SERIOUS_LIST",
        "失信被执行人": "JUDGMENT_DEFAULTER",
        "重大税收违法失信主体": None, "拖欠农民工工资失信联合惩戒对象": None,
    }  # fmt: skip
    for one in shipped.lists:
        for day in (date(2012, 1, 1), TODAY):
            assert shipped.list_value(one.name, "is_blocking", day) is (one.name in blocking)
            assert shipped.list_value(one.name, "red_line", day) == blocking.get(one.name)
            assert shipped.list_value(one.name, "after_list_months", day) == 0
            assert shipped.list_value(one.name, "any_removal_is_repair", day) is (one.name == "经营异常名录")
    assert "海关失信企业名单" in {one.name for one in shipped.lists}
    assert all(one.measures for one in shipped.lists if one.name in blocking)


def test_list_values_are_dated(edit: Any) -> None:
    values = "is_blocking: true, after_list_months: 0, any_removal_is_repair: true, red_line: ABNORMAL_LIST"
    old = f"  - {{{values}, valid_from: null, valid_to: null,"
    first = old.replace("valid_to: null", 'valid_to: "2027-12-31"')
    rest = "source: x, article: y, confidence: A, reviewed_on: '2026-11-23'}\n"
    second = first.replace("months: 0", "months: 6").replace(
        'valid_from: null, valid_to: "2027-12-31"', 'valid_from: "2028-01-01", valid_to: null'
    )
    policy = load_policy(edit("lists.yaml", old, f"{second} {rest}{first}"))
    assert policy.list_value("经营异常名录", "after_list_months", date(2027, 12, 31)) == 0
    assert policy.list_value("经营异常名录", "after_list_months", date(2028, 1, 1)) == 6
    id_ = "lists.经营异常名录.after_list_months"
    assert len(policy.periods([id_], TODAY, date(2030, 1, 1))) == 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("诚信典型", "诚信典型"),
        ("A级纳税人", "纳税信用A级"),
        ("a级纳税信用", "纳税信用A级"),
        ("AEO高级认证企业", "海关AEO高级认证企业"),
        ("海关ＡＥＯ高级认证企业", "海关AEO高级认证企业"),
        ("守合同重信用", "守合同重信用企业"),
        ("“守合同重信用”企业", "守合同重信用企业"),
        ("宣城市政府质量奖", "政府质量奖"),
    ],
)
def test_honours(shipped: Policy, text: str, name: str) -> None:
    assert lookup({one.name: (one.name, *one.aliases) for one in shipped.honours}, text) == {name}
    assert shipped.honour_terms(TODAY)[name] == 36


def test_only_the_five_honours_are_recognised(shipped: Policy) -> None:
    assert {one.name for one in shipped.honours} == {
        "诚信典型", "纳税信用A级", "海关AEO高级认证企业", "守合同重信用企业", "政府质量奖",
    }  # fmt: skip
    for text in ("纳税信用B级", "海关一般认证企业", "政府质量奖提名奖", "文明单位"):
        assert not lookup({one.name: (one.name, *one.aliases) for one in shipped.honours}, text)


def test_placeholder_names(shipped: Policy) -> None:
    assert "无字号" in shipped.placeholder_names
    assert all(len(name) <= 8 for name in shipped.placeholder_names), "a placeholder is no real name"
