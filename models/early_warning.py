"""Early warning (风险监测预警): entities that something happens to, before it shows in their class."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis

from models.points import HUNDREDTHS
from records.resolve.expr import day, is_true, union_all

if TYPE_CHECKING:
    from decimal import Decimal

    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.workspace import Workspace

COLUMNS = (
    "uscc", "warning", "name", "division_code", "risk_class", "value", "threshold", "first_on", "newest_on",
    "what", "as_of",
)  # fmt: skip
# An entry that stands gives a class by itself and carries no points: it is a new record all the same.
_LISTED = "listing_active"


def early_warnings(ws: Workspace, events: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    """Store ``early_warnings``: one row for each graded entity and warning.

    ``POINTS_RISE``: the new records of the policy's window carry many points together. ``NEW_RECORDS``: there are
    several. ``REGISTRATION_CHANGES``: name, type, division, industry or capital changed often. ``CAPITAL_DROP``: the
    registered capital fell by a large share. ``value`` is what was found, ``threshold`` what the policy asks;
    ``what`` names the streams or columns.

    Args:
        events: `features.indicators.event_streams`: uscc, stream, event_on.
    """
    grades = ws.stored("grades").select("name", "division_code", "risk_class", g_uscc="uscc")
    found = [*_records(events, as_of, policy), *_registration(ws, as_of, policy)]
    t = union_all(found).join(grades, [("uscc", "g_uscc")])
    return ws.save("early_warnings", t.mutate(as_of=day(as_of)).select(*COLUMNS), leaves=True)


_FOUND = ("uscc", "warning", "value", "threshold", "first_on", "newest_on", "what")


def _records(events: ir.Table, as_of: date, policy: Policy) -> list[ir.Table]:
    carried = {
        i.feature: i.event_points_h
        for i in policy.indicators_on(as_of)
        if i.event_points is not None and i.event_points_h > 0
    }
    days = int(policy.value("early_warning_window_days", as_of))
    t = events.filter(events.stream.isin([*sorted(carried), _LISTED]))
    t = t.filter((t.event_on > day(as_of - timedelta(days=days))) & (t.event_on <= day(as_of)))
    points = ibis.cases(*[(t.stream == s, p) for s, p in sorted(carried.items())], else_=0).cast("int64")
    t = t.mutate(points_h=points)
    t = t.group_by("uscc").agg(
        points_h=t.points_h.sum().cast("int64"),
        n=t.count().cast("int64"),
        first_on=t.event_on.min(),
        newest_on=t.event_on.max(),
        streams=t.stream.collect(distinct=True).sort(),
    )
    t = t.mutate(what=t.streams.join(";"))
    most_points = int(policy.value("early_warning_points", as_of))
    most = int(policy.value("early_warning_records", as_of))
    rising = t.filter(t.points_h >= most_points * HUNDREDTHS)
    several = t.filter(t.n >= most)
    return [
        _found(rising, "POINTS_RISE", (rising.points_h // HUNDREDTHS).cast("string"), str(most_points)),
        _found(several, "NEW_RECORDS", several.n.cast("string"), str(most)),
    ]


def _registration(ws: Workspace, as_of: date, policy: Policy) -> list[ir.Table]:
    days = int(policy.value("early_warning_changes_window_days", as_of))
    t = ws.stored("entity_versions")
    t = t.filter(t.known_on <= day(as_of))
    before = ibis.window(group_by="uscc", order_by="known_on")
    watched = ("name_norm", "entity_type", "division_code", "industry_code", "registered_capital_wan")
    t = t.mutate(**{f"was_{c}": t[c].lag().over(before) for c in watched})
    t = t.filter(t.known_on > day(as_of - timedelta(days=days)))
    changed = [
        t.filter(is_true(t[f"was_{c}"] != t[c])).select("uscc", "known_on", column=ibis.literal(c))
        for c in watched
    ]
    each = union_all(changed)
    often = each.group_by("uscc").agg(
        n=each.count().cast("int64"),
        first_on=each.known_on.min(),
        newest_on=each.known_on.max(),
        changed=each.column.collect(distinct=True).sort(),
    )
    most = int(policy.value("early_warning_changes", as_of))
    often = often.filter(often.n >= most).mutate(what=lambda x: x.changed.join(";"))
    share: Decimal = policy.value("early_warning_capital_drop", as_of)
    # Exact: capital has six decimals, the share a few.
    scale = 10_000
    kept = int((1 - share) * scale)
    fell = t.filter(is_true(t.was_registered_capital_wan > 0))
    fell = fell.filter(is_true(fell.registered_capital_wan * scale <= fell.was_registered_capital_wan * kept))
    fell = fell.group_by("uscc").agg(
        first_on=fell.known_on.min(),
        newest_on=fell.known_on.max(),
        was=fell.was_registered_capital_wan.max(),
        now=fell.registered_capital_wan.min(),
    )
    fell = fell.mutate(what=ibis.literal("registered_capital_wan"))
    whole = (
        fell.was.floor().cast("int64").cast("string") + "→" + fell.now.floor().cast("int64").cast("string")
    )
    return [
        _found(often, "REGISTRATION_CHANGES", often.n.cast("string"), str(most)),
        _found(fell, "CAPITAL_DROP", whole, str(share)),
    ]


def _found(t: ir.Table, warning: str, value: ir.StringValue, threshold: str) -> ir.Table:
    return t.mutate(warning=ibis.literal(warning), value=value, threshold=ibis.literal(threshold)).select(
        *_FOUND
    )
