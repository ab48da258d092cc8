"""The upload files of the publicity system (双公示): what may be public, in the official layout."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from records.official import LICENCE_COLUMNS, PENALTY_COLUMNS
from records.resolve.current import ranked
from records.resolve.expr import day, is_true, no_text
from records.resolve.load import as_received

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.intake import Intake
    from records.resolve.workspace import Workspace

CHANNEL = "creditchina"
_OPEN = "2099/12/31"
_INVALID = ("2", "无效", "撤销", "吊销", "注销")


def disclosure_files(ws: Workspace, intake: Intake, entities: ir.Table, as_of: date, policy: Policy) -> None:
    """Store ``disclosure_penalties`` and ``disclosure_licences``: text columns in the official layout.

    Penalties: those that 信用中国 shows on ``as_of`` by the clocks of ``disclosure``, with the end of publicity in
    CF_GSJZQ. Licences: granted and valid on the day. Natural persons' rows are in neither, nor any number of an
    identity document; the legal representative stands as 王**. Facts and remark may name a person whom no program
    finds: CF_SY holds the type of violation instead, BZ nothing.

    Args:
        entities: those that have a row: uscc, name, entity_type.
    """
    about = entities.select(e_uscc="uscc", e_name="name", e_type="entity_type")
    ws.save("disclosure_penalties", _penalties(ws, intake, about).distinct(), leaves=True)
    # No two are alike: the parts of a licence's natural key, or what they were made from, stand in every row.
    ws.save("disclosure_licences", _licences(ws, intake, about, as_of), leaves=True)


def _penalties(ws: Workspace, intake: Intake, about: ir.Table) -> ir.Table:
    shown = ws.stored("disclosure")
    shown = shown.filter((shown.kind == "penalties") & (shown.channel == CHANNEL) & shown.is_published)
    shown = shown.select(
        s_uscc="uscc", s_by=shown.authority.fill_null(""), s_doc=shown.doc_no.fill_null(""), s_day="decided_on",
        until="publish_until",
    )  # fmt: skip
    t = ws.stored("penalty_versions")
    t = t.filter(t.is_winner & ~t.is_annulled & ~_is_person(t))
    t = t.select("rid", "linked", "event_on", by=t.authority.fill_null(""), doc=t.doc_no.fill_null(""))
    t = t.join(shown, [("linked", "s_uscc"), ("by", "s_by"), ("doc", "s_doc"), ("event_on", "s_day")])
    rows = as_received(ws, intake, "penalties", t)
    rows = rows.join(about, [("linked", "e_uscc")])
    said = {
        "CF_WSH": rows.doc_no,
        "CF_WFXW": rows.violation_type,
        "CF_SY": rows.violation_type,
        "CF_YJ": rows.basis,
        "CF_CFLB": rows.penalty_kinds,
        "CF_NR": rows.content,
        "CF_NR_FK": _wan(rows.fine_fen),
        "CF_NR_WFFF": _wan(rows.confiscated_fen),
        "CF_NR_ZKDX": rows.revoked_licence,
        "CF_JDRQ": _day(rows.event_on),
        "CF_YXQ": _day(rows.valid_to),
        "CF_GSJZQ": _day(rows.until),
        "CF_CFJG": rows.authority,
        "CF_CFJGDM": rows.authority_uscc,
        "CF_SJLY": rows.source_unit,
        "CF_SJLYDM": rows.source_unit_uscc,
        "BZ": no_text(),
    }
    return rows.select(**_subject(rows, "CF"), **said).select(*PENALTY_COLUMNS)


def _licences(ws: Workspace, intake: Intake, about: ir.Table, as_of: date) -> ir.Table:
    t = ranked(ws, "linked_licences")
    t = t.filter(t.is_winner & t.linked.notnull() & (t.decided_on <= day(as_of)))
    t = t.filter(~is_true(t.valid_to < day(as_of)) & ~is_true(t.state.isin(_INVALID)))
    t = t.filter(~is_true(t.is_natural_person)).select("rid", "linked")
    rows = as_received(ws, intake, "licences", t)
    rows = rows.filter(~_is_person(rows))
    rows = rows.join(about, [("linked", "e_uscc")])
    said = {
        "XK_XKWS": rows.doc_name,
        "XK_WSH": rows.doc_no,
        "XK_XKLB": rows.licence_class,
        "XK_XKZS": rows.certificate_name,
        "XK_XKBH": rows.licence_no,
        "XK_NR": rows.content,
        "XK_JDRQ": _day(rows.decided_on),
        "XK_YXQZ": _day(rows.valid_from),
        "XK_YXQZI": _day(rows.valid_to).fill_null(_OPEN),
        "XK_XKJG": rows.authority,
        "XK_XKJGDM": rows.authority_uscc,
        "XK_ZT": ibis.literal("1"),
        "XK_LYDW": rows.source_unit,
        "XK_LYDWDM": rows.source_unit_uscc,
        "BZ": no_text(),
    }
    return rows.select(**_subject(rows, "XK"), **said).select(*LICENCE_COLUMNS)


def _subject(rows: ir.Table, prefix: str) -> dict[str, ir.Value]:
    is_shop = rows.e_type == "个体工商户"
    values = {
        "XDR_MC": rows.e_name,
        "XDR_LB": ibis.ifelse(is_shop, ibis.literal("个体工商户"), ibis.literal("法人及非法人组织")),
        "XDR_SHXYM": rows.linked,
        "XDR_GSZC": rows.reg_no,
        "XDR_ZZJG": rows.org_code,
        "XDR_SWDJ": rows.tax_no,
        "XDR_SYDW": rows.institution_no,
        "XDR_SHZZ": rows.society_no,
        "FRDB": _masked(rows.legal_rep),
        "FR_ZJLX": no_text(),
        "FR_ZJHM": no_text(),
        "XDR_ZJLX": no_text(),
        "XDR_ZJHM": no_text(),
    }
    return {f"{prefix}_{name}": value for name, value in values.items()}


def _masked(name: ir.StringValue) -> ir.StringValue:
    return ibis.ifelse(is_true(name.length() > 0), name.substr(0, 1) + ibis.literal("**"), no_text())


def _is_person(rows: ir.Table) -> ir.BooleanValue:
    return is_true(rows.is_natural_person) | is_true(rows.subject_kind == "自然人")


def _day(value: ir.DateValue) -> ir.StringValue:
    """YYYY/MM/DD; 9999-12-31 is 2099/12/31, the standard's 长期."""
    text = value.cast("string").replace("-", "/")
    return ibis.ifelse(text == "9999/12/31", ibis.literal(_OPEN), text)


def _wan(fen: ir.IntegerValue) -> ir.StringValue:
    """万元 with its six decimals, exactly."""
    whole, rest = fen // 1_000_000, fen % 1_000_000
    return whole.cast("string") + ibis.literal(".") + rest.cast("string").lpad(6, "0")
