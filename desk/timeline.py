"""An entity's time line as a picture: what was said of it from list to list, in SVG without any style or script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape

from desk.answers import ELIGIBLE, HELD, NOT_ELIGIBLE, Reason, answer_of_status
from desk.store import Period
from desk.words import WORDS
from publish.story.words import rule_words

_WIDTH, _LEFT, _RIGHT, _ROW = 760, 20, 20, 46
# Shape and hatching tell them apart without colour.
_FILL = {ELIGIBLE: "#1b6e3c", NOT_ELIGIBLE: "#a3241f", HELD: "#8a5a00"}
_MARK = {ELIGIBLE: "✓", NOT_ELIGIBLE: "✕", HELD: "!"}
_DAY_WIDTH_MIN = 26.0


@dataclass(frozen=True)
class _Scale:
    first: date
    last: date

    def at(self, day: date) -> float:
        span = max((self.last - self.first).days, 1)
        share = min(max((day - self.first).days / span, 0), 1)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def timeline(periods: Sequence[Period], today: date, lang: str) -> str:
    """The picture.

    Args:
        periods: oldest first, at least one.
        today: its right end, unless a reason reaches further.
        lang: ``zh`` or ``en``.
    """
    reasons = _dated(periods)
    days = [period.first.as_of for period in periods] + [today]
    days += [day for reason in reasons for day in (reason.event_on, reason.blocks_until) if day]
    scale = _Scale(min(days), max(days))
    rows = reasons[:12]
    height = 74 + _ROW * len(rows) + 34
    title = {
        "zh": "时间线：各期名单的结论与相关记录",
        "en": "Time line: what the lists said, and the records",
    }[lang]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" class="timeline">',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_told(periods, lang))}</desc>",
        f'<line x1="{scale.at(today):.1f}" y1="22" x2="{scale.at(today):.1f}" y2="{height - 26}" stroke="#9aa7b3"'
        ' stroke-dasharray="4 3"/>',
        *_periods(periods, today, scale, lang),
        *(part for number, reason in enumerate(rows) for part in _reason(reason, number, scale, lang)),
        *_axis(scale, height, today, lang),
        "</svg>",
    ]
    return "".join(parts)


def _dated(periods: Sequence[Period]) -> list[Reason]:
    found = {
        (r.rule, r.authority, r.doc_no, r.event_on): r
        for period in periods
        for r in period.entity.reasons
        if r.event_on is not None
    }
    return sorted(
        found.values(), key=lambda r: (r.event_on or date.min, r.rule, r.doc_no or ""), reverse=True
    )


def _periods(periods: Sequence[Period], today: date, scale: _Scale, lang: str) -> list[str]:
    made = [_text(_LEFT, 16, {"zh": "名单结论", "en": "What the lists said"}[lang], "#3a4652", 13)]
    for period in periods:
        code = answer_of_status(period.entity.status)
        left = scale.at(period.first.as_of)
        right = max(scale.at(period.until.as_of if period.until else today), left + 3)
        made.append(
            f'<rect x="{left:.1f}" y="26" width="{right - left:.1f}" height="30" rx="3" fill="{_FILL[code]}"'
            ' stroke="#ffffff" stroke-width="1"/>'
        )
        word = {"zh": WORDS[code].zh, "en": WORDS[code].en}[lang]
        label = f"{_MARK[code]} {word}" if right - left > 110 else _MARK[code]
        if right - left > _DAY_WIDTH_MIN:
            made.append(_text((left + right) / 2, 46, label, "#ffffff", 14, anchor="middle"))
        elif period is periods[-1]:
            is_right_half = left > _WIDTH / 2
            at, anchor = (left - 6, "end") if is_right_half else (right + 6, "start")
            made.append(_text(at, 46, f"{_MARK[code]} {word}", _FILL[code], 14, anchor=anchor))
    return made


def _reason(reason: Reason, number: int, scale: _Scale, lang: str) -> list[str]:
    if reason.event_on is None:
        return []
    y = 74 + _ROW * number
    left = scale.at(reason.event_on)
    right = max(scale.at(reason.blocks_until or scale.last), left + 6)
    words = rule_words(reason.rule).within("zh" if lang == "zh" else "en")
    ends = reason.blocks_until.isoformat() if reason.blocks_until else {"zh": "未定", "en": "open"}[lang]
    said = f"{words} {reason.doc_no or ''} {reason.event_on.isoformat()} → {ends}"
    is_right_half = left > _WIDTH / 2
    return [
        _text(
            right if is_right_half else left, y + 14, said, "#1d2730", 13, anchor="end" if is_right_half else "start"
        ),
        f'<rect x="{left:.1f}" y="{y + 20}" width="{right - left:.1f}" height="12" rx="2" fill="#c9d3dc"'
        ' stroke="#4d5b68" stroke-width="1"/>',
        f'<circle cx="{left:.1f}" cy="{y + 26}" r="6" fill="#4d5b68"/>',
    ]  # fmt: skip


def _axis(scale: _Scale, height: int, today: date, lang: str) -> list[str]:
    y = height - 26
    made = [f'<line x1="{_LEFT}" y1="{y}" x2="{_WIDTH - _RIGHT}" y2="{y}" stroke="#4d5b68"/>']
    at = scale.at(today)
    marks = {scale.first: "start", scale.last: "end"}
    for day, anchor in marks.items():
        made.append(_text(scale.at(day), y + 18, day.isoformat(), "#3a4652", 12, anchor=anchor))
    if _LEFT + 190 < at < _WIDTH - _RIGHT - 190:
        word = {"zh": "今日", "en": "today"}[lang]
        made.append(_text(at, y + 18, f"{word} {today.isoformat()}", "#1d2730", 12, anchor="middle"))
    return made


def _told(periods: Sequence[Period], lang: str) -> str:
    said = []
    for period in periods:
        word = WORDS[answer_of_status(period.entity.status)]
        said.append(f"{period.first.as_of.isoformat()} {word.zh if lang == 'zh' else word.en}")
    return "; ".join(said)


def _text(x: float, y: float, text: str, fill: str, size: int, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y}" font-size="{size}" fill="{fill}" text-anchor="{anchor}">{escape(text)}</text>'
