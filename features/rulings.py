"""Conclusions of a person about a held row or event (复核结论, rules §4)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import ibis

from records.resolve.expr import day, is_true, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.resolve.workspace import Workspace

UPHELD = "属实有效"
# For the entity named; and for those held through it, where the ruling names the branch or predecessor.
FREEING = ("不涉及该主体", "不成立")
FREEING_THROUGH = ("不成立",)


class Rulings(NamedTuple):
    """What the rulings say.

    Attributes:
        last: (event_id, ruled_uscc, conclusion, ruling_rid) in force on the day.
        unfound: winning rulings that name no event.
    """

    last: ir.Table
    unfound: ir.Table


def events_of(quarantine: ir.Table, held: ir.Table, conflicts: ir.Table, visits: ir.Table) -> ir.Table:
    """Everything that a ruling can name, whomever it may concern.

    Args:
        quarantine: quarantined rows of every kind.
        held: held rows; the unmatched ones of them are taken.
        conflicts: superseded versions (rid, authority_key, doc_norm, sha256, source_row).
        visits: the same of inspected items of visits that may hold, ``doc_norm`` = the task's number.

    Returns:
        event_id, kind, authority_key, doc_norm, sha256, source_row.
    """
    columns = ("event_id", "kind", "authority_key", "doc_norm", "sha256", "source_row")
    rows = union_all([t.select("rid", *columns[1:]) for t in (quarantine, held.filter(~held.is_quarantined))])
    parts = [
        rows.mutate(event_id=ibis.literal("row:") + rows.rid.cast("string")),
        conflicts.mutate(
            event_id=ibis.literal("version:") + conflicts.rid.cast("string"), kind=ibis.literal("penalties")
        ),
        visits.mutate(
            event_id=ibis.literal("visit:") + visits.rid.cast("string"), kind=ibis.literal("inspections")
        ),
    ]
    return union_all([p.select(*columns) for p in parts])


def apply_rulings(ws: Workspace, rulings: ir.Table, events: ir.Table, as_of: date) -> Rulings:
    """Match winning rulings with events; keep the last ≤ ``as_of`` per event and entity named.

    A ruling names a record by authority and number, or by the delivery's sha256 and row.
    """
    r = rulings.select(
        "decided_on", "conclusion", r_kind="kind", r_uscc="uscc", r_rid="rid", r_updated="updated_on",
        r_authority="authority_key", r_doc="doc_norm", r_sha="source_sha256", r_row="ruled_row",
    )  # fmt: skip
    numbered = r.filter((r.r_doc.fill_null("") != "") & r.r_authority.notnull())
    by_number = events.join(
        numbered, [("kind", "r_kind"), ("authority_key", "r_authority"), ("doc_norm", "r_doc")]
    )
    by_row = events.join(r, [("kind", "r_kind"), ("sha256", "r_sha"), ("source_row", "r_row")])
    columns = ("event_id", "r_uscc", "r_rid", "r_updated", "decided_on", "conclusion")
    found = union_all([t.select(*columns) for t in (by_number, by_row)])
    found = ws.save("ruled_events", found.distinct())
    now = found.filter(found.decided_on <= day(as_of))
    now = now.select("event_id", "r_uscc", "r_rid", "r_updated", "decided_on", "conclusion").distinct()
    place = ibis.row_number().over(
        group_by=["event_id", "r_uscc"],
        order_by=[now.decided_on.desc(), now.r_updated.desc(nulls_first=False), now.r_rid.desc()],
    )
    last = now.mutate(place=place).filter(lambda t: t.place == 0)
    last = last.select("event_id", "conclusion", ruled_uscc="r_uscc", ruling_rid="r_rid")
    unfound = rulings.anti_join(found.select(rid="r_rid"), "rid")
    return Rulings(ws.save("rulings_last", last), unfound)


def unsettled(holds: ir.Table, last: ir.Table) -> ir.Table:
    """Holds that no ruling settles.

    Args:
        holds: event_id, via, uscc and ``can_be_upheld`` (属实有效 settles it by making a record).
    """
    own = last.select(o_event="event_id", o_uscc="ruled_uscc", own="conclusion")
    through = last.select(t_event="event_id", t_uscc="ruled_uscc", through="conclusion")
    t = holds.left_join(own, [("event_id", "o_event"), ("uscc", "o_uscc")])
    t = t.left_join(through, [("event_id", "t_event"), ("via", "t_uscc")])
    upheld = t.can_be_upheld
    by_own = t.own.isin(FREEING) | ((t.own == UPHELD) & upheld)
    by_through = t.own.isnull() & (t.through.isin(FREEING_THROUGH) | ((t.through == UPHELD) & upheld))
    return t.filter(~(is_true(by_own) | is_true(by_through))).drop(
        "o_event", "o_uscc", "own", "t_event", "t_uscc", "through"
    )


def ruled_penalties(ws: Workspace, rulings: ir.Table, last: ir.Table) -> ir.Table:
    """Penalties that a ruling upholds: rows in the shape that tiers need (one per ruling)."""
    upheld = last.filter(last.conclusion == UPHELD).select(rid="ruling_rid").distinct()
    of_penalties = rulings.filter((rulings.kind == "penalties") & rulings.event_on.notnull())
    t = of_penalties.semi_join(upheld, "rid")
    return t.select(
        "rid", "authority", "authority_key", "doc_no", "doc_norm", "kinds", linked="uscc", subject="uscc",
        decided_on="event_on",
    ).mutate(
        says_revoked=False,
        procedure=ibis.null("string"),
        procedure_code=ibis.null("string"),
        doc_says_simple=False,
        subject_kind=ibis.null("string"),
        fine_fen=ibis.null("int64"),
        confiscated_fen=ibis.null("int64"),
        linked_by=ibis.literal("ruling"),
        is_natural_person=ibis.literal(False),
    )  # fmt: skip


def ruled_listings(rulings: ir.Table, last: ir.Table, held: ir.Table) -> ir.Table:
    """List entries that a ruling upholds: an entry of the held row's list from the ruling's event_on."""
    upheld = last.filter((last.conclusion == UPHELD) & last.event_id.startswith("row:"))
    upheld = upheld.mutate(h_rid=upheld.event_id.substr(4).cast("int64"))
    rows = held.filter((held.kind == "listings") & held.list_type.notnull()).select(
        "list_type", "removed_on", "removal_code", h_rid="rid", h_doc_no="doc_no", h_listed_on="event_on"
    )
    t = upheld.join(rows, "h_rid")
    r = rulings.select(
        "authority",
        "authority_key",
        "doc_no",
        "doc_norm",
        ruling_rid="rid",
        linked="uscc",
        ruled_on="event_on",
    )
    t = t.join(r, "ruling_rid")
    t = t.mutate(listed_on=ibis.coalesce(t.ruled_on, t.h_listed_on))
    t = t.filter(t.listed_on.notnull())
    return t.select(
        "linked", "authority", "authority_key", "listed_on", "removed_on", "removal_code", "list_type",
        doc_no=ibis.coalesce(t.doc_no, t.h_doc_no),
        doc_norm=ibis.null("string"),  # amendments find penalties that a ruling made, not entries (rules §4)
        subject="linked", linked_by=ibis.literal("ruling"), rid="ruling_rid",
        is_natural_person=ibis.literal(False),
    ).distinct()  # fmt: skip
