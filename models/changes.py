"""What became different since another snapshot, entity by entity, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import ibis

from models.grades import CLASSES
from records.resolve.expr import add_months, day, is_true, no_text, union_all

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from records.resolve.workspace import Workspace

Tables = Mapping[str, "ir.Table"]
# Tables of a snapshot that are compared.
COMPARED = ("eligibility", "grades", "grade_reasons", "evidence", "holds", "joint_punishment")
ADD, MOD, DEL = "ADD", "MOD", "DEL"
FIRST, RECORD, AMENDMENT, RULING = "FIRST", "RECORD", "AMENDMENT", "RULING"
TIME, FEED, POLICY, MODEL, CODE = "TIME", "FEED", "POLICY", "MODEL", "CODE"
_STATE = ("risk_class", "risk_points", "red_lines", "status", "lists")
_RECORD_KEY = ("uscc", "kind", "authority", "doc_no", "event_on", "held_as", "via")
_RECORD_SAYS = ("what", "ended_on", "repaired_on", "is_provisional", "is_active")
_EVIDENCE = (*_RECORD_KEY, *_RECORD_SAYS, "linked_by")
_HOLD_KEY = ("uscc", "kind", "authority", "doc_no", "event_on", "hold_rule", "via")
# Indicators of these features move with the calendar or with rows that are no records of the evidence.
_AGE = "AGE"
_CAUSE = ("uscc", "cause", "detail")


@dataclass(frozen=True)
class Between:
    """The two snapshots that are compared.

    Attributes:
        before, after: their days.
        is_policy_new, is_model_new, is_code_new: whether the versions differ.
        decay_months: months after which a record leaves the evidence.
        window_months: months after which it no longer blocks.
    """

    before: date
    after: date
    is_policy_new: bool
    is_model_new: bool
    is_code_new: bool
    decay_months: int
    window_months: int

    @property
    def has_time_passed(self) -> bool:
        """Whether the days differ: between two revisions of one day nothing ages or ends."""
        return self.before != self.after


def compare(
    ws: Workspace,
    before: Tables | None,
    after: Tables,
    touched: ir.Table | None,
    as_of: date,
    between: Between | None,
) -> ir.Table:
    """Store ``changes``: one row for each entity that came, went, or whose answer changed.

    The answer: class, points, red lines, status and the lists on which it stands.
    ``previous + changes = new``: ADD and MOD rows hold the new values, DEL rows name what is no more.

    Args:
        before: COMPARED tables of the earlier snapshot; None where there is none: everything is ADD then.
        after: the same of this one.
        touched: `models.touched`, for amendments and rulings; None where it is not known.
        as_of: day of this snapshot.
        between: the two; None where `before` is.

    Returns:
        columns of ``changes`` (`publish.tables`).
    """
    new = _state(after)
    if before is None or between is None:
        old = new.filter(ibis.literal(False))
    else:
        old = _state(before)
    old = old.rename({f"old_{c}": c for c in old.columns})
    t = new.outer_join(old, [("uscc", "old_uscc")])
    t = t.mutate(
        change=ibis.cases((t.old_uscc.isnull(), ADD), (t.uscc.isnull(), DEL), else_=MOD),
        differs=~_same(t.risk_class, t.old_risk_class)
        | ~_same(t.risk_points, t.old_risk_points)
        | ~_same(t.red_lines, t.old_red_lines)
        | ~_same(t.status, t.old_status)
        | ~_same(t.lists, t.old_lists),
    )
    t = t.filter((t.change != MOD) | t.differs)
    none = ibis.literal([], type="array<string>")
    steps = {c: i for i, c in enumerate(CLASSES)}
    step = _number(t.risk_class, steps) - _number(t.old_risk_class, steps)
    changed = ws.save(
        "changed",
        t.select(
            "change",
            uscc=ibis.coalesce(t.uscc, t.old_uscc),
            name=ibis.coalesce(t.name, t.old_name),
            division_code=ibis.coalesce(t.division_code, t.old_division_code),
            old_class="old_risk_class",
            new_class="risk_class",
            class_step=step.cast("int64"),
            old_points="old_risk_points",
            new_points="risk_points",
            old_status="old_status",
            new_status="status",
            old_red_lines=t.old_red_lines.fill_null(none),
            new_red_lines=t.red_lines.fill_null(none),
            is_other_row=~_same(t.row, t.old_row),
        ),
    )
    causes = _causes(ws, changed, before, after, touched, between)
    t = changed.left_join(causes, [("uscc", "c_uscc")])
    now = _entries(after)
    was = now.filter(ibis.literal(False)) if before is None else _entries(before)
    t = t.left_join(_only_in(now, was, "j_uscc", "joined"), [("uscc", "j_uscc")])
    t = t.left_join(_only_in(was, now, "l_uscc", "gone"), [("uscc", "l_uscc")])
    return ws.save(
        "changes",
        t.select(
            "uscc", "change", "name", "division_code", "old_class", "new_class", "class_step", "old_points",
            "new_points", "old_status", "new_status", "old_red_lines", "new_red_lines",
            lists_joined=t.joined.fill_null(none),
            lists_left=t.gone.fill_null(none),
            causes=t.causes.fill_null(none),
            cause_records=t.cause_records.fill_null(none),
            as_of=day(as_of),
        ),
    )  # fmt: skip


def _state(tables: Tables) -> ir.Table:
    """Each entity with what is compared, and ``row``: what its registration says."""
    grades, answers = tables["grades"], tables["eligibility"]
    g = grades.select("entity_type", "industry_code", "risk_class", "risk_points", "red_lines", g_uscc="uscc")
    entries = _entries(tables)
    lists = entries.group_by(l_uscc=entries.uscc).agg(lists=entries.list_type.collect(distinct=True).sort())
    t = answers.select("uscc", "name", "division_code", "status")
    t = t.left_join(g, [("uscc", "g_uscc")]).left_join(lists, [("uscc", "l_uscc")])
    none = ibis.literal([], type="array<string>")
    row = ibis.literal("|").join(
        [t[c].fill_null("") for c in ("name", "division_code", "entity_type", "industry_code")]
    )
    return t.select(
        "uscc", "name", "division_code", "status", "risk_class", "risk_points",
        red_lines=t.red_lines.fill_null(none), lists=t.lists.fill_null(none), row=row,
    )  # fmt: skip


def _causes(
    ws: Workspace,
    changed: ir.Table,
    before: Tables | None,
    after: Tables,
    touched: ir.Table | None,
    between: Between | None,
) -> ir.Table:
    """(c_uscc, causes, cause_records): sorted, without repeats, never empty for a row of ``changes``."""
    if before is None or between is None:
        rows = changed.select("uscc", cause=ibis.literal(FIRST), detail=no_text())
    else:
        came = changed.filter(changed.change != MOD)
        other = changed.filter((changed.change == MOD) & changed.is_other_row)
        found = [
            t.select("uscc", cause=ibis.literal(RECORD), detail=ibis.literal("entities"))
            for t in (came, other)
        ]
        parts = {
            name: (
                before[name].semi_join(changed, "uscc"),
                after[name].semi_join(changed, "uscc"),
            )
            for name in ("evidence", "holds", "grade_reasons")
        }
        listed = [_as_evidence(t["joint_punishment"].semi_join(changed, "uscc")) for t in (before, after)]
        seen = [t.filter(t.kind != "listings").select(*_EVIDENCE) for t in parts["evidence"]]
        old, new = (union_all(pair) for pair in zip(seen, listed, strict=True))
        found += _of_records(old, new, touched, between)
        found += _of_holds(*parts["holds"], touched, between)
        found += _of_reasons(*parts["grade_reasons"], between)
        rows = ws.save("causes_found", union_all(t.select(*_CAUSE) for t in found).distinct())
        # Decay alone explains only what nothing else does; a new version may explain anything.
        rest = changed.anti_join(rows, "uscc")
        rows = union_all([rows, *_by_version(changed, between), *_rest(rest, between)])
    rows = rows.mutate(
        detail=ibis.ifelse(rows.detail.notnull(), rows.cause + ibis.literal(" ") + rows.detail, no_text())
    )
    return rows.group_by(c_uscc=rows.uscc).agg(
        causes=rows.cause.collect(distinct=True).sort(),
        cause_records=rows.detail.collect(where=rows.detail.notnull(), distinct=True).sort(),
    )


def _as_evidence(entries: ir.Table) -> ir.Table:
    """Entries of every list, those that block nobody too, in the columns of the evidence."""
    return entries.select(
        "uscc", "authority", "doc_no", "held_as", "via", "is_provisional", "is_active",
        kind=ibis.literal("listings"), event_on="from_on", what="list_type", ended_on="until_on",
        repaired_on=ibis.null("date"), linked_by=no_text(),
    ).distinct().select(*_EVIDENCE)  # fmt: skip


def _by_version(changed: ir.Table, between: Between) -> list[ir.Table]:
    new = ((between.is_policy_new, POLICY), (between.is_model_new, MODEL))
    return [
        changed.filter(changed.change == MOD).select("uscc", cause=ibis.literal(cause), detail=no_text())
        for is_new, cause in new
        if is_new
    ]


def _rest(rest: ir.Table, between: Between) -> list[ir.Table]:
    """What nothing explains: time where it passed, else other code, else something that was read."""
    if between.is_policy_new or between.is_model_new:
        return []
    cause = TIME if between.has_time_passed else CODE if between.is_code_new else RECORD
    return [rest.select("uscc", cause=ibis.literal(cause), detail=no_text())]


def _of_records(old: ir.Table, new: ir.Table, touched: ir.Table | None, between: Between) -> list[ir.Table]:
    """Records that came, changed or went."""
    old, new = (_keyed(t, _RECORD_KEY, _RECORD_SAYS) for t in (old, new))
    came = new.anti_join(old, "key")
    gone = old.anti_join(new, "key")
    was = old.select("key", was="says")
    stayed = new.join(was, "key").filter(lambda t: t.says != t.was)
    aged = add_months(gone.event_on, between.decay_months) < day(between.after)
    ended = gone.ended_on < day(between.after)
    # An honour ends by itself; an entry that ended is shown for some months (policy) and then no more.
    ends = gone.kind.isin(["honours", "listings"])
    told = ibis.ifelse(ends, is_true(ended), is_true(aged)) & ibis.literal(between.has_time_passed)
    return [
        came.select(
            "uscc", cause=ibis.ifelse(is_true(came.linked_by == "ruling"), RULING, RECORD), detail="detail"
        ),
        _amended(stayed, touched, ibis.literal(RECORD)),
        _amended(gone, touched, ibis.ifelse(told, TIME, RECORD)),
    ]


def _amended(t: ir.Table, touched: ir.Table | None, otherwise: ir.StringValue) -> ir.Table:
    """AMENDMENT where one names the record, else what the caller says."""
    t = t.mutate(otherwise=otherwise)
    if touched is None:
        return t.select("uscc", cause="otherwise", detail="detail")
    by = touched.filter(touched.how == AMENDMENT).select(
        a_via="via",
        a_kind="kind",
        a_authority=touched.authority.fill_null(""),
        a_doc=touched.doc_no.fill_null(""),
    )
    by = by.distinct().mutate(is_amended=True)
    t = t.mutate(k_authority=t.authority.fill_null(""), k_doc=t.doc_no.fill_null(""))
    t = t.left_join(
        by, [("via", "a_via"), ("kind", "a_kind"), ("k_authority", "a_authority"), ("k_doc", "a_doc")]
    )
    return t.select("uscc", cause=ibis.ifelse(is_true(t.is_amended), AMENDMENT, t.otherwise), detail="detail")


def _of_holds(old: ir.Table, new: ir.Table, touched: ir.Table | None, between: Between) -> list[ir.Table]:
    """Held rows that came or were settled."""
    old, new = (_keyed(t, _HOLD_KEY, ()) for t in (old, new))
    came, gone = new.anti_join(old, "key"), old.anti_join(new, "key")
    is_feed = [t.hold_rule.startswith("feed_stale") for t in (came, gone)]
    aged = is_true(add_months(gone.event_on, between.window_months) < day(between.after))
    aged &= ibis.literal(between.has_time_passed)
    gone = gone.mutate(otherwise=ibis.cases((is_feed[1], FEED), (aged, TIME), else_=RECORD))
    if touched is not None:
        ruled = touched.filter(touched.how == RULING).select(r_via="via", r_kind="kind").distinct()
        ruled = ruled.mutate(is_ruled=True)
        own = gone.left_join(ruled, [("uscc", "r_via"), ("kind", "r_kind")])
        through = ruled.select(t_via="r_via", t_kind="r_kind", is_through="is_ruled")
        own = own.left_join(through, [("via", "t_via"), ("kind", "t_kind")])
        gone = own.mutate(
            otherwise=ibis.ifelse(is_true(own.is_ruled) | is_true(own.is_through), RULING, own.otherwise)
        )
    return [
        came.select("uscc", cause=ibis.ifelse(is_feed[0], FEED, RECORD), detail="detail"),
        gone.select("uscc", cause="otherwise", detail="detail"),
    ]


def _of_reasons(old: ir.Table, new: ir.Table, between: Between) -> list[ir.Table]:
    """Indicators that no record of the evidence explains: age, and what registration and licences say."""
    pair = old.select("uscc", "indicator", was=old.value.fill_null(""), was_category="category").outer_join(
        new.select(
            n_uscc="uscc", n_indicator="indicator", now=new.value.fill_null(""), now_category="category"
        ),
        [("uscc", "n_uscc"), ("indicator", "n_indicator")],
    )
    pair = pair.filter(~_same(pair.was, pair.now))
    t = pair.select(
        uscc=ibis.coalesce(pair.uscc, pair.n_uscc),
        indicator=ibis.coalesce(pair.indicator, pair.n_indicator),
        category=ibis.coalesce(pair.now_category, pair.was_category),
    )
    aged = t.filter(t.indicator == _AGE)
    read = t.filter((t.indicator != _AGE) & t.category.isin(["基础属性", "动态"]))
    # The age in months moves every month: it is told only where time passed.
    passed = aged.filter(ibis.literal(between.has_time_passed))
    return [
        passed.select("uscc", cause=ibis.literal(TIME), detail=no_text()),
        read.select("uscc", cause=ibis.literal(RECORD), detail="indicator"),
    ]


def _keyed(t: ir.Table, key: tuple[str, ...], says: tuple[str, ...]) -> ir.Table:
    """With ``key`` and ``says`` as one text each, and ``detail`` for a reader."""
    bar = ibis.literal("|")
    t = t.mutate(key=bar.join([_text(t[c]) for c in key]))
    t = t.mutate(says=bar.join([_text(t[c]) for c in says]) if says else ibis.literal(""))
    named = [t.kind, t.authority.fill_null(""), t.doc_no.fill_null(""), _text(t.event_on)]
    return t.mutate(detail=ibis.literal(" ").join(named))


def _text(column: ir.Value) -> ir.StringValue:
    return column.cast("string").fill_null("")


def _same(a: ir.Value, b: ir.Value) -> ir.BooleanValue:
    return a.identical_to(b)


def _number(column: ir.StringValue, numbers: Mapping[str, int]) -> ir.IntegerValue:
    return ibis.cases(*[(column == text, n) for text, n in numbers.items()], else_=ibis.null("int64"))


def _entries(tables: Tables) -> ir.Table:
    """Active entries: uscc, list_type."""
    t = tables["joint_punishment"]
    return t.filter(t.is_active).select("uscc", "list_type").distinct()


def _only_in(a: ir.Table, b: ir.Table, uscc: str, lists: str) -> ir.Table:
    """Lists that an entity is on in `a` and not in `b`."""
    t = a.anti_join(b, ["uscc", "list_type"])
    return t.group_by(t.uscc.name(uscc)).agg(t.list_type.collect(distinct=True).sort().name(lists))
