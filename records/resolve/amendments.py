"""Which penalties and list entries an amendment changes (rules §1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ibis

from records.resolve.expr import union_all
from records.resolve.quoting import by_either_name

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.resolve.workspace import Workspace

# What an amendment works on: a natural key. A record that a ruling made stands beside the rows of its key: what names
# those alone does not reach it.
TARGET = ("target_kind", "authority_key", "doc_norm", "subject", "entry", "is_ruled")


class AmendmentLinks(NamedTuple):
    """What amendments found.

    Attributes:
        pairs: amendment columns with the ``subject``, ``entry`` and ``linked`` of each target found.
        unfound: winning amendments that found nothing.
    """

    pairs: ir.Table
    unfound: ir.Table


def target_keys(penalties: ir.Table, listings: ir.Table, asked: ir.Table) -> ir.Table:
    """Natural keys of penalties and list entries with the names on their rows: what amendments look for.

    Args:
        asked: (authority_key, doc_norm) that amendments name: a few of millions.
    """
    asked = asked.select("authority_key", "doc_norm").distinct()

    def keys(rows: ir.Table, kind: str) -> ir.Table:
        named = rows.filter(rows.doc_norm != "").semi_join(asked, ["authority_key", "doc_norm"])
        return named.select(
            "authority_key", "doc_norm", "subject", "linked", "name_norm", target_kind=ibis.literal(kind),
            entry=entry_of(named, kind), is_ruled=ibis.literal(False),
        )  # fmt: skip

    return union_all([keys(penalties, "penalties"), keys(listings, "listings")]).distinct()


def entry_of(rows: ir.Table, kind: str) -> ir.StringValue:
    """What tells list entries of one number and subject apart (contract, natural keys): list and day."""
    if kind == "penalties":
        return ibis.literal("")
    return rows.list_type + "@" + rows.listed_on.cast("string")


def find_targets(ws: Workspace, amendments: ir.Table, targets: ir.Table, names: ir.Table) -> AmendmentLinks:
    """Match winning amendments with targets.

    Args:
        amendments: winning rows, canonical columns with ``rid``.
        targets: see `target_keys`.
        names: entity names (name_norm, uscc).

    A USCC must equal the target's subject and never falls back to the name; without a USCC the name must be
    on a row of the target or borne by its entity; without either, the number must belong to one subject.
    """
    asked = by_either_name(amendments).select(
        "rid", "target_kind", "action", "authority_key", "doc_norm", "effective_on", "amendment_no",
        "updated_on", asked_uscc="uscc", asked_name="name_norm",
    )  # fmt: skip
    on = ["target_kind", "authority_key", "doc_norm"]
    found = ws.save("amendment_candidates", asked.join(targets, on))
    by_code = found.filter(found.asked_uscc == found.subject)
    nameless = found.filter(found.asked_uscc.isnull())
    on_row = nameless.filter(nameless.asked_name == nameless.name_norm)
    borne = names.select(borne_by="uscc", borne_name="name_norm").distinct()
    of_entity = nameless.filter(nameless.asked_name.notnull()).join(
        borne, [("linked", "borne_by"), ("asked_name", "borne_name")]
    )
    bare = nameless.filter(nameless.asked_name.isnull())
    bare = bare.mutate(one=bare.subject.min().over(group_by="rid") == bare.subject.max().over(group_by="rid"))
    alone = bare.filter(bare.one)
    columns = [
        "rid", "target_kind", "action", "authority_key", "doc_norm", "effective_on", "amendment_no", "updated_on",
        "subject", "entry", "linked", "is_ruled",
    ]  # fmt: skip
    pairs = union_all([t.select(*columns) for t in (by_code, on_row, of_entity, alone)]).distinct()
    pairs = ws.save("amendment_pairs", pairs)
    return AmendmentLinks(pairs, amendments.anti_join(pairs, "rid"))
