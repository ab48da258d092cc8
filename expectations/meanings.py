"""What each rule means, in English and Chinese: for the suites, the documents and the data dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from records.registry import field
from records.rules import Rule


@dataclass(frozen=True, slots=True)
class Meaning:
    """A family of rules.

    Attributes:
        expectation: name of the expectation that asserts it.
        en: what is expected of a cell, English; `{field}` is the column.
        zh: the same in Chinese; `{zh}` is the official name of the column.
    """

    expectation: str
    en: str
    zh: str


# fmt: off
MEANINGS: Mapping[str, Meaning] = {
    "missing_mandatory": Meaning(
        "mandatory", "{field} must be filled",
        "{zh}为必填项"),
    "date_unreadable": Meaning(
        "date", "{field}, where filled, must be a date that can be read",
        "{zh}填写的须为可识别的日期"),
    "date_range": Meaning(
        "date", "{field} must lie between 1949-10-01 and the day after receipt",
        "{zh}不得早于1949-10-01或晚于接收日次日"),
    "date_order": Meaning(
        "date", "{field} must not lie before the day of listing",
        "{zh}不得早于列入日期"),
    "uscc_length": Meaning(
        "uscc", "{field}, where filled, must have 18 characters (GB 32100)",
        "{zh}应为18位（GB 32100）"),
    "uscc_alphabet": Meaning(
        "uscc", "{field} must use the characters of GB 32100 (no I, O, S, V, Z)",
        "{zh}含有GB 32100规定以外的字符"),
    "uscc_check": Meaning(
        "uscc", "{field} must end in the right check character (GB 32100)",
        "{zh}校验码应符合GB 32100"),
    "code_as_number": Meaning(
        "code_as_text", "{field} must come as text, not as a number that may have lost digits",
        "{zh}应为文本，数值格式可能丢失位数"),
    "amount_unreadable": Meaning(
        "amount", "{field}, where filled, must be a number",
        "{zh}填写的须为数值"),
    "amount_negative": Meaning(
        "amount", "{field} must not be negative",
        "{zh}不得为负数"),
    "amount_precision": Meaning(
        "amount", "{field} must not have more than six decimals (万元)",
        "{zh}（万元）小数不得超过6位"),
    "enum_unknown": Meaning(
        "code_list", "{field} must be a value of its code list",
        "{zh}应为代码表中的值"),
    "bare_number_result": Meaning(
        "code_list", "{field} must be a text: bare numbers differ by province",
        "{zh}应为文字，各地数字代码含义不同"),
    "subject_kind_conflict": Meaning(
        "code_list", "a natural person must not carry the USCC of an enterprise",
        "自然人不应填写企业的统一社会信用代码"),
    "uscc_lower_case": Meaning(
        "uscc", "{field} should be in upper case",
        "{zh}中的字母应为大写"),
    "uscc_invalid": Meaning(
        "uscc", "{field}, where filled, should be a valid USCC (GB 32100)",
        "{zh}应符合GB 32100"),
    "org_code_check": Meaning(
        "organisation_code", "the organisation code in {field} should have the right check character (GB 11714)",
        "{zh}中的组织机构代码校验码应符合GB 11714"),
    "reg_no_check": Meaning(
        "registration_number", "{field} of 15 digits should have the right check digit (GS 15-2006)",
        "15位{zh}的校验位应符合GS 15-2006"),
    "citizen_id_check": Meaning(
        "citizen_id", "{field} of 18 characters should be sound (GB 11643)",
        "18位{zh}应符合GB 11643"),
    "conditional_missing": Meaning(
        "conditional", "{field} should be filled for this kind of subject or penalty",
        "{zh}在此情形下应填写"),
    "entity_type_derived": Meaning(
        "code_list", "{field} should be a known type; it was taken from the USCC",
        "{zh}未识别，已按统一社会信用代码推定"),
    "established_late": Meaning(
        "date", "{field} should not lie after the day of update",
        "{zh}不应晚于更新日期"),
    "ends_before_start": Meaning(
        "date", "{field} should not lie before the decision or the start",
        "{zh}不应早于决定日期或起始日期"),
    "kind_unknown": Meaning(
        "code_list", "{field} should hold known kinds of penalty only",
        "{zh}含有未识别的处罚种类"),
    "procedure_unknown": Meaning(
        "code_list", "{field} should be 简易 or 普通",
        "{zh}应为简易或普通"),
    "status_unknown": Meaning(
        "code_list", "{field} should be a known state; it is read as in force",
        "{zh}未识别，按有效处理"),
    "removal_reason_unknown": Meaning(
        "code_list", "{field} should be one of the official reasons",
        "{zh}应为规定的移出原因"),
    "removal_date_missing": Meaning(
        "conditional", "{field} should come with a day of removal; the entry stays active",
        "填写{zh}的应同时填写移出日期"),
    "honour_unknown": Meaning(
        "code_list", "{field} should be a recognised honour; others are recorded only",
        "{zh}不在认可范围内，仅作记录"),
}
# fmt: on
# Judged by the readers, not by a suite: such a row has no cells to type.
ROW_SHAPE_MEANING = "a row must have as many cells as the header / 行的列数应与表头一致"


def describe(kind: str, rule: Rule) -> str:
    """One line in English and Chinese on what a rule expects."""
    meaning = MEANINGS[rule.rule]
    column = field(kind, rule.field)
    return f"{meaning.en.format(field=rule.field)} / {meaning.zh.format(zh=column.zh)}"
