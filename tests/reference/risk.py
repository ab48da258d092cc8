"""§7: red lines, expert points and the class that follows."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import floor

from policy import Indicator
from tests.reference.dates import add_months
from tests.reference.evidence import Evidence
from tests.reference.listings import is_active
from tests.reference.penalties import counts
from tests.reference.streams import events_of, feature_of

CLASSES = "ABCD"


def has_risk_row(evidence: Evidence) -> bool:
    """Active, 歇业 or 吊销; of any type. 注销, 撤销, 迁出, 清算: no row."""
    policy, as_of = evidence.facts.policy, evidence.facts.as_of
    types = [*policy.value("scope_classed_types", as_of), *policy.value("scope_unclassed_types", as_of)]
    group = policy.entity_status_group(evidence.row["status"])
    return group in policy.value("scope_status_groups", as_of) and evidence.row["entity_type"] in types


def is_classed(evidence: Evidence) -> bool:
    """企业, 分支机构, 农民专业合作社; 个体工商户 and 其他 have a row without class (O-32)."""
    types = evidence.facts.policy.value("scope_classed_types", evidence.facts.as_of)
    return has_risk_row(evidence) and evidence.row["entity_type"] in types


def red_lines(evidence: Evidence) -> frozenset[str]:
    """Every red line that the entity stands beyond."""
    facts = evidence.facts
    policy, as_of = facts.policy, facts.as_of
    lines = set()
    for entry in evidence.entries:
        if is_active(entry, as_of):
            lines.add(policy.list_value(entry.list_type, "red_line", as_of))
    if policy.entity_status_group(evidence.row["status"]) == "revoked":
        lines.add("STATUS_REVOKED")
    for one in evidence.penalties:
        if one.way.via_branch or not counts(one.penalty, policy, as_of, as_of):
            continue
        tier = one.penalty.tier
        if tier == "minor":  # a policy may let it count (O-07); no red line is drawn for it (rules §7)
            continue
        months = policy.value(f"{tier}_red_line_months", as_of)
        if as_of <= add_months(one.penalty.decided_on, months):
            lines.add(f"{tier.upper()}_12M")
    return frozenset(line for line in lines if line)


def class_floor(lines: frozenset[str], evidence: Evidence) -> str:
    """The worst class that a red line gives; A without one."""
    classes = evidence.facts.policy.value("red_line_classes", evidence.facts.as_of)
    return max((classes[line] for line in lines), default="A")


def decay_factor(event_on: date, evidence: Evidence) -> Fraction:
    """1 through month 12, ½ through 24, ¼ through 60, 0 after; each boundary day is in."""
    as_of = evidence.facts.as_of
    for months, factor in evidence.facts.policy.value("points_decay", as_of):
        if as_of <= add_months(event_on, months):
            return Fraction(factor)
    return Fraction(0)


def round_half_up(value: Fraction) -> int:
    """To whole hundredths; a half goes up."""
    return floor(value + Fraction(1, 2))


def points_of(indicator: Indicator, evidence: Evidence) -> int:
    """Hundredths of one reason, rounded before any sum."""
    if indicator.bands is not None:
        value = feature_of(indicator.feature, evidence)
        if value is None:
            return indicator.missing_h
        return next(
            band.points_h
            for band in indicator.bands
            if (band.ge is None or value >= band.ge) and (band.lt is None or value < band.lt)
        )
    if indicator.map is not None:
        text = feature_of(indicator.feature, evidence)
        return indicator.missing_h if text is None else points_of_text(indicator, text)
    total = Fraction(0)
    for event_on in events_of(indicator.feature, evidence):
        factor = decay_factor(event_on, evidence) if indicator.decay else Fraction(1)
        total += indicator.event_points_h * factor
    return capped(round_half_up(total), indicator.cap_h)


def points_of_text(indicator: Indicator, text: str) -> int:
    """Points of a text: exact, or by the longest line that it begins with."""
    lines = indicator.map_h
    if not indicator.prefix:
        return lines.get(text, indicator.default_h)
    fitting = [line for line in lines if text.startswith(line)]
    return lines[max(fitting, key=len)] if fitting else indicator.default_h


def capped(points: int, cap: int | None) -> int:
    """Bounded by the cap, which has the sign of the points."""
    if cap is None:
        return points
    return min(points, cap) if cap >= 0 else max(points, cap)


def reasons_of(evidence: Evidence) -> dict[str, int]:
    """Indicator -> hundredths, CLIP among them; they sum to the risk points. Reasons of 0 are left out."""
    policy, as_of = evidence.facts.policy, evidence.facts.as_of
    reasons = {one.id: points_of(one, evidence) for one in policy.indicators_on(as_of)}
    total = sum(reasons.values())
    lowest, highest = (
        policy.value("risk_points_min", as_of) * 100,
        policy.value("risk_points_max", as_of) * 100,
    )
    reasons["CLIP"] = max(lowest, min(highest, total)) - total
    return {name: points for name, points in reasons.items() if points}


def class_of_points(points_h: int, evidence: Evidence) -> str:
    """Half-open intervals; exactly 200 is B (O-44)."""
    cuts = evidence.facts.policy.value("class_cut_points", evidence.facts.as_of)
    return max(name for name in CLASSES if points_h >= cuts[name] * 100)
