"""Expert points (rules §7): a table of indicators in the policy, whole hundredths, exact sums."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import ibis

from records.resolve.expr import add_months, day, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Indicator, Policy
    from records.resolve.workspace import Workspace

HUNDREDTHS = 100
MAX_POINTS_H = 1000 * HUNDREDTHS
CLIP = "CLIP"
REASON = ("uscc", "indicator", "category", "value", "points_h")


def expert_reasons(
    ws: Workspace, features: ir.Table, events: ir.Table, as_of: date, policy: Policy
) -> ir.Table:
    """Every indicator that gives an entity points: REASON columns, ``points_h`` in hundredths (int64).

    Args:
        features: classed entities only (`features.indicators.entity_features`).
        events: (uscc, stream, event_on), `features.indicators.event_streams`.
    """
    weighted, unit = _weigh(ws, events.semi_join(features, "uscc"), as_of, policy)
    parts = []
    for indicator in policy.indicators_on(as_of):
        if indicator.event_points is not None:
            rows = _of_events(weighted, unit, indicator)
        elif indicator.bands is not None:
            rows = _of_bands(features, indicator)
        else:
            rows = _of_map(features, indicator)
        rows = rows.filter(rows.points_h != 0)
        of, category = ibis.literal(indicator.id), ibis.literal(indicator.category)
        parts.append(rows.select("uscc", "value", "points_h", indicator=of, category=category))
    return with_clip(ws, union_all(parts).select(*REASON), "reasons")


def with_clip(ws: Workspace, rows: ir.Table, name: str) -> ir.Table:
    """Reasons, stored as ``name``, with a row `CLIP` where their sum lies outside 0–1000 (rules §7)."""
    raw = ws.save(f"{name}_raw", rows)
    totals = raw.group_by("uscc").agg(total=raw.points_h.sum().cast("int64"))
    over = totals.filter((totals.total < 0) | (totals.total > MAX_POINTS_H))
    clip = over.select(
        "uscc",
        indicator=ibis.literal(CLIP),
        category=ibis.literal("监管"),
        value=(over.total.cast("string")),
        points_h=ibis.ifelse(over.total < 0, -over.total, MAX_POINTS_H - over.total),
    )
    clipped = ws.save(name, union_all([raw, clip]))
    ws.release(f"{name}_raw")
    return clipped


def _weigh(ws: Workspace, events: ir.Table, as_of: date, policy: Policy) -> tuple[ir.Table, int]:
    """Per entity and stream: events seen, and the sum of their decay in whole units (1 = ``unit``)."""
    steps = [(int(m), Fraction(str(f))) for m, f in policy.value("points_decay", as_of)]
    unit = lcm(*(f.denominator for _, f in steps))
    weight = ibis.cases(
        *[(add_months(events.event_on, months) >= day(as_of), int(f * unit)) for months, f in steps], else_=0
    ).cast("int64")
    t = events.mutate(weight=weight)
    grouped = t.group_by("uscc", "stream").agg(
        seen=t.count().cast("int64"),
        recent=(t.weight > 0).sum().cast("int64"),
        weight=t.weight.sum().cast("int64"),
    )
    return ws.save("event_weights", grouped), unit


def _rounded(points_h: int, weight: ir.IntegerValue, unit: int) -> ir.IntegerValue:
    """points_h × weight / unit, rounded half up, in integers only."""
    if points_h >= 0:
        return (weight * (2 * points_h) + unit) // (2 * unit)
    return -((weight * (2 * -points_h) + unit - 1) // (2 * unit))


def _of_events(weighted: ir.Table, unit: int, indicator: Indicator) -> ir.Table:
    t = weighted.filter(weighted.stream == indicator.feature)
    weight = t.weight if indicator.decay else t.seen * unit
    points = _rounded(indicator.event_points_h, weight, unit).cast("int64")
    value = t.recent if indicator.decay else t.seen
    return t.select("uscc", value=value.cast("string"), points_h=_capped(points, indicator))


def _of_bands(features: ir.Table, indicator: Indicator) -> ir.Table:
    assert indicator.bands is not None
    x = features[indicator.feature]
    cases = []
    for band in indicator.bands:
        inside: ir.BooleanValue = x.notnull()
        if band.ge is not None:
            inside = inside & (x >= int(band.ge))
        if band.lt is not None:
            inside = inside & (x < int(band.lt))
        cases.append((inside, ibis.literal(band.points_h, "int64")))
    points = ibis.cases(*cases, else_=ibis.literal(indicator.missing_h, "int64"))
    whole = x.cast("int64") if indicator.feature != "registered_capital_wan" else x.floor().cast("int64")
    return features.select(
        "uscc", value=whole.cast("string").fill_null(""), points_h=_capped(points, indicator)
    )


def _of_map(features: ir.Table, indicator: Indicator) -> ir.Table:
    x = features[indicator.feature]
    # Longest prefix first, so that 5136 is found before 51.
    keys = sorted(indicator.map_h, key=lambda k: (-len(k), k))
    cases = [
        ((x.startswith(k) if indicator.prefix else x == k), ibis.literal(indicator.map_h[k], "int64"))
        for k in keys
    ]
    missing = (x.isnull(), ibis.literal(indicator.missing_h, "int64"))
    points = ibis.cases(missing, *cases, else_=ibis.literal(indicator.default_h, "int64"))
    return features.select("uscc", value=x.fill_null(""), points_h=_capped(points, indicator))


def _capped(points: ir.IntegerValue, indicator: Indicator) -> ir.IntegerValue:
    if indicator.cap_h is None:
        return points
    limit = ibis.literal(indicator.cap_h, "int64")
    return ibis.least(points, limit) if indicator.cap_h >= 0 else ibis.greatest(points, limit)
