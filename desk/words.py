"""The answers in words, Chinese first."""

from __future__ import annotations

from publish.story.model import Text

# The word, and what it means for the counter.
WORDS: dict[str, Text] = {
    "ELIGIBLE": Text("可以", "Yes"),
    "NOT_ELIGIBLE": Text("不可以", "No"),
    "HELD": Text("待核查", "To be checked"),
    "EXCLUDED_ITEM": Text("事项除外", "Item excluded"),
    "NOT_IN_REGISTER": Text("未登记", "Not in the register"),
    "NOT_COVERED": Text("不适用", "Not covered"),
    "MALFORMED": Text("无法识别", "Cannot be read"),
    "AMBIGUOUS": Text("名称不唯一", "Several bear this name"),
}
MEANINGS: dict[str, Text] = {
    "ELIGIBLE": Text(
        "可以适用绿色通道、容缺受理等便利措施。法定材料仍须提交；本结果不是许可决定。",
        "Fast-track may be offered. What the law requires is still to be supplied; this is no decision to grant.",
    ),
    "NOT_ELIGIBLE": Text(
        "不适用便利措施，按一般程序办理。本结果不是不予许可的理由。",
        "No fast-track; the ordinary procedure applies. This is no ground to refuse the licence.",
    ),
    "HELD": Text(
        "有事项需要核实，核实之前不适用便利措施，按一般程序办理。",
        "Something must be settled first; until then the ordinary procedure applies.",
    ),
    "EXCLUDED_ITEM": Text(
        "该许可事项涉及安全、环保、生命健康，不论信用状况均不适用便利措施，按一般程序办理。",
        "Safety, the environment, life or health: no fast-track for anybody; the ordinary procedure applies.",
    ),
    "NOT_IN_REGISTER": Text(
        "登记数据中没有该主体。这不表示“不可以”：请核对代码或者名称；新登记的主体可能尚未报送。",
        "The register's data do not know it. That is not a “no”: check the code or name; it may be too new.",
    ),
    "NOT_COVERED": Text(
        "自然人不在本系统范围内，按一般程序办理。输入的证件号码未作记录。",
        "Natural persons are not covered; the ordinary procedure applies. The number typed was not recorded.",
    ),
    "MALFORMED": Text(
        "输入的内容不是有效的统一社会信用代码，也不是名称，请核对。",
        "What was typed is neither a valid unified social credit code nor a name: check it.",
    ),
    "AMBIGUOUS": Text(
        "有多个主体使用该名称，请按统一社会信用代码查询。",
        "Several entities bear this name: ask by the unified social credit code.",
    ),
}
PROBLEMS: dict[str, Text] = {
    "empty": Text("没有输入内容", "nothing was typed"),
    "uscc_length": Text("统一社会信用代码应为18位", "a unified social credit code has 18 characters"),
    "uscc_alphabet": Text(
        "含有统一社会信用代码不使用的字符（I、O、S、V、Z）",
        "it holds a character that no such code has (I, O, S, V, Z)",
    ),
    "uscc_check": Text("校验位不符，请逐位核对", "the check character does not fit: compare each character"),
    "as_number": Text(
        "代码已被电子表格改成数字（科学计数法），原代码无法还原：请将该列设为“文本”格式，再重新填写代码",
        "a spreadsheet turned the code into a number, and its digits are lost: format the column as text and enter"
        " the codes again",
    ),
    "too_long": Text("内容过长", "too long"),
    "item_too_long": Text(
        "许可事项过长（最多200字）", "the licence item is too long (200 characters at most)"
    ),
}
MORE = Text(
    "使用该名称的主体不止以上所列，请按统一社会信用代码查询。",
    "More bear this name than are listed: ask by the unified social credit code.",
)
STALE = Text(
    "数据已过期：名单日期距今超过规定天数，任何结果均按待核查处理。",
    "The data are too old: whatever the list says is treated as to be checked.",
)
GAP = Text(
    "数据缺口：以下来源的缺失或者逾期已由负责人员书面接受。",
    "A gap in the data was accepted by a named person:",
)
OF_ANOTHER = Text(
    "分支机构、前身主体或者归属待核实的记录，不显示文号",
    "stands at a branch or predecessor, or its owner is not settled: the number is not shown",
)
STATES: dict[str, Text] = {
    "open": Text("待处理", "Open"),
    "upheld": Text("已作出复核结论", "Ruled upon"),
    "rejected": Text("不予支持", "Rejected"),
}
# The Chinese word is what the landing file holds; the English one only explains it.
CONCLUSION_WORDS: dict[str, str] = {
    "不涉及该主体": "it does not concern this entity",
    "不成立": "unfounded",
    "属实有效": "true and in force",
    "重新核查": "to be checked again",
}
ROLES: dict[str, Text] = {
    "desk": Text("窗口人员", "desk"),
    "supervisor": Text("主管", "supervisor"),
    "auditor": Text("审计员", "auditor"),
    "administrator": Text("管理员", "administrator"),
}
# Why a page is not shown: by the rule of the problem, else by its status.
REFUSALS: dict[str, Text] = {
    "not_allowed": Text("您的角色无权使用此功能。", "Your role may not do this."),
    "form_expired": Text("页面已过期，请刷新后重试。", "The form is out of date: load the page again."),
    "other_site": Text("请求来自其他网站，已拒绝。", "The request came from another site and was refused."),
    "too_many": Text("操作过于频繁，请稍后再试。", "Too many requests: try again later."),
    "desk_empty": Text(
        "尚未载入任何名单，请联系系统管理员。", "No list has been loaded yet: tell the operator."
    ),
    "no_list": Text("所选日期没有名单。", "No list stood on that day."),
    "database_unreachable": Text(
        "数据库无法访问，请联系系统管理员。", "A database cannot be reached: tell the operator."
    ),
    "database_damaged": Text("数据库已损坏，请联系系统管理员。", "A database is damaged: tell the operator."),
    "no_reason": Text("请填写理由。", "Give the reason."),
    "too_long": Text("内容过长。", "The text is too long."),
    "not_open": Text("该异议不存在或者已经处理。", "The objection does not exist or is settled already."),
    "bad_ruling": Text(
        "复核结论不完整：请填写作出机关和决定文书号，或者来源文件（64位SHA-256）和来源行；复核单位、复核依据；“属实有效”还须填写决定日期和"
        "处罚类别。",
        "The ruling is incomplete: authority and document number, or the source file (64 digits of its SHA-256) and"
        " row; office, basis; if upheld also day and kinds.",
    ),
    "no_rulings_folder": Text(
        "未设置复核结论的存放文件夹（--rulings），请联系系统管理员。",
        "No folder for rulings is set (--rulings): tell the operator.",
    ),
    "no_header": Text(
        "文件首行没有“统一社会信用代码”或者“名称”列。",
        "The first row names no column uscc 统一社会信用代码 or name 名称.",
    ),
    "row_shape": Text(
        "文件不是完整的CSV（引号未闭合、单元格过长，或者某行的单元格多于列数）。",
        "The file is no sound CSV: an open quote, a cell too long, or a row with more cells than columns.",
    ),
    "undecodable": Text("文件编码既不是UTF-8也不是GB18030。", "The file is neither UTF-8 nor GB18030."),
    "not_csv": Text("这是工作簿文件，请另存为CSV。", "This is a workbook: save it as CSV."),
    "too_large": Text("文件过大。", "The file is too large."),
    "weak_password": Text(
        "密码至少12个字符，其中至少6个不同，且不含用户名。",
        "A password needs 12 characters, 6 of them different, without the name.",
    ),
    "wrong_password": Text("当前密码不正确。", "The present password is not right."),
    "user_exists": Text("该用户已存在。", "The user exists already."),
    "not_yourself": Text(
        "不能停用自己的账号或者更改自己的角色。", "You cannot close your own account or change its role."
    ),
    "404": Text("没有找到。", "Not found."),
    "422": Text("填写的内容有误，请检查。", "A value is not as it must be."),
    "503": Text("服务暂时不可用。", "The service is not available just now."),
    "other": Text("请求未能处理。", "The request was not answered."),
}
