"""Declared sources (feeds) and the calendar of working days (法定节假日与调休)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr, model_validator

from policy.dated import About, Day, Model, Text

FeedKind = Literal[
    "entities", "licences", "penalties", "inspections", "listings", "amendments", "honours", "rulings"
]  # fmt: skip
_SATURDAY = 5


class Feed(Model):
    """A source that is expected to deliver.

    Attributes:
        authority: id, name or alias in authorities.yaml. Exactly one of this and `folder` stands.
        folder: sub-folder under LANDING/<kind>/, with `/` between parts.
        divisions: prefixes of the division_code of the entities served.
        limit_working_days: late where no event lies in so many working days up to and including as_of.
        mode: ``full`` means that each delivery repeats every key; vanished ones are reported and count.
    """

    id: Annotated[str, Field(pattern=r"^[0-9a-z][0-9a-z-]*$")]
    kind: FeedKind
    authority: Text | None = None
    folder: Annotated[str, Field(pattern=r"^[^/\\]+(?:/[^/\\]+)*$")] | None = None
    divisions: Annotated[tuple[Annotated[str, Field(pattern=r"^[0-9]{2,6}$")], ...], Field(min_length=1)]
    limit_working_days: Annotated[int, Field(gt=0)] | None = None
    min_rows_per_week: Annotated[int, Field(ge=0)] | None = None
    max_rows_per_week: Annotated[int, Field(gt=0)] | None = None
    mode: Literal["incremental", "full"] = "incremental"

    @model_validator(mode="after")
    def _consistent(self) -> Feed:
        if (self.authority is None) == (self.folder is None):
            raise ValueError("needs exactly one of authority and folder")
        if self.folder is not None and {".", ".."} & set(self.folder.split("/")):
            raise ValueError(f"folder {self.folder} leaves its kind")
        low, high = self.min_rows_per_week, self.max_rows_per_week
        if low is not None and high is not None and high < low:
            raise ValueError(f"max_rows_per_week {high} lies below min_rows_per_week {low}")
        return self


class FeedsFile(Model):
    """feeds.yaml."""

    about: About
    sources: tuple[Feed, ...]

    @model_validator(mode="after")
    def _ids_once(self) -> FeedsFile:
        ids = [feed.id for feed in self.sources]
        if len(set(ids)) != len(ids):
            raise ValueError(f"source {next(i for i in ids if ids.count(i) > 1)} stands twice")
        return self


class Holiday(Model):
    """Days off around one festival, both ends in, and the weekend days worked for it (调休上班)."""

    name: Text
    first: Day
    last: Day
    worked: tuple[Day, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Holiday:
        if not timedelta(0) <= self.last - self.first <= timedelta(days=15):
            raise ValueError(f"{self.first}..{self.last} is no span of a holiday")
        for day in self.worked:
            if day.weekday() < _SATURDAY:
                raise ValueError(f"{day} is no Saturday or Sunday: it is worked anyway")
            if self.first <= day <= self.last:
                raise ValueError(f"{day} is both off and worked")
        return self


class HolidayYear(Model):
    """The arrangement that the State Council published for one year."""

    source: Text
    article: Text
    confidence: Literal["V", "V2", "M", "A"]
    reviewed_on: Day
    holidays: tuple[Holiday, ...]


class Calendar(Model):
    """holidays.yaml: which days are worked.

    A year in no line knows week-ends only: its holidays then count as working days, so that a silent source
    is found late too early rather than too late.
    """

    about: About
    years: dict[str, HolidayYear]

    _off: frozenset[date] = PrivateAttr(default=frozenset())
    _worked: frozenset[date] = PrivateAttr(default=frozenset())

    @model_validator(mode="after")
    def _index(self) -> Calendar:
        off: set[date] = set()
        worked: set[date] = set()
        for year, arrangement in self.years.items():
            for holiday in arrangement.holidays:
                # New Year's leave may begin in the last days of the year before.
                if str(holiday.last.year) != year:
                    raise ValueError(f"years.{year}: {holiday.name} lies in another year")
                days = {
                    holiday.first + timedelta(days=n) for n in range((holiday.last - holiday.first).days + 1)
                }
                if again := (off & days) | (worked & set(holiday.worked)):
                    raise ValueError(f"years.{year}: {min(again)} stands twice")
                off |= days
                worked |= set(holiday.worked)
        if both := off & worked:
            raise ValueError(f"{min(both)} is both off and worked")
        self._off, self._worked = frozenset(off), frozenset(worked)
        return self

    def covers(self, day: date) -> bool:
        """Whether the arrangement of that year is known."""
        return str(day.year) in self.years

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on `day`."""
        return day in self._worked or (day.weekday() < _SATURDAY and day not in self._off)

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day` (the day itself is not counted, 民法典 201)."""
        for _ in range(count):
            day += timedelta(days=1)
            while not self.is_working_day(day):
                day += timedelta(days=1)
        return day

    def working_days_before(self, day: date, count: int) -> date:
        """First day of the last `count` working days up to and including `day`.

        A source with that limit is late on `day` where it has no event on or after the date returned.

        Raises:
            ValueError: `count` is below 1.
        """
        if count < 1:
            raise ValueError("count must be at least 1")
        while True:
            if self.is_working_day(day):
                count -= 1
                if count == 0:
                    return day
            day -= timedelta(days=1)
