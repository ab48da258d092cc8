"""Values that hold from one day to another, and the base of every policy model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
Confidence = Literal["V", "V2", "M", "A"]


def _only_a_day(value: Any) -> date:
    if not isinstance(value, str) or not re.fullmatch(_DAY, value):
        raise ValueError("a date is written YYYY-MM-DD")
    return date.fromisoformat(value)


_DayText = Annotated[str, Field(pattern=f"^{_DAY}$")]
Day = Annotated[date, BeforeValidator(_only_a_day, json_schema_input_type=_DayText)]
Text = Annotated[str, Field(min_length=1, pattern=r"^\S(?:.*\S)?$")]


class Model(BaseModel):
    """Frozen, strict, and closed to keys that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class About(Model):
    """What a file is, where its content comes from and when it is to be looked at again."""

    description: Text
    label: Text
    source: Text
    article: Text | None = None
    confidence: Confidence
    reviewed_on: Day
    review_by: Day


class Span(Model):
    """Days in force; both ends belong to it, null is open."""

    valid_from: Day | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} lies before valid_from {self.valid_from}")
        return self

    def covers(self, on: date) -> bool:
        """Whether `on` lies in the span."""
        return (self.valid_from or date.min) <= on <= (self.valid_to or date.max)


class Cited(Span):
    """A span with the citation of what is said for it. Both days are written out, null too."""

    valid_from: Day | None
    valid_to: Day | None
    source: Text
    article: Text
    confidence: Confidence
    reviewed_on: Day


def overlap(spans: Iterable[Span]) -> str | None:
    """The first pair of spans that share a day, in words; None where none do."""
    ordered = sorted(spans, key=lambda s: s.valid_from or date.min)
    for before, after in pairwise(ordered):
        if (before.valid_to or date.max) >= (after.valid_from or date.min):
            return f"{_words(before)} and {_words(after)} overlap"
    return None


def _words(span: Span) -> str:
    return f"{span.valid_from or 'ever'}..{span.valid_to or 'open'}"


@dataclass(frozen=True)
class Series:
    """The values of one parameter over time.

    Attributes:
        file: YAML file that holds it, for messages.
        entries: citation and value, without overlap in days.
    """

    file: str
    entries: tuple[tuple[Cited, Any], ...]

    def at(self, on: date) -> tuple[Cited, Any] | None:
        """The citation and the value in force on `on`; None where there is none."""
        return next((entry for entry in self.entries if entry[0].covers(on)), None)

    def cuts(self) -> set[date]:
        """Days on which the value may differ from the day before."""
        firsts = {span.valid_from for span, _ in self.entries if span.valid_from}
        lasts = {span.valid_to for span, _ in self.entries if span.valid_to and span.valid_to < date.max}
        return firsts | {last + timedelta(days=1) for last in lasts}


def constant_periods(series: Sequence[Series], start: date, end: date) -> list[tuple[date, date]]:
    """Maximal sub-intervals of [start, end] (both in) in which every series keeps its value or has none."""
    if end < start:
        return []

    def state_on(day: date) -> list[list[Any]]:
        return [[] if found is None else [found[1]] for found in (one.at(day) for one in series)]

    periods = [(start, end)]
    state = state_on(start)
    for cut in sorted({day for one in series for day in one.cuts() if start < day <= end}):
        now = state_on(cut)
        if now != state:
            first, _ = periods.pop()
            periods += [(first, cut - timedelta(days=1)), (cut, end)]
            state = now
    return periods
