"""What each rule asks and what each finding means, in both languages."""

from __future__ import annotations

from functools import lru_cache

from publish.story.model import Text

# rules §5, in their order.
QUESTIONS: dict[str, Text] = {
    "NOT_STATUS": Text(
        "登记状态是否既非存续（在营、开业、在册）也非歇业",
        "Is the registration status neither active nor dormant?",
    ),
    "NOT_ACTIVE_LIST": Text("是否在限制性名单上（尚未移出）", "Is it on a blocking list now?"),
    "ELIGIBLE_MODEL": Text("有效的守信激励荣誉是否足以适用", "Does a recognised honour open the route?"),
    "NOT_BAD_RECORD": Text("三年内是否有计入的不良记录", "Does a record of the last three years count?"),
    "HOLD_PROVISIONAL": Text(
        "计入的记录是否均在复议或者诉讼中",
        "Is every counting record under administrative review or in court?",
    ),
    "HOLD_REVIEW": Text("是否有待人工复核的事项", "Is there anything that a person must settle?"),
    "INSUFFICIENT_HISTORY": Text("成立是否不足三年", "Is it not yet three years old?"),
    "ELIGIBLE_CLEAN3Y": Text("连续三年无不良信用记录", "Three years without a record that counts"),
}
FINDINGS: dict[str, Text] = {
    "decides": Text("是，据此决定", "yes, this decides"),
    "applies": Text("是", "yes"),
    "passed": Text("否", "no"),
    "overruled": Text("因守信激励不再适用", "set aside by the honour"),
}
_ENDS: dict[str, Text] = {
    "_of_predecessor": Text("（前身主体）", " of its predecessor"),
    "_of_branch": Text("（分支机构）", " of its branch"),
}
_LINKED = " (linked_by_name)"
_LIST = ":"  # before the name of the list that an entry is on
_UNDER_REVIEW = Text("，复议或者诉讼中", ", under review")
_BY_NAME = Text("，按名称关联", ", linked by name")
RULES: dict[str, Text] = {
    "entity_status": Text("登记状态不符合", "the registration status"),
    "active_blocking_list": Text("在列，未移出", "listed and not removed"),
    "general_penalty": Text("一般处罚", "a general penalty"),
    "serious_penalty": Text("较重处罚", "a serious penalty"),
    "branch_serious_penalty": Text("分支机构的较重处罚", "a serious penalty of a branch"),
    "ended_list_entry": Text("已移出的名单记录", "an ended list entry"),
    "min_history": Text("成立不足三年", "not yet three years old"),
    "version_conflict": Text(
        "后到版本与先前版本冲突，减轻了影响而无变更、撤销决定",
        "a later version weighs less than an earlier one, and no 变更 or 撤销 says why",
    ),
    "inspection_hold": Text(
        "抽查发现弄虚作假或者拒不配合", "an inspection found false statements or refusal"
    ),
    "feed_stale_late": Text("数据来源逾期未报", "a source of data is late"),
    "feed_stale_thin": Text("数据来源报送量过少", "a source of data is thin"),
}
_KINDS: dict[str, Text] = {
    "penalties": Text("处罚", "penalty"), "listings": Text("名单", "list entry"),
    "amendments": Text("修复变更", "amendment"), "entities": Text("登记", "registration row"),
    "rulings": Text("复核结论", "ruling"), "inspections": Text("抽查", "inspection"),
    "licences": Text("许可", "licence"), "honours": Text("荣誉", "honour"),
}  # fmt: skip
KINDS = _KINDS
TIERS: dict[str, Text] = {
    "minor": Text("轻微或者简易程序处罚", "a minor or simple-procedure penalty"),
    "general": Text("一般处罚", "a general penalty"),
    "serious": Text("较重处罚", "a serious penalty"),
}
HELD_AS: dict[str, Text] = {
    "own": Text("本主体", "its own"),
    "predecessor": Text("前身主体", "its predecessor's"),
    "branch": Text("分支机构", "a branch's"),
    "parent": Text("隶属企业", "its parent's"),
}
# What settles a hold, by the start of its rule (rules §4).
SETTLED_BY: dict[str, Text] = {
    "hold_quarantined_entities": Text("更正后的登记数据", "a corrected registration row"),
    "hold_quarantined_amendments": Text(
        "同一文书、同一变更类型的更正数据，或者复核结论",
        "a corrected row of that document and action, or a ruling",
    ),
    "hold_": Text(
        "同一文书的更正数据，或者复核结论", "a corrected row of that document, or a ruling 复核结论"
    ),
    "version_conflict": Text(
        "变更、撤销等决定，或者复核结论", "an amendment (变更, 撤销 …), or a ruling 复核结论"
    ),
    "inspection_hold": Text(
        "之后一次未发现问题的抽查，或者复核结论", "a later visit R1_OK, or a ruling 复核结论"
    ),
    "feed_stale": Text("该来源恢复报送", "deliveries of that source"),
}
# Which parameters a question reads (policy ids); `honours` and `lists` stand for every one of them.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "NOT_STATUS": ("eligible_status_groups",),
    "NOT_ACTIVE_LIST": ("lists",),
    "ELIGIBLE_MODEL": ("honours",),
    "NOT_BAD_RECORD": ("clean_window_months", "blocking_tiers", "repaired_records_count"),
    "HOLD_PROVISIONAL": ("clean_window_months",),
    "HOLD_REVIEW": ("clean_window_months",),
    "INSUFFICIENT_HISTORY": ("min_history_months",),
    "ELIGIBLE_CLEAN3Y": ("clean_window_months",),
}


