"""Market entities: versions, the row used on a day, lineage, and the names and numbers they are found by."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import ibis
import pyarrow as pa

from records.resolve.expr import day

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.resolve.workspace import Workspace

_NULL_DAY = date(1, 1, 1)
_FAR_DAYS = 10_000_000


class Entities(NamedTuple):
    """Entity tables.

    Attributes:
        versions: one row per (uscc, updated_on), the winner in delivery order.
        used: per uscc the row used on ``as_of``; ``has_row`` is false before its establishment;
            ``status`` as read on that day.
        names: distinct (name_norm, uscc, division_code) over all rows, former names too.
        usccs: every USCC that a record can be linked to: entities' own and their predecessors'.
        former: those of them that on ``as_of`` are nobody's: predecessors in rows that are not used.
        reg_nos, org_codes: (number, uscc) where exactly one entity carries the number.
        lineage: (uscc, ancestor, steps): predecessors of the rows used, transitively.
    """

    versions: ir.Table
    used: ir.Table
    names: ir.Table
    usccs: ir.Table
    former: tuple[str, ...]
    reg_nos: ir.Table
    org_codes: ir.Table
    lineage: ir.Table


def resolve_entities(ws: Workspace, rows: ir.Table, as_of: date) -> Entities:
    """Resolve ``entities`` rows as of a day (rules, introduction; contract §2 natural keys)."""
    rows = rows.mutate(known_on=rows.updated_on.fill_null(day(_NULL_DAY)))
    last = rows.group_by("uscc", "known_on").agg(last_rid=rows.rid.max())
    versions = ws.save("entity_versions", rows.semi_join(last, [("rid", "last_rid")]))
    used = ws.save("entities_used", _used(versions, as_of))
    names = ws.save(
        "entity_names",
        rows.filter(rows.name_norm.notnull()).select("name_norm", "uscc", "division_code").distinct(),
    )
    own = rows.select("uscc")
    before = rows.filter(rows.predecessor_uscc.notnull()).select(uscc=rows.predecessor_uscc)
    usccs = ws.save("linkable_usccs", own.union(before).distinct())
    org_rows = own.mutate(number=own.uscc.substr(8, 9))
    reg_rows = rows.filter(rows.reg_no.notnull()).select("uscc", number=rows.reg_no)
    return Entities(
        versions=versions,
        used=used,
        names=names,
        usccs=usccs,
        former=_former(ws, versions, used, usccs),
        reg_nos=ws.save("entity_reg_nos", _unique_numbers(reg_rows)),
        org_codes=ws.save("entity_org_codes", _unique_numbers(org_rows)),
        lineage=_lineage(ws, used),
    )


def entities_on(ws: Workspace, entities: Entities, as_of: date) -> Entities:
    """The same entities as of another day."""
    used = ws.save("entities_used", _used(entities.versions, as_of))
    former = _former(ws, entities.versions, used, entities.usccs)
    return entities._replace(used=used, former=former, lineage=_lineage(ws, used))


def _used(versions: ir.Table, as_of: date) -> ir.Table:
    """Greatest updated_on ≤ as_of (null oldest); if all are later, the earliest, 注销 not yet so taken as 存续."""
    t = versions.mutate(is_later=versions.known_on > day(as_of))
    # Days from as_of, any later row behind every earlier one.
    distance = t.known_on.delta(day(as_of), unit="day").abs() + ibis.ifelse(t.is_later, _FAR_DAYS, 0)
    nearest = t.mutate(distance=distance).group_by("uscc").agg(used_rid=lambda x: x.rid.argmin(x.distance))
    t = t.semi_join(nearest, [("rid", "used_rid")])
    not_yet = t.is_later & (t.status == "注销") & (t.cancelled_on > day(as_of)).fill_null(False)
    return t.mutate(
        status=ibis.ifelse(not_yet, ibis.literal("存续"), t.status),
        is_status_assumed=not_yet,
        has_row=t.established_on <= day(as_of),
    )


def _unique_numbers(pairs: ir.Table) -> ir.Table:
    grouped = pairs.group_by("number").agg(uscc=pairs.uscc.min(), other=pairs.uscc.max())
    return grouped.filter(grouped.uscc == grouped.other).drop("other")


def _former(ws: Workspace, versions: ir.Table, used: ir.Table, usccs: ir.Table) -> tuple[str, ...]:
    """Predecessors that only a row not used names, and that are no entities. Few: told one by one."""
    alone = usccs.anti_join(versions, "uscc")
    alone = alone.anti_join(used.select("predecessor_uscc"), [("uscc", "predecessor_uscc")])
    return tuple(ws.fetch(alone.order_by("uscc")).column("uscc").to_pylist())


def _lineage(ws: Workspace, used: ir.Table) -> ir.Table:
    """Transitive predecessors with their distance, cycles cut. The pairs are few: closed in memory."""
    pairs = ws.fetch(used.filter(used.predecessor_uscc.notnull()).select("uscc", "predecessor_uscc"))
    before = {row["uscc"]: row["predecessor_uscc"] for row in pairs.to_pylist()}
    found: list[dict[str, str | int]] = []
    for uscc in sorted(before):
        chain = [uscc]
        while chain[-1] in before and before[chain[-1]] not in chain:
            chain.append(before[chain[-1]])
        found.extend(
            {"uscc": uscc, "ancestor": ancestor, "steps": n} for n, ancestor in enumerate(chain) if n
        )
    schema = pa.schema([("uscc", pa.string()), ("ancestor", pa.string()), ("steps", pa.int32())])
    return ws.put_rows("lineage", found, schema)
