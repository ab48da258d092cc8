"""Publicity clocks (公示期) of one entity: regulation §2.2, §2.4, §3, §3.6 and O-05, O-06, O-13, O-26, O-27."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from policy import Policy
from policy.publicity import CHANNELS, PublicityRule
from tests.reference.dates import DAY, OPEN_END, add_months
from tests.reference.directory import is_natural
from tests.reference.facts import Facts
from tests.reference.listings import judge_entry
from tests.reference.penalties import judge_version
from tests.reference.tiers import FEN, FINE, MINOR, SERIOUS, WARNING, is_serious, kinds_of, tier_of, weight_of
from tests.reference.world import Row

CRITICISM = "通报批评"


@dataclass(frozen=True)
class Clock:
    """One line of ``disclosure``: a decision or entry in one channel.

    Attributes:
        publish_from: None where the channel never shows it.
        earliest_repair_on: first day on which an early stop may be asked for, None for never.
        publish_until: last day on which it is shown, None for open.
    """

    kind: str
    authority: str | None
    doc_no: str | None
    decided_on: date
    channel: str
    is_published: bool
    publish_from: date | None
    earliest_repair_on: date | None
    publish_until: date | None
    rule: str

    @property
    def key(self) -> tuple[object, ...]:
        """What is seen of it."""
        return (self.kind, self.authority, self.doc_no, self.decided_on, self.channel)


@dataclass(frozen=True)
class _Shown:
    """A decision or entry as the rules look at it: its group (or list), what lengthens and what stops it."""

    kind: str
    authority: str | None
    doc_no: str | None
    decided_on: date
    group: str
    areas: frozenset[str]
    restricted_until: date | None = None
    repaired_on: date | None = None
    removed_on: date | None = None


def clocks_of(uscc: str, facts: Facts) -> list[Clock]:
    """Every line of an entity that has a row on as_of. What looks the same is one: the longest stands (O-26)."""
    found: dict[tuple[object, ...], Clock] = {}
    for record in (*_decisions(uscc, facts), *_entries(uscc, facts)):
        for channel in CHANNELS:
            rule = _rule_for(record, channel, facts.policy)
            if rule is None:
                continue
            clock = _clock(record, channel, rule, facts)
            found[clock.key] = max(clock, found.get(clock.key, clock), key=_length)
    return list(found.values())


def _length(clock: Clock) -> tuple[object, ...]:
    """Shown before not shown, then by the later end, then by the later early stop (never is the latest)."""
    return (
        clock.is_published,
        clock.publish_from is not None,
        clock.publish_until or OPEN_END,
        clock.earliest_repair_on or OPEN_END,
        [-ord(sign) for sign in clock.rule],
    )


# -- what has a clock ----------------------------------------------------------------------------------------


def _decisions(uscc: str, facts: Facts) -> Iterator[_Shown]:
    """Penalties in force on the entity itself; not those of natural persons, nor those that a ruling made true."""
    for record in facts.records["penalties"]:
        if record.linked != uscc or is_natural(record.winner):
            continue
        penalty = judge_version(record.winner, record, facts.force_of(record), facts.policy)
        if not penalty.is_in_force or penalty.decided_on > facts.as_of:
            continue
        row, proper = penalty.row, proper_kinds(penalty.row, facts.policy)
        words = facts.policy.publicity.restriction_kinds
        restricts = any(word in kind for kind in proper for word in words)
        yield _Shown(
            "penalties", row["authority"], row["doc_no"], penalty.decided_on,
            group_of(row, facts.policy, penalty.decided_on),
            _areas(uscc, row.get("violation_type"), facts),
            restricted_until=row.get("valid_to") if restricts else None,
            repaired_on=penalty.repaired_on,
        )  # fmt: skip


def _entries(uscc: str, facts: Facts) -> Iterator[_Shown]:
    """Entries on lists; not those of natural persons, nor those that a ruling made true."""
    for record in facts.records["listings"]:
        if record.linked != uscc or is_natural(record.winner):
            continue
        entry = judge_entry(record.winner, record.doc_no, facts.force_of(record), facts.as_of)
        if entry.never_counted or entry.listed_on > facts.as_of:
            continue
        yield _Shown(
            "listings", entry.row["authority"], entry.doc_no, entry.listed_on, entry.list_type, frozenset(),
            removed_on=entry.removed_on,
        )  # fmt: skip


def _areas(uscc: str, violation_type: str | None, facts: Facts) -> frozenset[str]:
    """Fields of supervision that the violation, or else the entity's 重点监管领域, names."""
    publicity = facts.policy.publicity
    texts = {"violation_type": violation_type, "key_area": facts.directory.used[uscc]["key_area"]}
    text = " ".join(texts[name] or "" for name in publicity.areas_read_in)
    return frozenset(area.id for area in publicity.areas if any(word in text for word in area.words))


