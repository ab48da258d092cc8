"""What the points look at: one row of features per entity, and streams of dated events (rules §7)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import ibis

from features.windows import freed_by_repair
from records.resolve.expr import add_months, day, is_true, union_all
from records.resolve.ways import branches_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from policy import Policy
    from records.resolve.entities import Entities
    from records.resolve.workspace import Workspace

# A licence whose state says so carries no right any more (regulation.md §4.4, XK_ZT 2 无效).
_INVALID_STATES = ("2", "无效", "撤销", "吊销", "注销")
FEN_PER_YUAN = 100


def entity_features(
    ws: Workspace,
    entities: Entities,
    licences: ir.Table,
    records: ir.Table,
    honours: ir.Table,
    as_of: date,
    policy: Policy,
) -> ir.Table:
    """One row per entity with a row on ``as_of``: uscc, status_group and the numeric and text features.

    Features: age_months, entity_type, industry_code, key_area, registered_capital_wan (int, floor),
    status_group, changes_12m, licences_valid, licences_expired_12m, licences_revoked, fine_total_yuan_60m,
    branches, honours_valid.
    """
    today = day(as_of)
    t = entities.used.filter(entities.used.has_row)
    groups = policy.status_groups
    t = t.mutate(
        status_group=ibis.cases(*[(t.status == s, g) for s, g in sorted(groups.items())], else_="other")
    )
    months = (as_of.year - t.established_on.year()) * 12 + (as_of.month - t.established_on.month())
    t = t.mutate(months=months.cast("int64"))
    t = t.mutate(
        age_months=t.months - (add_months(t.established_on, t.months.cast("int32")) > today).cast("int64")
    )
    t = t.drop("months")
    counts = {
        "changes_12m": _changes(entities.versions, as_of, policy),
        **licence_counts(licences, as_of, policy),
        "fine_total_yuan_60m": _fines(records, as_of, policy),
        "branches": _branches(entities.used),
        "honours_valid": honours.filter((honours.valid_from <= today) & (honours.valid_to >= today))
        .group_by("uscc")
        .agg(n=lambda h: h.count()),
    }
    # One join instead of one for each count.
    long = union_all(
        counted.select("uscc", feature=ibis.literal(name), n=counted.n.cast("int64"))
        for name, counted in counts.items()
    )
    wide = long.group_by("uscc").agg(
        **{name: long.n.sum(where=long.feature == name).cast("int64") for name in counts}
    )
    t = t.left_join(wide.rename(w_uscc="uscc"), [("uscc", "w_uscc")]).drop("w_uscc")
    t = t.mutate(**{name: t[name].fill_null(0) for name in counts})
    return ws.save("features", t)


def _changes(versions: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    """Changes of name, type, division or capital between versions of the last months (policy)."""
    months = int(policy.value("changes_window_months", as_of))
    t = versions.filter(versions.known_on <= day(as_of))
    before = ibis.window(group_by="uscc", order_by="known_on")
    watched = ("name_norm", "entity_type", "division_code", "registered_capital_wan")
    changed = [
        is_true((t[c].lag().over(before) != t[c]) & t[c].notnull()).cast("int64").name(f"changed_{c}")
        for c in watched
    ]
    t = t.select("uscc", "updated_on", *changed)
    total = sum((t[f"changed_{c}"] for c in watched[1:]), t[f"changed_{watched[0]}"])
    t = t.mutate(total=total).filter(is_true(add_months(t.updated_on, months) >= day(as_of)))
    return t.group_by("uscc").agg(n=t.total.sum()).filter(lambda x: x.n > 0)


def licence_counts(licences: ir.Table, as_of: date, policy: Policy) -> dict[str, ir.Table]:
    """(uscc, n) of licences in force, expired within the policy's months, and revoked.

    Args:
        licences: linked rows with ``is_winner``.
    """
    today = day(as_of)
    months = int(policy.value("licences_expired_window_months", as_of))
    t = licences.filter(licences.is_winner & licences.linked.notnull() & (licences.decided_on <= today))
    t = t.mutate(
        uscc=t.linked, invalid=is_true(t.state.isin(_INVALID_STATES)), ended=is_true(t.valid_to < today)
    )
    valid = t.filter(~t.invalid & ~t.ended & is_true(t.valid_from <= today))
    expired = t.filter(
        ~t.invalid & t.ended & is_true(add_months(ibis.least(t.valid_to, today), months) >= today)
    )
    return {
        "licences_valid": valid.group_by("uscc").agg(n=valid.count()),
        "licences_expired_12m": expired.group_by("uscc").agg(n=expired.count()),
        "licences_revoked": t.filter(t.invalid).group_by("uscc").agg(n=lambda x: x.count()),
    }


def _fines(records: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    t = records.filter((records.kind == "penalties") & (records.held_as == "own"))
    t = t.filter(add_months(t.event_on, int(policy.value("fine_total_window_months", as_of))) >= day(as_of))
    t = t.filter(~freed_by_repair(t.repaired_on, as_of, policy) & t.fine_fen.notnull())
    return t.group_by("uscc").agg(n=(t.fine_fen.sum() // FEN_PER_YUAN))


def _branches(used: ir.Table) -> ir.Table:
    t = branches_of(used.filter(used.has_row))
    return t.group_by(uscc=t.parent).agg(n=t.count())


def event_streams(
    records: ir.Table, visits: ir.Table, honours: ir.Table, used: ir.Table, as_of: date, policy: Policy
) -> ir.Table:
    """Dated events that carry points: (uscc, stream, event_on).

    Args:
        records: existing records with ``uscc`` and ``held_as`` own or predecessor, not annulled.
        visits: with ``uscc``; own visits only.
    """
    today = day(as_of)
    live = records.filter(~freed_by_repair(records.repaired_on, as_of, policy))
    tier = ibis.cases((live.tier == 2, "serious"), (live.tier == 1, "general"), else_="minor")
    prefix = ibis.ifelse(live.held_as == "predecessor", ibis.literal("predecessor_"), ibis.literal(""))
    pens = live.filter(live.kind == "penalties")
    own = pens.select("uscc", "event_on", "held_as", stream=prefix + ibis.literal("penalty_") + tier)
    # A relative's records are its own and its predecessors'.
    mine = pens.filter(~is_true(pens.is_natural_person))
    kin = branches_of(used)
    tier_of_mine = ibis.cases((mine.tier == 2, "serious"), (mine.tier == 1, "general"), else_="minor")
    mine = mine.select("uscc", "event_on", tier_name=tier_of_mine)
    of_branch = mine.join(kin, [("uscc", "branch")])
    of_parent = mine.join(kin, [("uscc", "parent")])
    entries = live.filter(live.kind == "listings")
    seen = visits.filter(visits.inspected_on <= today)
    given = honours.filter((honours.valid_from <= today) & (honours.valid_to >= today))
    parts = [
        own.select("uscc", "stream", "event_on"),
        of_branch.select(
            uscc="parent", stream=ibis.literal("branch_penalty_") + of_branch.tier_name, event_on="event_on"
        ),
        of_parent.select(
            uscc="branch", stream=ibis.literal("parent_penalty_") + of_parent.tier_name, event_on="event_on"
        ),
        entries.select(
            "uscc",
            stream=ibis.ifelse(
                entries.removed_on.isnull(), ibis.literal("listing_active"), ibis.literal("listing_ended")
            ),
            event_on=entries.event_on,
        ),
        seen.select("uscc", stream=ibis.literal("inspection_") + seen.result, event_on="inspected_on"),
        given.select("uscc", stream=ibis.literal("honour"), event_on="valid_from"),
    ]
    return union_all(parts)
