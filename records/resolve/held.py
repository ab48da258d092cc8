"""Rows that could not be taken in or placed, and the entities that they may concern (rules §4).

A *held row* is a quarantined row, or an accepted one that found no single entity. It *carries* an entity
by the codes or the name that could be read of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from records.resolve.expr import is_true, no_day, no_text, union_all
from records.resolve.linking import name_candidates
from records.resolve.quoting import by_either_name
from records.resolve.ways import WAY

if TYPE_CHECKING:
    from collections.abc import Collection

    import ibis.expr.types as ir

    from records.resolve.entities import Entities
    from records.resolve.workspace import Workspace

HOLDING_KINDS = ("penalties", "listings", "amendments", "entities", "rulings")
COLUMNS = (
    "kind", "rid", "updated_on", "uscc", "reg_no", "org_code", "name_norm",
    "is_natural_person", "authority", "authority_key", "authority_norm", "authority_division", "doc_no",
    "doc_norm", "event_on", "removed_on", "removal_code", "list_type", "target_kind", "action", "conclusion",
    "has_date_failure", "is_row_shape", "cells",
)  # fmt: skip


def held_rows(ws: Workspace, quarantine: ir.Table, unmatched: dict[str, ir.Table]) -> ir.Table:
    """Quarantined and unmatched rows of the kinds that can hold someone.

    In COLUMNS, ``stated_on`` and ``is_quarantined``. A row in disorder (``date_order``) has no ``event_on``, since its
    day proves nothing; ``stated_on`` keeps it, by which a better row of a list is known. One outside the range shows
    the day that was read, but no entry begins on it: ``stated_on`` is null. Left out are penalties of
    natural persons that bear no USCC of a 个体工商户: they hold nobody (rules §3), and are most of a city's flow.
    """
    rejected = quarantine.filter(quarantine.kind.isin(HOLDING_KINDS))
    rules = rejected.rules.join(";")
    rejected = rejected.mutate(
        stated_on=ibis.ifelse(rules.contains("date_range:listed_on"), no_day(), rejected.event_on),
        event_on=ibis.ifelse(rules.contains("date_order"), no_day(), rejected.event_on),
    )
    parts = [rejected.select(*COLUMNS, "stated_on", is_quarantined=ibis.literal(True))]
    for kind, rows in unmatched.items():
        day = {"penalties": "decided_on", "listings": "listed_on", "amendments": "effective_on"}[kind]
        if kind == "penalties":
            rows = rows.filter(_can_hold(rows))
        fill = {
            c: no_text() if c not in ("removed_on",) else no_day()
            for c in (
                "authority_norm",
                "reg_no",
                "org_code",
                "removed_on",
                "removal_code",
                "list_type",
                "target_kind",
                "action",
                "conclusion",
            )
            if c not in rows.columns
        }
        parts.append(
            rows.mutate(
                **fill,
                kind=ibis.literal(kind),
                event_on=rows[day],
                stated_on=rows[day],
                has_date_failure=False,
                is_row_shape=False,
                cells=ibis.literal([], type="array<string>"),
                is_quarantined=False,
            ).select(*COLUMNS, "stated_on", "is_quarantined")
        )
    return ws.save("held_rows", union_all(parts))


def _can_hold(rows: ir.Table) -> ir.BooleanValue:
    """A natural person's row holds nobody but the 个体工商户 (92) whose USCC it bears (rules §3)."""
    return ~is_true(rows.is_natural_person) | is_true(rows.uscc.startswith("92"))


