"""§4: what holds an entity for review, until when, and how it is settled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from tests.reference.dates import add_months, within_months
from tests.reference.directory import is_natural
from tests.reference.facts import Facts
from tests.reference.feeds import stale_feeds
from tests.reference.force import CHANGE, UNREPAIR, Force, has_subject, is_of_authority, names_act
from tests.reference.keys import Record
from tests.reference.penalties import Penalty, silenced_versions
from tests.reference.routes import Route, routes_to
from tests.reference.rulings import AGAIN, TRUE, UNFOUNDED, Matter, entry_made_true, last_ruling, ruling_order
from tests.reference.visits import visits_of
from tests.reference.world import Row, comes_later


@dataclass(frozen=True)
class Hold:
    """One reason to hold, as it may stand in the blockers.

    Attributes:
        kind: record kind of the row.
        doc_no: raw document number, None where there is none.
        event_on: day of the row, None where unread.
        holds_on: whether it still holds on a later day.
    """

    kind: str
    doc_no: str | None
    event_on: date | None
    holds_on: Callable[[date], bool]


def holds_of(uscc: str, facts: Facts) -> list[Hold]:
    """Every hold (a) to (f) of an entity that is not settled; on which days it stands is asked of each."""
    routes = routes_to(uscc, facts.directory)
    return [
        *held_rows(uscc, routes, facts),
        *held_by_amendments(uscc, routes, facts),
        *held_by_entity_rows(uscc, facts),
        *held_by_rulings(uscc, routes, facts),
        *held_by_visits(uscc, facts),
        *held_by_conflicts(uscc, routes, facts),
        *held_by_feeds(uscc, facts),
    ]


# -- who is carried by a row (§4a) -------------------------------------------------------------------------------


def carried(row: Row, facts: Facts) -> set[str]:
    """Entities that a row carries, as the subject rules would link it; several for a name of several."""
    directory = facts.directory
    placeholders = facts.placeholder_names
    if row.get("is_row_shape"):
        cells = set(row["cells"] or []) - placeholders
        return {uscc for uscc in directory.known if uscc in cells or directory.names(uscc) & cells}
    found, how = directory.candidates(row)
    if how == "name" and row["name_norm"] in placeholders:
        return set()  # 无字号 and the like hold nobody
    return found


def carrying_routes(
    row: Row, carriers: set[str], routes: list[Route], *, to_parent: bool, to_successor: bool = True
) -> list[Route]:
    """The routes by which a row that carries `carriers` holds the entity."""
    if is_natural(row):  # holds only the 个体工商户 whose USCC it carries (§3)
        to_parent = to_successor = False
    return [
        route
        for route in routes
        if route.source in carriers and (to_parent or not route.via_branch) and (to_successor or route.is_own)
    ]


def event_of(row: Row, field: str) -> date | None:
    """The row's day: `event_on` in the quarantine, the kind's own column in accepted rows."""
    return row["event_on"] if "rules" in row else row[field]


def shown_event(row: Row, field: str) -> date | None:
    """The day shown in the blockers; none for `date_order` (§4a)."""
    if any(rule.startswith("date_order") for rule in row.get("rules") or []):
        return None
    return event_of(row, field)


def dates_are_sound(row: Row) -> bool:
    """Whether the row failed no date rule."""
    return not row.get("has_date_failure")


# -- settling (§4) ----------------------------------------------------------------------------------------------


def is_settled(
    row: Row, matter: Matter, uscc: str, route: Route, facts: Facts, *, by_row: Callable[[Route], bool]
) -> bool:
    """Settled by a ruling or by a row; 重新核查 restores the hold."""
    verdict = ruling_verdict(matter, uscc, route, facts)
    if verdict is not None:
        return verdict
    return by_row(route)


def ruling_verdict(matter: Matter, uscc: str, route: Route, facts: Facts) -> bool | None:
    """What the last ruling says: True settled, False held again (重新核查), None nothing.

    不涉及该主体 frees the entity named only; 不成立 and 属实有效 settle it also for its parent and successors.
    """
    own = last_ruling(facts.rulings, matter, uscc)
    others = [last_ruling(facts.rulings, matter, node) for node in route.nodes - {uscc}]
    settling = [
        r for r in others if r is not None and r["conclusion"] in (UNFOUNDED, TRUE) and settles(r, matter)
    ]
    last_other = max(settling, key=ruling_order, default=None)
    if own is not None and (last_other is None or ruling_order(own) > ruling_order(last_other)):
        if own["conclusion"] == AGAIN:
            return False
        return True if settles(own, matter) else None
    if last_other is not None:
        return True
    if any(r is not None and r["conclusion"] == AGAIN for r in others):
        return False
    return None


def settles(ruling: Row, matter: Matter) -> bool:
    """属实有效 settles penalties and listings, whose record then stands; anything else is held until a better row."""
    if ruling["conclusion"] == AGAIN:
        return False
    if ruling["conclusion"] != TRUE:
        return True
    if matter.kind == "listings":
        return entry_made_true(ruling, matter.rows[0]) is not None
    return matter.kind == "penalties"


def settled_by_row(row: Row, kind: str, route: Route, facts: Facts) -> bool:
    """A later accepted row of the same kind, authority and number, linked to the entity or one on the way.

    Listings without a number: the same list and day instead.
    """
    for later in facts.world.rows(kind):
        if not comes_later(later, row) or facts.directory.link(later) not in route.nodes:
            continue
        if names_act(row, later):
            return True
        if kind == "listings" and not row["doc_norm"] and same_entry(row, later):
            return True
    return False


def same_entry(row: Row, later: Row) -> bool:
    """The same authority, list and day of entry."""
    listed_on = event_of(row, "listed_on")
    return (
        is_of_authority(row, later)
        and bool(row["list_type"])
        and row["list_type"] == later["list_type"]
        and listed_on is not None
        and listed_on == later["listed_on"]
    )


# -- (a) rows of penalties and listings --------------------------------------------------------------------------


def held_rows(uscc: str, routes: list[Route], facts: Facts) -> Iterator[Hold]:
    """(a) quarantined or unmatched penalties and listings that carry the entity."""
    for kind, field in (("penalties", "decided_on"), ("listings", "listed_on")):
        for row in [*facts.world.held_back(kind), *facts.unmatched(kind)]:
            ways = carrying_routes(row, carried(row, facts), routes, to_parent=kind == "penalties")
            matter = Matter(kind, (row,))

            def by_row(route: Route, row: Row = row, kind: str = kind) -> bool:
                return settled_by_row(row, kind, route, facts)

            if any(not is_settled(row, matter, uscc, way, facts, by_row=by_row) for way in ways):

                def holds_on(day: date, row: Row = row, kind: str = kind) -> bool:
                    return not proves_no_block(row, kind, facts, day)

                yield Hold(kind, row["doc_no"], shown_event(row, field), holds_on)


def proves_no_block(row: Row, kind: str, facts: Facts, day: date) -> bool:
    """The dates of a row that failed no date rule prove that it would not block on `day`."""
    if not dates_are_sound(row):
        return False
    months = facts.policy.value("clean_window_months", day)
    event_on = event_of(row, "decided_on" if kind == "penalties" else "listed_on")
    if event_on is None:
        return False
    if event_on > facts.as_of:  # nothing after as_of exists
        return True
    if kind == "penalties":
        return not within_months(event_on, day, months)
    removed_on = row["removed_on"]
    return removed_on is not None and removed_on <= facts.as_of and day > add_months(event_on, months)


# -- (c) amendments ----------------------------------------------------------------------------------------------


def held_by_amendments(uscc: str, routes: list[Route], facts: Facts) -> Iterator[Hold]:
    """(c) quarantined or unmatched 撤销修复, 变更 or unread action."""
    for row in [*facts.world.held_back("amendments"), *facts.unmatched_amendments()]:
        if row["action"] not in (UNREPAIR, CHANGE, None):
            continue
        event_on = event_of(row, "effective_on")
        if event_on is not None and dates_are_sound(row) and event_on > facts.as_of:
            continue
        carriers = carried(row, facts)
        if not row.get("is_row_shape") and not has_subject(row):
            carriers = bearers_of_act(row, facts)
        ways = carrying_routes(row, carriers, routes, to_parent=row["target_kind"] != "listings")
        matter = Matter("amendments", (row,))

        def by_row(route: Route, row: Row = row) -> bool:
            return amendment_settled_by_row(row, route, facts)

        if any(not is_settled(row, matter, uscc, way, facts, by_row=by_row) for way in ways):
            yield Hold("amendments", row["doc_no"], shown_event(row, "effective_on"), lambda day: True)


def bearers_of_act(amendment: Row, facts: Facts) -> set[str]:
    """Entities of which a penalty or entry has the amendment's authority and number."""
    return {
        record.linked
        for record in [*facts.penalties, *facts.records["listings"]]
        if record.linked and any(names_act(amendment, row) for row in record.versions)
    }


