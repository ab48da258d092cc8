"""Rows that quote an authority (作出机关) beside the records that they mean (contract §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from records.resolve.expr import union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir


def by_either_name(rows: ir.Table) -> ir.Table:
    """Each row under every ``authority_key`` that the record which it means may have: once, or twice.

    A record goes by the entry of the policy's table that bears the authority's name on the record's own day, else by
    the name alone. A row that quotes the name does not tell that day: its key is the entry that ever bore the name.

    Args:
        rows: with ``authority_key`` and ``authority_norm`` (null: the row has a day of its own).
    """
    alone = rows.filter(rows.authority_norm != rows.authority_key)
    return union_all([rows, alone.mutate(authority_key=alone.authority_norm)])
