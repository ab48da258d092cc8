"""Publicity clocks (公示期): what each channel shows of a decision or list entry, from when and how long."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from policy.dated import About, Cited, Model, Text, overlap

Channel = Literal["gsxt", "creditchina"]
Group = Literal[
    "no_penalty", "simple_procedure", "warning", "criticism", "low_fine", "other", "large_fine", "heavy"
]  # fmt: skip
CHANNELS: tuple[Channel, ...] = ("gsxt", "creditchina")
# Kinds of decision as publicity tells them apart, the lightest first; the heaviest kind of a decision gives its group.
GROUPS: tuple[Group, ...] = (
    "no_penalty", "simple_procedure", "warning", "criticism", "low_fine", "other", "large_fine", "heavy",
)  # fmt: skip

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Months = Annotated[int, Field(ge=0, le=1200)]
# Plain characters only: words are put into a search pattern as they stand.
Word = Annotated[str, Field(pattern=r"^[0-9A-Za-z\u4e00-\u9fff]+$")]


class Area(Model):
    """A field of supervision (领域) and the words that tell it."""

    id: Id
    name: Text
    words: Annotated[tuple[Word, ...], Field(min_length=1)]


class LowFine(Cited):
    """A fine below this many yuan is a low one (较低数额罚款); the amount itself is not."""

    value: Annotated[int, Field(gt=0)]


class LongerMinimum(Model):
    """A longer shortest period in some areas (`Area.id`)."""

    months: Annotated[Months, Field(gt=0)]
    areas: Annotated[tuple[Id, ...], Field(min_length=1)]


class PublicityRule(Cited):
    """What one channel does with decisions of some groups, or entries on one list, made on some days.

    Attributes:
        groups: the decisions it is for; empty where it is for entries on the list `list_type`.
        is_published: false: never shown, and no clock runs.
        start: what the law counts from. The day of publication is in no source: the day of the decision, the
            earliest that it can be, is taken for it.
        min_months: shortest period, after which an early stop may be asked for; null: never.
        max_months: longest period; null: until it is stopped.
        longer_min: a longer shortest period in some areas.
        stops_on_repair: whether a repair (信用修复) on record ends it early.
        extends_to_restriction: whether a restriction of business or practice that lasts longer extends it.
    """

    id: Id
    label: Text
    description: Text
    channel: Channel
    groups: tuple[Group, ...] = ()
    list_type: Text | None = None
    is_published: bool
    start: Literal["decision", "publication", "listing"] | None = None
    min_months: Months | None = None
    max_months: Annotated[Months, Field(gt=0)] | None = None
    longer_min: LongerMinimum | None = None
    stops_on_repair: bool = False
    extends_to_restriction: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> PublicityRule:
        if bool(self.groups) == (self.list_type is not None):
            raise ValueError("needs exactly one of groups and list_type")
        if len(set(self.groups)) != len(self.groups):
            raise ValueError("names a group twice")
        clock = {
            "start", "min_months", "max_months", "longer_min", "stops_on_repair", "extends_to_restriction"
        }  # fmt: skip
        if not self.is_published:
            if named := sorted(clock & self.model_fields_set):
                raise ValueError(f"{named[0]} stands where nothing is published")
            return self
        # Written out, null too: an end that was forgotten must not mean that there is none.
        if missing := sorted({"min_months", "max_months", "stops_on_repair"} - self.model_fields_set):
            raise ValueError(f"{missing[0]} is missing")
        if self.start is None or (self.start == "listing") != (self.list_type is not None):
            raise ValueError("start must be listing for a list, decision or publication for decisions")
        if self.min_months is not None and self.max_months is not None and self.min_months > self.max_months:
            raise ValueError(f"min_months {self.min_months} lies above max_months {self.max_months}")
        if self.longer_min and (self.min_months is None or self.longer_min.months <= self.min_months):
            raise ValueError("longer_min is not longer than min_months")
        return self


class Transition(Cited):
    """How a new rule reaches decisions made before it (从旧兼从轻).

    A decision made before `valid_from` keeps the rule of its day, but where the longest period of the rule in
    force on `valid_from`, counted from the decision, ends earlier, it ends at the later of that day and `valid_from`.
    """

    id: Id
    label: Text
    description: Text
    channel: Channel

    @model_validator(mode="after")
    def _dated(self) -> Transition:
        if self.valid_from is None or self.valid_to is not None:
            raise ValueError("needs a valid_from and no valid_to")
        return self

    @property
    def day(self) -> date:
        """First day of the new rule."""
        assert self.valid_from is not None  # refused when read
        return self.valid_from


class Publicity(Model):
    """publicity.yaml.

    Attributes:
        restriction_kinds: a kind of penalty that contains one of these restricts business or practice.
        areas_read_in: where the words of an area are looked for.
    """

    about: About
    low_fine_yuan: Annotated[tuple[LowFine, ...], Field(min_length=1)]
    restriction_kinds: Annotated[tuple[Word, ...], Field(min_length=1)]
    areas_read_in: tuple[Literal["key_area", "violation_type"], ...]
    areas: tuple[Area, ...]
    rules: Annotated[tuple[PublicityRule, ...], Field(min_length=1)]
    transitions: tuple[Transition, ...]

    @model_validator(mode="after")
    def _complete(self) -> Publicity:
        ids = [*(rule.id for rule in self.rules), *(transition.id for transition in self.transitions)]
        _refuse_doubled("rule", ids)
        _refuse_doubled("area", [area.id for area in self.areas])
        _refuse_doubled("transition of channel", [transition.channel for transition in self.transitions])
        if problem := overlap(self.low_fine_yuan):
            raise ValueError(f"low_fine_yuan {problem}")
        for rule in self.rules:
            known = {area.id for area in self.areas}
            if rule.longer_min and (unknown := sorted(set(rule.longer_min.areas) - known)):
                raise ValueError(f"rule {rule.id}: unknown area {unknown[0]}")
        for channel in CHANNELS:
            for group in GROUPS:
                own = [rule for rule in self.rules if rule.channel == channel and group in rule.groups]
                if problem := overlap(own) or _gap(own):
                    raise ValueError(f"rules of {channel}, {group}: {problem}")
            for name in self.list_types(channel):
                if problem := overlap(
                    rule for rule in self.rules if (rule.channel, rule.list_type) == (channel, name)
                ):
                    raise ValueError(f"rules of {channel}, {name}: {problem}")
        return self

    def list_types(self, channel: Channel) -> tuple[str, ...]:
        """Lists of which the channel shows entries, sorted."""
        return tuple(
            sorted({r.list_type for r in self.rules if r.channel == channel and r.list_type is not None})
        )

    def rule(self, channel: Channel, group: Group, on: date) -> PublicityRule:
        """The rule for decisions of a group made on a day: there is exactly one for each."""
        return next(r for r in self.rules if r.channel == channel and group in r.groups and r.covers(on))

    def list_rule(self, channel: Channel, list_type: str, on: date) -> PublicityRule | None:
        """The rule for entries made on a list on a day; None where no clock is known."""
        own = (r for r in self.rules if (r.channel, r.list_type) == (channel, list_type))
        return next((r for r in own if r.covers(on)), None)

    def transition(self, channel: Channel) -> Transition | None:
        """How decisions made before a new rule of the channel are treated, where the policy says so."""
        return next((one for one in self.transitions if one.channel == channel), None)


def _gap(rules: list[PublicityRule]) -> str | None:
    """The first day in no rule, in words; None where every day has one. The rules do not overlap."""
    expected = date.min
    for rule in sorted(rules, key=lambda r: r.valid_from or date.min):
        if (rule.valid_from or date.min) > expected:
            return f"none in force on {expected}"
        if rule.valid_to in (None, date.max):
            return None
        expected = rule.valid_to + timedelta(days=1)
    return f"none in force on {expected}"


def _refuse_doubled(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{what} {name} stands twice")