def carried(
    ws: Workspace, held: ir.Table, entities: Entities, targets: ir.Table, placeholders: Collection[str]
) -> ir.Table:
    """Which entity each held row carries: (rid, via, is_by_name).

    By valid USCC; else registration number, else organisation code, else the name, for one entity or, by
    name, for all that the subject rules would link it to; a row of wrong shape by the content of its cells;
    an amendment without a subject by the authority and number of a penalty or entry. Natural persons' rows
    carry only the 个体工商户 whose USCC they hold. Placeholder names carry nobody. ``is_by_name``: by nothing else.
    """
    by_name, otherwise = ibis.literal(True), ibis.literal(False)
    known = entities.usccs.rename(via="uscc")
    by_code = held.filter(held.uscc.notnull() & ~held.is_row_shape & _can_hold(held))
    parts = [by_code.join(known, [("uscc", "via")]).select("rid", via="uscc", is_by_name=otherwise)]

    bare = held.filter(held.uscc.isnull() & _can_hold(held) & ~held.is_row_shape & (held.kind != "rulings"))
    reg = entities.reg_nos.rename(reg_number="number", reg_uscc="uscc")
    org = entities.org_codes.rename(org_number="number", org_uscc="uscc")
    bare = bare.left_join(reg, [("reg_no", "reg_number")]).left_join(org, [("org_code", "org_number")])
    bare = bare.mutate(by_number=ibis.coalesce(bare.reg_uscc, bare.org_uscc))
    parts.append(bare.filter(bare.by_number.notnull()).select("rid", via="by_number", is_by_name=otherwise))

    named = bare.filter(bare.by_number.isnull() & bare.name_norm.notnull())
    named = named.filter(named.name_norm.notin(list(placeholders) or [""]))
    named = named.mutate(asked_division=named.authority_division.fill_null(""))
    candidates = name_candidates(ws, "held_names", named, entities).rename(
        n_name="name_norm", n_division="authority_division", via="uscc"
    )
    parts.append(
        named.join(candidates, [("name_norm", "n_name"), ("asked_division", "n_division")]).select(
            "rid", "via", is_by_name=by_name
        )
    )

    shapes = held.filter(held.is_row_shape)
    cells = shapes.select("rid", cell=shapes.cells.unnest())
    cells = cells.filter(cells.cell.notnull() & cells.cell.notin(list(placeholders) or [""]))
    parts.append(cells.join(known, [("cell", "via")]).select("rid", via="cell", is_by_name=otherwise))
    bearers = entities.names.select(bearer_name="name_norm", via="uscc").distinct()
    parts.append(cells.join(bearers, [("cell", "bearer_name")]).select("rid", "via", is_by_name=by_name))

    # Without a subject: the authority and number of a penalty or entry of the entity.
    blank = held.filter(
        (held.kind == "amendments") & held.uscc.isnull() & held.name_norm.isnull() & ~held.is_row_shape
        & (held.doc_norm != "") & held.authority_key.notnull()
    )  # fmt: skip
    blank = by_either_name(blank)
    # Whichever of the two it says that it changes: a row that failed may name the wrong kind.
    owned = targets.filter(targets.linked.notnull()).select(
        t_authority="authority_key", t_doc="doc_norm", via="linked"
    )
    found = blank.join(owned.distinct(), [("authority_key", "t_authority"), ("doc_norm", "t_doc")])
    parts.append(found.select("rid", "via", is_by_name=otherwise))
    whole = union_all(parts)
    return ws.save("carried", whole.group_by("rid", "via").agg(is_by_name=whole.is_by_name.all()))


def spread(ws: Workspace, held: ir.Table, carry: ir.Table, ways: ir.Table) -> ir.Table:
    """Who is held on which way: (rid, via, through, uscc, is_by_name).

    The entity itself; every successor (but for ``entities`` rows); the parent of a 分支机构 for a penalty,
    or an amendment of one or of an unread kind (rules §4 (a), (c), (d)). A natural person's row holds the
    个体工商户 alone (rules §3).
    """
    kinds = held.select("rid", "kind", "target_kind", person=is_true(held.is_natural_person))
    base = carry.join(kinds, "rid")
    own = base.mutate(through=ibis.literal(""), uscc=base.via)
    further = base.filter((base.kind != "entities") & ~base.person).join(ways.select(*WAY).distinct(), "via")
    reaches_parent = (further.kind == "penalties") | (
        (further.kind == "amendments") & (further.target_kind.isnull() | (further.target_kind == "penalties"))
    )
    further = further.filter((further.through == "") | reaches_parent)
    whole = union_all([t.select("rid", *WAY, "is_by_name") for t in (own, further)])
    return ws.save("hold_pairs", whole.distinct())


