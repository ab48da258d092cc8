"""One current version per natural key (contract §2, natural keys)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from records.resolve.expr import is_true

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

# Above every `rid`, so that the day decides before the row does.
_RID_SPAN = 1 << 62

KEYS: dict[str, tuple[str, ...]] = {
    "penalties": ("authority_key", "doc_norm", "subject"),
    "licences": ("authority_key", "licence_key", "subject", "decided_on"),
    "inspections": ("task_no", "item", "subject", "inspected_on"),
    "listings": ("list_type", "authority_key", "doc_norm", "subject", "listed_on"),
    "honours": ("honour_key", "authority_key", "subject", "valid_from"),
    "amendments": ("row_key",),
    "rulings": ("row_key",),
}


def delivery_order(rows: ir.Table) -> ir.DecimalValue:
    """A number that rises in delivery order: ``updated_on`` (null first), then ``rid``. Unique like ``rid``."""
    known = rows.updated_on.delta(ibis.date(1, 1, 1), unit="day").fill_null(-1)
    return (known + 1).cast("decimal(38, 0)") * _RID_SPAN + rows.rid.cast("decimal(38, 0)")


def rank_versions(rows: ir.Table, key: Sequence[str]) -> ir.Table:
    """Add ``is_winner`` (last in delivery order of its key) and ``has_others`` (the key has other versions)."""
    # A hash aggregate and a join by row are several times cheaper than a window over wide rows.
    narrow = rows.select("rid", *key, place=delivery_order(rows))
    last = narrow.group_by(list(key)).agg(winner_rid=narrow.rid.argmax(narrow.place), versions=narrow.count())
    rows = rows.left_join(last.select("winner_rid", "versions"), [("rid", "winner_rid")])
    is_winner = rows.winner_rid.notnull()
    return rows.mutate(is_winner=is_winner, has_others=~is_winner | (rows.versions > 1)).drop("winner_rid", "versions")


def with_licence_key(rows: ir.Table) -> ir.Table:
    """Licences are named by the document's number, or where it is empty by the licence's."""
    number = ibis.ifelse(rows.doc_norm == "", rows.licence_norm.fill_null(""), rows.doc_norm)
    return rows.mutate(licence_key=number)


def with_closing_rows(rows: ir.Table) -> ir.Table:
    """Give a removal without a document number the number of the one entry that it closes.

    A row with ``removed_on`` and no ``doc_no`` closes the entry of the same list, authority, subject and
    day where exactly one has them (contract §2).
    """
    same = ["list_type", "authority_key", "subject", "listed_on"]
    closes = (rows.doc_norm == "") & rows.removed_on.notnull()
    entry = ibis.ifelse(closes, ibis.null("string"), rows.doc_norm)
    rows = rows.mutate(closes=closes, entry=entry)
    rows = rows.mutate(
        lowest=rows.entry.min().over(group_by=same),
        highest=rows.entry.max().over(group_by=same),
        entry_doc_no=ibis.ifelse(rows.closes, ibis.null("string"), rows.doc_no).max().over(group_by=same),
    )
    joins = rows.closes & is_true((rows.lowest == rows.highest) & (rows.lowest != ""))
    return rows.mutate(
        doc_norm=ibis.ifelse(joins, rows.lowest, rows.doc_norm),
        doc_no=ibis.ifelse(joins, rows.entry_doc_no, rows.doc_no),
    ).drop("closes", "entry", "lowest", "highest", "entry_doc_no")
