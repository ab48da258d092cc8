"""How a held row reaches an entity: by itself, through predecessors, through a branch (rules, introduction; §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from records.resolve.expr import union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.resolve.entities import Entities
    from records.resolve.workspace import Workspace

# A way is named by where it begins, the branch that it comes up from ('' for none), and whom it reaches.
WAY = ("via", "through", "uscc")


def branches_of(used: ir.Table) -> ir.Table:
    """(branch, parent) of every 分支机构 whose row names another entity as the one that it belongs to."""
    found = used.filter(
        (used.entity_type == "分支机构") & used.parent_uscc.notnull() & (used.parent_uscc != used.uscc)
    )
    return found.select(branch="uscc", parent="parent_uscc")


def ways(ws: Workspace, entities: Entities) -> ir.Table:
    """Every way to another entity: WAY and ``node``, one row for each entity on it but the one that it reaches.

    From a predecessor to each successor; from a branch, or a predecessor of a branch, to the parent. Not from
    a predecessor's branches.
    """
    lineage = entities.lineage
    nodes = lineage.select(node="ancestor", n_uscc="uscc", n_steps="steps")
    up = lineage.join(nodes, [("uscc", "n_uscc")])
    up = up.filter(up.n_steps <= up.steps)
    up = up.select(uscc="uscc", via="ancestor", node="node")
    branches = branches_of(entities.used)
    own = branches.select(via="branch", through="branch", uscc="parent", node="branch")
    longer = up.join(branches, [("uscc", "branch")])
    longer = longer.select("node", "via", through="branch", uscc="parent")
    first = longer.mutate(node=longer.through)
    parts = [
        up.mutate(through=ibis.literal("")).select(*WAY, "node"),
        *(t.select(*WAY, "node") for t in (own, longer, first)),
    ]
    found = union_all(parts).distinct()
    return ws.save("ways", found.filter((found.node != found.uscc) | (found.via == found.uscc)))
