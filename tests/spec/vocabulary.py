"""Field names of the spec cases, and what the loader fills in."""

from __future__ import annotations

from records.schema import KINDS_ZH
from tests.reference.cells import uscc_check_sign

KIND_OF = {**{zh: kind for kind, zh in KINDS_ZH.items()}, **{kind: kind for kind in KINDS_ZH}}
AUTHORITY = "宣城市市场监督管理局"

# canonical English column -> Chinese names that a case may use. Every English name may be used too.
_SUBJECT = {"uscc": ("统一社会信用代码",), "subject_name": ("名称", "主体名称", "行政相对人名称")}
_NUMBERS = {"subject_kind": ("类别", "行政相对人类别"), "reg_no": ("注册号",), "org_code": ("组织机构代码",)}
_AUTHORITY = {"authority": ("机关",), "doc_no": ("文号",), "updated_on": ("更新日期",)}
FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "entities": {
        "uscc": ("统一社会信用代码",), "name": ("名称",), "entity_type": ("主体类型",), "status": ("登记状态",),
        "established_on": ("成立日期",), "division_code": ("行政区划代码",), "industry_code": ("行业代码",),
        "key_area": ("重点监管领域",), "registered_capital_wan": ("注册资本",), "reg_no": ("注册号",),
        "parent_uscc": ("隶属企业统一社会信用代码",), "predecessor_uscc": ("前身统一社会信用代码",),
        "cancelled_on": ("注销日期",), "updated_on": ("更新日期",),
    },
    "licences": {
        **_SUBJECT, **_NUMBERS, **_AUTHORITY, "doc_name": ("许可文书名称",), "licence_class": ("许可类别",),
        "licence_no": ("许可证书编号",), "content": ("许可内容",), "decided_on": ("决定日期",),
        "valid_from": ("有效期自",), "valid_to": ("有效期至",), "state": ("状态",),
    },
    "penalties": {
        **_SUBJECT, **_NUMBERS, **_AUTHORITY, "violation_type": ("违法行为类型",), "facts": ("违法事实",),
        "basis": ("处罚依据",), "penalty_kinds": ("处罚类别",), "content": ("处罚内容",), "fine_fen": (),
        "confiscated_fen": (), "revoked_licence": ("暂扣或吊销证照",), "decided_on": ("决定日期",),
        "valid_to": ("处罚有效期",), "publicity_until": ("公示截止期",), "procedure": ("处罚程序",),
        "decision_status": ("决定状态",), "remark": ("备注",),
    },
    "inspections": {
        **_SUBJECT, "authority": ("抽查机关", "机关"), "updated_on": ("更新日期",), "plan_no": ("抽查计划编号",),
        "task_no": ("任务", "抽查任务编号"), "item": ("抽查事项",), "result": ("抽查结果",),
        "inspected_on": ("抽查日期", "抽查完成日期"),
    },
    "listings": {
        **_SUBJECT, **_AUTHORITY, "subject_kind": ("类别", "主体类别"), "list_type": ("名录名称",),
        "reason_code": ("列入原因代码",), "reason": ("列入原因",), "listed_on": ("列入日期",),
        "removed_on": ("移出日期",), "removal_reason": ("移出原因",),
    },
    "amendments": {
        **_SUBJECT, **_AUTHORITY, "target_kind": ("对象类型",), "action": ("变更类型",),
        "effective_on": ("生效日期",), "amendment_no": ("变更文号",),
    },
    "honours": {
        **_SUBJECT, "honour_type": ("荣誉名称",), "level": ("级别",), "issuer": ("授予单位",), "doc_no": ("文号",),
        "valid_from": ("有效期自",), "valid_to": ("有效期至",), "updated_on": ("更新日期",),
    },
    "rulings": {
        "uscc": ("统一社会信用代码",), **_AUTHORITY, "kind": ("记录类别",), "source_sha256": (), "source_row": (),
        "conclusion": ("复核结论",), "event_on": ("原决定日期",), "penalty_kinds": ("处罚类别",),
        "decided_on": ("复核日期",), "decided_by": ("复核单位",), "basis": ("复核依据",),
    },
}  # fmt: skip
# Amounts are written in yuan for the reader and delivered in fen.
YUAN = {"罚款元": "fine_fen", "没收元": "confiscated_fen"}
# What is no column: whose record it is, in which delivery, under which mark a ruling may name it.
EXTRAS = {"主体", "批次", "标记", "来源", "多余单元格"}

DEFAULTS: dict[str, dict[str, str]] = {
    "entities": {
        "entity_type": "企业", "status": "存续", "established_on": "2010-01-01", "division_code": "341802",
        "updated_on": "2020-01-01",
    },
    "licences": {
        "subject_kind": "法人及非法人组织", "doc_name": "行政许可决定书", "doc_no": "甲", "licence_class": "普通",
        "content": "准予许可", "decided_on": "2024-01-01", "valid_from": "2024-01-01", "authority": AUTHORITY,
    },
    "penalties": {
        "subject_kind": "法人及非法人组织", "doc_no": "甲", "violation_type": "违反登记管理", "facts": "见决定书",
        "basis": "见决定书", "penalty_kinds": "罚款", "content": "见决定书", "decided_on": "2024-05-20",
        "authority": AUTHORITY,
    },
    "inspections": {
        "task_no": "甲", "item": "公示信息检查", "result": "未发现问题", "authority": AUTHORITY,
        "inspected_on": "2026-01-15",
    },
    "listings": {
        "doc_no": "甲", "list_type": "经营异常名录", "authority": AUTHORITY, "listed_on": "2024-07-10",
    },
    "amendments": {
        "target_kind": "行政处罚", "authority": AUTHORITY, "doc_no": "甲", "action": "信用修复",
        "effective_on": "2025-06-01",
    },
    "honours": {"honour_type": "诚信典型", "issuer": "宣城市人民政府", "doc_no": "荣", "valid_from": "2025-01-01"},
    "rulings": {
        "authority": AUTHORITY, "doc_no": "甲", "kind": "行政处罚", "decided_on": "2026-05-01",
        "decided_by": "宣城市信用办", "basis": "复核意见书",
    },
}  # fmt: skip
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_PREFIX = {"个体工商户": "92", "农民专业合作社": "93"}


def columns_of(kind: str) -> dict[str, str]:
    """Every name that a case may use for a column of `kind` -> canonical English name."""
    names = {spelling: field for field, spellings in FIELDS[kind].items() for spelling in (field, *spellings)}
    return {**names, **(YUAN if kind == "penalties" else {})}


def org_code_of(number: int) -> str:
    """A valid organisation code (GB 11714) from a number below 10,000,000."""
    body = f"M{number:07d}"
    total = sum(int(sign, 36) * weight for sign, weight in zip(body, _ORG_WEIGHTS, strict=True))
    check = 11 - total % 11
    return body + {10: "X", 11: "0"}.get(check, str(check))


def uscc_of(number: int, entity_type: str = "企业") -> str:
    """A valid unified social credit code from a number."""
    body = f"{_PREFIX.get(entity_type, '91')}341802{org_code_of(number)}"
    return body + uscc_check_sign(body)


def reg_no_of(number: int) -> str:
    """A 注册号 of 15 digits from a number."""
    return f"3418020{number:08d}"