@lru_cache(maxsize=1024)
def rule_words(rule: str) -> Text:
    """A rule's id of a blocker in words.

    >>> rule_words("general_penalty_of_predecessor (linked_by_name)").en
    'a general penalty of its predecessor, linked by name'
    >>> rule_words("active_blocking_list:失信被执行人").zh
    '在列，未移出：失信被执行人'
    """
    bare, _, list_name = rule.removesuffix(_LINKED).partition(_LIST)
    ends = [Text(f"：{list_name}", f": {list_name}")] if list_name else []
    if bare.endswith("_under_review"):
        bare, ends = bare.removesuffix("_under_review"), [_UNDER_REVIEW, *ends]
    for end, words in _ENDS.items():
        if bare.endswith(end):
            bare, ends = bare.removesuffix(end), [words, *ends]
    if rule.endswith(_LINKED):
        ends.append(_BY_NAME)
    found = RULES.get(bare) or _held_words(bare)
    return Text(found.zh + "".join(e.zh for e in ends), found.en + "".join(e.en for e in ends))


def rule_id(rule: str) -> str:
    """The id without what is said of the link, of the list, and of whose record or row it is.

    >>> rule_id("hold_unmatched_penalties_of_branch (linked_by_name)")
    'hold_unmatched_penalties'
    """
    bare = rule.removesuffix(_LINKED).partition(_LIST)[0]
    for end in _ENDS:
        bare = bare.removesuffix(end)
    return bare


def list_of(rule: str) -> str | None:
    """The list that the rule of an entry names.

    >>> list_of("ended_list_entry_of_predecessor:经营异常名录 (linked_by_name)")
    '经营异常名录'
    """
    return rule.removesuffix(_LINKED).partition(_LIST)[2] or None


def settled_by(rule: str) -> Text:
    """What settles a hold."""
    bare = rule_id(rule)
    return next((words for start, words in SETTLED_BY.items() if bare.startswith(start)), SETTLED_BY["hold_"])


def _held_words(bare: str) -> Text:
    for start, how in (
        ("hold_quarantined_", Text("未能通过校验的", "a row that failed validation:")),
        ("hold_unmatched_", Text("未能关联的", "a row that found no single entity:")),
    ):
        if bare.startswith(start):
            kind = _KINDS.get(bare.removeprefix(start), Text(bare, bare))
            return Text(f"{how.zh}{kind.zh}数据", f"{how.en} {kind.en}")
    return Text(bare, bare)
