"""The header styles of the contract: which spelling each field has in each layout."""

from __future__ import annotations

from collections.abc import Mapping

from records.registry import FIELDS

# Official codes of the 双公示 standard (发改办财金〔2018〕424号), in its order.
_SUBJECT = {
    "subject_name": "XDR_MC", "subject_kind": "XDR_LB", "uscc": "XDR_SHXYM", "reg_no": "XDR_GSZC",
    "org_code": "XDR_ZZJG", "tax_no": "XDR_SWDJ", "institution_no": "XDR_SYDW", "society_no": "XDR_SHZZ",
    "legal_rep": "FRDB", "legal_rep_id_type": "FR_ZJLX", "legal_rep_id": "FR_ZJHM",
    "subject_id_type": "XDR_ZJLX", "subject_id": "XDR_ZJHM",
}  # fmt: skip
_CODES: dict[str, dict[str, str]] = {
    "licences": {name: f"XK_{code}" for name, code in _SUBJECT.items()}
    | {
        "doc_name": "XK_XKWS", "doc_no": "XK_WSH", "licence_class": "XK_XKLB", "certificate_name": "XK_XKZS",
        "licence_no": "XK_XKBH", "content": "XK_NR", "decided_on": "XK_JDRQ", "valid_from": "XK_YXQZ",
        "valid_to": "XK_YXQZI", "authority": "XK_XKJG", "authority_uscc": "XK_XKJGDM", "state": "XK_ZT",
        "source_unit": "XK_LYDW", "source_unit_uscc": "XK_LYDWDM", "remark": "BZ",
    },
    "penalties": {name: f"CF_{code}" for name, code in _SUBJECT.items()}
    | {
        "doc_no": "CF_WSH", "violation_type": "CF_WFXW", "facts": "CF_SY", "basis": "CF_YJ",
        "penalty_kinds": "CF_CFLB",
        "content": "CF_NR", "fine_fen": "CF_NR_FK", "confiscated_fen": "CF_NR_WFFF",
        "revoked_licence": "CF_NR_ZKDX",
        "decided_on": "CF_JDRQ", "valid_to": "CF_YXQ", "publicity_until": "CF_GSJZQ", "authority": "CF_CFJG",
        "authority_uscc": "CF_CFJGDM", "source_unit": "CF_SJLY", "source_unit_uscc": "CF_SJLYDM",
        "remark": "BZ",
    },
}  # fmt: skip
# 2015-era columns (regulation §4.5).
_ERA_2015: dict[str, dict[str, str]] = {
    "penalties": {
        "doc_no": "CF_WSH", "violation_type": "CF_CFMC", "penalty_kinds_1": "CF_CFLB1",
        "penalty_kinds_2": "CF_CFLB2",
        "facts": "CF_SY", "basis": "CF_YJ", "subject_name": "CF_XDR_MC", "uscc": "CF_XDR_SHXYM",
        "org_code": "CF_XDR_ZDM", "reg_no": "CF_XDR_GSDJ", "tax_no": "CF_XDR_SWDJ", "subject_id": "CF_XDR_SFZ",
        "legal_rep": "CF_FR", "content": "CF_JG", "decided_on": "CF_JDRQ", "authority": "CF_XZJG",
        "decision_status": "CF_ZT", "area": "DFBM",
        "updated_on": "SJC", "remark": "BZ",
    },
    "licences": {
        "doc_no": "XK_WSH", "doc_name": "XK_XMMC", "licence_class": "XK_SPLB", "content": "XK_NR",
        "subject_name": "XK_XDR", "uscc": "XK_XDR_SHXYM", "org_code": "XK_XDR_ZDM", "reg_no": "XK_XDR_GSDJ",
        "tax_no": "XK_XDR_SWDJ", "subject_id": "XK_XDR_SFZ", "legal_rep": "XK_FR", "decided_on": "XK_JDRQ",
        "valid_to": "XK_JZQ",
        "authority": "XK_XZJG", "state": "XK_ZT", "area": "DFBM", "updated_on": "SJC", "remark": "BZ",
    },
}  # fmt: skip
# JSON names of 国家企业信用信息公示系统 (regulation §4.3, §5.1); the kind of subject has none there.
_GSXT: dict[str, dict[str, str]] = {
    "penalties": {
        "subject_name": "entName", "uscc": "uniscid", "reg_no": "regNo", "subject_kind": "cfXdrLb",
        "doc_no": "penDecNo", "violation_type": "illegActType", "facts": "mainIllegFact",
        "basis": "penBasis_CN",
        "penalty_kinds": "penTypeCn", "content": "penContent", "fine_fen": "penAm",
        "confiscated_fen": "forfAm", "authority": "judAuth",
        "decided_on": "penDecIssDate", "valid_to": "penPeri", "publicity_until": "pubDeadline",
        "area": "nodeNum",
    },
    "inspections": {
        "uscc": "uniscid", "subject_name": "entName", "plan_no": "raninsPlanId", "task_no": "raninsTaskId",
        "task_type": "raninsTypeName", "item": "raninsItemName", "result": "raninsCheckResName",
        "authority": "insAuth",
        "inspected_on": "insDate", "area": "nodeNum",
    },
}  # fmt: skip
# Chinese variants met in practice, instead of the name of the standard.
_VARIANTS: dict[str, dict[str, str]] = {
    "penalties": {
        "fine_fen": "处罚金额（万元）",
        "confiscated_fen": "没收违法所得、没收非法财务的金额（万元）",
        "doc_no": "行政处罚决定文书号",
        "authority": "行政处罚机关",
        "publicity_until": "公示截止日期",
    },
    "licences": {"doc_no": "行政许可决定文书文号", "valid_to": "许可有效期至", "authority": "许可决定机关"},
    "entities": {"status": "经营状态", "name": "企业名称", "registered_capital_wan": "注册资本（万元）"},
    "inspections": {"result": "检查结果", "item": "检查事项", "authority": "检查机关"},
    "listings": {"list_type": "名单名称", "doc_no": "列入决定文书号", "removed_on": "移出时间"},
    "amendments": {"authority": "作出决定机关"},
    "honours": {"honour_type": "荣誉类型", "issuer": "授予机关"},
}
# A column of no known meaning: such are kept out and counted.
AREA = "area"
_UNKNOWN_ZH, _UNKNOWN_EN = "报送地区", "reporting_area"


