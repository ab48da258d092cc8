"""What holds an entity for review (rules §4 (a)–(e)), not settled, with the day until which it holds."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from features.rulings import unsettled
from records.resolve.expr import add_months, day, is_true, no_day, no_text, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy

# One row per hold and entity. `window_from`: the row would stop blocking when its window, counted from this
# day, has passed; null: open until settled. `repaired_on` matters for version conflicts only.
HOLD = (
    "event_id", "via", "uscc", "kind", "authority", "doc_no", "event_on", "window_from", "repaired_on", "hold_rule",
    "linked_by", "can_be_upheld", "fixed_until",
)  # fmt: skip


def row_holds(
    held: ir.Table, pairs: ir.Table, settled: ir.Table, used: ir.Table, as_of: date, policy: Policy
) -> ir.Table:
    """Holds (a), (c) and (d) before rulings, in HOLD columns."""
    t = pairs.anti_join(settled, ["rid", "uscc"]).join(held.rename(row_uscc="uscc"), "rid")
    today = day(as_of)
    window = int(policy.value("clean_window_months", as_of))
    proves = ~t.has_date_failure & t.event_on.notnull()
    past = add_months(t.event_on, window) < today
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
        "via", "uscc", "kind", "authority", "doc_no",
        event_id=ibis.literal("row:") + t.rid.cast("string"),
        event_on=ibis.cases((t.kind == "entities", t.updated_on), (t.has_date_order, no_day()), else_=t.event_on),
        window_from=ibis.ifelse(dated & ends, t.event_on, no_day()),
        repaired_on=no_day(),
        hold_rule=ibis.literal("hold_") + ibis.ifelse(t.is_quarantined, "quarantined_", "unmatched_") + t.kind,
        linked_by=ibis.ifelse(t.row_uscc.isnull() & ~t.is_row_shape, "name_or_number", "uscc"),
        can_be_upheld=(t.kind == "penalties") | ((t.kind == "listings") & t.list_type.notnull()),
        fixed_until=no_day(),
    ).select(*HOLD)  # fmt: skip


def conflict_holds(conflicts: ir.Table, lineage: ir.Table, used: ir.Table) -> ir.Table:
    """Holds (e): the entity, its successors, and the parent where a superseded version of a branch is serious."""
    own = conflicts.mutate(via=conflicts.linked, uscc=conflicts.linked)
    firms = conflicts.filter(~is_true(conflicts.is_natural_person))
    after = firms.join(lineage.rename(successor="uscc"), [("linked", "ancestor")])
    after = after.mutate(via=after.linked, uscc=after.successor)
    columns = [*conflicts.columns, "via", "uscc"]
    both = union_all([own.select(*columns), after.select(*columns)])
    branches = used.filter((used.entity_type == "分支机构") & used.parent_uscc.notnull()).select(
        branch="uscc", parent="parent_uscc"
    )
    parents = (
        both.filter((both.tier == 2) & ~is_true(both.is_natural_person))
        .join(branches, [("uscc", "branch")])
        .mutate(uscc=lambda t: t.parent)
    )
    t = union_all([both, parents.select(*columns)]).distinct()
    return t.mutate(
        event_id=ibis.literal("version:") + t.rid.cast("string"),
        kind=ibis.literal("penalties"),
        window_from=t.event_on,
        hold_rule=ibis.literal("version_conflict"),
        linked_by=no_text(),
        can_be_upheld=True,
        fixed_until=no_day(),
    ).select(*HOLD)  # fmt: skip


def visit_holds(bad_visits: ir.Table) -> ir.Table:
    """Holds (b): visits R3/R6 of the entity or its predecessors."""
    return bad_visits.select(
        "uscc", "authority", "linked_by",
        via="linked",
        event_id=ibis.literal("visit:") + bad_visits.rid.cast("string"),
        kind=ibis.literal("inspections"),
        doc_no=no_text(),
        event_on="inspected_on",
        window_from="inspected_on",
        repaired_on=no_day(),
        hold_rule=ibis.literal("inspection_hold"),
        can_be_upheld=ibis.literal(False),
        fixed_until=no_day(),
    ).select(*HOLD)  # fmt: skip


def holds(parts: list[ir.Table], rulings_last: ir.Table) -> ir.Table:
    """All holds that no ruling settles."""
    return unsettled(union_all(parts), rulings_last)
