"""The codes of contract §3 in words, Chinese first: what a regulator reads beside them."""

from __future__ import annotations

STATUSES = {
    "ELIGIBLE_CLEAN3Y": ("符合：三年内无不良记录", "eligible: three clean years"),
    "ELIGIBLE_MODEL": ("符合：诚信典型", "eligible: a recognised honour"),
    "NOT_STATUS": ("不符合：登记状态", "not eligible: neither active nor dormant"),
    "NOT_ACTIVE_LIST": ("不符合：在列名单", "not eligible: on a blocking list"),
    "NOT_BAD_RECORD": ("不符合：三年内有不良记录", "not eligible: a record that counts"),
    "HOLD_PROVISIONAL": ("待定：行政复议或者诉讼中", "held: every counting record is under review"),
    "HOLD_REVIEW": ("待定：待人工复核", "held: something a person must settle"),
    "INSUFFICIENT_HISTORY": ("成立不足三年", "not yet three years old"),
}
GROUNDS = {"CLEAN3Y": "三年内无不良记录", "MODEL": "诚信典型"}
RED_LINES = {
    "SERIOUS_LIST": "列入严重违法失信名单",
    "JUDGMENT_DEFAULTER": "失信被执行人",
    "STATUS_REVOKED": "被吊销",
    "ABNORMAL_LIST": "列入经营异常名录",
    "SERIOUS_12M": "近期有较重处罚",
    "GENERAL_12M": "近期有一般处罚",
}
REASONS_FOR_NO_CLASS = {"NOT_IN_SCOPE": "不在分级范围"}
METHODS = {"expert": "专家评分", "scorecard": "评分卡"}
KINDS = {
    "entities": "市场主体", "licences": "行政许可", "penalties": "行政处罚", "inspections": "抽查检查",
    "listings": "名录名单", "amendments": "修复变更", "honours": "守信激励", "rulings": "复核结论",
}  # fmt: skip
