"""The accepted and quarantined rows of an intake, with their place in the delivery order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from records.schema import ACCEPTED, KINDS, QUARANTINE

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.intake import Intake
    from records.resolve.workspace import Workspace

# A row's place among rows whose `updated_on` is equal or absent: deliveries first, then the row number.
ROWS_PER_FILE = 1 << 36

# What resolution and features read; texts such as facts and content stay in the lake.
_SUBJECT = (
    "uscc", "subject_name", "name_norm", "subject_kind", "is_natural_person", "authority", "authority_key",
    "authority_division",
)  # fmt: skip
_ROW = ("sha256", "source_row", "updated_on")  # the first two become `rid`
_DOC = ("doc_no", "doc_norm")
_NUMBERS = ("reg_no", "org_code")
NEEDED: dict[str, tuple[str, ...]] = {
    "entities": (
        *_ROW, "uscc", "name", "name_norm", "entity_type", "status", "established_on", "division_code",
        "industry_code", "key_area", "registered_capital_wan", "reg_no", "parent_uscc", "predecessor_uscc",
        "cancelled_on",
    ),
    "licences": (
        *_ROW, "uscc", "name_norm", "is_natural_person", *_NUMBERS, "authority_key", "authority_division",
        "doc_norm", "licence_norm", "decided_on", "valid_from", "valid_to", "state",
    ),
    "penalties": (
        *_ROW, *_SUBJECT, *_NUMBERS, *_DOC, "fine_fen", "confiscated_fen", "decided_on", "procedure",
        "procedure_code", "doc_says_simple", "says_revoked", "status_code", "kinds",
    ),
    "inspections": (*_ROW, *_SUBJECT, "task_no", "item", "result_code", "inspected_on"),
    "listings": (*_ROW, *_SUBJECT, *_DOC, "list_type", "listed_on", "removed_on", "removal_code"),
    "amendments": (
        *_ROW, *_SUBJECT, "authority_norm", *_DOC, "target_kind", "action", "effective_on", "amendment_no", "row_key",
    ),
    "honours": (*_ROW, *_SUBJECT, *_DOC, "honour_type", "honour_code", "valid_from", "valid_to"),
    "rulings": (
        *_ROW, *_DOC, "authority", "authority_key", "authority_norm", "uscc", "kind", "source_sha256", "ruled_row",
        "conclusion", "event_on", "kinds", "decided_on", "row_key",
    ),
}  # fmt: skip

_DELIVERIES = pa.schema(
    [("kind", pa.string()), ("sha256", pa.string()), ("file_ord", pa.int64()), ("path", pa.string())]
)


def load(ws: Workspace, intake: Intake) -> dict[str, ir.Table]:
    """Tables ``<kind>`` (columns of NEEDED) and ``quarantine`` (with ``path``), each with ``rid``.

    ``rid`` (int64, unique) orders rows by landed_on, path, order of receipt and row number: the delivery
    order of the rules but for ``updated_on``, which comes before it (null first). It says where a row came from
    (`with_source`): on each of millions of accepted rows a path and a hash would be a fourth of what is held.
    """
    import ibis

    deliveries = store_deliveries(ws, intake)

    def with_rid(placed: ir.Table) -> ir.Table:
        rid = placed.file_ord * ibis.literal(ROWS_PER_FILE, "int64") + placed.source_row
        return placed.mutate(rid=rid).drop("file_ord")

    tables: dict[str, ir.Table] = {}
    for kind in KINDS:
        rows = ws.read(intake.accepted(kind), ACCEPTED[kind]).select(*NEEDED[kind])
        of_kind = deliveries.filter(deliveries.kind == kind).select("sha256", "file_ord")
        placed = with_rid(rows.join(of_kind, "sha256")).drop("sha256", "source_row")
        tables[kind] = ws.view(f"placed_{kind}", placed)
    # One scan for all kinds: each row names its own.
    rejected = ws.read([path for kind in KINDS for path in intake.quarantine(kind)], QUARANTINE)
    tables["quarantine"] = ws.view(
        "placed_quarantine", with_rid(rejected.join(deliveries, ["kind", "sha256"]))
    )
    return tables


def store_deliveries(ws: Workspace, intake: Intake) -> ir.Table:
    """Store ``deliveries`` (kind, sha256, file_ord, path): those that take part, by which a ``rid`` is read."""
    return ws.put_rows(
        "deliveries",
        (
            {"kind": d.kind, "sha256": d.sha256, "file_ord": d.file_ord, "path": d.path}
            for d in intake.taking_part()
        ),
        _DELIVERIES,
    )


def file_ord(rows: ir.Table) -> ir.IntegerValue:
    """The delivery that each row's ``rid`` stands for (`records.intake.Delivery`)."""
    import ibis

    return rows.rid // ibis.literal(ROWS_PER_FILE, "int64")


def source_row(rows: ir.Table) -> ir.IntegerValue:
    """The number in its file that each row's ``rid`` stands for."""
    import ibis

    return (rows.rid % ibis.literal(ROWS_PER_FILE, "int64")).cast("int64")


def with_source(ws: Workspace, rows: ir.Table) -> ir.Table:
    """`rows` with the ``path``, ``sha256`` and ``source_row`` that their ``rid`` stands for."""
    files = ws.stored("deliveries").select("path", "sha256", f_ord="file_ord")
    placed = rows.mutate(r_ord=file_ord(rows), source_row=source_row(rows))
    return placed.join(files, [("r_ord", "f_ord")]).drop("r_ord", "f_ord")


def as_received(ws: Workspace, intake: Intake, kind: str, rows: ir.Table) -> ir.Table:
    """Rows with where they came from and all that they said: what NEEDED leaves in the lake, too.

    Args:
        rows: with ``rid``; columns that the lake holds, too, are taken from there.

    Returns:
        ``rows`` with ``path`` and every column of ACCEPTED[kind].
    """
    raw = ws.read(intake.accepted(kind), ACCEPTED[kind])
    placed = with_source(ws, rows.drop(*(c for c in rows.columns if c in ACCEPTED[kind].names)))
    # What the lake holds passes by; what is asked for is held.
    return raw.join(placed, ["sha256", "source_row"])