# -- the group of a decision ------------------------------------------------------------------------------


def proper_kinds(row: Row, policy: Policy) -> list[str]:
    """The penalties of a decision. An order to correct is none and changes nothing beside one (O-11)."""
    kinds = kinds_of(row)
    return [kind for kind in kinds if weight_of(kind, policy) != "no_penalty"] or kinds


def group_of(row: Row, policy: Policy, decided_on: date) -> str:
    """`policy.publicity.Group`: the heaviest kind decides (O-26)."""
    kinds = proper_kinds(row, policy)
    proper = {**row, "kinds": ";".join(kinds)}
    tier, fine = tier_of(proper, policy, decided_on), row["fine_fen"] or 0
    if tier == MINOR:
        weights = {weight_of(kind, policy) for kind in kinds}
        if weights == {"no_penalty"}:
            return "no_penalty"
        if row["procedure_code"] == "simple" or weights != {"minor"}:
            return "simple_procedure"
        return "warning" if set(kinds) == {WARNING} else "criticism"
    if is_serious({**proper, "fine_fen": None}, kinds, policy, decided_on):
        return "heavy"
    if tier == SERIOUS:
        return "large_fine"
    low = int(policy.value("publicity.low_fine_yuan", decided_on)) * FEN
    if kinds and set(kinds) <= {WARNING, CRITICISM, FINE} and 0 < fine < low:
        return "low_fine"
    return "other"


# -- the clock -------------------------------------------------------------------------------------------------


def _rule_for(record: _Shown, channel: str, policy: Policy) -> PublicityRule | None:
    """The rule of the day of the decision or listing; None where no clock is known."""
    if record.kind == "listings":
        return policy.publicity.list_rule(channel, record.group, record.decided_on)  # type: ignore[arg-type]
    return policy.publicity.rule(channel, record.group, record.decided_on)  # type: ignore[arg-type]


def _clock(record: _Shown, channel: str, rule: PublicityRule, facts: Facts) -> Clock:
    """Both ends of the period are in; no roll-over for holidays (O-05)."""
    start = record.decided_on
    unseen = Clock(
        record.kind, record.authority, record.doc_no, start, channel, False, None, None, None, rule.id
    )
    if not rule.is_published:
        return unseen
    end = OPEN_END if rule.max_months is None else add_months(start, rule.max_months)
    if rule.extends_to_restriction and record.restricted_until is not None:
        end = max(end, record.restricted_until)
    id_ = rule.id
    if (turned := _end_under_new_rule(record, channel, facts.policy)) is not None and turned[0] < end:
        end, id_ = turned
    least = rule.min_months
    if rule.longer_min is not None and record.areas & set(rule.longer_min.areas):
        least = rule.longer_min.months
    earliest = None if least is None else add_months(start, least) + DAY
    stop = record.removed_on if record.kind == "listings" else record.repaired_on
    stops = stop is not None and (record.kind == "listings" or rule.stops_on_repair)
    until = min(end, stop - DAY) if stops and stop is not None else end
    return replace(
        unseen,
        is_published=until >= facts.as_of,
        publish_from=start,
        earliest_repair_on=earliest if earliest is not None and earliest <= end else None,
        publish_until=until if until < OPEN_END else None,
        rule=id_,
    )


def _end_under_new_rule(record: _Shown, channel: str, policy: Policy) -> tuple[date, str] | None:
    """从旧兼从轻 (O-06): the later of the new rule's first day and its longest period, for decisions before it."""
    transition = policy.publicity.transition(channel)  # type: ignore[arg-type]
    if record.kind == "listings" or transition is None or record.decided_on >= transition.day:
        return None
    newer = policy.publicity.rule(channel, record.group, transition.day)  # type: ignore[arg-type]
    if newer.is_published and newer.max_months is None:
        return None
    return max(transition.day, add_months(record.decided_on, newer.max_months or 0)), transition.id
