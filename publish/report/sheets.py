"""The columns of a workbook's sheets and what each means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from publish.fields import meaning
from publish.tables import TABLES
from publish.workbook import Column

# So many of the heaviest indicators stand beside a class.
REASONS = 4


def _column(name: str, kind: Any = "text", width: int = 14) -> Column:
    return Column(meaning(name).zh, kind, width)


GRADES = (
    _column("uscc", width=22), _column("name", width=34), _column("entity_type", width=12),
    Column("行政区划", width=14), _column("division_code", width=10), _column("industry_code", width=10),
    _column("risk_class", width=8), _column("risk_points", "number", 10), _column("points_class", width=10),
    Column("直接判定情形", width=26), Column("主要原因", width=60), Column("便利措施状态", width=26),
    _column("clean_since", "day", 12), _column("eligible_on", "day", 12),
)  # fmt: skip
CHANGED = (
    _column("uscc", width=22), _column("name", width=34), _column("change", width=8), _column("old_class", width=8),
    _column("new_class", width=8), _column("class_step", "count", 8), _column("old_points", "number", 10),
    _column("new_points", "number", 10), Column("原状态", width=24), Column("现状态", width=24),
    _column("lists_joined", width=24), _column("lists_left", width=24), _column("causes", width=24),
    _column("cause_records", width=70),
)  # fmt: skip
HOLDS = (
    _column("uscc", width=22), _column("name", width=34), _column("kind", width=12), _column("authority", width=30),
    _column("doc_no", width=26), _column("event_on", "day", 12), _column("hold_rule", width=40),
    _column("via", width=22), _column("source_file", width=40), _column("source_row", "count", 8),
)  # fmt: skip
LISTS = (
    _column("uscc", width=22), _column("name", width=34), _column("list_type", width=26),
    _column("authority", width=30), _column("doc_no", width=26), _column("from_on", "day", 12),
    _column("until_on", "day", 12),
    _column("expected_until_on", "day", 12), _column("is_active", width=8), Column("惩戒措施（实施部门）", width=90),
    _column("basis", width=60),
)  # fmt: skip
WARNED = (
    _column("uscc", width=22), _column("name", width=34), _column("risk_class", width=8),
    _column("warning", width=24), _column("value", width=14), _column("threshold", width=10),
    _column("first_on", "day", 12), _column("newest_on", "day", 12), _column("what", width=50),
)  # fmt: skip
# Columns that no table of the snapshot has, and codes that stand here in words.
_OWN = {
    "行政区划": "行政区划名称 Name of the division",
    "直接判定情形": "不论分值直接判定等级的情形 Red lines: what gives a class whatever the points",
    "主要原因": f"分值最高的{REASONS}项指标及其分值 The heaviest indicators with their points",
    "便利措施状态": "是否适用便利措施及原因 Fast-track status and why",
    "变化": "新增、变化或者减少 Added, changed or gone",
    "原状态": "上期便利措施状态 Fast-track status before", "现状态": "本期便利措施状态 Fast-track status now",
    "变化原因": "由何引起，可有多个 What caused it, one or several",
    "惩戒措施（实施部门）": "全国失信惩戒措施基础清单中的措施，括号内为实施部门 Measures and who applies them",
    "内容": "引起预警的记录或者登记事项 Records or registered facts that raised the warning",
}  # fmt: skip


def guide() -> Iterator[tuple[str, str, str]]:
    """Every column of every sheet; first what the header stands for in the snapshot's tables."""
    named = {one.zh: one for one in (meaning(name) for spec in TABLES for name in spec.schema.names)}
    for sheet, columns in (
        ("分类结果", GRADES), ("较上期变化", CHANGED), ("待复核事项", HOLDS), ("联合惩戒", LISTS),
        ("风险预警", WARNED),
    ):  # fmt: skip
        for column in columns:
            if column.zh in _OWN:
                yield sheet, column.zh, _OWN[column.zh]
            else:
                one = named[column.zh]
                yield sheet, column.zh, f"{one.en}{f' ({one.unit})' if one.unit else ''}"
