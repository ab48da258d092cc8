"""What the answers rest on, for the explanation and the queue of held rows: tables that regulators alone read."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from features.tiers import TIER_NAMES
from records.resolve.expr import add_months, day, is_true, no_day, no_text, union_all
from records.resolve.load import with_source
from records.resolve.ways import branches_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.facts import Facts
    from policy import Policy
    from records.resolve.workspace import Workspace

EVIDENCE = (
    "uscc", "kind", "authority", "doc_no", "event_on", "what", "held_as", "via", "ended_on", "repaired_on",
    "is_provisional", "is_active", "counts", "linked_by",
)  # fmt: skip
HELD = (
    "uscc", "name", "division_code", "kind", "authority", "doc_no", "event_on", "hold_rule", "via", "source_file",
    "source_sha256", "source_row", "can_be_upheld", "as_of",
)  # fmt: skip
# Visits that found nothing against the entity, or no entity, carry no points and hold nobody.
_HARMLESS = ("R1_OK", "R7_NO_ACTIVITY", "R0_EXIT")


def evidence(ws: Workspace, facts: Facts, as_of: date, policy: Policy) -> ir.Table:
    """The records that a class or a status looked at, and what was found of each; stored as ``evidence``.

    ``what`` is the tier of a penalty, the name of a list, the result of a visit or the type of an honour;
    ``held_as`` says whose record it is: ``own``, ``predecessor``, ``branch`` or ``parent``; ``via`` is the USCC of
    the one that bears it. Records older than the longest decay are left out unless they still count.
    """
    parts = [_judged(ws, facts, as_of, policy), *_of_kin(ws, facts, as_of, policy)]
    parts += [_visits(ws, facts, as_of, policy), _honours(facts, as_of)]
    return ws.save("evidence", union_all(parts).distinct(), leaves=True)


def held_queue(ws: Workspace, facts: Facts, as_of: date) -> ir.Table:
    """What is held and by which delivered row (contract: ``holds``); stored as ``held_queue``.

    A ruling names a row by authority and number, or where these were not read by ``source_sha256`` and
    ``source_row``. ``can_be_upheld``: a ruling 属实有效 makes a record of it; otherwise it stays held until a better
    row. A late source has no row, and no ruling settles it.
    """
    here = facts.features.select("name", "division_code", e_uscc="uscc")
    held = facts.holds.join(here, [("uscc", "e_uscc")])
    feeds = held.filter(held.event_id.startswith("feed:"))
    rows = held.filter(~held.event_id.startswith("feed:"))
    rows = rows.mutate(rid=rows.event_id.split(":")[1].cast("int64"))
    rows = with_source(ws, rows).rename(source_file="path", source_sha256="sha256")
    feeds = feeds.mutate(source_file=no_text(), source_sha256=no_text(), source_row=ibis.null("int64"))
    return ws.save(
        "held_queue", union_all([t.mutate(as_of=day(as_of)).select(*HELD) for t in (rows, feeds)]).distinct()
    )


def _longest_decay(as_of: date, policy: Policy) -> int:
    return max(int(months) for months, _ in policy.value("points_decay", as_of))


def _tier(t: ir.Table) -> ir.StringValue:
    return ibis.cases(*((t.tier == tier, name) for tier, name in sorted(TIER_NAMES.items())), else_=no_text())


def _judged(ws: Workspace, facts: Facts, as_of: date, policy: Policy) -> ir.Table:
    t = facts.judged.semi_join(facts.features, "uscc")
    recent = add_months(t.event_on, _longest_decay(as_of, policy)) >= day(as_of)
    t = t.filter(recent | t.counts | t.is_active)
    return t.mutate(
        what=ibis.ifelse(t.kind == "listings", t.list_type, _tier(t)), via=t.linked, ended_on=t.removed_on
    ).select(*EVIDENCE)


def _of_kin(ws: Workspace, facts: Facts, as_of: date, policy: Policy) -> list[ir.Table]:
    """Penalties of branches and of the parent that carry points but block nobody."""
    used = facts.features
    kin = branches_of(used)
    records = ws.stored("records")
    t = records.filter(
        (records.kind == "penalties") & ~records.is_annulled & ~is_true(records.is_natural_person)
    )
    t = t.filter(
        (t.event_on <= day(as_of)) & (add_months(t.event_on, _longest_decay(as_of, policy)) >= day(as_of))
    )
    of_branch = t.filter(t.tier < 2).join(kin, [("uscc", "branch")])  # serious ones are judged already
    of_parent = t.join(kin, [("uscc", "parent")])
    made = []
    for rows, held_as, bearer in ((of_branch, "branch", "parent"), (of_parent, "parent", "branch")):
        mine = rows.mutate(
            uscc=rows[bearer], held_as=ibis.literal(held_as), what=_tier(rows), via=rows.linked
        )
        mine = mine.mutate(
            ended_on=no_day(), is_active=ibis.literal(False), counts=ibis.literal(False)
        ).semi_join(used, "uscc")
        made.append(mine.select(*EVIDENCE))
    return made


def _visits(ws: Workspace, facts: Facts, as_of: date, policy: Policy) -> ir.Table:
    t = ws.stored("visits")
    t = t.filter(t.result.notin(_HARMLESS) & (t.inspected_on <= day(as_of)))
    t = t.filter(add_months(t.inspected_on, _longest_decay(as_of, policy)) >= day(as_of))
    t = t.mutate(uscc=t.linked).semi_join(facts.features, "uscc")
    return t.select(
        "uscc", "authority", "linked_by",
        kind=ibis.literal("inspections"), doc_no="task_no", event_on="inspected_on", what="result",
        held_as=ibis.literal("own"), via="linked", ended_on=no_day(), repaired_on=no_day(),
        is_provisional=ibis.literal(False), is_active=ibis.literal(False), counts=ibis.literal(False),
    ).select(*EVIDENCE)  # fmt: skip


def _honours(facts: Facts, as_of: date) -> ir.Table:
    t = facts.honours.filter(
        (facts.honours.valid_from <= day(as_of)) & (facts.honours.valid_to >= day(as_of))
    )
    t = t.semi_join(facts.features, "uscc")
    return t.select(
        "uscc", "authority", "doc_no", "linked_by",
        kind=ibis.literal("honours"), event_on="valid_from", what="honour_code",
        held_as=ibis.literal("own"), via="uscc", ended_on="valid_to", repaired_on=no_day(),
        is_provisional=ibis.literal(False), is_active=ibis.literal(False), counts=ibis.literal(False),
    ).select(*EVIDENCE)  # fmt: skip
