"""Everything that is known of every entity as of a day: resolve the rows, judge them, gather the features."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis

from features.feeds import feed_holds, look_at_feeds, source_names
from features.force import states
from features.indicators import entity_features, event_streams
from features.of_entity import with_predecessors
from features.penalties import minor_or_more, penalty_records, penalty_versions
from features.rulings import apply_rulings, events_of, ruled_listings, ruled_penalties
from features.tiers import kinds_table, with_tier
from features.views import Known, View, view
from features.visits import visits
from features.windows import Period, periods
from policy import fold
from records.resolve.amendments import find_targets, target_keys
from records.resolve.current import KEYS, store_ranked, with_closing_rows, with_licence_key
from records.resolve.entities import Entities, entities_on, resolve_entities
from records.resolve.expr import day, is_true, no_text, union_all
from records.resolve.held import carried, held_rows, settled_by_rows, spread
from records.resolve.linking import link
from records.resolve.load import as_received, load
from records.resolve.publishable import quarantine_table, unmatched_table
from records.resolve.quoting import by_either_name
from records.resolve.ways import ways

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.intake import Intake
    from records.resolve.workspace import Workspace

LINKED = ("penalties", "listings", "licences", "inspections", "honours")  # kinds whose rows are of a subject


@dataclass(frozen=True)
class Facts:
    """What the models judge.

    Attributes:
        features: one row per entity that has a row (`features.indicators.entity_features`).
        judged: records of each entity with ``counts``, ``would_count``, ``is_active``, ``held_as``.
        holds: `features.holds.HOLD` columns, not settled.
        honours: recognised honours with their term.
        periods: the periods of the policy from the day on, each with what §5 looks at in it: these three, or what
            they are under the period's parameters.
        events: streams for the points.
        visits: of linked entities (`features.visits.visits`), and items: what was inspected, with its result.
        licences: linked winning rows.
        conservation: per kind.
        warnings: lines for the manifest, those about sources first.
        feeds: every declared source on the day (`features.feeds.FeedLook.described`).
    """

    features: ir.Table
    judged: ir.Table
    holds: ir.Table
    honours: ir.Table
    periods: list[tuple[Period, View]]
    events: ir.Table
    visits: ir.Table
    items: ir.Table
    licences: ir.Table
    conservation: dict[str, dict[str, int]]
    warnings: list[str] = field(default_factory=list)
    feeds: list[dict[str, Any]] = field(default_factory=list)


class Linked(NamedTuple):
    """Linked rows of every kind, with ``is_winner``."""

    rows: dict[str, ir.Table]
    entities: Entities
    quarantine: ir.Table


def gather(ws: Workspace, intake: Intake, policy: Policy, as_of: date, linked: Linked | None = None) -> Facts:
    """Resolve and judge an intake as of a day; also stores ``quarantine`` and ``unmatched``.

    Args:
        linked: `link_all` of the same intake in the same workspace, for any day: linking asks for no day, so that
            several days need it once.
    """
    base = link_all(ws, intake, as_of) if linked is None else linked
    if linked is not None:
        base = linked._replace(entities=entities_on(ws, linked.entities, as_of))
    rows, entities = _placed(base)
    rulings, amendments = rows["rulings"], rows["amendments"]
    winning_rulings = rulings.filter(rulings.is_winner)
    lonely = winning_rulings.anti_join(entities.usccs, "uscc")
    winning_rulings = winning_rulings.semi_join(entities.usccs, "uscc")

    unmatched = {k: rows[k].filter(lambda t: t.is_winner & t.linked.isnull()) for k in LINKED}
    unmatched["licences"] = as_received(ws, intake, "licences", unmatched["licences"])
    paths = ways(ws, entities)

    # A penalty that a ruling made is found by amendments, and an amendment that finds nothing can be ruled upon:
    # what rulings say of penalties comes first.
    superseded = _superseded(rows["penalties"])
    of_penalties = apply_rulings(
        ws, "penalty_rulings", winning_rulings,
        events_of([_places(base.quarantine), _places(unmatched["penalties"], "penalties")], superseded),
        paths, as_of,
    )  # fmt: skip
    upheld = ruled_penalties(winning_rulings, of_penalties.last)
    rejected = base.quarantine.filter(base.quarantine.kind == "amendments")
    asked = union_all([by_either_name(t).select("authority_key", "doc_norm") for t in (amendments, rejected)])
    targets = ws.save(
        "targets",
        union_all([target_keys(rows["penalties"], rows["listings"], asked), _ruled_targets(upheld)]),
    )
    amended = find_targets(ws, amendments.filter(amendments.is_winner), targets, entities.names)
    state = ws.save("states", states(amended.pairs, as_of))

    unmatched["amendments"] = amended.unfound
    held_kinds = ("penalties", "listings", "amendments")
    held = held_rows(ws, base.quarantine, {k: unmatched[k] for k in held_kinds})
    placeholders = sorted({fold(name) for name in policy.placeholder_names})
    pairs = spread(ws, held, carried(ws, held, entities, targets, placeholders), paths)

    all_visits = visits(ws, rows["inspections"].filter(lambda t: t.is_winner))
    versions = penalty_versions(ws, rows["penalties"], state, policy)
    events = events_of(
        [_places(base.quarantine), *(_places(unmatched[kind], kind) for kind in held_kinds)],
        superseded,
        _visit_events(rows["inspections"], all_visits),
    )
    ruled = apply_rulings(ws, "rulings", winning_rulings, events, paths, as_of)
    unmatched["rulings"] = ruled.unfound.union(lonely.select(*ruled.unfound.columns), distinct=True)

    made = _ruled_penalty_records(ws, upheld, state, policy)
    settled = settled_by_rows(
        ws, held, pairs, paths,
        {
            "penalties": rows["penalties"],
            "listings": rows["listings"].mutate(doc_norm=rows["listings"].row_doc_norm),
            "entities": rows["entities"],
            "rulings": rulings.mutate(linked=rulings.uscc),
        },
        amended.pairs,
    )  # fmt: skip
    feeds = look_at_feeds(ws, rows, intake, as_of, policy)
    names = source_names(policy)
    known = Known(
        as_of=as_of,
        entities=entities,
        versions=versions,
        penalties=penalty_records(versions, made),
        listings=rows["listings"],
        ruled=ruled_listings(winning_rulings, ruled.last, held),
        states=state,
        visits=with_predecessors(all_visits, entities.lineage),
        honours=rows["honours"],
        held=held,
        pairs=pairs,
        settled=settled,
        ways=paths,
        rulings=ruled.last,
        feeds=feed_holds(feeds, entities.used.filter(entities.used.has_row), as_of, policy),
    )
    now = view(ws, known, as_of, policy)
    spans = periods(policy, as_of)
    views = [now if span.adds_nothing else view(ws, known, span.start, policy) for span in spans]
    records, honours = now.records, now.honours
    features = entity_features(
        ws, entities, rows["licences"], minor_or_more(records, as_of), honours, as_of, policy
    )
    streams = event_streams(
        minor_or_more(records, as_of), all_visits.rename(uscc="linked"), honours, entities.used, as_of, policy
    )
    told = ws.save("unmatched", unmatched_table(ws, unmatched, entities), leaves=True)
    quarantine_table(ws, base.quarantine, entities)
    facts = Facts(
        features=features,
        judged=now.judged,
        holds=now.holds,
        honours=honours,
        periods=list(zip(spans, views, strict=True)),
        events=ws.save("events", streams),
        visits=all_visits,
        items=rows["inspections"].filter(lambda t: t.is_winner & t.linked.notnull()),
        licences=rows["licences"].filter(lambda t: t.is_winner & t.linked.notnull()),
        conservation=_conservation(
            ws,
            rows,
            entities,
            told,
            {"penalties": _withdrawn(versions, as_of), "listings": _withdrawn(now.entries, as_of)},
        ),
        warnings=[line for look in feeds for line in look.warnings()]
        + _placeholder_warnings(ws, held, placeholders),
        feeds=[look.described(names[look.feed.id]) for look in feeds],
    )
    ws.release("entities_used", "targets", "held_rows")
    return facts


def _placed(linked: Linked) -> tuple[dict[str, ir.Table], Entities]:
    """Rows and entities of the day: what bears a code that is nobody's predecessor any more is linked to nothing."""
    rows, entities = linked.rows, linked.entities
    if not entities.former:
        return rows, entities
    of_nobody = {
        kind: t.mutate(linked=ibis.ifelse(t.linked.isin(entities.former), no_text(), t.linked))
        for kind, t in rows.items()
        if kind in LINKED
    }
    known = entities.usccs.filter(entities.usccs.uscc.notin(entities.former))
    return rows | of_nobody, entities._replace(usccs=known)


