"""Fast-track eligibility (rules §3–§5): status, grounds, blockers, clean_since, eligible_on."""

from __future__ import annotations

from datetime import date
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, NamedTuple

import ibis
import pyarrow as pa

from features.windows import FAR
from records.resolve.expr import add_days, add_months, day, is_true, no_day, no_text, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from features.views import View
    from features.windows import Period
    from policy import Policy
    from records.resolve.workspace import Workspace


class Eligibility(NamedTuple):
    """``answers`` and ``blockers`` in the columns of the contract (unsorted)."""

    answers: ir.Table
    blockers: ir.Table


# A blocker with what decides how long it lasts. `block` tells the same one in every period of the policy.
# `is_serious`: stands in the way of the honour route for every honour, otherwise only for honours given before it.
_BLOCK = (
    "uscc", "reason", "kind", "authority", "doc_no", "event_on", "rule", "block", "window_from", "window",
    "repaired_on", "is_serious", "fixed_until", "is_open", "is_shown",
)  # fmt: skip


def _block(
    t: ir.Table,
    reason: str,
    rule: ir.StringValue,
    *,
    block: ir.StringValue | None = None,
    window: str = "clean",
    window_from: ir.DateValue | None = None,
    fixed_until: ir.DateValue | None = None,
    is_serious: ir.BooleanValue | None = None,
    is_shown: bool = True,
) -> ir.Table:
    """Rows of `t` as blockers; open where neither a window nor a last day is known."""
    start = no_day() if window_from is None else window_from
    fixed = no_day() if fixed_until is None else fixed_until
    return t.mutate(
        reason=ibis.literal(reason),
        rule=rule,
        block=no_text() if block is None else block,
        window=ibis.literal(window),
        is_open=start.isnull() & fixed.isnull(),
        is_serious=ibis.literal(False) if is_serious is None else is_serious,
        window_from=start,
        fixed_until=fixed,
        is_shown=ibis.literal(is_shown),
    ).select(*_BLOCK)


def _linked_rule(rule: str | ir.StringValue, linked_by: ir.StringValue) -> ir.StringValue:
    """The rule's id; a record linked by name says so."""
    text = ibis.literal(rule) if isinstance(rule, str) else rule
    return ibis.ifelse(is_true(linked_by == "name"), text + ibis.literal(" (linked_by_name)"), text)


