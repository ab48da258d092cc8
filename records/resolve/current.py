"""One current version per natural key (contract §2, natural keys)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

    from records.resolve.workspace import Workspace

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


def store_ranked(ws: Workspace, name: str, rows: ir.Table, key: Sequence[str]) -> ir.Table:
    """Store rows as `name`, and beside them which of a natural key's several rows is the last in delivery order.

    Few keys have several, so these are a small table of their own: to put a flag on every row would take all of
    them through memory once more.

    Returns:
        `ranked`.
    """
    rows = ws.save(name, rows)
    several = rows.group_by(list(key)).agg(versions=rows.count())
    several = several.filter(several.versions > 1).rename({f"k_{column}": column for column in key})
    versions = rows.semi_join(several, [rows[c].identical_to(several[f"k_{c}"]) for c in key])
    versions = versions.select("rid", *key, place=delivery_order(versions))
    is_last = versions.place == versions.place.max().over(group_by=list(key))
    last = ws.save(f"{name}_versions", versions.select("rid", is_last=is_last)).rename(v_rid="rid")
    marked = rows.left_join(last, [("rid", "v_rid")])
    marked = marked.mutate(is_winner=marked.is_last.fill_null(True), has_others=marked.v_rid.notnull())
    return ws.view(_marked(name), marked.drop("is_last", "v_rid"))


def ranked(ws: Workspace, name: str) -> ir.Table:
    """Stored rows with ``is_winner`` (last in delivery order of its key) and ``has_others`` (the key has several)."""
    return ws.stored(_marked(name))


def _marked(name: str) -> str:
    return f"{name}_marked"


def with_licence_key(rows: ir.Table) -> ir.Table:
    """Licences are named by the document's number, or where it is empty by the licence's."""
    number = ibis.ifelse(rows.doc_norm == "", rows.licence_norm.fill_null(""), rows.doc_norm)
    return rows.mutate(licence_key=number)


def with_closing_rows(rows: ir.Table) -> ir.Table:
    """Give a removal without a document number the number of the one entry that it closes (``row_doc_norm``: its own).

    A row with ``removed_on`` and no ``doc_no`` closes the entry of the same list, authority, subject and
    day where exactly one has them (contract §2).
    """
    same = ["list_type", "authority_key", "subject", "listed_on"]
    closing = rows.filter((rows.doc_norm == "") & rows.removed_on.notnull())
    keys = closing.select(*same).distinct()
    others = rows.anti_join(closing, "rid").semi_join(keys, same)
    entries = others.group_by(same).agg(
        lowest=others.doc_norm.min(), highest=others.doc_norm.max(), entry_doc_no=others.doc_no.max()
    )
    one = entries.filter((entries.lowest == entries.highest) & (entries.lowest != ""))
    one = one.select("lowest", "entry_doc_no", **{f"e_{c}": c for c in same})
    joined = closing.select("rid", *same).join(one, [(c, f"e_{c}") for c in same])
    joined = joined.select(c_rid="rid", c_norm="lowest", c_no="entry_doc_no")
    rows = rows.left_join(joined, [("rid", "c_rid")])
    return rows.mutate(
        row_doc_norm=rows.doc_norm,
        doc_norm=ibis.coalesce(rows.c_norm, rows.doc_norm),
        doc_no=ibis.coalesce(rows.c_no, rows.doc_no),
    ).drop("c_rid", "c_norm", "c_no")