def _placeholder_warnings(ws: Workspace, held: ir.Table, placeholders: list[str]) -> list[str]:
    """Names that stand for no name hold nobody; the manifest lists those met."""
    nameable = held.filter(held.uscc.isnull() & ~is_true(held.is_natural_person))
    t = nameable.filter(nameable.name_norm.isin(placeholders or [""]))
    met = ws.fetch(t.group_by("name_norm").agg(n=t.count()).order_by("name_norm")).to_pylist()
    return [f"placeholder name {row['name_norm']}: {row['n']} held rows hold nobody" for row in met]


def link_all(ws: Workspace, intake: Intake, as_of: date) -> Linked:
    """Load, link and rank every kind."""
    tables = load(ws, intake)
    entities = resolve_entities(ws, tables["entities"], as_of)
    ws.expect(**ws.count({"entities": entities.used}))
    rows: dict[str, ir.Table] = {"entities": tables["entities"]}
    for kind in LINKED:
        t = link(ws, kind, tables[kind], entities)
        if kind == "listings":
            # Stored first: the rows are looked at from five sides.
            t = with_closing_rows(ws.save("listings_placed", t))
        elif kind == "licences":
            t = with_licence_key(t)
        elif kind == "honours":
            # An honour of no known type keeps its own name in the key.
            t = t.mutate(honour_key=ibis.coalesce(t.honour_code, ibis.literal("raw:") + t.honour_type))
        rows[kind] = store_ranked(ws, f"linked_{kind}", t, KEYS[kind])
    ws.release("listings_placed")
    for kind in ("amendments", "rulings"):
        rows[kind] = store_ranked(ws, f"ranked_{kind}", tables[kind], KEYS[kind])
    return Linked(rows, entities, tables["quarantine"])


