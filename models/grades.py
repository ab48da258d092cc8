"""Risk class (rules §7): red lines, points, the worse of the two."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import ibis

from models.points import HUNDREDTHS
from records.resolve.expr import add_months, day, is_true, no_text, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.workspace import Workspace

CLASSES = ("A", "B", "C", "D")


class Method(NamedTuple):
    """How points become a class.

    Attributes:
        name: ``expert`` or ``scorecard``.
        cuts_h: least points of each class, in hundredths.
        other: reasons of the method that gives no class; None where there is none.
    """

    name: str
    cuts_h: dict[str, int]
    other: ir.Table | None = None

    @classmethod
    def expert(cls, as_of: date, policy: Policy, other: ir.Table | None = None) -> Method:
        """The expert table with the policy's cut points."""
        cuts = policy.value("class_cut_points", as_of)
        return cls("expert", {k: int(v) * HUNDREDTHS for k, v in cuts.items()}, other)


def class_of(points_h: ir.IntegerValue, cuts_h: dict[str, int]) -> ir.StringValue:
    """The class whose interval holds the points; null for null."""
    return ibis.cases(*[(points_h >= cuts_h[c], c) for c in sorted(CLASSES, reverse=True)], else_=no_text())


class Grades(NamedTuple):
    """``grades`` and ``reasons`` in the columns of the contract (unsorted)."""

    grades: ir.Table
    reasons: ir.Table


def in_scope(features: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    """Entities that have a row in grades: active, 歇业 or 吊销."""
    return features.filter(features.status_group.isin(list(policy.value("scope_status_groups", as_of))))


def is_classed(features: ir.Table, as_of: date, policy: Policy) -> ir.BooleanValue:
    """企业, 分支机构 and 农民专业合作社; the others have a row without class (O-32)."""
    return features.entity_type.isin(list(policy.value("scope_classed_types", as_of)))


def red_lines(features: ir.Table, records: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    """(uscc, red_line, floor): every red line that an entity crosses.

    Args:
        records: judged records of the entity and its predecessors, not of its branches.
    """
    today = day(as_of)
    floors: dict[str, str] = dict(policy.value("red_line_classes", as_of))
    pens = records.filter(records.counts & (records.kind == "penalties"))

    def recent(tier: int, param: str) -> ir.Table:
        months = int(policy.value(param, as_of))
        return pens.filter((pens.tier == tier) & (add_months(pens.event_on, months) >= today))

    found = [
        (features.filter(features.status_group == "revoked"), "STATUS_REVOKED"),
        (recent(2, "serious_red_line_months"), "SERIOUS_12M"),
        (recent(1, "general_red_line_months"), "GENERAL_12M"),
    ]
    active = records.filter(records.is_active)
    for listed in policy.lists:
        line = policy.list_value(listed.name, "red_line", as_of)
        if line:
            found.append((active.filter(active.list_type == listed.name), str(line)))
    return union_all(
        [t.select("uscc", red_line=ibis.literal(name), floor=ibis.literal(floors[name])) for t, name in found]
    ).distinct()


def grade(
    ws: Workspace,
    features: ir.Table,
    reasons: ir.Table,
    lines: ir.Table,
    as_of: date,
    policy: Policy,
    model_version: str,
    method: Method | None = None,
) -> Grades:
    """Class every entity in scope: the worse of its points' class and its red lines.

    Args:
        features: every entity with a row.
        reasons: of the method that gives the class, for the classed ones.
        method: which method that is, with its cut points, and the other's points; the expert table alone by default.
    """
    method = method or Method.expert(as_of, policy)
    scope = in_scope(features, as_of, policy)
    t = scope.mutate(classed=is_classed(scope, as_of, policy))
    total = reasons.group_by("uscc").agg(total=reasons.points_h.sum().cast("int64"))
    per_entity = lines.group_by("uscc").agg(
        lines=lines.red_line.collect(distinct=True).sort(), worst=lines.floor.max()
    )
    t = t.left_join(total.rename(t_uscc="uscc"), [("uscc", "t_uscc")])
    t = t.left_join(per_entity.rename(l_uscc="uscc"), [("uscc", "l_uscc")])
    t = t.mutate(points_h=ibis.ifelse(t.classed, t.total.fill_null(0), ibis.null("int64")))
    other_h: ir.Value = ibis.null("int64")
    if method.other is not None:
        theirs = method.other.group_by(o_uscc="uscc").agg(o_total=method.other.points_h.sum().cast("int64"))
        t = t.left_join(theirs, [("uscc", "o_uscc")])
        other_h = ibis.ifelse(t.classed, t.o_total.fill_null(0), ibis.null("int64"))
    by_points = class_of(t.points_h, method.cuts_h)
    t = t.mutate(points_class=ibis.ifelse(t.classed, by_points, no_text()))
    # Letters run from A (low) to D (high), so the worse of two is the greater.
    worst = ibis.ifelse(is_true(t.worst > t.points_class), t.worst, t.points_class)
    grades = t.select(
        "uscc", "name", "entity_type", "division_code", "industry_code",
        risk_class=ibis.ifelse(t.classed, worst, no_text()),
        not_classed_reason=ibis.ifelse(t.classed, no_text(), ibis.literal("NOT_IN_SCOPE")),
        risk_points=t.points_h.cast("float64") / HUNDREDTHS,
        points_class="points_class",
        red_lines=t.lines.fill_null(ibis.literal([], type="array<string>")),
        method=ibis.literal(method.name),
        points_other_method=other_h.cast("float64") / HUNDREDTHS,
        policy_version=ibis.literal(policy.version),
        model_version=ibis.literal(model_version),
        as_of=day(as_of),
    )  # fmt: skip
    shown = reasons.select(
        "uscc", "indicator", "category", "value", points=reasons.points_h.cast("float64") / HUNDREDTHS
    )
    return Grades(ws.save("grades", grades), ws.save("grade_reasons", shown, leaves=True))
