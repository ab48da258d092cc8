"""The field registry: every canonical column of every record kind, described once.

Names, units and mandatory flags are those of the contract (§2). The header spellings are the official
codes of the 双公示 standard (发改办财金〔2018〕424号), its older and 2015-era codes, the Chinese names with
the variants met in practice, gsxt's JSON names, and the canonical English name itself, which is always a
spelling of its field. How spellings are compared is the business of `records.headers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

FieldType = Literal[
    "text",  # kept as read
    "name",  # name of a subject or entity (of a natural person too)
    "person",  # legal representative: always a natural person
    "citizen_id",  # kept only as keyed HMAC
    "uscc",  # 统一社会信用代码, 18 characters; never read from a numeric cell
    "number_code",  # 注册号, 组织机构代码: an exact integer of at most 15 digits is read
    "date",
    "open_date",  # 长期 is read as 9999-12-31
    "money_wan",  # 万元 in the source, int64 fen in the lake
    "fen",  # canonical English header of an amount: integer fen in the source
    "decimal_wan",  # 万元, kept as decimal
    "code_list",  # alias table in the policy
    "free_text",  # masked wherever it leaves the lake
    "integer",
    "doc",  # document number, normalised for keys
]


@dataclass(frozen=True, slots=True)
class Field:
    """One canonical column.

    Attributes:
        name: canonical English name, its unit in the suffix (`_on`, `_fen`, `_wan`).
        zh: Chinese name of the standard, for messages and the data dictionary.
        type: how a cell is read.
        is_mandatory_column: a file without the column is refused.
        is_mandatory_value: a row without a value is quarantined (`missing_mandatory`).
        headers: every spelling under which the column is recognised, besides `name` and `zh`.
    """

    name: str
    zh: str
    type: FieldType
    is_mandatory_column: bool
    is_mandatory_value: bool
    headers: tuple[str, ...] = ()


def _m(name: str, zh: str, kind: FieldType, *headers: str) -> Field:
    """A mandatory column."""
    return Field(name, zh, kind, True, True, headers)


def _o(name: str, zh: str, kind: FieldType, *headers: str) -> Field:
    """An optional column."""
    return Field(name, zh, kind, False, False, headers)


_UPDATED = _o(
    "updated_on", "更新日期", "date",
    "SJC", "cfSjc", "xkSjc", "时间戳", "数据更新时间戳", "数据更新日期", "数据更新时间", "更新时间",
)  # fmt: skip
_USCC_ZH = ("统一社会信用代码", "统一信用代码", "社会信用代码", "uniscid")
# 单位名称 is left out: it may be the unit that reports.
_NAME_ZH = ("主体名称", "市场主体名称", "企业名称", "entName")


def _uscc(*, is_mandatory: bool = False) -> Field:
    return (_m if is_mandatory else _o)("uscc", "统一社会信用代码", "uscc", *_USCC_ZH)


def _subject(prefix: str) -> tuple[Field, ...]:
    """The 13 subject columns that licences (XK) and penalties (CF) share, 2015-era codes among them."""
    p = prefix

    def numbered(number: int, label: str) -> tuple[str, ...]:
        stem = "行政相对人代码"
        return (
            f"{stem}_{number}({label})",
            f"{stem}-{number}({label})",
            f"{stem}-{label}",
            f"代码_{number}({label})",
        )

    # The 2015-era files number the codes otherwise, so a number without its label is ambiguous from _2 on.
    return (
        _m("subject_name", "行政相对人名称", "name", f"{p}_XDR_MC", f"{p}_XDR", "行政相对人", "当事人名称",
           "被处罚人名称", *_NAME_ZH),
        _m("subject_kind", "行政相对人类别", "code_list", f"{p}_XDR_LB", "行政相对人类型", "相对人类别",
           "主体类别"),
        _o("uscc", "行政相对人代码_1(统一社会信用代码)", "uscc", f"{p}_XDR_SHXYM", *_USCC_ZH,
           *numbered(1, "统一社会信用代码"), "行政相对人代码_1", "行政相对人统一社会信用代码"),
        _o("reg_no", "行政相对人代码_2(工商注册号)", "number_code", f"{p}_XDR_GSZC", f"{p}_XDR_GSDJ",
           *numbered(2, "工商注册号"), *numbered(2, "工商登记码"), *numbered(3, "工商登记码"),
           *numbered(3, "工商注册号"), *numbered(3, "工商登记号"), "工商注册号", "工商登记码", "工商登记号",
           "注册号", "regNo"),
        _o("org_code", "行政相对人代码_3(组织机构代码)", "number_code", f"{p}_XDR_ZZJG", f"{p}_XDR_ZDM",
           *numbered(3, "组织机构代码"), *numbered(2, "组织机构代码"), "组织机构代码"),
        _o("tax_no", "行政相对人代码_4(税务登记号)", "text", f"{p}_XDR_SWDJ", *numbered(4, "税务登记号"),
           *numbered(4, "税务登记证号"), "税务登记号", "税务登记证号"),
        _o("institution_no", "行政相对人代码_5(事业单位证书号)", "text", f"{p}_XDR_SYDW",
           *numbered(5, "事业单位证书号"), "事业单位证书号"),
        _o("society_no", "行政相对人代码_6(社会组织登记证号)", "text", f"{p}_XDR_SHZZ",
           *numbered(6, "社会组织登记证号"), "社会组织登记证号"),
        _o("legal_rep", "法定代表人", "person", f"{p}_FRDB", f"{p}_FR", "法定代表人姓名", "法定代表人名称",
           "法人代表", "法定代表人(负责人)", "法定代表人或负责人"),
        _o("legal_rep_id_type", "法定代表人证件类型", "text", f"{p}_FR_ZJLX"),
        _o("legal_rep_id", "法定代表人证件号码", "citizen_id", f"{p}_FR_ZJHM", f"{p}_FR_SFZH",
           "法定代表人证件号", "法定代表人身份证号", "法定代表人身份证号码"),
        _o("subject_id_type", "证件类型", "text", f"{p}_XDR_ZJLX", "自然人证件类型", "行政相对人证件类型"),
        _o("subject_id", "证件号码", "citizen_id", f"{p}_XDR_ZJHM", f"{p}_XDR_SFZ", "证件号",
           "自然人证件号码", "行政相对人证件号码", *numbered(5, "居民身份证号"),
           *numbered(6, "居民身份证号"), "居民身份证号", "身份证号", "身份证号码"),
    )  # fmt: skip


_LICENCES = (
    *_subject("XK"),
    _m("doc_name", "行政许可决定文书名称", "text", "XK_XKWS", "XK_XMMC", "许可决定文书名称", "许可文书名称",
       "项目名称", "许可项目名称"),
    _m("doc_no", "行政许可决定文书号", "doc", "XK_WSH", "行政许可决定书文号", "行政许可决定文书文号",
       "许可决定文书号", "许可文书号", "决定文书号"),
    _m("licence_class", "许可类别", "text", "XK_XKLB", "XK_SPLB", "行政许可类别", "审批类别"),
    _o("certificate_name", "许可证书名称", "text", "XK_XKZS", "行政许可证书名称"),
    _o("licence_no", "许可编号", "doc", "XK_XKBH", "许可证编号", "行政许可编号", "许可证号"),
    _m("content", "许可内容", "free_text", "XK_NR", "行政许可内容"),
    _m("decided_on", "许可决定日期", "date", "XK_JDRQ", "行政许可决定日期", "决定日期"),
    _m("valid_from", "有效期自", "date", "XK_YXQZ", "许可有效期自", "有效期起", "有效期始"),
    _o("valid_to", "有效期至", "open_date", "XK_YXQZI", "XK_JZQ", "许可有效期至", "有效期止", "许可截止期",
       "许可截止日期"),
    _m("authority", "许可机关", "text", "XK_XKJG", "XK_XZJG", "行政许可机关", "许可决定机关"),
    _o("authority_uscc", "许可机关统一社会信用代码", "uscc", "XK_XKJGDM", "许可机关代码",
       "行政许可机关统一社会信用代码"),
    _o("state", "当前状态", "text", "XK_ZT", "许可状态"),
    _o("source_unit", "数据来源单位", "text", "XK_LYDW", "来源单位"),
    _o("source_unit_uscc", "数据来源单位统一社会信用代码", "uscc", "XK_LYDWDM", "来源单位统一社会信用代码",
       "数据来源单位代码"),
    _o("remark", "备注", "free_text", "BZ", "xkBz"),
    _UPDATED,
)  # fmt: skip

_PENALTIES = (
    *_subject("CF"),
    _m("doc_no", "行政处罚决定书文号", "doc", "CF_WSH", "行政处罚决定文书号", "行政处罚决定书文书号",
       "处罚决定书文号", "处罚决定文书号", "行政处罚决定书号", "决定书文号", "决定文书号", "文书号",
       "penDecNo"),
    _m("violation_type", "违法行为类型", "text", "CF_WFXW", "CF_CFMC", "违法行为种类", "处罚名称",
       "illegActType"),
    _m("facts", "违法事实", "free_text", "CF_SY", "主要违法事实", "处罚事由", "mainIllegFact"),
    _m("basis", "处罚依据", "free_text", "CF_YJ", "行政处罚依据", "penBasis_CN"),
    _m("penalty_kinds", "处罚类别", "code_list", "CF_CFLB", "CF_CFLB1", "CF_CFLB2", "处罚类别1", "处罚类别2",
       "处罚种类", "行政处罚种类", "行政处罚类别", "penType", "penTypeCn"),
    _m("content", "处罚内容", "free_text", "CF_NR", "CF_JG", "行政处罚内容", "处罚结果", "penContent"),
    # A header that names no unit carries the standard's: in 元 a fine would come out 10,000 times smaller.
    _o("fine_fen", "罚款金额(万元)", "money_wan", "CF_NR_FK", "处罚金额(万元)", "罚款金额万元", "罚款(万元)",
       "罚款金额(单位:万元)", "罚款金额", "处罚金额", "penAm"),
    _o("confiscated_fen", "没收违法所得、没收非法财物的金额(万元)", "money_wan", "CF_NR_WFFF",
       "没收违法所得、没收非法财务的金额(万元)", "没收违法所得、没收非法财物的金额",
       "没收违法所得、没收非法财务的金额", "没收违法所得没收非法财物的金额(万元)",
       "没收违法所得、没收非法财物金额(万元)", "没收违法所得、没收非法财务金额(万元)",
       "没收违法所得、没收非法财物(万元)", "没收违法所得、没收非法财物", "没收违法所得、没收非法财务",
       "没收违法所得金额(万元)", "没收违法所得(万元)", "没收金额(万元)", "没收违法所得", "没收金额",
       "forfAm"),
    _o("revoked_licence", "暂扣或吊销证照名称及编号", "text", "CF_NR_ZKDX", "暂扣或者吊销证照名称及编号"),
    _m("decided_on", "处罚决定日期", "date", "CF_JDRQ", "行政处罚决定日期", "作出行政处罚决定日期",
       "决定日期", "penDecIssDate"),
    _o("valid_to", "处罚有效期", "open_date", "CF_YXQ", "处罚有效期至", "处罚截止日期", "penPeri"),
    _o("publicity_until", "公示截止期", "open_date", "CF_GSJZQ", "公示截止日期", "pubDeadline"),
    _m("authority", "处罚机关", "text", "CF_CFJG", "CF_XZJG", "行政处罚机关", "处罚决定机关",
       "作出处罚决定机关", "作出处罚决定的机关名称", "作出行政处罚决定机关名称", "judAuth", "penAuth_CN"),
    _o("authority_uscc", "处罚机关统一社会信用代码", "uscc", "CF_CFJGDM", "处罚机关代码",
       "行政处罚机关统一社会信用代码"),
    _o("source_unit", "数据来源单位", "text", "CF_SJLY", "来源单位"),
    _o("source_unit_uscc", "数据来源单位统一社会信用代码", "uscc", "CF_SJLYDM", "来源单位统一社会信用代码",
       "数据来源单位代码"),
    _o("remark", "备注", "free_text", "BZ", "cfBz"),
    _o("procedure", "处罚程序", "code_list", "行政处罚程序", "适用程序"),
    _o("decision_status", "决定状态", "code_list", "CF_ZT", "处罚决定状态", "当前状态"),
    _UPDATED,
)  # fmt: skip

_ENTITIES = (
    _uscc(is_mandatory=True),
    _m("name", "名称", "name", "主体名称", "市场主体名称", "企业名称", "entName"),
    _m("entity_type", "主体类型", "code_list", "市场主体类型", "企业类型"),
    _m("status", "登记状态", "code_list", "经营状态", "企业状态", "主体状态"),
    _m("established_on", "成立日期", "date", "设立日期"),
    _m("division_code", "行政区划代码", "text", "行政区划", "区划代码", "行政区划编码"),
    _o("industry_code", "行业代码", "text", "行业代码(GB/T 4754)"),
    _o("key_area", "重点监管领域", "text", "重点领域"),
    # 注册资本 without a unit is often text with a currency: it stays unknown.
    _o("registered_capital_wan", "注册资本(万元)", "decimal_wan", "注册资本万元", "注册资金(万元)"),
    _o("reg_no", "注册号", "number_code", "工商注册号", "regNo"),
    _o("parent_uscc", "隶属企业统一社会信用代码", "uscc", "隶属主体统一社会信用代码"),
    _o("predecessor_uscc", "前身统一社会信用代码", "uscc"),
    _o("cancelled_on", "注销日期", "date"),
    _UPDATED,
)  # fmt: skip

_INSPECTIONS = (
    _uscc(),
    _m("subject_name", "企业名称", "name", *_NAME_ZH),
    _o("plan_no", "抽查计划编号", "text", "raninsPlanId", "计划编号"),
    _m("task_no", "抽查任务编号", "text", "raninsTaskId", "任务编号"),
    _o("task_type", "抽查类型", "text", "raninsTypeName", "检查类型", "insType"),
    _m("item", "抽查事项", "text", "raninsItemName", "检查事项", "抽查事项名称"),
    _m("result", "抽查结果", "code_list", "raninsCheckResName", "检查结果", "insResName", "insResDesc"),
    _m("authority", "抽查机关", "text", "insAuth", "检查机关", "抽查实施机关"),
    _m("inspected_on", "抽查完成日期", "date", "insDate", "检查完成日期", "抽查日期", "检查日期"),
    _UPDATED,
)  # fmt: skip

_LISTINGS = (
    _uscc(),
    _m("subject_name", "主体名称", "name", *_NAME_ZH),
    _o("subject_kind", "主体类别", "code_list", "行政相对人类别"),
    _m("list_type", "名录名称", "code_list", "名单名称", "名录类型", "名单类型"),
    _o("reason_code", "列入原因代码", "text"),
    _o("reason", "列入原因", "free_text", "列入事由", "列入经营异常名录原因", "列入严重违法失信名单原因"),
    # The column must be there; a row may leave it empty (contract §2).
    Field("doc_no", "列入决定文号", "doc", True, False,
          ("列入决定文书号", "列入决定书文号", "列入文号", "决定文书号")),
    _m("authority", "列入机关", "text", "列入决定机关", "作出列入决定机关", "作出决定机关(列入)"),
    _m("listed_on", "列入日期", "date", "列入时间"),
    _o("removed_on", "移出日期", "date", "移出时间"),
    _o("removal_reason", "移出原因", "code_list", "移出事由", "移出经营异常名录原因",
       "移出严重违法失信名单原因"),
    _UPDATED,
)  # fmt: skip

_AMENDMENTS = (
    _m("target_kind", "对象类型", "code_list"),
    _m("authority", "作出机关", "text", "作出决定机关"),
    _m("doc_no", "决定文书号", "doc", "行政处罚决定书文号", "列入决定文号"),
    _uscc(),
    _o("subject_name", "主体名称", "name", "行政相对人名称", *_NAME_ZH),
    _m("action", "变更类型", "code_list"),
    _m("effective_on", "生效日期", "date"),
    _o("amendment_no", "变更文号", "text", "变更文书号"),
    _UPDATED,
)  # fmt: skip

_HONOURS = (
    _uscc(),
    _m("subject_name", "主体名称", "name", *_NAME_ZH),
    _m("honour_type", "荣誉名称", "code_list", "荣誉类型"),
    _o("level", "级别", "text", "荣誉级别"),
    _m("issuer", "授予单位", "text", "授予机关", "认定单位"),
    _o("doc_no", "文号", "doc", "授予文号", "认定文号"),
    _m("valid_from", "有效期自", "date", "有效期起", "有效期始"),
    _o("valid_to", "有效期至", "open_date", "有效期止"),
    _UPDATED,
)  # fmt: skip

_RULINGS = (
    _uscc(is_mandatory=True),
    _m("kind", "记录类别", "code_list"),
    _o("authority", "作出机关", "text"),
    _o("doc_no", "决定文书号", "doc"),
    _o("source_sha256", "来源文件", "text"),
    _o("source_row", "来源行", "integer"),
    _m("conclusion", "复核结论", "code_list"),
    _o("event_on", "决定日期", "date"),
    _o("penalty_kinds", "处罚类别", "code_list"),
    _m("decided_on", "复核日期", "date"),
    _m("decided_by", "复核单位", "text"),
    _m("basis", "复核依据", "free_text"),
    _UPDATED,
)

FIELDS: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {
        "entities": _ENTITIES, "licences": _LICENCES, "penalties": _PENALTIES, "inspections": _INSPECTIONS,
        "listings": _LISTINGS, "amendments": _AMENDMENTS, "honours": _HONOURS, "rulings": _RULINGS,
    }
)  # fmt: skip

# Two columns that stand side by side in one layout and feed one field: (field, how, spellings in order).
# 'join': the filled cells, joined by ';'. 'first': the first filled cell in this order (text before code).
PAIRS: Mapping[str, tuple[tuple[str, Literal["join", "first"], tuple[str, ...]], ...]] = MappingProxyType(
    {
        "penalties": (
            ("penalty_kinds", "join", ("CF_CFLB1", "CF_CFLB2")),
            ("penalty_kinds", "join", ("处罚类别1", "处罚类别2")),
            ("penalty_kinds", "first", ("penTypeCn", "penType")),
            ("authority", "first", ("penAuth_CN", "judAuth")),
        ),
        "inspections": (("result", "first", ("insResName", "insResDesc")),),
    }
)

# The key under which a JSON record nests a list of objects, one for each row (gsxt: the items of a visit).
DETAILS: Mapping[str, str] = MappingProxyType({"inspections": "details"})

# Columns that only the 2015-era layout (regulation §4.5) has. Two of them, and no column for the kind of
# subject, make a file one of that layout. CF_ZT, XK_ZT and SJC are met elsewhere too and prove nothing.
ERA_2015: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "penalties": ("CF_CFMC", "CF_CFLB1", "CF_CFLB2", "CF_XDR_ZDM", "CF_XDR_GSDJ", "CF_XDR_SFZ", "CF_FR",
                      "CF_JG", "CF_XZJG", "处罚名称", "处罚类别1", "处罚类别2", "处罚结果"),
        "licences": ("XK_XMMC", "XK_SPLB", "XK_XDR", "XK_XDR_ZDM", "XK_XDR_GSDJ", "XK_XDR_SFZ", "XK_FR",
                     "XK_JZQ", "XK_XZJG", "项目名称", "审批类别", "许可截止期"),
    }
)  # fmt: skip
# What that layout leaves to be derived, where it has no column of its own (contract §2).
DERIVED_2015: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"penalties": ("subject_kind",), "licences": ("subject_kind", "valid_from")}
)


def field(kind: str, name: str) -> Field:
    """The field `name` of `kind`.

    Raises:
        KeyError: no such kind or field.
    """
    for candidate in FIELDS[kind]:
        if candidate.name == name:
            return candidate
    raise KeyError(f"{kind}.{name}")
