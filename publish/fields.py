"""What every column of a snapshot means, once: for workbooks, the data package and the data dictionary."""

from __future__ import annotations

from typing import NamedTuple

from publish.tables import TABLES, TableSpec
from records.official import LICENCE_COLUMNS, PENALTY_COLUMNS
from records.registry import FIELDS


class Meaning(NamedTuple):
    """One column.

    Attributes:
        zh: Chinese header.
        en: meaning in English.
        unit: of the value, where it has one.
        note_zh: what a header does not say.
    """

    zh: str
    en: str
    unit: str = ""
    note_zh: str = ""


TITLES: dict[str, tuple[str, str]] = {
    "grades": ("信用风险分类结果", "Risk class of each entity in scope"),
    "grade_reasons": ("分类依据", "Points of each indicator; per entity they add up to the risk points"),
    "eligibility": ("便利措施适用状态", "Fast-track eligibility of each entity"),
    "eligibility_blockers": ("不适用原因", "What stands in the way of eligibility"),
    "disclosure": ("公示期", "What each channel shows of a decision, and how long"),
    "quarantine": ("未通过校验的数据", "Rows that failed validation, masked"),
    "unmatched": ("未能关联的数据", "Rows that found no entity"),
    "holds": ("待复核事项", "What is held, and by which delivered row"),
    "evidence": ("所依据的记录", "Records that a class or status looked at"),
    "sampling_plan": ("抽查抽样框", "Frame of the random-inspection plan: strata, rates and chances, before the draw"),
    "joint_punishment": ("联合惩戒清单", "List entries with the measures of each department"),
    "early_warnings": ("风险监测预警", "Entities that the policy's thresholds name"),
    "shadow_points": ("备选模型分值", "Points and class that the challengers of the promoted model would give"),
    "disclosure_penalties": ("行政处罚公示上传文件", "Penalties that may be shown, in the official layout"),
    "disclosure_licences": ("行政许可公示上传文件", "Licences that may be shown, in the official layout"),
    "filing_timeliness": ("报送及时性", "Decisions of the last 90 days by authority: filed in time or late"),
    "changes": ("较上期变化", "What changed since the snapshot that the manifest names"),
}  # fmt: skip

