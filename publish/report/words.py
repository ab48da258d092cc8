"""Codes of the regulators' tables in words; the others stand in `publish.words`."""

from __future__ import annotations

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
