"""Conclusions of a person about a held row or event (复核结论, rules §4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import ibis

from records.resolve.expr import day, is_true, no_text, union_all
from records.resolve.load import file_ord, source_row
from records.resolve.quoting import by_either_name
from records.resolve.ways import WAY

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.resolve.workspace import Workspace

UPHELD, AGAIN = "属实有效", "重新核查"
# For the entity named; and for those held through it, where the ruling names the branch or predecessor.
FREEING = ("不涉及该主体", "不成立")
FREEING_THROUGH = ("不成立",)


class Rulings(NamedTuple):
    """What the rulings say.

    Attributes:
        last: (event_id, ruled_uscc, conclusion, ruling_rid, place, says_day) in force on the day; ``place``
            rises by ``decided_on``, then delivery order.
        unfound: winning rulings that name no event.
    """

    last: ir.Table
    unfound: ir.Table


def events_of(rows: Sequence[ir.Table], conflicts: ir.Table, visits: ir.Table | None = None) -> ir.Table:
    """Everything that a ruling can name.

    Args:
        rows: quarantined and unmatched rows (rid, kind, authority_key, doc_norm).
        conflicts: superseded versions (rid, event_rid, only_from, authority_key, doc_norm).
        visits: the same of inspected items of visits that may hold, ``doc_norm`` = the task's number, ``event_rid``
            = the visit's.

    Returns:
        event, event_rid, kind, authority_key, doc_norm, rid; ``only_from``: the entity whose matter it is, null for
        a row of nobody, of which a person may say whose it is.
    """
    columns = ("event", "event_rid", "kind", "authority_key", "doc_norm", "rid", "only_from")
    parts = [t.mutate(event=ibis.literal("row"), event_rid=t.rid, only_from=no_text()) for t in rows]
    for event, kind, t in (("version", "penalties", conflicts), ("visit", "inspections", visits)):
        if t is not None:
            parts.append(t.mutate(event=ibis.literal(event), kind=ibis.literal(kind)))
    return union_all([p.select(*columns) for p in parts])


def apply_rulings(
    ws: Workspace, name: str, rulings: ir.Table, events: ir.Table, ways: ir.Table, as_of: date
) -> Rulings:
    """Match winning rulings with events; keep the last ≤ ``as_of`` per event and entity named.

    A ruling names a record by authority and number, or by the delivery's sha256 and row. What is linked to an
    entity already is a matter of that entity and of those that its records reach.
    """
    order = [rulings.decided_on, rulings.updated_on.asc(nulls_first=True), rulings.rid]
    r = rulings.select(
        "decided_on", "conclusion", "authority_key", "authority_norm", r_kind="kind", r_uscc="uscc", r_rid="rid",
        r_doc="doc_norm", r_sha="source_sha256", r_row="ruled_row",
        says_day=rulings.event_on.notnull(), place=ibis.row_number().over(order_by=order),
    )  # fmt: skip
    r = ws.save(f"{name}_in_order", r)
    numbered = by_either_name(r.filter((r.r_doc.fill_null("") != "") & r.authority_key.notnull()))
    by_number = events.join(numbered, [("kind", "r_kind"), "authority_key", ("doc_norm", "r_doc")])
    files = ws.stored("deliveries").select(f_kind="kind", f_sha="sha256", f_ord="file_ord")
    of_files = r.drop("authority_key", "authority_norm").join(
        files, [("r_kind", "f_kind"), ("r_sha", "f_sha")]
    )
    # Compared apart: a row number that no file has, whatever a ruling states, must not reach into the next file.
    placed = events.mutate(e_ord=file_ord(events), e_row=source_row(events))
    by_row = placed.join(of_files, [("e_ord", "f_ord"), ("e_row", "r_row")])
    columns = (
        "event", "event_rid", "only_from", "r_uscc", "r_rid", "place", "says_day", "decided_on", "conclusion",
    )  # fmt: skip
    found = union_all([t.select(*columns) for t in (by_number, by_row)])
    event_id = found.event + ibis.literal(":") + found.event_rid.cast("string")
    found = found.mutate(event_id=event_id).drop("event", "event_rid").distinct()
    reached = ways.select(from_uscc="via", to_uscc="uscc").distinct()
    found = found.left_join(reached, [("only_from", "from_uscc"), ("r_uscc", "to_uscc")])
    concerned = found.only_from.isnull() | (found.only_from == found.r_uscc) | found.to_uscc.notnull()
    found = ws.save(
        "ruled_events", found.filter(is_true(concerned)).drop("from_uscc", "to_uscc", "only_from")
    )
    now = found.filter(found.decided_on <= day(as_of))
    lasts = now.group_by("event_id", "r_uscc").agg(last_place=now.place.max())
    last = now.semi_join(lasts, ["event_id", "r_uscc", ("place", "last_place")])
    last = last.select("event_id", "conclusion", "place", "says_day", ruled_uscc="r_uscc", ruling_rid="r_rid")
    unfound = rulings.anti_join(found.select(rid="r_rid"), "rid")
    return Rulings(ws.save(f"{name}_last", last), unfound)


def unsettled(holds: ir.Table, last: ir.Table, ways: ir.Table) -> ir.Table:
    """Holds that neither a row nor a ruling settles (rules §4).

    The last ruling counts, whether it names the entity held or one on the way: 不涉及该主体 frees the entity
    named only, 不成立 and 属实有效 those held through it, too.

    "重新核查 restores the hold" decides between a row and a ruling, since the row rule compares the better row with the
    held one alone and never with a ruling: were a row enough, a person could not reopen what one had settled. So the
    hold stands beside every better row, delivered before the ruling or after it, until a later ruling settles it.

    Args:
        holds: event_id, WAY, ``can_be_upheld``, ``needs_day`` and ``is_row_settled``.
    """
    key = ["event_id", *WAY]

    def upheld(t: ir.Table, conclusion: ir.StringValue, says_day: ir.BooleanValue) -> ir.BooleanValue:
        return (conclusion == UPHELD) & t.can_be_upheld & (~t.needs_day | says_day)

    passed = last.join(ways, [("ruled_uscc", "node")])
    passed = passed.join(holds.select(*key, "can_be_upheld", "needs_day").distinct(), key)
    settles = is_true(
        passed.conclusion.isin(FREEING_THROUGH) | upheld(passed, passed.conclusion, passed.says_day)
    )
    passed = passed.mutate(settles=settles, is_again=passed.conclusion == AGAIN)
    through = passed.group_by(key).agg(
        through_place=passed.place.max(where=passed.settles), is_again_through=passed.is_again.any()
    )
    through = through.rename(t_event="event_id", t_via="via", t_through="through", t_uscc="uscc")
    own = last.select(
        o_event="event_id", o_uscc="ruled_uscc", own="conclusion", own_place="place", own_says_day="says_day"
    )
    t = holds.left_join(own, [("event_id", "o_event"), ("uscc", "o_uscc")])
    t = t.left_join(
        through, [("event_id", "t_event"), ("via", "t_via"), ("through", "t_through"), ("uscc", "t_uscc")]
    )
    own_counts = t.own.notnull() & is_true(t.through_place.isnull() | (t.own_place > t.through_place))
    own_settles = is_true(t.own.isin(FREEING) | upheld(t, t.own, t.own_says_day))
    is_settled = ibis.cases(
        (own_counts & (t.own == AGAIN), False),
        (own_counts & own_settles, True),
        (own_counts, t.is_row_settled),
        (t.through_place.notnull(), True),
        (is_true(t.is_again_through), False),
        else_=t.is_row_settled,
    )
    return t.filter(~is_settled).select(*holds.columns)


def ruled_penalties(rulings: ir.Table, last: ir.Table) -> ir.Table:
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
    """List entries that a ruling upholds: of the held row's list, from the ruling's event_on, else the row's own day.

    A row in disorder (``date_order``) proves nothing, but the day that it states is one: its entry stands from there.
    """
    upheld = last.filter((last.conclusion == UPHELD) & last.event_id.startswith("row:"))
    upheld = upheld.mutate(h_rid=upheld.event_id.substr(4).cast("int64"))
    rows = held.filter((held.kind == "listings") & held.list_type.notnull()).select(
        "list_type", "removed_on", "removal_code", h_rid="rid", h_doc_no="doc_no", h_listed_on="stated_on"
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
