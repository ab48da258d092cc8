"""What §5 looks at: the records, holds and honours known on ``as_of``, under the parameters of one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import ibis

from features.holds import conflict_holds, holds, row_holds, visit_holds
from features.listings import listing_versions
from features.of_entity import judged, of_branches, with_predecessors
from features.penalties import RECORD, version_conflicts
from features.visits import holding_visits
from records.resolve.expr import add_months, day, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.entities import Entities
    from records.resolve.workspace import Workspace


class View(NamedTuple):
    """What is judged.

    Attributes:
        entries: `features.listings.listing_versions`.
        records: RECORD columns of each entity, its predecessors' too.
        judged: `features.of_entity.judged`, serious penalties of branches too.
        holds: `features.holds.HOLD` columns, not settled.
        honours: recognised honours with their term: uscc, authority, doc_no, honour_code, linked_by, valid_from,
            valid_to.
    """

    entries: ir.Table
    records: ir.Table
    judged: ir.Table
    holds: ir.Table
    honours: ir.Table


@dataclass(frozen=True)
class Known:
    """Rows known on ``as_of``, resolved, before any parameter of a day is asked.

    Attributes:
        versions: `features.penalties.penalty_versions`; penalties: the records made of them and of rulings.
        listings: linked rows; ruled: `features.rulings.ruled_listings`; states: `features.force.states`.
        visits: of each entity and its predecessors.
        honours: linked rows.
        held, pairs, settled, ways, rulings: as `features.holds` takes them.
        feeds: holds of late sources, on ``as_of`` alone (rules §4 (f)).
    """

    as_of: date
    entities: Entities
    versions: ir.Table
    penalties: ir.Table
    listings: ir.Table
    ruled: ir.Table
    states: ir.Table
    visits: ir.Table
    honours: ir.Table
    held: ir.Table
    pairs: ir.Table
    settled: ir.Table
    ways: ir.Table
    rulings: ir.Table
    feeds: list[ir.Table]


def view(ws: Workspace, known: Known, on: date, policy: Policy) -> View:
    """Judge what is known under the parameters of a day, ``as_of`` or the first of a later period of the policy."""
    as_of, entities = known.as_of, known.entities
    suffix = "" if on == as_of else f"_{on:%Y%m%d}"

    entries = listing_versions(known.listings, known.ruled, known.states, as_of, on, policy)
    entries = ws.save(f"listing_records{suffix}", entries)
    records = with_predecessors(union_all([known.penalties, entries.select(*RECORD)]), entities.lineage)
    records = ws.save(f"records{suffix}", records)
    with_branches = union_all([records, of_branches(records, entities, on, policy)])

    conflicts = ws.save(f"version_conflicts{suffix}", version_conflicts(known.versions, as_of, on, policy))
    held = holds(
        [
            *(known.feeds if on == as_of else []),
            row_holds(known.held, known.pairs, known.settled, entities.used, as_of, on, policy),
            visit_holds(holding_visits(known.visits, as_of, on, policy)),
        ],
        conflict_holds(conflicts, known.ways, on, policy),
        known.rulings,
        known.ways,
    )
    return View(
        entries=entries,
        records=records,
        judged=ws.save(f"judged{suffix}", judged(with_branches, as_of, on, policy)),
        holds=ws.save(f"holds{suffix}", held),
        honours=ws.save(f"honours_recognised{suffix}", _honours(known.honours, as_of, on, policy)),
    )


def _honours(rows: ir.Table, as_of: date, on: date, policy: Policy) -> ir.Table:
    """Honours of ``as_of`` of linked entities, a row each, that the policy of ``on`` recognises.

    Where no end is stated, the default term of the type.
    """
    terms = policy.honour_terms(on)
    t = rows.filter(rows.is_winner & rows.linked.notnull() & rows.honour_code.isin(list(terms) or ["-"]))
    t = t.filter(t.valid_from <= day(as_of))
    cases = [(t.honour_code == name, months) for name, months in terms.items()]
    months = ibis.cases(*cases, else_=0).cast("int32") if cases else ibis.literal(0, "int32")
    return t.select(
        "authority",
        "doc_no",
        "honour_code",
        "linked_by",
        "valid_from",
        uscc="linked",
        valid_to=ibis.coalesce(t.valid_to, add_months(t.valid_from, months)),
    )
