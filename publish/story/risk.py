"""The class as a story, for regulators only: red lines, points with the records behind them, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from publish.story.asked import Law, Row, record_of, words_of
from publish.story.days import OPEN_END, add_months, day_after
from publish.story.model import Change, Points, Question, Record, Risk, Text
from publish.words import RED_LINES
from records.errors import CreditgradeError

if TYPE_CHECKING:
    from publish.lookup import Found

_RED_LINES_EN = {
    "SERIOUS_LIST": "on the list of seriously dishonest entities",
    "JUDGMENT_DEFAULTER": "a judgment defaulter",
    "STATUS_REVOKED": "its licence to trade is revoked",
    "ABNORMAL_LIST": "on the list of abnormal operations",
    "SERIOUS_12M": "a recent serious penalty",
    "GENERAL_12M": "a recent general penalty",
}
# Red line → tier of its penalties and the parameter of its months.
_RECENT = {
    "SERIOUS_12M": ("serious", "serious_red_line_months"),
    "GENERAL_12M": ("general", "general_red_line_months"),
}
_CLIP = Text("超出 0–1000 的部分", "what lies outside 0–1000")


def tell_risk(grade: dict[str, Any], found: Found, law: Law) -> Risk:
    """The class of one entity in scope.

    Args:
        grade: its row in grades.
        found: its rows.
        law: of the day.

    Raises:
        CreditgradeError: ``snapshot_damaged`` where the reasons do not sum to its points.
    """
    if not points_agree(grade["risk_points"], found.reasons):
        raise CreditgradeError(
            f"{grade['uscc']}: the reasons do not add up to what they explain", rule="snapshot_damaged"
        )
    reasons = sorted(found.reasons, key=lambda row: (-row["points"], row["indicator"]))
    return Risk(
        risk_class=grade["risk_class"],
        not_classed_reason=grade["not_classed_reason"],
        points=grade["risk_points"],
        points_class=grade["points_class"],
        method=grade["method"],
        model_version=grade["model_version"],
        points_other_method=grade["points_other_method"],
        red_lines=tuple(_red_line(code, code in grade["red_lines"], found, law) for code in RED_LINES),
        reasons=tuple(_points(row, found.evidence, law) for row in reasons),
        citations=law.cite(
            "class_cut_points", "points", "points_decay", "class_method", "scope_classed_types"
        ),
        changes=_changes(grade, found, law),
    )


def points_agree(total: float | None, reasons: Iterable[Row]) -> bool:
    """Whether reasons sum to the points in hundredths; no points, no reasons.

    >>> points_agree(0.3, [{"points": 0.1}, {"points": 0.2}])
    True
    """
    hundredths = sum(round(row["points"] * 100) for row in reasons)
    return bool(hundredths == round((total or 0.0) * 100))


def _red_line(code: str, is_crossed: bool, found: Found, law: Law) -> Question:
    asks = Text(RED_LINES[code], _RED_LINES_EN[code])
    records = tuple(_crossing(code, found, law)) if is_crossed else ()
    ids = ["red_line_classes"]
    if code in _RECENT:
        ids.append(_RECENT[code][1])
    ids += sorted({f"lists.{row['what']}" for row in found.evidence if _is_on(code, row, law)})
    return Question(
        code, asks, "applies" if is_crossed else "passed", records, law.cite(*ids) if is_crossed else ()
    )


def _crossing(code: str, found: Found, law: Law) -> Iterable[Record]:
    for row in found.evidence:
        if _is_on(code, row, law):
            yield record_of(row, code, words_of(row), is_open=True)
        elif code in _RECENT and (last := _recent_until(code, row, law)) is not None:
            yield record_of(row, code, words_of(row), last)


def _is_on(code: str, row: Row, law: Law) -> bool:
    lines = law.value("red_line_lists") or {}
    return bool(row["is_active"]) and lines.get(row["what"]) == code


def _recent_until(code: str, row: Row, law: Law) -> date | None:
    """Last day of the red line that a counting penalty crosses; None where it crosses none."""
    tier, months = _RECENT[code]
    if row["kind"] != "penalties" or row["what"] != tier or not row["counts"] or row["held_as"] == "branch":
        return None
    last = law.months_end(row["event_on"], months)
    return last if last is not None and last >= law.as_of else None


def _points(row: Row, evidence: list[dict[str, Any]], law: Law) -> Points:
    id_ = row["indicator"]
    titles = law.indicators.get(id_, {})
    title = Text(titles.get("title", id_), titles.get("title_en", titles.get("title", id_)))
    reason = Text(titles.get("reason", ""), titles.get("reason_en", ""))
    if id_ == "CLIP":
        title = _CLIP
    records = tuple(
        record_of(one, id_, _aged(one, law), _last_step(one, law))
        for one in evidence
        if _stream(one) == titles.get("feature") and not _is_past(one, law)
    )
    return Points(id_, row["category"] or "", title, reason, row["value"] or "", row["points"], records)


def _stream(row: Row) -> str:
    """The stream of events (`features.indicators.event_streams`) that a record of the evidence is in."""
    whose = "" if row["held_as"] == "own" else f"{row['held_as']}_"
    if row["kind"] == "penalties":
        return f"{whose}penalty_{row['what']}"
    if row["kind"] == "listings":
        return "" if whose else f"listing_{'active' if row['ended_on'] is None else 'ended'}"
    return f"inspection_{row['what']}" if row["kind"] == "inspections" else "honours_valid"


def _steps(row: Row, law: Law) -> list[tuple[date, Fraction]]:
    """Last day and factor of each step of the decay of a record that decays."""
    if row["kind"] == "honours" or row["event_on"] is None:
        return []
    ends = []
    for months, factor in law.value("points_decay") or ():
        ends.append((add_months(row["event_on"], int(months)), Fraction(str(factor))))
    return ends


def _aged(row: Row, law: Law) -> Text:
    what = words_of(row)
    factor = next((factor for last, factor in _steps(row, law) if last >= law.as_of), None)
    if factor is None or factor == 1:
        return what
    return Text(f"{what.zh}，按 {factor} 计", f"{what.en}, at {factor}")


def _last_step(row: Row, law: Law) -> date | None:
    """The last day on which a record carries the points that it carries now."""
    if row["kind"] == "honours":
        until: date | None = row["ended_on"]
        return None if until is None or until >= OPEN_END else until
    return next((last for last, _ in _steps(row, law) if last >= law.as_of), None)


def _is_past(row: Row, law: Law) -> bool:
    """Whether a record carries no points any more: too old, or repaired."""
    if row["repaired_on"] is not None and law.value("repaired_records_count") is False:
        return True
    steps = _steps(row, law)
    return bool(steps) and steps[-1][0] < law.as_of


def _changes(grade: dict[str, Any], found: Found, law: Law) -> tuple[Change, ...]:
    changes: list[Change] = []
    for code in grade["red_lines"]:
        named = RED_LINES.get(code, code)
        if code not in _RECENT:
            zh = f"红线“{named}”：待移出、撤销或者登记变更"
            en = f"red line {code}: until the entry is removed or annulled, or the registration changes"
            changes.append(Change(None, Text(zh, en)))
        else:
            ends = [last for row in found.evidence if (last := _recent_until(code, row, law)) is not None]
            if ends:
                changes.append(
                    Change(day_after(max(ends)), Text(f"红线“{named}”到期", f"red line {code} ends"))
                )
    if grade["risk_points"] is None:
        return _sorted(changes)
    scored = {titles.get("feature") for id_, titles in law.indicators.items() if _has(id_, found)}
    for row in found.evidence:
        if _stream(row) not in scored or _is_past(row, law):
            continue
        steps = _steps(row, law)
        now = next((i for i, (last, _) in enumerate(steps) if last >= law.as_of), None)
        named = row["doc_no"] or row["authority"] or row["what"]
        if now is not None:
            before, after = steps[now][1], steps[now + 1][1] if now + 1 < len(steps) else Fraction(0)
            zh = f"{named} 的分值由全额的 {before} 降为 {after}"
            en = f"points of {named} fall from {before} to {after} of their full value"
            changes.append(Change(day_after(steps[now][0]), Text(zh, en)))
        elif row["kind"] == "honours" and row["ended_on"] is not None and row["ended_on"] < OPEN_END:
            changes.append(
                Change(day_after(row["ended_on"]), Text(f"荣誉 {named} 到期", f"the honour {named} ends"))
            )
    return _sorted(changes)


def _has(id_: str, found: Found) -> bool:
    return any(row["indicator"] == id_ for row in found.reasons)


def _sorted(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(dict.fromkeys(changes), key=lambda c: (c.on is None, c.on or date.max, c.says)))
