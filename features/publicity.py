"""Publicity clocks (公示期): which decisions and list entries each channel shows on a day, and how long.

One decision has a clock in each channel (O-27); the rule is that of the day of the decision, and a decision
made before a new rule may end earlier under it (O-06). Natural persons are never in the table.
"""

from __future__ import annotations

from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from features.tiers import FEN_PER_YUAN, MINOR, SERIOUS, classify_kinds, kinds_table, with_tier
from policy.publicity import CHANNELS
from records.resolve.expr import OPEN_END, add_days, add_months, day, is_true, no_day, union_all
from records.resolve.load import with_source
from records.schema import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

    from policy import Policy
    from policy.publicity import PublicityRule
    from records.intake import Intake
    from records.resolve.workspace import Workspace

# What names a row of the table: the decision as it is seen, and the channel.
KEY = ("uscc", "name", "kind", "authority", "doc_no", "decided_on", "channel")
COLUMNS = (*KEY, "is_published", "publish_from", "earliest_repair_on", "publish_until", "rule", "as_of")
_WARNING = frozenset({"警告"})
# What may stand beside a low fine: nothing that is shown longer.
_LIGHT = frozenset({"警告", "通报批评", "罚款"})
_FLAGS = ("is_warning", "is_light", "is_heavy", "is_merged", "is_no_penalty", "is_minor", "restricts")