def _camel(code: str) -> str:
    head, *rest = code.lower().split("_")
    return head + "".join(part.capitalize() for part in rest)


def _full_width(text: str) -> str:
    return text.replace("(", "（").replace(")", "）")


def columns(kind: str, style: str) -> Mapping[str, str]:
    """Field -> header of a layout, in column order.

    Args:
        kind: record kind.
        style: `code`, `camel`, `snake`, `2015`, `gsxt`, `zh` (the standard's Chinese names), `variant`
            (full-width brackets and names met in practice), `en` (canonical names) or `en_camel`.

    Raises:
        KeyError: the kind has no such layout.
    """
    if style in ("code", "camel", "snake"):
        codes = _CODES[kind]
        if style == "code":
            return codes
        return {name: _camel(code) if style == "camel" else code.lower() for name, code in codes.items()}
    if style == "2015":
        return _ERA_2015[kind]
    if style == "gsxt":
        return _GSXT[kind]
    fields = FIELDS[kind]
    if style == "zh":
        return {AREA: _UNKNOWN_ZH} | {field.name: field.zh for field in fields}
    if style == "variant":
        variants = _VARIANTS.get(kind, {})
        return {field.name: variants.get(field.name, _full_width(field.zh)) for field in fields}
    if style == "en":
        return {field.name: field.name for field in fields} | {AREA: _UNKNOWN_EN}
    if style == "en_camel":
        return {field.name: _camel(field.name) for field in fields}
    raise KeyError(style)
