"""What the learned scorecard looks at: the expert table's features and each entity's history, as of a day.

Every number is a whole one (shares in thousandths, means in hundredths), so that points are equal on every engine.
Who inspected, which office and where the entity lies are read nowhere here (`policy.scorecard.FORBIDDEN_WORDS`).
"""

from __future__ import annotations

from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

import ibis

from features.indicators import licence_counts
from policy.scorecard import GROUP_FEATURES, TEXTS, stream_count
from records.resolve.expr import add_months, day, is_true, union_all

if TYPE_CHECKING:
    from collections.abc import Collection

    import ibis.expr.types as ir

    from features.facts import Facts
    from policy import Policy
    from policy.scorecard import Event, ItemGroup
    from records.resolve.workspace import Workspace

_FAR_DAYS = 100_000
# Counts that depend on the state of a licence.
_STATES = frozenset({"licences_valid", "licences_expired_12m", "licences_revoked"})
# What is counted beside the streams: nothing is 0.
_COUNTS = _STATES | {"visits", "licence_terms", "listings_active"}


def learned_features(ws: Workspace, classed: ir.Table, facts: Facts, as_of: date, policy: Policy) -> ir.Table:
    """One row per entity: ``uscc`` and every column that the policy's scorecard or a registered model names.

    Args:
        classed: the rows of `features.indicators.entity_features` that get a class.
        facts: as of the same day.

    Returns:
        Columns of `wanted`, int64 or text. Counts are never null; what was never seen is null.
    """
    names = wanted(policy)
    base = classed.mutate(
        # A status that was recorded later may be what came of the event that is to be foreseen.
        status_group=ibis.ifelse(classed.is_later, ibis.null("string"), classed.status_group),
        registered_capital_wan=classed.registered_capital_wan.floor().cast("int64"),
        industry_division=_division(classed.industry_code),
        key_area_industry=classed.key_area.fill_null("")
        + ibis.literal("|")
        + classed.industry_code.fill_null(""),
    )
    parts = [
        ("counts", _counts(facts.events, names, as_of)),
        ("visits", _visits(facts, as_of, policy)),
        ("licences", _licences(facts.licences, as_of)),
        ("event", _last_event(facts, as_of, policy)),
    ]
    if states := sorted(_STATES.intersection(names)):
        base = base.drop(*states)
        parts += [(name, rows.rename(**{name: "n"})) for name, rows in _states(facts, states, as_of, policy)]
    t = base
    for name, part in parts:
        if part is not None:
            stored = ws.save(f"history_{name}", part)
            t = t.left_join(stored.rename(**{f"{name}_uscc": "uscc"}), [("uscc", f"{name}_uscc")])
    filled: dict[str, ir.Value] = {}
    for name in names:
        column = t[name]
        group, _, what = name.rpartition("_")
        if stream_count(name) or name in _COUNTS:
            column = column.fill_null(0)
        elif what in ("share", "recent", "mean") and (found := _group(policy, group)):
            # An entity without visits has what it is taken to have.
            column = column.fill_null(
                found.prior_mean_hundredths if what == "mean" else found.prior_share_permille
            )
        filled[name] = column if name in TEXTS else column.cast("int64")
    return ws.save("learned_features", t.select("uscc", **filled))


def wanted(policy: Policy) -> tuple[str, ...]:
    """Columns that the policy's scorecard and its registered models look at, sorted."""
    names = {f.feature for f in policy.scorecard.features} | {"days_since_event"}
    for model in (policy.champion, *policy.challengers):
        if model is not None:
            names |= {one.feature for one in model.indicators}
    return tuple(sorted(names))


def happened(facts: Facts, event: Event, policy: Policy) -> ir.Table:
    """(uscc, event_on): every day on which what the policy calls an event happened, as known on the facts' day."""
    parts = []
    own = facts.judged.filter(facts.judged.held_as == "own")
    if event.penalty_tiers:
        tiers = {"minor": 0, "general": 1, "serious": 2}
        rows = own.filter((own.kind == "penalties") & own.tier.isin([tiers[t] for t in event.penalty_tiers]))
        parts.append(rows.select("uscc", "event_on"))
    if event.lists:
        rows = own.filter((own.kind == "listings") & own.list_type.isin(list(event.lists)))
        parts.append(rows.select("uscc", "event_on"))
    if event.results:
        rows = facts.visits.filter(facts.visits.result.isin(list(event.results)))
        parts.append(rows.select(uscc="linked", event_on="inspected_on"))
    if event.items or event.prefixes:
        rows = _adverse(facts, policy)
        rows = rows.filter(_named(rows.item, event.items, event.prefixes))
        parts.append(rows.select(uscc="linked", event_on="inspected_on"))
    return union_all(parts).distinct()


def _last_event(facts: Facts, as_of: date, policy: Policy) -> ir.Table:
    t = happened(facts, policy.scorecard.event, policy)
    t = t.filter(t.event_on <= day(as_of)).group_by("uscc").agg(last_on=lambda x: x.event_on.max())
    return t.select("uscc", days_since_event=day(as_of).delta(t.last_on, unit="day").cast("int64"))


def _counts(events: ir.Table, names: tuple[str, ...], as_of: date) -> ir.Table | None:
    """Events of each stream within the months that a feature's name says, and active list entries."""
    aggregates = {}
    for name in names:
        if found := stream_count(name):
            stream, months = found
            inside = (events.stream == stream) & (add_months(events.event_on, months) >= day(as_of))
            aggregates[name] = is_true(inside).sum().cast("int64")
    if "listings_active" in names:
        aggregates["listings_active"] = (events.stream == "listing_active").sum().cast("int64")
    return (
        events.filter(events.event_on <= day(as_of)).group_by("uscc").agg(**aggregates)
        if aggregates
        else None
    )


