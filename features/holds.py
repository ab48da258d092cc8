"""What holds an entity for review (rules §4 (a)–(e)), not settled, with the day until which it holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from features.rulings import unsettled
from features.tiers import tiers_of
from records.resolve.expr import add_months, day, is_true, no_day, no_text, union_all
from records.resolve.ways import WAY

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy

# One row per hold, way and entity. `window_from`: the row would stop blocking when its window, counted from this
# day, has passed; null: open until settled. `repaired_on` matters for version conflicts only. `can_be_upheld`:
# 属实有效 makes a record of it; `needs_day`: only where the ruling says the day. `record_key`: versions of one penalty.
HOLD = (
    "event_id", *WAY, "kind", "authority", "doc_no", "event_on", "window_from", "repaired_on", "hold_rule",
    "linked_by", "can_be_upheld", "needs_day", "is_row_settled", "fixed_until", "record_key",
)  # fmt: skip


def row_holds(
    held: ir.Table, pairs: ir.Table, settled: ir.Table, used: ir.Table, as_of: date, on: date, policy: Policy
) -> ir.Table:
    """Holds (a), (c) and (d) of ``as_of`` on the day ``on``, before rulings, in HOLD columns."""
    done = settled.select(s_rid="rid", s_via="via", s_through="through", s_uscc="uscc")
    t = pairs.left_join(
        done, [("rid", "s_rid"), ("via", "s_via"), ("through", "s_through"), ("uscc", "s_uscc")]
    )
    t = t.join(held.drop("uscc"), "rid")
    today = day(as_of)
    window = int(policy.value("clean_window_months", on))
    proves = ~t.has_date_failure & t.event_on.notnull()
    past = add_months(t.event_on, window) < day(on)
    harmless = ibis.cases(
        (t.kind == "penalties", proves & ((t.event_on > today) | past)),
        (t.kind == "listings", proves & ((t.event_on > today) | (is_true(t.removed_on <= today) & past))),
        (t.kind.isin(["amendments", "rulings"]), proves & (t.event_on > today)),
        else_=False,
    )
    t = t.filter(~is_true(harmless))
    used_day = used.filter(used.has_row).select(e_uscc="uscc", e_known="known_on")
    t = t.left_join(used_day, [("uscc", "e_uscc")])
    rulings_hold = t.conclusion.isnull() | (t.conclusion == "重新核查")
    amendment_holds = t.action.isnull() | t.action.isin(["撤销修复", "变更"])
    entity_holds = t.e_known.notnull() & (
        t.updated_on.isnull() | ((t.updated_on > t.e_known) & (t.updated_on <= today))
    )
    applies = ibis.cases(
        (t.kind == "amendments", amendment_holds),
        (t.kind == "entities", entity_holds),
        (t.kind == "rulings", rulings_hold),
        else_=True,
    )
    t = t.filter(is_true(applies))
    # A row whose dates were read holds as long as its window lasts (rules §4 (a)).
    dated = ~t.has_date_failure & t.event_on.notnull()
    ends = (t.kind == "penalties") | ((t.kind == "listings") & is_true(t.removed_on <= today))
    return t.select(
        *WAY, "kind", "authority", "doc_no",
        event_id=ibis.literal("row:") + t.rid.cast("string"),
        event_on=ibis.ifelse(t.kind == "entities", t.updated_on, t.event_on),
        window_from=ibis.ifelse(dated & ends, t.event_on, no_day()),
        repaired_on=no_day(),
        hold_rule=ibis.literal("hold_") + ibis.ifelse(t.is_quarantined, "quarantined_", "unmatched_") + t.kind,
        linked_by=ibis.ifelse(t.is_by_name, "name", "otherwise"),
        can_be_upheld=(t.kind == "penalties") | ((t.kind == "listings") & t.list_type.notnull()),
        needs_day=(t.kind == "listings") & t.stated_on.isnull(),
        is_row_settled=t.s_rid.notnull(),
        fixed_until=no_day(),
        record_key=no_text(),
    ).select(*HOLD)  # fmt: skip


def conflict_holds(conflicts: ir.Table, ways: ir.Table, on: date, policy: Policy) -> ir.Table:
    """Holds (e): the entity, its successors, and the parent where a superseded version of a branch is serious."""
    own = conflicts.mutate(via=conflicts.linked, through=ibis.literal(""), uscc=conflicts.linked)
    firms = conflicts.filter(~is_true(conflicts.is_natural_person))
    further = firms.join(ways.select(*WAY).distinct(), [("linked", "via")])
    further = further.filter(
        (further.through == "") | further.tier.isin(tiers_of(policy, "branch_blocking_tiers", on))
    )
    columns = [*conflicts.columns, *WAY]
    t = union_all([own.select(*columns), further.mutate(via=further.linked).select(*columns)])
    return t.mutate(
        event_id=ibis.literal("version:") + t.rid.cast("string"),
        kind=ibis.literal("penalties"),
        window_from=t.event_on,
        hold_rule=ibis.literal("version_conflict"),
        linked_by=no_text(),
        can_be_upheld=ibis.literal(True),
        needs_day=ibis.literal(False),
        is_row_settled=ibis.literal(False),
        fixed_until=no_day(),
        record_key=t.authority_key + ibis.literal("|") + t.doc_norm + ibis.literal("|") + t.subject,
    ).select(*HOLD, "version_no")


def visit_holds(bad_visits: ir.Table) -> ir.Table:
    """Holds (b): visits R3/R6 of the entity or its predecessors."""
    return bad_visits.select(
        "uscc", "authority", "linked_by",
        via="linked",
        through=ibis.literal(""),
        event_id=ibis.literal("visit:") + bad_visits.rid.cast("string"),
        kind=ibis.literal("inspections"),
        doc_no=no_text(),
        event_on="inspected_on",
        window_from="inspected_on",
        repaired_on=no_day(),
        hold_rule=ibis.literal("inspection_hold"),
        can_be_upheld=ibis.literal(False),
        needs_day=ibis.literal(False),
        is_row_settled=ibis.literal(False),
        fixed_until=no_day(),
        record_key=no_text(),
    ).select(*HOLD)  # fmt: skip


def holds(parts: list[ir.Table], conflicts: ir.Table, rulings_last: ir.Table, ways: ir.Table) -> ir.Table:
    """All holds that neither a row nor a ruling settles, in HOLD columns.

    Several superseded versions of one penalty hold once, by the latest of them (rules §5, one row for each record).
    """
    both = union_all(
        [*(t.mutate(version_no=ibis.null(conflicts.version_no.type())) for t in parts), conflicts]
    )
    t = unsettled(both, rulings_last, ways)
    alone = t.filter(t.record_key.isnull())
    versions = t.filter(t.record_key.notnull())
    place = ibis.row_number().over(
        group_by=["uscc", "record_key"],
        order_by=[versions.event_on.desc(), versions.version_no, versions.through],
    )
    latest = versions.mutate(place=place).filter(lambda v: v.place == 0)
    return union_all([alone.select(*HOLD), latest.select(*HOLD)])
