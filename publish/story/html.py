"""A story as one HTML page: nothing is loaded from outside, everything quoted is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from publish.story import labels as said
from publish.story.model import Change, Citation, Eligibility, Lang, Question, Record, Risk, Story
from publish.story.words import FINDINGS
from publish.words import RED_LINES

_STYLE = """
body{font:16px/1.6 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem auto;max-width:60rem;
padding:0 1rem;color:#1a1a1a;background:#fff}h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:.3rem .5rem;text-align:left}
td.n,th.n{text-align:right}li{margin:.3rem 0}.law{color:#444;font-size:.9rem}.answer{font-weight:600}
.decides{background:#fff3d6}@media print{body{margin:0}}
"""


def as_html(story: Story, lang: Lang = None) -> str:
    """The page.

    Args:
        story: of one entity.
        lang: one language, or None for both.
    """
    title = escape(f"{story.uscc} {story.name}")
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{_t(said.AS_OF.within(lang))} {_t(story.as_of)} · {_t(said.POLICY.within(lang))} "
        f"{_t(story.policy_version)}</p>",
    ]
    if story.known_by:
        parts.append(f"<p>{_t(said.KNOWN_BY.within(lang))} {_t(story.known_by)}</p>")
    if not story.for_desk:
        parts += _risk(story.risk, lang)
    parts += _eligibility(story.eligibility, lang)
    if story.gaps:
        parts += [
            f"<h2>{_t(said.GAPS.within(lang))}</h2>",
            _list(said.gap_line(gap, lang) for gap in story.gaps),
        ]
    parts += [f"<p>{_t(text.within(lang))}</p>" for text in (said.SIGNAL, *story.notes)]
    return (
        f'<!doctype html>\n<html lang="{"en" if lang == "en" else "zh"}">\n<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style></head>\n'
        "<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _risk(risk: Risk | None, lang: Lang) -> list[str]:
    heading = said.CLASS.within(lang)
    if risk is None:
        return [f"<h2>{_t(heading)}</h2><p>{_t(said.OUT_OF_SCOPE.within(lang))}</p>"]
    if risk.risk_class is None:
        answer = f"{said.NOT_CLASSED.within(lang)} ({said.not_classed_words(risk.not_classed_reason)})"
    else:
        answer = risk.risk_class
    parts = [f'<h2>{_t(heading)}: <span class="answer">{_t(answer)}</span></h2>']
    if risk.risk_class is not None:
        parts.append(
            f"<p>{_t(said.POINTS.within(lang))} {said.points_text(risk.points)} → "
            f"{_t(said.BY_POINTS.within(lang))} {_t(risk.points_class or '')} · {_t(said.METHOD.within(lang))} "
            f"{_t(said.method_words(risk.method))} · {_t(said.MODEL.within(lang))} {_t(risk.model_version or '')}</p>"
        )
        if risk.points_other_method is not None:
            other = said.points_text(risk.points_other_method)
            parts.append(f"<p>{_t(said.OTHER_METHOD.within(lang))} {other}</p>")
    crossed = [line for line in risk.red_lines if line.finding == "applies"]
    if not crossed:
        parts.append(f"<p>{_t(said.RED_LINES.within(lang))}: {_t(said.NONE.within(lang))}</p>")
    for line in crossed:
        parts.append(f"<p>{_t(said.RED_LINES.within(lang))}: {_t(f'{line.code} {RED_LINES[line.code]}')}</p>")
        parts += [_records(line.records, lang), _law(line.citations, lang)]
    if risk.reasons:
        parts += [_reasons(risk, lang), _law(risk.citations, lang)]
    return [*parts, *_changes(risk.changes, lang)]


def _reasons(risk: Risk, lang: Lang) -> str:
    head = "".join(
        f'<th{_number(i)} scope="col">{_t(one.within(lang))}</th>' for i, one in enumerate(said.REASON_HEAD)
    )
    rows = []
    for one in risk.reasons:
        cells = (one.category, one.indicator, one.title.within(lang), one.value, said.points_text(one.points))
        rows.append(
            "<tr>" + "".join(f"<td{_number(i)}>{_t(cell)}</td>" for i, cell in enumerate(cells)) + "</tr>"
        )
        if one.records:
            rows.append(
                f'<tr><td colspan="5">{_t(one.reason.within(lang))}{_records(one.records, lang)}</td></tr>'
            )
    total = said.points_text(sum(round(one.points * 100) for one in risk.reasons) / 100)
    rows.append(
        f'<tr><th colspan="4" scope="row">{_t(said.SUM.within(lang))}</th><td class="n">{total}</td></tr>'
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _eligibility(answer: Eligibility | None, lang: Lang) -> list[str]:
    heading = said.ELIGIBILITY.within(lang)
    if answer is None:
        return [f"<h2>{_t(heading)}</h2><p>{_t(said.UNKNOWN_TO_IT.within(lang))}</p>"]
    is_so = (said.YES if answer.eligible else said.NO).within(lang)
    parts = [
        f'<h2>{_t(heading)}: <span class="answer">{_t(is_so)}</span></h2>',
        f"<p>{_t(answer.status)} {_t(answer.says.within(lang))}</p>",
    ]
    if answer.grounds:
        parts.append(f"<p>{_t(said.GROUND.within(lang))}: {_t(said.grounds(answer.grounds))}</p>")
    if answer.clean_since:
        parts.append(f"<p>{_t(said.CLEAN_SINCE.within(lang))} {answer.clean_since}</p>")
    if not answer.eligible:
        on = answer.eligible_on or said.NOT_FORESEEABLE.within(lang)
        parts.append(f"<p>{_t(said.ELIGIBLE_ON.within(lang))} {_t(str(on))}</p>")
    asked = "".join(_question(question, lang) for question in answer.questions)
    parts.append(f"<h2>{_t(said.ASKED.within(lang))}</h2><ol>{asked}</ol>")
    return [*parts, *_changes(answer.changes, lang)]


def _question(question: Question, lang: Lang) -> str:
    finding = FINDINGS[question.finding].within(lang)
    return (
        f'<li class="{question.finding}">{_t(question.asks.within(lang))} <small>{_t(question.code)}</small>: '
        f'<span class="answer">{_t(finding)}</span>'
        f"{_records(question.records, lang)}{_law(question.citations, lang)}</li>"
    )


def _records(records: Iterable[Record], lang: Lang) -> str:
    return _list(said.record_line(record, lang) for record in records)


def _law(citations: Iterable[Citation], lang: Lang) -> str:
    lines = [f"{said.LAW.within(lang)}: {said.citation_line(cited, lang)}" for cited in citations]
    return "".join(f'<p class="law">{_t(line)}</p>' for line in lines)


def _changes(changes: Iterable[Change], lang: Lang) -> list[str]:
    lines = [
        f"{f'{said.FROM.within(lang)} {change.on}' if change.on else said.WHENEVER.within(lang)}: "
        f"{change.says.within(lang)}"
        for change in changes
    ]
    return [f"<h2>{_t(said.NEXT.within(lang))}</h2>", _list(lines)] if lines else []


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_t(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _number(place: int) -> str:
    return ' class="n"' if place == 4 else ""


def _t(text: str) -> str:
    return escape("".join(char if char.isprintable() else "·" for char in text))
