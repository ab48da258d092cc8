"""Labels and small phrases of an explanation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publish.story.model import Citation, Lang, Record, Text
from publish.story.words import KINDS
from publish.words import GROUNDS, METHODS, REASONS_FOR_NO_CLASS

AS_OF = Text("截至", "as of")
POLICY = Text("规则版本", "policy")
KNOWN_BY = Text("仅据该日及以前收到的数据", "from what was received by")
CLASS = Text("信用风险等级", "Risk class")
POINTS = Text("分值", "points")
BY_POINTS = Text("按分值", "class by points")
METHOD = Text("方法", "method")
MODEL = Text("模型版本", "model")
OTHER_METHOD = Text("另一方法分值", "points by the other method")
RED_LINES = Text("红线", "red lines")
NONE = Text("无", "none")
NOT_CLASSED = Text("不分级", "none")
OUT_OF_SCOPE = Text("不在分级范围", "none, the entity is not in scope")
SUM = Text("合计", "sum")
ELIGIBILITY = Text("快速通道", "Fast-track eligibility")
YES, NO = Text("是", "yes"), Text("否", "no")
UNKNOWN_TO_IT = Text("快照中没有该主体", "the snapshot does not know the entity")
GROUND = Text("依据", "grounds")
CLEAN_SINCE = Text("无不良记录起始日", "clean since")
ELIGIBLE_ON = Text("预计符合日", "eligible on")
NOT_FORESEEABLE = Text("依现有记录不可预计", "not foreseeable from these records")
ASKED = Text("逐条审查", "Rules that were asked")
LAW = Text("法条", "law")
ABOVE = Text("见上", "quoted above")
NEXT = Text("何时、因何改变", "What would change the answer, and when")
UNTIL = Text("至", "through")
OPEN = Text("未定", "open")
VIA = Text("经由", "through")
SOURCE = Text("来源", "delivered in")
GAPS = Text("经人工认可的数据缺口", "Accepted gaps in the data")
NO_REASON = Text("未说明理由", "no reason given")
WHENEVER = Text("待定", "when it happens")
FROM = Text("自", "from")
CONFIDENCE = Text("依据可信度", "confidence")
NOTES = Text("说明", "Notes")
SIGNAL = Text(
    "本结果仅供便利措施参考，不代替审批决定；依法应当提交的材料仍须提交。",
    "A signal for convenience measures, never a decision to grant; material required by law is still supplied.",
)
REASON_HEAD = (
    Text("类别", "category"), Text("指标", "indicator"), Text("含义", "meaning"), Text("取值", "value"),
    Text("分值", "points"),
)  # fmt: skip


def grounds(codes: tuple[str, ...]) -> str:
    """The open routes."""
    return "; ".join(f"{code} {GROUNDS.get(code, '')}".rstrip() for code in codes)


def method_words(method: str | None) -> str:
    """The method of the points."""
    return f"{method} {METHODS.get(method or '', '')}".rstrip()


def not_classed_words(reason: str | None) -> str:
    """Why there is no class."""
    return f"{reason} {REASONS_FOR_NO_CLASS.get(reason or '', '')}".rstrip()


def record_line(record: Record, lang: Lang) -> str:
    """One record with its authority, number and day, how long it lasts, and by whom and where it came."""
    kind = KINDS.get(record.kind)
    named = [part for part in (record.authority, record.doc_no) if part]
    day = record.event_on.isoformat() if record.event_on else "—"
    parts = [f"{kind.within(lang) if kind else record.kind}", *named, day]
    line = " · ".join(parts) + f" — {record.says.within(lang)} [{record.rule}]"
    if record.ends_on is not None:
        line += f", {UNTIL.within(lang)} {record.ends_on}"
    elif record.is_open:
        line += f", {UNTIL.within(lang)}: {OPEN.within(lang)}"
    if record.via:
        line += f", {VIA.within(lang)} {record.via}"
    if record.source:
        line += f", {SOURCE.within(lang)} {record.source}"
    return line


def citation_line(cited: Citation, lang: Lang) -> str:
    """A parameter's value and where it comes from."""
    days = (
        f" ({cited.valid_from or '…'} – {cited.valid_to or '…'})"
        if cited.valid_from or cited.valid_to
        else ""
    )
    value = "" if cited.value is None else f" = {plain(cited.value)}"
    return (
        f"{cited.id} {cited.label}{value}{days}: {cited.source}; {cited.article} "
        f"[{CONFIDENCE.within(lang)} {cited.confidence}]"
    )


def plain(value: Any) -> str:
    """A value of the policy as a reader takes it.

    >>> plain({"A": 0, "B": 200}), plain(["企业", "分支机构"]), plain(True)
    ('A: 0, B: 200', '企业, 分支机构', 'true')
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {plain(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(f"({plain(part)})" if isinstance(part, list) else plain(part) for part in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def gap_line(gap: Mapping[str, Any], lang: Lang) -> str:
    """A gap that a named person accepted."""
    what = gap.get("path") or gap.get("kind") or ""
    until = f", {UNTIL.within(lang)} {gap['until']}" if gap.get("until") else ""
    return (
        f"{gap.get('type')} {what} [{gap.get('rule')}]: {gap.get('reason') or NO_REASON.within(lang)}{until}"
    )


def points_text(value: float | None) -> str:
    """Points with their two decimals."""
    return "—" if value is None else f"{value:.2f}"