def decide(
    ws: Workspace,
    entities: ir.Table,
    periods: list[tuple[Period, View]],
    as_of: date,
    policy: Policy,
) -> Eligibility:
    """Apply §5 to every entity that has a row.

    Args:
        entities: used rows with ``has_row`` true and ``status_group``.
        periods: of the policy from ``as_of`` on, each with what §5 looks at in it (`features.facts.Facts`).
    """
    today = day(as_of)
    first_period, now = periods[0]
    blocks = ws.save("blocks", _all_blocks(entities, now, first_period, policy))
    by_period = ws.save("blocks_by_period", _by_period(entities, blocks, periods, policy))
    shown_blocks = blocks.filter(blocks.is_shown)
    per_entity = shown_blocks.group_by("uscc").agg(
        not_status=(shown_blocks.reason == "NOT_STATUS").any(),
        active_list=(shown_blocks.reason == "NOT_ACTIVE_LIST").any(),
        bad_record=(shown_blocks.reason == "NOT_BAD_RECORD").any(),
        provisional=(shown_blocks.reason == "HOLD_PROVISIONAL").any(),
        review=(shown_blocks.reason == "HOLD_REVIEW").any(),
        young=(shown_blocks.reason == "INSUFFICIENT_HISTORY").any(),
    )
    flags = ("not_status", "active_list", "bad_record", "provisional", "review", "young")
    t = entities.left_join(per_entity.rename(b_uscc="uscc"), [("uscc", "b_uscc")]).drop("b_uscc")
    t = t.mutate(**{f: t[f].fill_null(False) for f in flags})
    model = _model_now(now, as_of)
    t = t.left_join(model.rename(m_uscc="uscc"), [("uscc", "m_uscc")]).drop("m_uscc")
    barred = t.not_status | t.active_list
    clean = ~(barred | t.bad_record | t.provisional | t.review | t.young)
    t = t.mutate(is_clean=clean, is_model=t.has_model.fill_null(False) & ~barred)
    status = ibis.cases(
        (t.not_status, "NOT_STATUS"),
        (t.active_list, "NOT_ACTIVE_LIST"),
        (t.is_model & ~t.is_clean, "ELIGIBLE_MODEL"),
        (t.bad_record, "NOT_BAD_RECORD"),
        (t.provisional, "HOLD_PROVISIONAL"),
        (t.review, "HOLD_REVIEW"),
        (t.young, "INSUFFICIENT_HISTORY"),
        else_="ELIGIBLE_CLEAN3Y",
    )
    t = t.mutate(status_code=status, eligible=t.is_clean | t.is_model)
    t = ws.save(
        "statuses",
        t.select(
            "uscc", "name", "division_code", "established_on",
            "status_code", "eligible", "is_clean", "is_model", "active_list",
        ),
    )  # fmt: skip
    later = _eligible_on(ws, t.filter(~t.eligible).select("uscc"), by_period, periods, as_of, policy)
    since = _clean_since(now.judged)
    t = t.left_join(later.rename(l_uscc="uscc"), [("uscc", "l_uscc")])
    t = t.left_join(since.rename(s_uscc="uscc"), [("uscc", "s_uscc")])
    empty = ibis.literal([], type="array<string>")
    grounds = ibis.cases(
        (t.is_clean & t.is_model, ibis.literal(["CLEAN3Y", "MODEL"], type="array<string>")),
        (t.is_clean, ibis.literal(["CLEAN3Y"], type="array<string>")),
        (t.is_model, ibis.literal(["MODEL"], type="array<string>")),
        else_=empty,
    )
    answers = t.select(
        "uscc", "name", "division_code",
        status="status_code",
        eligible="eligible",
        grounds=grounds,
        clean_since=ibis.ifelse(
            t.active_list, no_day(), ibis.greatest(t.established_on, t.last_bad_on)
        ),
        eligible_on=ibis.ifelse(t.eligible, today, t.first_on),
        as_of=today,
    )  # fmt: skip
    is_now = (by_period.period == 0) & by_period.is_shown
    # One row for each record, whichever ways it comes by: its own before a branch's (the order of their names).
    said = ("authority", "doc_no", "event_on", "rule")
    shown = by_period.group_by("uscc", "reason", "kind", "block").agg(
        **{name: by_period[name].max(where=is_now) for name in said},
        is_shown=is_now.any(),
        until=by_period.until_on.max(),
    )
    shown = shown.filter(shown.is_shown).semi_join(t.filter(~t.eligible), "uscc")
    blockers = shown.select(
        "uscc", "reason", "kind", "authority", "doc_no", "event_on",
        blocks_until=ibis.ifelse(shown.until >= day(FAR), no_day(), shown.until),
        rule="rule",
    ).distinct()  # fmt: skip
    decided = Eligibility(
        ws.save("eligibility", answers), ws.save("eligibility_blockers", blockers, leaves=True)
    )
    ws.release("blocks", "blocks_by_period", "statuses", "waiting_blocks")
    return decided


def _all_blocks(entities: ir.Table, view: View, period: Period, policy: Policy) -> ir.Table:
    """One row for each record and code of §5 that applies on the first day of a period."""
    blank = {
        "authority": no_text(),
        "doc_no": no_text(),
        "repaired_on": no_day(),
        "kind": ibis.literal("entities"),
    }
    off = entities.filter(
        entities.status_group.notin(list(policy.value("eligible_status_groups", period.start)))
    ).mutate(**blank)
    off = off.mutate(event_on=off.cancelled_on)
    young = entities.filter(
        add_months(entities.established_on, period.history_months) >= day(period.start)
    ).mutate(**blank)
    young = young.mutate(event_on=young.established_on)
    here = view.judged.semi_join(entities, "uscc")
    active = here.filter(here.is_active)
    counting = here.filter(here.counts)
    final = counting.filter(~counting.is_provisional)
    pending = counting.filter(counting.is_provisional)
    has_final = final.select("uscc").distinct()
    # Beside a final record a provisional one has no row, but it still counts on the days after the final one.
    alone, beside = pending.anti_join(has_final, "uscc"), pending.semi_join(has_final, "uscc")
    held = _whose_holds(view.holds.semi_join(entities, "uscc"))
    listed = ibis.literal("active_blocking_list") + _whose(active) + _of_list(active)
    parts = [
        _block(off, "NOT_STATUS", ibis.literal("entity_status")),
        _block(active, "NOT_ACTIVE_LIST", _linked_rule(listed, active.linked_by), block=_record(active)),
        *(
            _block(
                t,
                reason,
                _linked_rule(_record_rule(t, suffix), t.linked_by),
                block=_record(t),
                window_from=t.event_on,
                fixed_until=t.after_until,
                is_serious=(t.tier == 2) & (t.kind == "penalties"),
                is_shown=shown,
            )
            for t, reason, suffix, shown in (
                (final, "NOT_BAD_RECORD", "", True),
                (alone, "HOLD_PROVISIONAL", "_under_review", True),
                (beside, "HOLD_PROVISIONAL", "_under_review", False),
            )
        ),
        *(
            _block(
                t,
                "HOLD_REVIEW",
                _linked_rule(t.hold_rule + t.whose, t.linked_by),
                block=ibis.coalesce(t.record_key, t.event_id),
                window=window,
                window_from=t.window_from,
                fixed_until=t.fixed_until,
            )
            for t, window in (
                (held.filter(held.hold_rule != "inspection_hold"), "clean"),
                (held.filter(held.hold_rule == "inspection_hold"), "inspection"),
            )
        ),
        _block(
            young,
            "INSUFFICIENT_HISTORY",
            ibis.literal("min_history"),
            window="history",
            window_from=young.established_on,
        ),
    ]
    return union_all(parts).distinct()


