"""Points of a learned scorecard (rules §7): the rows of its table, by the same set logic as the expert points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from models.points import REASON, with_clip
from policy.learned import BASE
from records.resolve.expr import union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy.learned import LearnedIndicator, Scorecard
    from records.resolve.workspace import Workspace


def learned_reasons(ws: Workspace, learned: ir.Table, model: Scorecard, name: str) -> ir.Table:
    """Every row of the table that gives an entity points: REASON columns, ``points_h`` in hundredths (int64).

    Args:
        learned: `features.history.learned_features`.
        name: of the stored table.
    """
    parts = [
        learned.select(
            "uscc",
            indicator=ibis.literal(BASE),
            category=ibis.literal("基础属性"),
            value=ibis.literal(""),
            points_h=ibis.literal(model.base_points_h, "int64"),
        )
    ]
    for one in model.indicators:
        column = learned[one.feature]
        rows = learned.select(
            "uscc",
            indicator=ibis.literal(one.id),
            category=ibis.literal(one.category),
            value=column.cast("string").fill_null(""),
            points_h=points_of(column, one),
        )
        parts.append(rows.filter(rows.points_h != 0))
    return with_clip(ws, union_all(parts).select(*REASON), name)


def points_of(column: ir.Column, one: LearnedIndicator) -> ir.IntegerValue:
    """Hundredths of a point that a value carries."""
    missing = (column.isnull(), ibis.literal(one.missing.points_h, "int64"))
    cases = []
    for found in one.bins[: None if one.is_text else -1]:
        test = column == found.level if one.is_text else column < found.lt
        cases.append((test, ibis.literal(found.points_h, "int64")))
    last = one.other if one.other is not None else one.bins[-1]
    return ibis.cases(missing, *cases, else_=ibis.literal(last.points_h, "int64"))


def bin_of(column: ir.Column, one: LearnedIndicator) -> ir.IntegerValue:
    """Place of a value's bin in ``LearnedIndicator.all_bins``."""
    places = {id(found): i for i, found in enumerate(one.all_bins)}
    cases = [
        ((column == found.level if one.is_text else column < found.lt), places[id(found)])
        for found in one.bins[: None if one.is_text else -1]
    ]
    last = one.other if one.other is not None else one.bins[-1]
    return ibis.cases((column.isnull(), places[id(one.missing)]), *cases, else_=places[id(last)])
