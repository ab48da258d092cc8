"""Joint discipline (跨部门联合惩戒): who is on which list, by which decision, and what each department does."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from records.resolve.expr import add_months, day, is_true, no_day

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.workspace import Workspace

COLUMNS = (
    "uscc", "list_type", "authority", "doc_no", "from_on", "held_as", "via", "measure", "department", "name",
    "division_code", "is_active", "is_provisional", "until_on", "expected_until_on", "ended_as", "measure_number",
    "measure_kind", "measure_name", "basis", "as_of",
)  # fmt: skip
_MEASURE = pa.schema(
    [
        ("m_list", pa.string()), ("measure", pa.string()), ("measure_number", pa.int64()),
        ("measure_kind", pa.int64()), ("measure_name", pa.string()), ("basis", pa.string()),
        ("department", pa.string()),
    ]
)  # fmt: skip


def joint_punishment(ws: Workspace, entities: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    """Store ``joint_punishment``: one row for each list entry, measure and department.

    Every list of the policy is taken, those that do not block too; an entry of a predecessor is its successor's.
    A list without measures has one row with these null. Ended entries stay for ``discipline_left_months`` so that
    each department lifts what it applied; annulled ones are not there: they never stood.

    Args:
        entities: those that have a row on ``as_of``: uscc, name, division_code.

    Returns:
        COLUMNS. ``from_on``: day of the entry; ``until_on``: day on which it ended, null while it stands;
        ``expected_until_on``: end of the term that the list's rules lay down, null where open; ``ended_as``:
        ``REPAIRED`` or ``ENDED``.
    """
    records = ws.stored("records")
    t = records.filter((records.kind == "listings") & (records.event_on <= day(as_of)))
    t = t.filter(~t.is_annulled & ~is_true(t.is_natural_person))
    months = int(policy.value("discipline_left_months", as_of))
    t = t.filter(t.removed_on.isnull() | (add_months(t.removed_on, months) >= day(as_of)))
    here = entities.select("name", "division_code", e_uscc="uscc")
    t = t.join(here, [("uscc", "e_uscc")])
    terms = [
        (t.list_type == term.list, add_months(t.event_on, term.months))
        for term in policy.measures.terms
        if term.months is not None
    ]
    repaired = ibis.ifelse(t.repaired_on.notnull(), ibis.literal("REPAIRED"), ibis.literal("ENDED"))
    t = t.mutate(
        from_on=t.event_on,
        via=t.linked,
        is_active=t.removed_on.isnull(),
        until_on=t.removed_on,
        expected_until_on=ibis.cases(*terms, else_=no_day()) if terms else no_day(),
        ended_as=ibis.ifelse(t.removed_on.isnull(), ibis.null("string"), repaired),
        as_of=day(as_of),
    )
    # Entries that differ only in what is not told are one; each measure of a list is another.
    entries = t.select(*(column for column in COLUMNS if column not in _MEASURE.names)).distinct()
    measures = ws.put_rows("discipline_measures", _rows(policy), _MEASURE)
    rows = entries.left_join(measures, [("list_type", "m_list")])
    return ws.save("joint_punishment", rows.select(*COLUMNS), leaves=True)


def _rows(policy: Policy) -> list[dict[str, Any]]:
    known = policy.measures.by_name
    rows = [
        {
            "m_list": one.name,
            "measure": known[brought.name].code,
            "measure_number": getattr(known[brought.name], "number", None),
            "measure_kind": getattr(known[brought.name], "kind", None),
            "measure_name": brought.name,
            "basis": brought.basis,
            "department": policy.authority_name(department),
        }
        for one in policy.lists
        for brought in one.measures
        for department in known[brought.name].departments
    ]
    # A policy may say one thing twice.
    return [row for place, row in enumerate(rows) if row not in rows[:place]]