def _record_rule(t: ir.Table, suffix: str) -> ir.StringValue:
    name = ibis.cases(
        (t.kind == "listings", "ended_list_entry"),
        (t.held_as == "branch", "branch_serious_penalty"),
        (t.tier == 2, "serious_penalty"),
        else_="general_penalty",
    )
    return name + _whose(t) + ibis.literal(suffix) + _of_list(t)


def _of_list(t: ir.Table) -> ir.StringValue:
    """Which list an entry is on: its name leads to the list's line in the policy, and so to the law."""
    return ibis.ifelse(t.list_type.notnull(), ibis.literal(":") + t.list_type, ibis.literal(""))


def _whose(t: ir.Table) -> ir.StringValue:
    """What a record's rule says of a predecessor; a branch's has a rule of its own."""
    return ibis.ifelse(t.held_as == "predecessor", ibis.literal("_of_predecessor"), ibis.literal(""))


def _whose_holds(held: ir.Table) -> ir.Table:
    """Holds with ``whose``: from where they reach the entity, where none like it is the entity's own.

    A ruling may have freed the branch or predecessor itself: nothing but this says then that the document is another
    firm's, which the desk does not show.
    """
    alike = ibis.window(
        group_by=["uscc", "kind", "authority", "doc_no", "event_on", "hold_rule", "linked_by"]
    )
    is_own = (held.via == held.uscc).max().over(alike)
    is_branch = (held.through != "").max().over(alike)
    whose = ibis.cases((is_own, ""), (is_branch, "_of_branch"), else_="_of_predecessor")
    return held.mutate(whose=whose)


def _record(t: ir.Table) -> ir.StringValue:
    """Names a record. A ruling that upholds several entries gives all of them its own number."""
    parts = (t.rid, t.list_type, t.event_on, t.removed_on)
    return reduce(add, (p.cast("string").fill_null("") + ibis.literal("|") for p in parts))


def _by_period(
    entities: ir.Table, blocks: ir.Table, periods: list[tuple[Period, View]], policy: Policy
) -> ir.Table:
    """The last day of each policy period on which a blocker still blocks (no row where it does not)."""
    parts = []
    now = periods[0][1]
    for i, (span, view) in enumerate(periods):
        own = blocks if view is now else _all_blocks(entities, view, span, policy)
        parts.append(_until(own, i, span))
    return union_all(parts)


def _until(blocks: ir.Table, i: int, span: Period) -> ir.Table:
    months = ibis.cases(
        (blocks.window == "inspection", span.inspection_months),
        (blocks.window == "history", span.history_months),
        else_=span.window_months,
    ).cast("int32")
    end = ibis.greatest(blocks.fixed_until, add_months(blocks.window_from, months))
    until = ibis.ifelse(blocks.is_open, day(span.end), ibis.least(end, day(span.end)))
    t = blocks.mutate(period=ibis.literal(i, "int32"), until_on=until)
    lasts = t.until_on >= day(span.start)
    if not span.does_repaired_count:
        lasts = lasts & t.repaired_on.isnull()
    return t.filter(lasts)


