"""Quarantined and unmatched rows as regulators see them: natural persons masked (contract §3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from records.persons import without_names
from records.resolve.expr import is_true, no_text, union_all
from records.resolve.linking import unmatched_reason
from records.resolve.load import with_source

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.resolve.entities import Entities
    from records.resolve.workspace import Workspace

_DAY = {
    "penalties": "decided_on", "listings": "listed_on", "licences": "decided_on", "inspections": "inspected_on",
    "honours": "valid_from", "amendments": "effective_on", "rulings": "decided_on",
}  # fmt: skip
_MASK = "**"


def masked(name: ir.StringValue) -> ir.StringValue:
    """A natural person's name as 王**."""
    return name.substr(0, 1) + ibis.literal(_MASK)


def _with_is_person(rows: ir.Table, entities: Entities) -> ir.Table:
    """A person by kind; or, where neither USCC nor kind is known, a name that no entity bears."""
    borne = entities.names.select(borne="name_norm").distinct()
    t = rows.left_join(borne, [("name_norm", "borne")])
    unknown = t.uscc.isnull() & t.subject_kind.isnull() & t.borne.isnull()
    return t.mutate(is_person=is_true(t.is_natural_person) | unknown).drop("borne")


def unmatched_table(ws: Workspace, unmatched: dict[str, ir.Table], entities: Entities) -> ir.Table:
    """Columns of ``unmatched.parquet``.

    Args:
        unmatched: per kind the winning rows with ``rid`` that found no entity (amendments, rulings: no target).
    """
    parts = []
    for kind, rows in unmatched.items():
        if kind == "rulings":
            t = rows.mutate(name_shown=no_text(), reason_code=ibis.literal("nothing_found"))
        else:
            t = _with_is_person(rows, entities)
            name = ibis.ifelse(t.is_person, masked(t.subject_name), t.subject_name)
            reason = ibis.literal("no_target") if kind == "amendments" else unmatched_reason(t)
            t = t.mutate(name_shown=name, reason_code=reason)
        doc = t.doc_no if kind != "inspections" else t.task_no
        if kind == "licences":
            doc = ibis.coalesce(t.doc_no, t.licence_no)
        parts.append(
            t.select(
                "rid",
                kind=ibis.literal(kind),
                uscc_seen="uscc",
                name_seen="name_shown",
                reason="reason_code",
                event_on=t[_DAY[kind]],
                authority="authority",
                doc_no=doc,
            )
        )
    t = with_source(ws, union_all(parts)).rename(source_file="path", source_sha256="sha256")
    return t.select(
        "kind", "source_file", "source_sha256", "source_row", "uscc_seen", "name_seen", "reason", "event_on",
        "authority", "doc_no",
    )  # fmt: skip


def quarantine_table(ws: Workspace, quarantine: ir.Table, entities: Entities) -> ir.Table:
    """Store ``quarantine`` in the columns of the contract.

    Names inside ``raw`` are masked here, since only here it is known which names are no entity's.
    """
    t = _with_is_person(quarantine, entities)
    # An entity's own row and a row of wrong shape carry no person that could be told from a name.
    t = t.mutate(is_person=t.is_person & (t.kind != "entities") & ~t.is_row_shape)
    persons = ws.fetch(
        t.filter(t.is_person & t.name_header.notnull()).select("rid", "raw", "name_header").order_by("rid")
    )
    edited = [
        {"p_rid": row["rid"], "p_raw": _mask_raw(row["raw"], row["name_header"])}
        for row in persons.to_pylist()
    ]
    side = ws.put_rows(
        "quarantine_persons", edited, pa.schema([("p_rid", pa.int64()), ("p_raw", pa.string())])
    )
    t = t.left_join(side, [("rid", "p_rid")])
    name = ibis.ifelse(t.is_person & ~t.name_seen.endswith(_MASK), masked(t.name_seen), t.name_seen)
    return ws.save(
        "quarantine",
        t.select(
            "kind", "source_row", "rules", "uscc_seen",
            source_file="path",
            source_sha256="sha256",
            name_seen=name,
            raw=ibis.coalesce(t.p_raw, t.raw),
        ).select("kind", "source_file", "source_sha256", "source_row", "rules", "uscc_seen", "name_seen", "raw"),
        leaves=True,
    )  # fmt: skip


def _mask_raw(raw: str | None, header: str) -> str | None:
    if raw is None:
        return None
    row = json.loads(raw)
    name = row.get(header) if isinstance(row, dict) else None
    if isinstance(name, str) and name and not name.endswith(_MASK):
        row = {key: without_names(cell, [name]) if cell else cell for key, cell in row.items()}
        row[header] = name[0] + _MASK
    return json.dumps(row, ensure_ascii=False)
