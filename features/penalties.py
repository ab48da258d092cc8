"""Penalty records as they stand on a day, and conflicts between versions (rules §1, §2)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from features.force import with_force
from features.tiers import kinds_table, tiers_of, with_tier
from features.windows import counts_on
from records.resolve.current import delivery_order
from records.resolve.expr import day, is_true, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.workspace import Workspace

# Columns of a record: one penalty, or one list entry, of one linked entity.
RECORD = (
    "linked", "kind", "authority", "authority_key", "doc_no", "doc_norm", "event_on", "removed_on", "tier",
    "is_annulled", "is_provisional", "repaired_on", "linked_by", "list_type", "fine_fen", "rid",
    "is_natural_person",
)  # fmt: skip


def penalty_versions(ws: Workspace, rows: ir.Table, state: ir.Table, policy: Policy) -> ir.Table:
    """Every linked version of every penalty with its tier and the force of its key.

    Args:
        rows: penalty rows with ``linked``, ``is_winner`` and ``has_others``.
        state: `features.force.states`.

    Returns:
        The linked rows with ``tier``, ``event_on`` (its decided_on, or that of the first version in delivery order
        where a 变更 names the key, O-15), ``is_annulled``, ``is_provisional``, ``repaired_on``.
    """
    rows = rows.filter(rows.linked.notnull())
    t = with_force(rows, state, "penalties")
    # Only a 变更 asks for the first version's day.
    changed = t.filter(t.is_changed)
    first = changed.group_by(k_authority="authority_key", k_doc="doc_norm", k_subject="subject").agg(
        first_day=changed.decided_on.argmin(delivery_order(changed))
    )
    t = t.left_join(
        first, [("authority_key", "k_authority"), ("doc_norm", "k_doc"), ("subject", "k_subject")]
    )
    t = t.drop("k_authority", "k_doc", "k_subject")
    own_annulled = is_true(t.status_code == "annulled")
    own_review = is_true(t.status_code == "provisional") & ~t.is_review_ended
    t = t.mutate(
        own_annulled=own_annulled,
        key_annulled=t.is_annulled,
        is_annulled=t.is_annulled | own_annulled,
        is_provisional=t.is_under_review | own_review,
        event_on=ibis.ifelse(t.is_changed, t.first_day, t.decided_on),
    )
    t = with_tier(t, kinds_table(ws, "penalty", rows, policy), policy, on="event_on")
    return ws.save("penalty_versions", t.drop("first_day", "unrepaired_on"))


def penalty_records(versions: ir.Table, ruled: ir.Table) -> ir.Table:
    """Winning linked penalties and those that a ruling (属实有效) made, in RECORD columns."""
    winners = versions.filter(versions.is_winner)
    both = []
    for t in (winners, ruled):
        t = t.mutate(
            kind=ibis.literal("penalties"), removed_on=ibis.null("date"), list_type=ibis.null("string")
        )
        both.append(t.select(*RECORD))
    return union_all(both)


def version_conflicts(versions: ir.Table, as_of: date, on: date, policy: Policy) -> ir.Table:
    """Superseded versions that would count where the winner does not, or counts for less (rules §1, §4(e)).

    Of what is known on ``as_of``, judged on the day ``on``, the same or a later one.

    Returns:
        linked, subject, authority, authority_key, doc_no, doc_norm, event_on (the superseded version's day), tier,
        repaired_on, rid, ``version_no`` (rises in delivery order).
    """
    several = versions.filter(versions.has_others)
    several = several.filter(~several.is_changed & ~several.key_annulled)
    key = ["authority_key", "doc_norm", "subject"]
    # Judged by its own day and status; a repair is of the key and frees every version.
    judged = several.mutate(
        counts=~several.own_annulled
        & (several.decided_on <= day(as_of))
        & several.tier.isin(tiers_of(policy, "blocking_tiers", on))
        & counts_on(several.decided_on, several.repaired_on, on, policy)
    )
    winner = judged.filter(judged.is_winner).select(
        w_authority="authority_key", w_doc="doc_norm", w_subject="subject", w_counts="counts", w_tier="tier",
        w_day="decided_on", w_annulled="own_annulled",
    )  # fmt: skip
    old = judged.filter(~judged.is_winner & judged.counts)
    both = old.join(winner, list(zip(key, ("w_authority", "w_doc", "w_subject"), strict=True)))
    lowered = ~both.w_counts | (both.w_tier < both.tier) | (both.w_day < both.decided_on)
    both = both.filter(lowered & ~both.w_annulled)
    return both.select(
        "linked", "subject", "authority", "authority_key", "doc_no", "doc_norm", "tier", "repaired_on", "rid",
        "is_natural_person", event_on="decided_on", version_no=delivery_order(both),
    )  # fmt: skip


def minor_or_more(records: ir.Table, as_of: date) -> ir.Table:
    """Records that exist on ``as_of`` and were not annulled: what points look at."""
    return records.filter((records.event_on <= day(as_of)) & ~records.is_annulled)
