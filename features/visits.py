"""Inspection visits: the worst item is the visit's result (rules §6), and visits that hold (§4(b))."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from records.resolve.expr import add_months, day

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.workspace import Workspace

# Worst first (rules §6).
WORST_FIRST = (
    "R6_REFUSED", "R3_FALSE_INFO", "R4_UNREACHABLE", "R2_NOT_PUBLISHED", "R5_CORRECTED", "R8_PENDING", "R0_EXIT",
    "R1_OK", "R7_NO_ACTIVITY",
)  # fmt: skip
HOLDING = ("R3_FALSE_INFO", "R6_REFUSED")


def visits(ws: Workspace, inspections: ir.Table) -> ir.Table:
    """One row per visit of a linked entity (task_no + subject + inspected_on).

    Args:
        inspections: winning rows with ``linked``.

    Returns:
        linked, task_no, inspected_on, result, authority, authority_key, linked_by, rid (of its first row).
    """
    t = inspections.filter(inspections.linked.notnull())
    rank = ibis.cases(
        *[(t.result_code == code, i) for i, code in enumerate(WORST_FIRST)], else_=len(WORST_FIRST)
    )
    t = t.mutate(rank=rank, task=t.task_no.fill_null(""))
    t = t.group_by("linked", "task", "inspected_on").agg(
        rank=t["rank"].min(),
        rid=t.rid.min(),
        authority=t.authority.min(),
        authority_key=t.authority_key.min(),
        linked_by=t.linked_by.max(),
    )
    result = ibis.cases(*[(t["rank"] == i, code) for i, code in enumerate(WORST_FIRST)])
    return ws.save("visits", t.mutate(result=result, task_no=t.task.nullif("")).drop("rank", "task"))


def holding_visits(of_entity: ir.Table, as_of: date, on: date, policy: Policy) -> ir.Table:
    """Visits R3/R6 of ``as_of`` that hold on the day ``on``, with no later R1_OK visit of the entity (O-35).

    Args:
        of_entity: visits with ``uscc`` (the entity they are records of).
    """
    known = of_entity.filter(of_entity.inspected_on <= day(as_of))
    bad = known.filter(known.result.isin(HOLDING))
    months = int(policy.value("inspection_hold_months", on))
    bad = bad.filter(add_months(bad.inspected_on, months) >= day(on))
    good = (
        known.filter(known.result == "R1_OK").group_by("uscc").agg(last_ok_on=lambda t: t.inspected_on.max())
    )
    bad = bad.left_join(good.rename(ok_uscc="uscc"), [("uscc", "ok_uscc")])
    still = bad.last_ok_on.isnull() | (bad.last_ok_on <= bad.inspected_on)
    return bad.filter(still).drop("ok_uscc", "last_ok_on")