def _visits(facts: Facts, as_of: date, policy: Policy) -> ir.Table:
    """The history of visits; visits of one day are one."""
    card = policy.scorecard
    seen = facts.visits.filter(facts.visits.inspected_on <= day(as_of))
    by_result = [g for g in card.groups if g.results]
    by_item = [g for g in card.groups if not g.results]
    days = seen.group_by(uscc="linked", seen_on="inspected_on").agg(
        **{g.id: seen.result.isin(list(g.results)).any().cast("int64") for g in by_result},
        visits=seen.count(),
    )
    if by_item:
        items = _adverse(facts, policy)
        items = items.filter(items.inspected_on <= day(as_of))
        found = items.group_by(i_uscc="linked", i_on="inspected_on").agg(
            **{g.id: is_true(_named(items.item, g.items, g.prefixes)).sum().cast("int64") for g in by_item}
        )
        days = days.left_join(found, [("uscc", "i_uscc"), ("seen_on", "i_on")])
        days = days.mutate(**{g.id: days[g.id].fill_null(0) for g in by_item})
    latest_first = ibis.window(group_by="uscc", order_by=ibis.desc("seen_on"))
    days = days.mutate(
        place=ibis.row_number().over(latest_first), weight=_weight(days.seen_on, as_of, policy)
    )
    aggregates: dict[str, ir.Value] = {
        "n": days.count().cast("int64"),
        "w": days.weight.sum().cast("int64"),
        "last_on": days.seen_on.max(),
        "first_on": days.seen_on.min(),
    }
    for g in card.groups:
        count = days[g.id]
        aggregates |= {
            f"{g.id}_n": (count > 0).sum().cast("int64"),
            f"{g.id}_w": ((count > 0).cast("int64") * days.weight).sum().cast("int64"),
            f"{g.id}_s": count.sum().cast("int64"),
            f"{g.id}_last": count.max(where=days.place == 0).cast("int64"),
            f"{g.id}_before": count.max(where=days.place == 1).cast("int64"),
        }
    t = days.group_by("uscc").agg(**aggregates)
    shown: dict[str, ir.Value] = {
        "visits": t.n,
        "days_since_visit": day(as_of).delta(t.last_on, unit="day").cast("int64"),
        "days_since_first_visit": day(as_of).delta(t.first_on, unit="day").cast("int64"),
    }
    k, unit = card.prior_visits, card.recency_weights[0][1]
    for g in card.groups:
        share, mean = g.prior_share_permille, g.prior_mean_hundredths
        shown |= {
            f"{g.id}_share": (t[f"{g.id}_n"] * 1000 + k * share) // (t.n + k),
            f"{g.id}_recent": (t[f"{g.id}_w"] * 1000 + k * unit * share) // (t.w + k * unit),
            f"{g.id}_mean": (t[f"{g.id}_s"] * 100 + k * mean) // (t.n + k),
            f"{g.id}_last": t[f"{g.id}_last"],
            f"{g.id}_before": t[f"{g.id}_before"],
        }
    return t.select("uscc", **shown)


def _weight(seen_on: ir.DateValue, as_of: date, policy: Policy) -> ir.IntegerValue:
    card = policy.scorecard
    steps = [(add_months(seen_on, months) >= day(as_of), weight) for months, weight in card.recency_weights]
    return ibis.cases(*steps, else_=card.oldest_weight).cast("int64")


def _adverse(facts: Facts, policy: Policy) -> ir.Table:
    return facts.items.filter(facts.items.result_code.isin(list(policy.scorecard.adverse_results)))


def _named(item: ir.StringValue, names: tuple[str, ...], prefixes: tuple[str, ...]) -> ir.BooleanValue:
    tests = [item.startswith(prefix) for prefix in prefixes]
    if names:
        tests.append(item.isin(list(names)))
    return reduce(lambda a, b: a | b, tests)


def _licences(licences: ir.Table, as_of: date) -> ir.Table:
    """Terms of licences decided by the day. An open end lies far away, like any that lies further."""
    today = day(as_of)
    t = licences.filter(licences.decided_on <= today)
    t = t.group_by(uscc="linked").agg(
        licence_terms=t.count().cast("int64"), end=t.valid_to.max(), first=t.valid_from.min()
    )
    left = t.end.delta(today, unit="day").cast("int64")
    return t.select(
        "uscc",
        "licence_terms",
        days_to_licence_end=ibis.least(ibis.greatest(left, -_FAR_DAYS), _FAR_DAYS),
        months_since_licence=(today.delta(t.first, unit="day").cast("int64") // 30),
    )


def _states(facts: Facts, names: Collection[str], as_of: date, policy: Policy) -> list[tuple[str, ir.Table]]:
    """Licences in force, expired and revoked, as far as a day could know: a state that was recorded later is none."""
    t = facts.licences
    is_later = is_true(t.updated_on > day(as_of))
    known = t.mutate(state=ibis.ifelse(is_later, ibis.null("string"), t.state))
    counts = licence_counts(known, as_of, policy)
    return [(name, counts[name]) for name in names]


def _division(code: ir.StringColumn) -> ir.StringValue:
    """The two digits of a GB/T 4754 code, whether or not the section's letter stands before them."""
    digits = ibis.ifelse(code.substr(0, 1).between("A", "Z"), code.substr(1, 2), code.substr(0, 2))
    return digits.nullif("")


def _group(policy: Policy, id_: str) -> ItemGroup | None:
    return next((g for g in policy.scorecard.groups if g.id == id_), None)


__all__ = ["GROUP_FEATURES", "happened", "learned_features", "wanted"]
