"""Codes of the regulators' tables in words; the others stand in `publish.words`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publish.words import KINDS

CHANGES = {"ADD": "新增", "MOD": "变化", "DEL": "减少"}
CAUSES = {
    "FIRST": "首期", "RECORD": "新记录或者数据更正", "AMENDMENT": "修复变更决定", "RULING": "复核结论",
    "TIME": "时间推移", "FEED": "数据来源状态", "POLICY": "规则变化", "MODEL": "模型变化", "CODE": "程序变化",
}  # fmt: skip
WARNINGS = {
    "POINTS_RISE": ("风险分快速上升", "points rise fast"),
    "NEW_RECORDS": ("短期内多条不良记录", "several adverse records in a short time"),
    "REGISTRATION_CHANGES": ("登记事项频繁变更", "frequent registration changes"),
    "CAPITAL_DROP": ("注册资本大幅减少", "registered capital fell"),
}
# What a warning was raised by: streams of records and columns of the registration.
RAISED_BY = {
    "penalty_minor": "轻微行政处罚", "penalty_general": "一般行政处罚", "penalty_serious": "严重行政处罚",
    "inspection_R2_NOT_PUBLISHED": "抽查：未按规定公示", "inspection_R3_FALSE_INFO": "抽查：弄虚作假",
    "inspection_R4_UNREACHABLE": "抽查：无法联系", "inspection_R5_CORRECTED": "抽查：责令改正",
    "inspection_R6_REFUSED": "抽查：拒不配合", "inspection_R8_PENDING": "抽查：待后续处理",
    "listing_active": "列入名单", "listing_ended": "曾列入名单",
    "branch_penalty_minor": "分支机构轻微处罚", "branch_penalty_general": "分支机构一般处罚",
    "branch_penalty_serious": "分支机构严重处罚", "parent_penalty_general": "隶属企业一般处罚",
    "parent_penalty_serious": "隶属企业严重处罚", "predecessor_penalty_general": "前身一般处罚",
    "predecessor_penalty_serious": "前身严重处罚", "honour": "守信激励",
    "name_norm": "名称", "entity_type": "主体类型", "division_code": "行政区划", "industry_code": "行业",
    "registered_capital_wan": "注册资本（万元）",
}  # fmt: skip
COVERAGES = {"full": "全覆盖", "draw": "参加抽取", "excluded": "本次不抽"}
SECTIONS = {
    "A": "农林牧渔", "B": "采矿", "C": "制造", "D": "电热燃水", "E": "建筑", "F": "批发零售", "G": "交通仓储邮政",
    "H": "住宿餐饮", "I": "信息软件", "J": "金融", "K": "房地产", "L": "租赁商务", "M": "科研技术", "N": "水利环境",
    "O": "居民服务", "P": "教育", "Q": "卫生社会工作", "R": "文体娱乐", "S": "公共管理", "": "未注明",
}  # fmt: skip
# First two digits of GB/T 4754-2017 → section, as upper bounds.
_BOUNDS = (
    (5, "A"), (12, "B"), (43, "C"), (46, "D"), (50, "E"), (52, "F"), (60, "G"), (62, "H"), (65, "I"), (69, "J"),
    (70, "K"), (72, "L"), (75, "M"), (79, "N"), (82, "O"), (83, "P"), (85, "Q"), (90, "R"), (97, "S"),
)  # fmt: skip


def section_of(industry_code: str | None) -> str:
    """Section letter of GB/T 4754 of a code with or without its letter; '' where it says none.

    >>> section_of("F5231"), section_of("6110"), section_of(None)
    ('F', 'H', '')
    """
    code = industry_code or ""
    if code[:1] in SECTIONS and code[:1]:
        return code[:1]
    if not code[:2].isdigit() or len(code) < 2:
        return ""
    return next((letter for bound, letter in _BOUNDS if int(code[:2]) <= bound), "")


def record_words(text: str, indicators: Mapping[str, Any]) -> str:
    """A cause's record for a reader: ``RECORD penalties <authority> <number> <day>``, or the indicator that it moved.

    Args:
        indicators: of the manifest, by id.

    >>> record_words("RECORD penalties 某局 某罚〔2026〕1号 2026-06-30", {})
    '行政处罚 某局 某罚〔2026〕1号 2026-06-30'
    >>> record_words("RECORD CAPITAL", {"CAPITAL": {"title": "注册资本"}})
    '注册资本'
    """
    what, _, rest = text.partition(" ")[2].partition(" ")
    known = KINDS.get(what) or indicators.get(what, {}).get("title", what)
    return f"{known} {rest}".strip()