def disclosure(ws: Workspace, intake: Intake, entities: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    """Store ``disclosure``: one row for each decision or list entry of an entity, and channel.

    Takes the penalty versions and list entries that `features.facts.gather` has stored. Left out: annulled
    records, what is dated after ``as_of``, natural persons, records made by a ruling (their rows are still in
    quarantine) and lists without a clock.

    Args:
        entities: `features.indicators.entity_features`: entities that have a row on ``as_of``.

    Returns:
        COLUMNS, unique by KEY. ``decided_on``: day of the decision (of the first version where a 变更 names it)
        or of the listing. ``publish_from``: null where the rule shows nothing. ``earliest_repair_on``: first day on
        which an early stop may be asked for, null for never. ``publish_until``: last day on which it is shown,
        null for open; before ``publish_from`` where it was stopped before it began.
    """
    here = entities.select(
        "uscc",
        "name",
        **{f"key_in_{a.id}": _says(entities.key_area, a.words) for a in policy.publicity.areas},
    )
    rows = ws.stored("linked_listings")
    texts = ws.read(intake.accepted("penalties"), ACCEPTED["penalties"])
    records = union_all(
        [
            _decisions(ws, ws.stored("penalty_versions"), texts, policy),
            _entries(ws.stored("listing_records"), rows.filter(_is_person(rows)), policy),
        ]
    )
    records = records.filter(records.decided_on <= day(as_of)).join(here, [("linked", "uscc")])
    read_in = policy.publicity.areas_read_in
    records = records.mutate(
        **{
            f"in_{a.id}": (records[f"row_in_{a.id}"] & ("violation_type" in read_in))
            | (records[f"key_in_{a.id}"] & ("key_area" in read_in))
            for a in policy.publicity.areas
        }
    )
    t = ws.save("publicity_records", _with_is_twice(records))
    shown = ws.save("disclosure", _one_each(_clocks(ws, t, as_of, policy)), leaves=True)
    ws.release("publicity_records")
    return shown


def describe_kinds(kinds: str, policy: Policy) -> dict[str, Any]:
    """What the penalties of a decision are for publicity.

    责令改正 and the like are no penalties (O-11): beside a penalty they change nothing, so a warning with an order
    to correct is still 仅受到警告.

    Args:
        kinds: as `features.tiers.classify_kinds`.

    Returns:
        kinds, ``proper`` (the penalties among them, or all where there are none), and flags.
    """
    idle = {k.name for k in policy.penalty_kinds if k.weight == "no_penalty"}
    names = [k for k in kinds.split(";") if k]
    proper = [k for k in names if k not in idle] or names
    flags = classify_kinds(";".join(proper), policy)
    return {
        "kinds": kinds,
        "proper": ";".join(proper),
        "is_warning": bool(proper) and set(proper) <= _WARNING,
        "is_minor": flags["all_minor"],
        "is_light": bool(proper) and set(proper) <= _LIGHT,
        "is_heavy": flags["has_serious"],
        "is_merged": flags["has_merged"],
        "is_no_penalty": flags["all_no_penalty"],
        "restricts": any(word in name for name in proper for word in policy.publicity.restriction_kinds),
    }


def _decisions(ws: Workspace, versions: ir.Table, texts: ir.Table, policy: Policy) -> ir.Table:
    """Winning penalties in force, not of natural persons, with their group."""
    t = versions.filter(versions.is_winner & ~versions.is_annulled & ~_is_person(versions))
    t = t.mutate(kinds=t.kinds.fill_null(""))
    distinct = ws.fetch(t.select("kinds").distinct()).column("kinds").to_pylist()
    schema = pa.schema([("kinds", pa.string()), ("proper", pa.string()), *[(f, pa.bool_()) for f in _FLAGS]])
    table = ws.put_rows("publicity_penalties", [describe_kinds(k, policy) for k in sorted(distinct)], schema)
    t = t.left_join(table.rename(k="kinds"), [("kinds", "k")]).drop("k")
    # The tier of the penalties proper: an order to correct does not make a simple decision an ordinary one. By the
    # parameters of the decision's day, which a 变更 leaves where it was.
    t = t.mutate(kinds=t.proper)
    t = with_tier(t, kinds_table(ws, "publicity", t, policy), policy, on="event_on")
    t = with_source(ws, t.mutate(group=_group(t, policy))).left_join(
        _texts(texts, policy).rename(t_sha="sha256", t_row="source_row"),
        [("sha256", "t_sha"), ("source_row", "t_row")],
    )
    return t.select(
        "linked", "authority", "doc_no", "group",
        kind=ibis.literal("penalties"),
        decided_on="event_on",
        repaired_on="repaired_on",
        removed_on=no_day(),
        restricted_until=ibis.ifelse(t.restricts, t.valid_to, no_day()),
        **{f"row_in_{a.id}": is_true(t[f"says_{a.id}"]) for a in policy.publicity.areas},
    )  # fmt: skip


def _group(t: ir.Table, policy: Policy) -> ir.StringValue:
    """`policy.publicity.Group` of a decision."""
    pieces = []
    for start, end in policy.periods(["publicity.low_fine_yuan"], date.min, date.max):
        if policy.series["publicity.low_fine_yuan"].at(start) is not None:
            fen = int(policy.value("publicity.low_fine_yuan", start)) * FEN_PER_YUAN
            pieces.append((t.event_on.between(start, end), ibis.literal(fen, "int64")))
    low = ibis.cases(*pieces, else_=ibis.null("int64"))
    minor = t.tier == MINOR
    return ibis.cases(
        (minor & t.is_no_penalty, "no_penalty"),
        (minor & (is_true(t.procedure_code == "simple") | ~t.is_minor), "simple_procedure"),
        (minor & t.is_warning, "warning"),
        (minor, "criticism"),
        (t.is_heavy | (t.is_merged & is_true(t.says_revoked)), "heavy"),
        (t.tier == SERIOUS, "large_fine"),
        (t.is_light & is_true((t.fine_fen > 0) & (t.fine_fen < low)), "low_fine"),
        else_="other",
    )


def _texts(texts: ir.Table, policy: Policy) -> ir.Table:
    """What only the lake's own rows say, where it matters: the area in words, and the end of a restriction."""
    restricts = _says(texts.kinds, policy.publicity.restriction_kinds)
    words = [word for area in policy.publicity.areas for word in area.words]
    told = texts.filter(~_is_person(texts) & (restricts | _says(texts.violation_type, words)))
    return told.select(
        "sha256", "source_row", "valid_to",
        **{f"says_{a.id}": _says(told.violation_type, a.words) for a in policy.publicity.areas},
    )  # fmt: skip


def _entries(entries: ir.Table, persons: ir.Table, policy: Policy) -> ir.Table:
    """Entries on lists that have a clock; their group is the list's name."""
    lists = sorted({name for channel in CHANNELS for name in policy.publicity.list_types(channel)})
    t = entries.filter(entries.is_from_row & ~entries.is_annulled & entries.list_type.isin(lists or ["-"]))
    t = t.anti_join(persons.select("rid"), "rid")
    return t.select(
        "linked", "authority", "doc_no",
        group="list_type",
        kind="kind",
        decided_on="event_on",
        repaired_on=no_day(),
        removed_on="removed_on",
        restricted_until=no_day(),
        **{f"row_in_{a.id}": ibis.literal(False) for a in policy.publicity.areas},
    )  # fmt: skip


def _clocks(ws: Workspace, records: ir.Table, as_of: date, policy: Policy) -> ir.Table:
    """The clock of each record in each channel that has a rule for it: COLUMNS and ``is_twice``."""
    rules = ws.put_rows("publicity_rules", _rule_rows(policy), _rule_schema(policy))
    t = records.join(
        rules,
        [records.group == rules.r_group, records.decided_on >= rules.first, records.decided_on <= rules.last],
    )
    is_longer = _any([t[f"in_{a.id}"] & t[f"longer_in_{a.id}"] for a in policy.publicity.areas])
    least = ibis.ifelse(is_longer, t.longer_months, t.min_months)
    # An open end is the far day until the end.
    ends = ibis.ifelse(
        t.max_months.isnull(), day(OPEN_END), add_months(t.decided_on, t.max_months.fill_null(0))
    )
    ends = ibis.ifelse(is_true(t.extends & (t.restricted_until > ends)), t.restricted_until, ends)
    newer = ibis.greatest(t.turn_on, add_months(t.decided_on, t.turn_months.fill_null(0)))
    turns = is_true((t.decided_on < t.turn_on) & (newer < ends))
    t = t.mutate(ends=ibis.ifelse(turns, newer, ends), turns=turns)
    earliest = add_days(add_months(t.decided_on, least.fill_null(0)), 1)
    stopped = ibis.coalesce(t.removed_on, ibis.ifelse(t.stops_on_repair, t.repaired_on, no_day()))
    until = ibis.ifelse(is_true(stopped <= t.ends), add_days(stopped, -1), t.ends)
    shown = t.is_shown
    return t.select(
        "name", "kind", "authority", "doc_no", "decided_on", "channel", "is_twice",
        uscc="linked",
        is_published=shown & (until >= day(as_of)),
        publish_from=ibis.ifelse(shown, t.decided_on, no_day()),
        earliest_repair_on=ibis.ifelse(shown & least.notnull() & (earliest <= t.ends), earliest, no_day()),
        publish_until=ibis.ifelse(shown & (until < day(OPEN_END)), until, no_day()),
        rule=ibis.ifelse(t.turns, t.turn_rule, t.rule),
        as_of=day(as_of),
    ).select(*COLUMNS, "is_twice")  # fmt: skip


def _with_is_twice(records: ir.Table) -> ir.Table:
    """Mark records that may look the same as another one: few, so that only they need be put in order."""
    seen = {"s_by": records.linked, "s_day": records.decided_on, "s_kind": records.kind}
    seen |= {"s_authority": records.authority.fill_null(""), "s_doc": records.doc_no.fill_null("")}
    t = records.mutate(**seen)
    twice = t.group_by(*seen).agg(n=t.count()).filter(lambda x: x.n > 1).drop("n")
    marked = t.left_join(twice.mutate(is_twice=True), list(seen), rname="{name}_twice")
    return marked.select(*records.columns, is_twice=is_true(marked.is_twice))


def _one_each(clocks: ir.Table) -> ir.Table:
    """Rows of different records that look the same are one decision: the longest publicity stands (O-26)."""
    twice = clocks.filter(clocks.is_twice)
    place = ibis.row_number().over(
        group_by=list(KEY),
        order_by=[
            twice.is_published.desc(),
            twice.publish_from.asc(nulls_first=False),
            twice.publish_until.desc(nulls_first=True),
            twice.earliest_repair_on.desc(nulls_first=True),
            twice.rule,
        ],
    )
    first = twice.mutate(place=place).filter(lambda t: t.place == 0)
    return union_all([clocks.filter(~clocks.is_twice).select(*COLUMNS), first.select(*COLUMNS)])


def _rule_schema(policy: Policy) -> pa.Schema:
    text, month, mark, a_day = pa.string(), pa.int32(), pa.bool_(), pa.date32()
    return pa.schema(
        [
            ("channel", text), ("r_group", text), ("first", a_day), ("last", a_day), ("rule", text),
            ("is_shown", mark), ("min_months", month), ("max_months", month), ("longer_months", month),
            ("stops_on_repair", mark), ("extends", mark), ("turn_on", a_day), ("turn_months", month),
            ("turn_rule", text), *[(f"longer_in_{a.id}", mark) for a in policy.publicity.areas],
        ]
    )  # fmt: skip


def _rule_rows(policy: Policy) -> list[dict[str, Any]]:
    """One row for each rule and each group or list that it is for."""
    found = []
    for rule in policy.publicity.rules:
        for group in (*rule.groups, *([rule.list_type] if rule.list_type else [])):
            longer = rule.longer_min
            found.append(
                {
                    "channel": rule.channel,
                    "r_group": group,
                    "first": rule.valid_from or date.min,
                    "last": rule.valid_to or date.max,
                    "rule": rule.id,
                    "is_shown": rule.is_published,
                    "min_months": rule.min_months,
                    "max_months": rule.max_months,
                    "longer_months": longer.months if longer else None,
                    "stops_on_repair": rule.stops_on_repair,
                    "extends": rule.extends_to_restriction,
                    **{
                        f"longer_in_{a.id}": bool(longer and a.id in longer.areas)
                        for a in policy.publicity.areas
                    },
                    **_turn(rule, group, policy),
                }
            )
    return found


def _turn(rule: PublicityRule, group: str, policy: Policy) -> dict[str, Any]:
    """The new rule that decisions under `rule` may end by: its first day and its longest period."""
    transition = policy.publicity.transition(rule.channel)
    if transition is None or not rule.is_published or not rule.groups:
        return {"turn_on": None, "turn_months": None, "turn_rule": None}
    newer = next(
        r for r in policy.publicity.rules
        if r.channel == rule.channel and group in r.groups and r.covers(transition.day)
    )  # fmt: skip
    if newer.is_published and newer.max_months is None:
        return {"turn_on": None, "turn_months": None, "turn_rule": None}
    # What is no longer shown at all ends with the new rule's first day.
    return {"turn_on": transition.day, "turn_months": newer.max_months or 0, "turn_rule": transition.id}


def _is_person(rows: ir.Table) -> ir.BooleanValue:
    """A natural person's row, also where it carries the USCC of a 个体工商户 (rules §3)."""
    return is_true(rows.is_natural_person) | is_true(rows.subject_kind == "自然人")


def _says(text: ir.StringValue, words: Iterable[str]) -> ir.BooleanValue:
    """Whether a text contains one of some plain words; null says nothing."""
    pattern = "|".join(words)
    return is_true(text.re_search(pattern)) if pattern else ibis.literal(False)


def _any(conditions: list[ir.BooleanValue]) -> ir.BooleanValue:
    return reduce(or_, conditions, ibis.literal(False))
