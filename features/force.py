"""Force of a penalty or list entry on a day (rules §1): what amendments made of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from records.resolve.amendments import TARGET, entry_of
from records.resolve.expr import day

if TYPE_CHECKING:
    import ibis.expr.types as ir

# Ties of one day and number are taken in the order in which the contract names the actions.
ACTIONS = ("信用修复", "撤销修复", "撤销", "确认违法", "确认无效", "变更", "复议诉讼受理", "复议诉讼终结")
ANNULLING = ("撤销", "确认违法", "确认无效")


def states(pairs: ir.Table, as_of: date) -> ir.Table:
    """One row per amended key with what holds on ``as_of``.

    Args:
        pairs: see `records.resolve.amendments.find_targets`.

    Returns:
        TARGET columns; ``is_annulled``, ``is_changed`` (变更), ``is_under_review``, ``is_review_ended``;
        ``repaired_on`` (first 信用修复 that still stands, or null), ``unrepaired_on`` (撤销修复 that
        stands last, or null).
    """
    key = list(TARGET)
    known = pairs.filter(pairs.effective_on <= day(as_of))
    order = ibis.cases(*[(known.action == name, i) for i, name in enumerate(ACTIONS)], else_=len(ACTIONS))
    known = known.mutate(action_order=order)
    known = known.mutate(
        step=ibis.row_number().over(
            group_by=key,
            order_by=[
                known.effective_on,
                known.amendment_no.asc(nulls_first=True),
                known.action_order,
                known.rid,
            ],
        )
    )

    def last(*actions: str) -> ir.IntegerColumn:
        return known.step.max(where=known.action.isin(actions)).over(group_by=key).fill_null(-1)

    known = known.mutate(
        last_repair=last("信用修复"),
        last_unrepair=last("撤销修复"),
        last_opened=last("复议诉讼受理"),
        last_ended=last("复议诉讼终结"),
    )
    stands = (known.action == "信用修复") & (known.step > known.last_unrepair)
    undone = (known.action == "撤销修复") & (known.step == known.last_unrepair)
    return known.group_by(key).agg(
        is_annulled=known.action.isin(ANNULLING).any(),
        is_changed=(known.action == "变更").any(),
        is_under_review=(known.last_opened > known.last_ended).any(),
        is_review_ended=(known.last_ended >= 0).any(),
        repaired_on=known.effective_on.min(where=stands),
        unrepaired_on=known.effective_on.max(where=undone & (known.last_unrepair > known.last_repair)),
    )


def with_force(rows: ir.Table, state: ir.Table, kind: str, *, is_ruled: bool = False) -> ir.Table:
    """Left join the states onto rows of one kind, or what rulings made; those without amendments get plain values."""
    own = state.filter((state.target_kind == kind) & (state.is_ruled == is_ruled)).drop(
        "target_kind", "is_ruled"
    )
    own = own.rename(k_authority="authority_key", k_doc="doc_norm", k_subject="subject", k_entry="entry")
    key = [
        ("authority_key", "k_authority"),
        ("doc_norm", "k_doc"),
        ("subject", "k_subject"),
        ("entry", "k_entry"),
    ]
    joined = rows.mutate(entry=entry_of(rows, kind)).left_join(own, key)
    flags = ("is_annulled", "is_changed", "is_under_review", "is_review_ended")
    return joined.mutate(**{f: joined[f].fill_null(False) for f in flags}).drop(
        "entry", "k_authority", "k_doc", "k_subject", "k_entry"
    )
