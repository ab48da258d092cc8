"""List entries as they stand on a day (rules §1, §3)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from features.force import with_force
from features.penalties import RECORD
from features.tiers import GENERAL
from records.resolve.expr import day, is_true, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import ListField, Policy

_REPAIRING = ("修复", "履行")


def lists_with(policy: Policy, attribute: ListField, as_of: date) -> list[str]:
    """Names of the lists whose dated attribute is true (or set) on a day."""
    return [t.name for t in policy.lists if policy.list_value(t.name, attribute, as_of)]


def listing_versions(
    rows: ir.Table, ruled: ir.Table, state: ir.Table, as_of: date, on: date, policy: Policy
) -> ir.Table:
    """Winning list entries, and those that a ruling made, with their end and force on ``as_of``.

    Whether an end is a repair is read in the policy of ``on``.

    Returns:
        RECORD columns (``event_on`` = listed_on, ``removed_on`` = the day on which it ended, null while
        active, ``tier`` general) and ``is_from_row``.
    """
    winners = rows.filter(rows.is_winner & rows.linked.notnull())
    columns = (
        "linked", "subject", "authority", "authority_key", "doc_no", "doc_norm", "listed_on", "removed_on",
        "removal_code", "list_type", "linked_by", "rid",
        "is_natural_person",
    )  # fmt: skip
    t = union_all(
        [
            winners.select(*columns).mutate(is_from_row=True),
            ruled.select(*columns).mutate(is_from_row=False),
        ]
    )
    t = with_force(t, state, "listings")
    read = ibis.ifelse(
        t.removed_on <= day(as_of), t.removed_on, ibis.null("date")
    )  # later removals do not exist yet
    any_removal = t.list_type.isin(lists_with(policy, "any_removal_is_repair", on) or ["-"])
    is_error = is_true(t.removal_code == "错误列入")
    is_repair = is_true(t.removal_code.isin(_REPAIRING)) | (any_removal & ~is_error)
    own_repaired = ibis.ifelse(is_repair, read, ibis.null("date"))
    stays_ended = (read <= t.unrepaired_on).fill_null(False)
    is_undone = t.unrepaired_on.notnull()
    t = t.mutate(
        is_annulled=t.is_annulled | (read.notnull() & is_error),
        is_provisional=t.is_under_review,
        ended_on=ibis.ifelse(t.repaired_on.notnull(), ibis.least(read, t.repaired_on), read),
        repaired=ibis.cases(
            (t.repaired_on.notnull(), ibis.least(own_repaired, t.repaired_on)),
            (is_undone & stays_ended, ibis.null("date")),
            else_=own_repaired,
        ),
        tier=ibis.literal(GENERAL, "int32"),
        kind=ibis.literal("listings"),
        fine_fen=ibis.null("int64"),
    )
    t = t.mutate(event_on=t.listed_on, removed_on=t.ended_on, repaired_on=t.repaired)
    return t.select(*RECORD, "is_from_row")
