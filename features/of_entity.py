"""Records of an entity: its own, its predecessors', and the serious penalties of its branches (rules §3)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from features.listings import lists_with
from features.tiers import tiers_of
from features.windows import counts_on, freed_by_repair
from records.resolve.expr import add_months, day, is_true, union_all
from records.resolve.ways import branches_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.entities import Entities

OWN, PREDECESSOR, BRANCH = "own", "predecessor", "branch"


def with_predecessors(records: ir.Table, lineage: ir.Table) -> ir.Table:
    """Records keyed by the entity that they are records of (``uscc``, ``held_as``).

    A natural person's penalty never counts against an enterprise (O-23): only a 个体工商户 inherits it. Entries
    on lists pass on as any other (rules, introduction).
    """
    own = records.mutate(uscc=records.linked, held_as=ibis.literal(OWN))
    heirs = lineage.rename(successor="uscc")
    inherited = records.join(heirs, [("linked", "ancestor")])
    if "is_natural_person" in records.columns:
        of_person = (inherited.kind == "penalties") & is_true(inherited.is_natural_person)
        inherited = inherited.filter(~of_person | inherited.successor.startswith("92"))
    inherited = inherited.mutate(uscc=inherited.successor, held_as=ibis.literal(PREDECESSOR))
    return union_all([own, inherited.select(*own.columns)])


def of_branches(records: ir.Table, entities: Entities, on: date, policy: Policy) -> ir.Table:
    """Serious penalties (``branch_blocking_tiers``) of a 分支机构, as records of its parent (O-25)."""
    branches = branches_of(entities.used)
    tiers = tiers_of(policy, "branch_blocking_tiers", on)
    serious = records.filter((records.kind == "penalties") & records.tier.isin(tiers))
    serious = serious.filter(~is_true(serious.is_natural_person))
    found = serious.join(branches, [("uscc", "branch")])
    return found.mutate(uscc=found.parent, held_as=ibis.literal(BRANCH)).select(*records.columns)


def judged(records: ir.Table, as_of: date, on: date, policy: Policy) -> ir.Table:
    """Add what §3 says of each record of ``as_of`` on the day ``on``, the same or a later one.

    Args:
        records: RECORD columns with ``uscc`` and ``held_as``.

    Returns:
        Records that exist on ``as_of`` and can matter, with ``is_active`` (an entry on a blocking list),
        ``counts``, ``would_count`` (but for the window), ``after_until`` (an ended entry counts at least so long).
    """
    blocking = lists_with(policy, "is_blocking", on) or ["-"]
    t = records.filter((records.event_on <= day(as_of)) & ~records.is_annulled)
    t = t.filter((t.kind == "penalties") | t.list_type.isin(blocking))
    is_entry = t.kind == "listings"
    active = is_entry & t.removed_on.isnull()
    freed = freed_by_repair(t.repaired_on, on, policy)
    blocks = is_entry | t.tier.isin(tiers_of(policy, "blocking_tiers", on))
    would = ~active & blocks & ~freed
    after_until = _after_list_until(t, on, policy)
    inside = counts_on(t.event_on, ibis.null("date"), on, policy) | is_true(after_until >= day(on))
    return t.mutate(is_active=active, would_count=would, counts=would & inside, after_until=after_until)


def _after_list_until(t: ir.Table, on: date, policy: Policy) -> ir.DateValue:
    """The last day on which an ended entry counts at least: add_months(removed_on, after_list_months) above 0."""
    longer = [
        (x.name, months)
        for x in policy.lists
        if (months := int(policy.list_value(x.name, "after_list_months", on) or 0)) > 0
    ]
    cases = [(t.list_type == name, add_months(t.removed_on, months)) for name, months in longer]
    return ibis.cases(*cases, else_=ibis.null("date")) if cases else ibis.null("date")