def amendment_settled_by_row(row: Row, route: Route, facts: Facts) -> bool:
    """Also the same action; an unread action is settled only by a ruling."""
    return row["action"] is not None and any(
        later["action"] == row["action"]
        and names_act(row, later)
        and comes_later(later, row)
        and facts.subjects_found(later) & route.nodes
        for later in facts.world.rows("amendments")
    )


# -- (d) rows of entities ----------------------------------------------------------------------------------------


def held_by_entity_rows(uscc: str, facts: Facts) -> Iterator[Hold]:
    """(d) a quarantined row of the entity that may be newer than the one used; neither parent nor successor."""
    used_on = facts.directory.used[uscc]["updated_on"]
    for row in facts.world.held_back("entities"):
        updated_on = row["updated_on"]
        is_newer = (
            updated_on is not None and updated_on <= facts.as_of and (used_on is None or updated_on > used_on)
        )
        if uscc not in carried(row, facts) or not (updated_on is None or is_newer):
            continue

        def by_row(route: Route, row: Row = row) -> bool:
            return any(comes_later(later, row) for later in facts.directory.rows_of[uscc])

        own = Route(uscc, frozenset([uscc]), False)
        if not is_settled(row, Matter("entities", (row,)), uscc, own, facts, by_row=by_row):
            yield Hold("entities", None, updated_on, lambda day: True)


