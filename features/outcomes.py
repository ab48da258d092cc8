"""What became of each entity in a window: the label that a scorecard learns (policy/scorecard.yaml, ``event``)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from features.history import happened
from records.resolve.expr import day

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.facts import Facts
    from policy import Policy
    from records.resolve.workspace import Workspace


def outcomes(ws: Workspace, facts: Facts, start: date, end: date, policy: Policy) -> ir.Table:
    """Events after ``start`` up to and including ``end``, as known on ``end``.

    Args:
        facts: as of ``end``, so that no label knows what came later.

    Returns:
        uscc, ``event_on`` (first in the window; null: none), ``visited_on`` (first visit in it; null: none). Entities
        with neither have no row. At ``next_visit`` an event is one of the first visit's day.
    """
    inside = happened(facts, policy.scorecard.event, policy)
    inside = inside.filter((inside.event_on > day(start)) & (inside.event_on <= day(end)))
    seen = facts.visits.filter(
        (facts.visits.inspected_on > day(start)) & (facts.visits.inspected_on <= day(end))
    )
    first_visit = seen.group_by(uscc="linked").agg(visited_on=seen.inspected_on.min())
    first_event = inside.group_by("uscc").agg(first_on=inside.event_on.min())
    t = first_visit.outer_join(first_event.rename(e_uscc="uscc"), [("uscc", "e_uscc")])
    t = t.select(uscc=t.uscc.fill_null(t.e_uscc), visited_on="visited_on", event_on="first_on")
    if policy.scorecard.event.at == "next_visit":
        t = t.filter(t.visited_on.notnull())
        t = t.mutate(event_on=(t.event_on == t.visited_on).ifelse(t.event_on, None))
    return ws.save("outcomes", t)
