"""A story as lines of text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from publish.columns import columns
from publish.story import labels as said
from publish.story.model import Change, Citation, Eligibility, Lang, Question, Record, Risk, Story
from publish.story.words import FINDINGS
from publish.words import RED_LINES


def as_text(story: Story, lang: Lang = None) -> list[str]:
    """The lines of a story.

    Args:
        story: of one entity.
        lang: one language, or None for both beside each other.
    """
    lines = [f"{story.uscc}  {story.name}"]
    lines.append(
        f"{said.AS_OF.within(lang)} {story.as_of}, {said.POLICY.within(lang)} {story.policy_version}"
    )
    if story.known_by:
        lines.append(f"{said.KNOWN_BY.within(lang)} {story.known_by}")
    if not story.for_desk:
        lines += ["", *_risk(story.risk, lang)]
    lines += ["", *_eligibility(story.eligibility, lang)]
    if story.gaps:
        lines += ["", said.GAPS.within(lang), *(f"  {said.gap_line(gap, lang)}" for gap in story.gaps)]
    lines += ["", said.SIGNAL.within(lang), *(note.within(lang) for note in story.notes)]
    # A name may hold anything that a file could: nothing in it may steer the terminal.
    return ["".join(char if char.isprintable() else "·" for char in line) for line in lines]


def _risk(risk: Risk | None, lang: Lang) -> list[str]:
    heading = said.CLASS.within(lang)
    if risk is None:
        return [f"{heading}: {said.OUT_OF_SCOPE.within(lang)}"]
    if risk.risk_class is None:
        why = said.not_classed_words(risk.not_classed_reason)
        lines = [f"{heading}: {said.NOT_CLASSED.within(lang)} ({why})"]
    else:
        lines = [
            f"{heading}: {risk.risk_class}",
            f"  {said.POINTS.within(lang)} {said.points_text(risk.points)} → "
            f"{said.BY_POINTS.within(lang)} {risk.points_class}",
            f"  {said.METHOD.within(lang)} {said.method_words(risk.method)}, "
            f"{said.MODEL.within(lang)} {risk.model_version}",
        ]
        if risk.points_other_method is not None:
            lines.append(f"  {said.OTHER_METHOD.within(lang)} {said.points_text(risk.points_other_method)}")
    crossed = [line for line in risk.red_lines if line.finding == "applies"]
    named = "; ".join(f"{line.code} {RED_LINES[line.code]}" for line in crossed) or said.NONE.within(lang)
    lines.append(f"  {said.RED_LINES.within(lang)}: {named}")
    for line in crossed:
        lines += [*_records(line.records, lang), *_law(line.citations, lang)]
    if risk.reasons:
        rows = [
            (one.category, one.indicator, one.title.within(lang), one.value, said.points_text(one.points))
            for one in risk.reasons
        ]
        total = sum(round(one.points * 100) for one in risk.reasons) / 100
        rows.append(("", "", said.SUM.within(lang), "", said.points_text(total)))
        head = tuple(one.within(lang) for one in said.REASON_HEAD)
        lines += [f"  {line}" for line in columns(head, rows, right=(4,))]
        for one in risk.reasons:
            if one.records:
                reason = one.reason.within(lang)
                lines += [f"  {one.indicator}: {reason}".rstrip(": "), *_records(one.records, lang)]
        lines += _law(risk.citations, lang)
    return [*lines, *_changes(risk.changes, lang)]


def _eligibility(answer: Eligibility | None, lang: Lang) -> list[str]:
    heading = said.ELIGIBILITY.within(lang)
    if answer is None:
        return [f"{heading}: {said.UNKNOWN_TO_IT.within(lang)}"]
    words = answer.says.within(lang) if lang else f"{answer.says.zh}  {answer.says.en}"
    lines = [
        f"{heading}: {(said.YES if answer.eligible else said.NO).within(lang)}",
        f"  {answer.status}  {words}",
    ]
    if answer.grounds:
        lines.append(f"  {said.GROUND.within(lang)}: {said.grounds(answer.grounds)}")
    if answer.clean_since:
        lines.append(f"  {said.CLEAN_SINCE.within(lang)} {answer.clean_since}")
    if not answer.eligible:
        on = answer.eligible_on or said.NOT_FORESEEABLE.within(lang)
        lines.append(f"  {said.ELIGIBLE_ON.within(lang)} {on}")
    lines += ["", said.ASKED.within(lang)]
    quoted: set[str] = set()
    for number, question in enumerate(answer.questions, start=1):
        lines += _question(number, question, quoted, lang)
    return [*lines, *_changes(answer.changes, lang)]


def _question(number: int, question: Question, quoted: set[str], lang: Lang) -> list[str]:
    """A law that was quoted above is only named again."""
    finding = FINDINGS[question.finding].within(lang)
    lines = [f"  {number}. {question.asks.within(lang)} [{question.code}]: {finding}"]
    new = [cited for cited in question.citations if cited.id not in quoted]
    again = [cited.id for cited in question.citations if cited.id in quoted]
    quoted.update(cited.id for cited in new)
    lines += [*_records(question.records, lang), *_law(new, lang)]
    if again:
        lines.append(f"     {said.LAW.within(lang)}: {', '.join(again)} ({said.ABOVE.within(lang)})")
    return lines


def _records(records: Iterable[Record], lang: Lang) -> list[str]:
    return [f"     • {said.record_line(record, lang)}" for record in records]


def _law(citations: Iterable[Citation], lang: Lang) -> list[str]:
    return [f"     {said.LAW.within(lang)}: {said.citation_line(cited, lang)}" for cited in citations]


def _changes(changes: Iterable[Change], lang: Lang) -> list[str]:
    rows = [f"  {_when(change, lang)}: {change.says.within(lang)}" for change in changes]
    return ["", said.NEXT.within(lang), *rows] if rows else []


def _when(change: Change, lang: Lang) -> str:
    return f"{said.FROM.within(lang)} {change.on}" if change.on else said.WHENEVER.within(lang)