# -- rulings that could not be read --------------------------------------------------------------------------------


def held_by_rulings(uscc: str, routes: list[Route], facts: Facts) -> Iterator[Hold]:
    """A quarantined ruling that carries the USCC and says 重新核查 or nothing readable (end of §4)."""
    for row in facts.world.held_back("rulings"):
        if row["conclusion"] not in (AGAIN, None):
            continue
        if row["event_on"] is not None and dates_are_sound(row) and row["event_on"] > facts.as_of:
            continue  # nothing after as_of exists
        carriers = carried(row, facts) if row.get("is_row_shape") else {row["uscc"]} & facts.directory.known
        ways = carrying_routes(row, carriers, routes, to_parent=False)

        def by_row(route: Route, row: Row = row) -> bool:
            return any(
                names_act(row, later) and later["uscc"] in route.nodes and comes_later(later, row)
                for later in facts.world.rows("rulings")
            )

        if any(
            not is_settled(row, Matter("rulings", (row,)), uscc, way, facts, by_row=by_row) for way in ways
        ):
            yield Hold("rulings", row["doc_no"], shown_event(row, "decided_on"), lambda day: True)


# -- (b) visits, (e) conflicts, (f) feeds --------------------------------------------------------------------------


def held_by_visits(uscc: str, facts: Facts) -> Iterator[Hold]:
    """(b) R3_FALSE_INFO or R6_REFUSED within 12 months, and no later R1_OK visit."""
    visits = [visit for source in facts.directory.chain(uscc) for visit in visits_of(source, facts)]
    passed_on = max((v.inspected_on for v in visits if v.result == "R1_OK"), default=date.min)
    for visit in visits:
        if visit.result not in ("R3_FALSE_INFO", "R6_REFUSED") or passed_on > visit.inspected_on:
            continue
        matter = Matter("inspections", visit.rows)
        chain = facts.directory.chain(uscc)
        way = Route(visit.uscc, frozenset(chain[: chain.index(visit.uscc) + 1]), False)
        if is_settled(visit.rows[0], matter, uscc, way, facts, by_row=lambda route: False):
            continue

        def holds_on(day: date, inspected_on: date = visit.inspected_on) -> bool:
            return within_months(inspected_on, day, facts.policy.value("inspection_hold_months", day))

        yield Hold("inspections", None, visit.inspected_on, holds_on)


def held_by_conflicts(uscc: str, routes: list[Route], facts: Facts) -> Iterator[Hold]:
    """(e) version_conflict; the parent where the silenced version of a branch is serious. One hold for each key."""
    for record in facts.penalties:
        ways = [way for way in routes if way.source == record.linked]
        if not record.superseded or not ways:
            continue
        force = facts.force_of(record)

        def silenced(
            day: date, record: Record = record, force: Force = force, ways: list[Route] = ways
        ) -> list[Penalty]:
            return [
                version
                for version in silenced_versions(record, force, facts.policy, facts.as_of, day)
                if any(version_holds(version, uscc, way, facts, day) for way in ways)
            ]

        # A later period of the policy may find a version silenced that is not on as_of.
        on_as_of = silenced(facts.as_of)
        shown = max(on_as_of, key=lambda version: version.decided_on, default=None)
        yield Hold(
            "penalties",
            shown and shown.row["doc_no"],
            shown and shown.decided_on,
            lambda day, s=silenced: bool(s(day)),
        )


def version_holds(version: Penalty, uscc: str, way: Route, facts: Facts, day: date) -> bool:
    """Whether a silenced version reaches the entity on this way and no ruling settles it."""
    if not way.is_own and is_natural(version.row):
        return False  # such a row holds only the 个体工商户 whose USCC it carries (§3)
    if way.via_branch and version.tier not in facts.policy.value("branch_blocking_tiers", day):
        return False
    matter = Matter("penalties", (version.row,))
    return not is_settled(version.row, matter, uscc, way, facts, by_row=lambda route: False)


def held_by_feeds(uscc: str, facts: Facts) -> Iterator[Hold]:
    """(f) feed_stale: a source that serves the division is late or thin on as_of; on a later day it is not."""
    division = facts.directory.used[uscc]["division_code"] or ""
    for feed in stale_feeds(facts.world, facts.policy, facts.as_of):
        if any(division.startswith(prefix) for prefix in feed.divisions):
            yield Hold(feed.kind, None, None, lambda day: day == facts.as_of)