def _places(rows: ir.Table, kind: str | None = None) -> ir.Table:
    """What a ruling names a row by; the kind where the rows do not say it."""
    rows = rows if kind is None else rows.mutate(kind=ibis.literal(kind))
    return rows.select("rid", "kind", "authority_key", "doc_norm")


def _ruled_targets(upheld: ir.Table) -> ir.Table:
    """A penalty that a ruling makes can be found by amendments, too."""
    named = upheld.filter((upheld.doc_norm.fill_null("") != "") & upheld.authority_key.notnull())
    return named.select(
        "authority_key", "doc_norm", "subject", "linked",
        name_norm=ibis.null("string"), target_kind=ibis.literal("penalties"), entry=ibis.literal(""),
        is_ruled=ibis.literal(True),
    ).distinct()  # fmt: skip


def _superseded(penalties: ir.Table) -> ir.Table:
    """Superseded versions of linked penalties, which a ruling can name."""
    old = penalties.filter(~penalties.is_winner & penalties.linked.notnull())
    return old.select("rid", "authority_key", "doc_norm", event_rid="rid", only_from="linked")


def _visit_events(inspections: ir.Table, all_visits: ir.Table) -> ir.Table:
    """Items of visits, by any of which a ruling can name one."""
    bad = all_visits.select(
        v_linked="linked", v_task=all_visits.task_no.fill_null(""), v_day="inspected_on", v_rid="rid"
    )
    items = inspections.filter(inspections.linked.notnull())
    items = items.mutate(task=items.task_no.fill_null("")).select(
        "linked", "task", "inspected_on", "authority_key", "rid"
    )
    t = items.join(bad, [("linked", "v_linked"), ("task", "v_task"), ("inspected_on", "v_day")])
    return t.select("authority_key", "rid", event_rid="v_rid", doc_norm="task", only_from="linked")


def _ruled_penalty_records(ws: Workspace, upheld: ir.Table, state: ir.Table, policy: Policy) -> ir.Table:
    """Penalties upheld by a ruling, in RECORD columns (kind and list columns are added by the caller)."""
    from features.force import with_force

    t = with_tier(upheld, kinds_table(ws, "ruled_penalty", upheld, policy), policy)
    t = with_force(t, state, "penalties", is_ruled=True)
    return t.mutate(event_on=t.decided_on, is_provisional=t.is_under_review)


def _withdrawn(versions: ir.Table, as_of: date) -> ir.Table:
    """Delivered penalties or list entries that exist on ``as_of`` and were annulled."""
    t = versions.filter(versions.is_annulled & (versions.event_on <= day(as_of)))
    if "is_from_row" in t.columns:
        return t.filter(t.is_from_row)
    return t.filter(t.is_winner)


def _conservation(
    ws: Workspace,
    rows: dict[str, ir.Table],
    entities: Entities,
    unmatched: ir.Table,
    withdrawn: dict[str, ir.Table],
) -> dict[str, dict[str, int]]:
    """Accepted = current + superseded + withdrawn; unmatched ⊆ current."""
    parts = {}
    for kind, t in rows.items():
        parts[f"{kind} accepted"] = t
        parts[f"{kind} winners"] = entities.versions if kind == "entities" else t.filter(t.is_winner)
        parts[f"{kind} unmatched"] = unmatched.filter(unmatched.kind == kind)
    parts |= {f"{kind} withdrawn": t for kind, t in withdrawn.items()}
    found = ws.count(parts)
    result = {}
    for kind in rows:
        gone = found.get(f"{kind} withdrawn", 0)
        result[kind] = {
            "accepted": found[f"{kind} accepted"],
            "current": found[f"{kind} winners"] - gone,
            "superseded": found[f"{kind} accepted"] - found[f"{kind} winners"],
            "withdrawn": gone,
            "unmatched": found[f"{kind} unmatched"],
        }
    return result
