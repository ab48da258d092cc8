"""Tables that supervisors act on: measures of joint discipline and inspection tasks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from policy.dated import About, Confidence, Model, Text

_Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
_Authorities = Annotated[tuple[Text, ...], Field(min_length=1)]
# The national base list holds so many measures of so many kinds.
BASE_MEASURES, BASE_KINDS = 14, 3


class BaseMeasure(Model):
    """A measure of the national base list (全国失信惩戒措施基础清单) and the authorities that apply it here."""

    number: Annotated[int, Field(ge=1, le=BASE_MEASURES)]
    code: _Code
    name: Text
    name_en: Text
    kind: Literal[1, 2, 3]
    departments: _Authorities


class SpecialMeasure(Model):
    """A measure that special law lays down for a list, beside the base list."""

    code: _Code
    name: Text
    name_en: Text
    departments: _Authorities


class Term(Model):
    """How long an entry of a list runs where it is not removed before; null: until it is removed."""

    list: Text
    months: Annotated[int, Field(gt=0)] | None
    source: Text
    article: Text
    confidence: Confidence


class MeasuresFile(Model):
    """measures.yaml."""

    about: About
    measures: tuple[BaseMeasure, ...]
    special: tuple[SpecialMeasure, ...]
    terms: tuple[Term, ...]

    @model_validator(mode="after")
    def _whole(self) -> MeasuresFile:
        if sorted(m.number for m in self.measures) != list(range(1, BASE_MEASURES + 1)):
            raise ValueError(f"measures: must number 1 to {BASE_MEASURES} once each")
        if {m.kind for m in self.measures} != set(range(1, BASE_KINDS + 1)):
            raise ValueError(f"measures: must be of {BASE_KINDS} kinds")
        both = [*self.measures, *self.special]
        for what in ("code", "name"):
            names = [getattr(m, what) for m in both]
            if len(set(names)) != len(names):
                raise ValueError(f"a {what} of a measure stands twice")
        if len({term.list for term in self.terms}) != len(self.terms):
            raise ValueError("terms: a list stands twice")
        return self

    @property
    def by_name(self) -> dict[str, BaseMeasure | SpecialMeasure]:
        """Every measure by its name."""
        found: dict[str, BaseMeasure | SpecialMeasure] = {m.name: m for m in self.measures}
        return found | {m.name: m for m in self.special}

    def term_months(self, list_name: str) -> int | None:
        """Months that an entry of a list runs; None where it is open or not laid down."""
        return next((term.months for term in self.terms if term.list == list_name), None)


class Task(Model):
    """An inspection task: whose it is, on whom, and what is looked at."""

    id: _Code
    title: Text
    title_en: Text
    unit: Annotated[str, Field(pattern=r"^[a-z]+$")]
    industries: tuple[Annotated[str, Field(pattern=r"^[0-9]{2}$")], ...]
    rate_factor: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
    items: Annotated[tuple[Text, ...], Field(min_length=1)]
    key_items: Annotated[tuple[Text, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _key_items_are_items(self) -> Task:
        if odd := sorted(set(self.key_items) - set(self.items)):
            raise ValueError(f"key_items: {odd[0]} is no item of the task")
        if not float(self.rate_factor) > 0:
            raise ValueError("rate_factor: must lie above 0, no class is exempt")
        return self

    def covers(self, industry_code: str | None) -> bool:
        """Whether an entity of that industry is in the task's scope."""
        digits = (industry_code or "").lstrip("ABCDEFGHIJKLMNOPQRST")
        return not self.industries or digits[:2] in self.industries


class SamplingFile(Model):
    """sampling.yaml; the first task is the general one, for every industry."""

    about: About
    tasks: Annotated[tuple[Task, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _general_first(self) -> SamplingFile:
        if self.tasks[0].industries:
            raise ValueError("tasks: the first one is for every industry")
        if len({task.id for task in self.tasks}) != len(self.tasks):
            raise ValueError("tasks: an id stands twice")
        return self