_COLUMNS: dict[str, Meaning] = {
    "uscc": Meaning("统一社会信用代码", "Unified social credit code"),
    "name": Meaning("主体名称", "Name of the entity"),
    "entity_type": Meaning("主体类型", "Type of entity"),
    "division_code": Meaning("行政区划代码", "Division code, GB/T 2260"),
    "industry_code": Meaning("行业代码", "Industry code, GB/T 4754"),
    "key_area": Meaning("重点监管领域", "Key area of supervision, as registered"),
    "risk_class": Meaning("风险等级", "Risk class A (low) to D (high); null where not classed"),
    "not_classed_reason": Meaning("不分类原因", "Why there is no class"),
    "risk_points": Meaning("风险分", "Risk points, 0 to 1000, higher is riskier", "points"),
    "points_class": Meaning("按分值等级", "Class by the points alone"),
    "red_lines": Meaning("直接判定情形", "Red lines crossed"),
    "method": Meaning("评分方法", "Method that gave the class: expert or scorecard"),
    "points_other_method": Meaning("另一方法分值", "Points by the other method", "points"),
    "policy_version": Meaning("规则版本", "Version of the policy"),
    "model_version": Meaning("模型版本", "Version of the points or scorecard"),
    "as_of": Meaning("截至日期", "Day asked about"),
    "indicator": Meaning("指标", "Indicator of the points"),
    "category": Meaning("指标类别", "One of the five official categories"),
    "value": Meaning("取值", "Value that was found"),
    "points": Meaning("分值", "Points of the indicator", "points"),
    "status": Meaning("状态", "Status code, rules §5"),
    "eligible": Meaning("是否适用", "Whether a convenience measure may be used"),
    "grounds": Meaning("适用依据", "Open routes"),
    "clean_since": Meaning("无不良记录起始日", "Day since which nothing counts"),
    "eligible_on": Meaning("预计适用日", "First day on which it would be eligible"),
    "reason": Meaning("原因", "Why: a status code of a blocker, or why a row found no entity"),
    "kind": Meaning("记录类别", "Kind of record"),
    "authority": Meaning("机关", "Authority that decided, listed or inspected"),
    "doc_no": Meaning("文书号", "Number of the document, as delivered"),
    "event_on": Meaning("日期", "Day of the decision, entry, visit or honour"),
    "blocks_until": Meaning("影响截止日", "Last day on which the record blocks; null: open"),
    "rule": Meaning("规则", "Id of the rule in the policy; a blocking list entry's ends in its list"),
    "decided_on": Meaning("决定日期", "Day of the decision"),
    "channel": Meaning("公示渠道", "Channel: gsxt or creditchina"),
    "is_published": Meaning("是否公示", "Whether it is shown on the day"),
    "publish_from": Meaning("公示起始日", "First day on which it is shown"),
    "earliest_repair_on": Meaning("可申请修复日", "First day on which repair may be asked for"),
    "publish_until": Meaning("公示截止日", "Last day on which it is shown; null: open"),
    "source_file": Meaning("报送文件", "Path of the file under the landing folder"),
    "source_sha256": Meaning("文件摘要", "SHA-256 of the delivered bytes"),
    "source_row": Meaning("行号", "Number of the row in the file, from 1"),
    "rules": Meaning("校验规则", "Validation rules that the row failed"),
    "uscc_seen": Meaning("所报代码", "Code as delivered, masked"),
    "name_seen": Meaning("所报名称", "Name as delivered, masked"),
    "raw": Meaning("原始数据", "The row as read, masked"),
    "hold_rule": Meaning("待复核原因", "Rule that holds the entity, rules §4"),
    "via": Meaning("经由主体", "USCC that bears the record"),
    "can_be_upheld": Meaning("可否认定属实", "Whether a ruling 属实有效 makes a record of it"),
    "what": Meaning("内容", "Tier, list, result, honour or event"),
    "held_as": Meaning("关系", "Whose record it is: own, predecessor, branch, parent"),
    "ended_on": Meaning("终止日期", "Day on which it ended"),
    "repaired_on": Meaning("修复日期", "Day of the repair"),
    "is_provisional": Meaning("复议诉讼中", "Under review or in court"),
    "is_active": Meaning("是否在列", "Whether the entry stands"),
    "counts": Meaning("是否计入", "Whether it blocks the three-year clause"),
    "linked_by": Meaning("关联方式", "How the row was linked"),
    "coverage": Meaning("覆盖方式", "full: visited in any case; draw: may be drawn; excluded: not this time"),
    "coverage_reason": Meaning("覆盖原因", "Why it is covered in full or excluded"),
    "key_items_in_full": Meaning("重点事项全覆盖", "Key items are inspected whatever the draw says"),
    "stratum": Meaning("抽样层", "Stratum: division and class"),
    "rate": Meaning("抽查比例", "Rate of the class by the policy", "share"),
    "stratum_size": Meaning("层内户数", "Entities of the stratum"),
    "stratum_draws": Meaning("层内抽取户数", "How many of them are drawn"),
    "inclusion_probability": Meaning("入样概率", "Chance of being drawn; its inverse is the weight", "share"),
    "last_inspected_on": Meaning("最近检查日期", "Day of the last visit by any authority"),
    "visits_this_year": Meaning("本年检查次数", "Visits of the calendar year, authority=number"),
    "list_type": Meaning("名单", "List"),
    "from_on": Meaning("列入日期", "Day of the entry"),
    "until_on": Meaning("移出日期", "Day on which it ended; null while it stands"),
    "expected_until_on": Meaning("预计期满日", "End of the term laid down; null: until removed"),
    "ended_as": Meaning("移出方式", "REPAIRED or ENDED"),
    "measure": Meaning("措施代码", "Code of the measure"),
    "measure_number": Meaning("基础清单序号", "Number in the national base list; null: special law"),
    "measure_kind": Meaning("措施类别", "Kind 1 to 3 of the national base list"),
    "measure_name": Meaning("惩戒措施", "Measure"),
    "department": Meaning("实施部门", "Department that applies it"),
    "basis": Meaning("依据", "Legal basis"),
    "warning": Meaning("预警类型", "Kind of warning"),
    "threshold": Meaning("阈值", "Threshold of the policy"),
    "first_on": Meaning("最早日期", "First event of the window"),
    "newest_on": Meaning("最近日期", "Newest event of the window"),
    "decisions": Meaning("决定件数", "Decisions of the window"),
    "filed_in_time": Meaning("按时报送件数", "Filed within the limit of working days"),
    "filed_late": Meaning("逾期报送件数", "Filed later"),
    "newest_decided_on": Meaning("最近决定日期", "Newest decision of the window"),
    "change": Meaning("变化", "ADD, MOD or DEL"),
    "old_class": Meaning("原等级", "Class before"),
    "new_class": Meaning("现等级", "Class now"),
    "class_step": Meaning("等级变动", "Classes moved; above 0 is riskier", "classes"),
    "old_points": Meaning("原风险分", "Points before", "points"),
    "new_points": Meaning("现风险分", "Points now", "points"),
    "old_status": Meaning("原状态", "Status before"),
    "new_status": Meaning("现状态", "Status now"),
    "old_red_lines": Meaning("原直接判定", "Red lines before"),
    "new_red_lines": Meaning("现直接判定", "Red lines now"),
    "lists_joined": Meaning("新列入名单", "Lists joined since"),
    "lists_left": Meaning("移出名单", "Lists left since"),
    "causes": Meaning("变化原因", "FIRST, RECORD, AMENDMENT, RULING, TIME, FEED, POLICY, MODEL, CODE"),
    "cause_records": Meaning("相关记录", "Records behind the change"),
}  # fmt: skip


def _official() -> dict[str, Meaning]:
    """Columns of the upload files: what the registry says of the field that bears the code."""
    found = {}
    for kind, codes in (("penalties", PENALTY_COLUMNS), ("licences", LICENCE_COLUMNS)):
        for code in codes:
            field = next(f for f in FIELDS[kind] if code in f.headers)
            found[code] = Meaning(field.zh, field.name)
    return found


_COLUMNS |= _official()


def meaning(column: str) -> Meaning:
    """What a column means.

    Raises:
        KeyError: it is described nowhere.
    """
    return _COLUMNS[column]


def undescribed() -> list[str]:
    """Columns and tables that lack a meaning, and meanings that no table uses; empty where all is well."""
    used = {name for spec in TABLES for name in spec.schema.names}
    names = {spec.name for spec in TABLES}
    return sorted((used ^ _COLUMNS.keys()) | (names ^ TITLES.keys()))


def title(spec: TableSpec) -> tuple[str, str]:
    """Chinese and English title of a table."""
    return TITLES[spec.name]
