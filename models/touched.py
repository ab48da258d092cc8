"""What amendments and rulings reached, so that a change between two snapshots can be put down to them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from records.resolve.current import ranked
from records.resolve.expr import day, no_text, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.resolve.workspace import Workspace

COLUMNS = ("via", "how", "kind", "authority", "doc_no", "what", "on")


def touched(ws: Workspace, as_of: date) -> ir.Table:
    """Store ``touched``: COLUMNS, for each amendment of a linked record and each ruling that settled something.

    ``how`` is AMENDMENT or RULING, ``via`` the USCC that bears the record or was ruled upon, ``what`` the action
    (信用修复 …) or conclusion, ``on`` its day. ``authority`` and ``doc_no`` as they stand on the record; null for a
    ruling, which may name a row that has none.
    """
    pairs = ws.stored("amendment_pairs")
    pairs = pairs.filter((pairs.effective_on <= day(as_of)) & pairs.linked.notnull())
    pairs = pairs.select(
        "target_kind",
        "action",
        "effective_on",
        p_linked="linked",
        p_authority="authority_key",
        p_doc="doc_norm",
    )
    found = []
    for kind in ("penalties", "listings"):
        rows = ranked(ws, f"linked_{kind}")
        rows = rows.filter(rows.is_winner & rows.linked.notnull())
        rows = rows.select("linked", "authority", "authority_key", "doc_no", "doc_norm")
        t = rows.join(
            pairs.filter(pairs.target_kind == kind),
            [("linked", "p_linked"), ("authority_key", "p_authority"), ("doc_norm", "p_doc")],
        )
        found.append(
            t.select(
                "authority", "doc_no",
                via="linked", how=ibis.literal("AMENDMENT"), kind=ibis.literal(kind), what="action", on="effective_on",
            ).select(*COLUMNS)
        )  # fmt: skip
    last = ws.stored("rulings_last")
    rulings = ws.stored("ranked_rulings")
    rulings = rulings.select("decided_on", r_rid="rid", kind="kind")
    t = last.join(rulings, [("ruling_rid", "r_rid")])
    found.append(
        t.select(
            "kind", via="ruled_uscc", how=ibis.literal("RULING"), authority=no_text(), doc_no=no_text(),
            what="conclusion", on="decided_on",
        ).select(*COLUMNS)
    )  # fmt: skip
    return ws.save("touched", union_all(found).distinct(), leaves=True)