def _model_now(now: View, as_of: date) -> ir.Table:
    """Entities with an honour that opens the MODEL route on ``as_of`` (status and active lists apart)."""
    today = day(as_of)
    honours = now.honours
    valid = honours.filter((honours.valid_from <= today) & (honours.valid_to >= today))
    counting = now.judged.filter(now.judged.counts)
    last = counting.group_by("uscc").agg(
        last_on=counting.event_on.max(), serious=((counting.tier == 2) & (counting.kind == "penalties")).any()
    )
    t = valid.anti_join(now.holds.select("uscc").distinct(), "uscc")
    t = t.left_join(last.rename(r_uscc="uscc"), [("uscc", "r_uscc")])
    opens = t.last_on.isnull() | ((t.last_on <= t.valid_from) & ~t.serious)
    return t.filter(opens).select("uscc").distinct().mutate(has_model=True)


def _clean_since(records: ir.Table) -> ir.Table:
    """The day after the latest record that counts or would count but for the window."""
    t = records.filter(records.would_count)
    return t.group_by("uscc").agg(
        last_bad_on=ibis.greatest(add_days(t.event_on, 1), add_days(t.removed_on, 1)).max()
    )


def _eligible_on(
    ws: Workspace,
    waiting: ir.Table,
    by_period: ir.Table,
    periods: list[tuple[Period, View]],
    as_of: date,
    policy: Policy,
) -> ir.Table:
    """First day > ``as_of`` with an ELIGIBLE code, from the records dated ≤ ``as_of`` (uscc, first_on)."""
    tomorrow = add_days(day(as_of), 1)
    table = ws.put_rows(
        "periods",
        [{"period": i, "starts_on": s.start, "ends_on": s.end} for i, (s, _) in enumerate(periods)],
        pa.schema([("period", pa.int32()), ("starts_on", pa.date32()), ("ends_on", pa.date32())]),
    )
    grid = waiting.cross_join(table)
    mine = by_period.semi_join(waiting, "uscc")
    # An open blocker lasts to the period's end, so that no day of the period is left.
    after = ibis.ifelse(mine.until_on >= day(FAR), day(FAR), add_days(mine.until_on, 1))
    mine = ws.save("waiting_blocks", mine.mutate(after=after))
    ready = mine.group_by("uscc", "period").agg(after=mine.after.max())
    clean = grid.left_join(
        ready.rename(k_uscc="uscc", k_period="period"), [("uscc", "k_uscc"), ("period", "k_period")]
    )
    clean = clean.mutate(first=ibis.greatest(clean.starts_on, tomorrow, clean.after))
    clean = clean.filter((clean.first <= clean.ends_on) & (clean.first < day(FAR))).select("uscc", "first")

    record_codes = ["NOT_BAD_RECORD", "HOLD_PROVISIONAL"]
    relevant = mine.filter(mine.reason != "INSUFFICIENT_HISTORY")
    h = union_all(
        view.honours.select("uscc", "valid_from", "valid_to").distinct().mutate(
            period=ibis.literal(i, "int32"), starts_on=day(span.start), ends_on=day(span.end)
        )
        for i, (span, view) in enumerate(periods)
    ).semi_join(waiting, "uscc")  # fmt: skip
    pairs = h.left_join(
        relevant.select("after", "reason", "event_on", "is_serious", k_uscc="uscc", k_period="period"),
        [("uscc", "k_uscc"), ("period", "k_period")],
    )
    hinders = pairs.reason.notnull() & (
        pairs.reason.notin(record_codes)
        | is_true(pairs.event_on > pairs.valid_from)
        | is_true(pairs.is_serious)
    )
    pairs = pairs.mutate(free_from=ibis.ifelse(hinders, pairs.after, no_day()))
    model = pairs.group_by("uscc", "valid_from", "valid_to", "starts_on", "ends_on").agg(
        free_from=pairs.free_from.max()
    )
    model = model.mutate(first=ibis.greatest(model.starts_on, tomorrow, model.valid_from, model.free_from))
    model = model.filter(
        (model.first <= model.ends_on) & (model.first <= model.valid_to) & (model.first < day(FAR))
    ).select("uscc", "first")
    horizon = int(policy.value("eligible_on_horizon_months", as_of))
    both = clean.union(model)
    first = both.group_by("uscc").agg(first_on=both["first"].min())
    return first.filter(first.first_on <= add_months(day(as_of), horizon))