def settled_by_rows(
    ws: Workspace,
    held: ir.Table,
    pairs: ir.Table,
    ways: ir.Table,
    accepted: dict[str, ir.Table],
    amended: ir.Table,
) -> ir.Table:
    """Pairs (rid, via, through, uscc) settled by a later accepted row of the same kind, authority and number.

    The row must be linked to the entity held, or to one on the way by which it is held (rules §4).

    Args:
        accepted: linked rows of penalties and listings; rows of entities and rulings (``linked`` = uscc).
        amended: amendment pairs with ``linked`` of the target found.
    """
    pairs = pairs.select("rid", *WAY)
    on_way = union_all(
        [pairs.mutate(node=pairs.uscc), pairs.join(ways, list(WAY)).select("rid", *WAY, "node")]
    )
    wanted = on_way.join(
        by_either_name(held).select(
            "rid",
            "kind",
            "authority_key",
            "doc_norm",
            "list_type",
            "stated_on",
            "action",
            h_updated="updated_on",
        ),
        "rid",
    )
    settled = []

    def take(found: ir.Table) -> None:
        both = found.h_updated.notnull() & found.r_updated.notnull()
        later = ibis.ifelse(
            both & (found.h_updated != found.r_updated),
            found.r_updated > found.h_updated,
            found.r_rid > found.rid,
        )
        settled.append(found.filter(later).select("rid", *WAY))

    numbered = wanted.filter(wanted.doc_norm.fill_null("") != "")
    for kind in ("penalties", "listings", "rulings"):
        rows = accepted[kind].filter(lambda t: t.linked.notnull() & (t.doc_norm != ""))
        rows = rows.select(
            r_linked="linked",
            r_authority="authority_key",
            r_doc="doc_norm",
            r_updated="updated_on",
            r_rid="rid",
        )
        of_kind = numbered.filter(numbered.kind == kind)
        take(
            of_kind.join(
                rows, [("authority_key", "r_authority"), ("doc_norm", "r_doc"), ("node", "r_linked")]
            )
        )
    entries = accepted["listings"].filter(lambda t: t.linked.notnull()).select(
        r_linked="linked", r_authority="authority_key", r_list="list_type", r_day="listed_on",
        r_updated="updated_on", r_rid="rid",
    )  # fmt: skip
    unnumbered = wanted.filter((wanted.kind == "listings") & (wanted.doc_norm.fill_null("") == ""))
    take(
        unnumbered.join(
            entries,
            [
                ("authority_key", "r_authority"),
                ("list_type", "r_list"),
                ("stated_on", "r_day"),
                ("node", "r_linked"),
            ],
        )
    )
    events = amended.filter(amended.linked.notnull()).select(
        r_linked="linked", r_authority="authority_key", r_doc="doc_norm", r_action="action",
        r_updated="updated_on", r_rid="rid",
    )  # fmt: skip
    of_kind = numbered.filter(numbered.kind == "amendments")
    take(
        of_kind.join(
            events,
            [
                ("authority_key", "r_authority"),
                ("doc_norm", "r_doc"),
                ("action", "r_action"),
                ("node", "r_linked"),
            ],
        )
    )
    versions = accepted["entities"].select(r_linked="uscc", r_updated="updated_on", r_rid="rid")
    take(wanted.filter(wanted.kind == "entities").join(versions, [("node", "r_linked")]))
    return ws.save("settled_by_rows", union_all(settled).distinct())
