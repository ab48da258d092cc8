"""The parts of an explanation, without any layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

Lang = Literal["zh", "en"] | None
Finding = Literal["decides", "applies", "passed", "overruled"]


class Text(NamedTuple):
    """The same words in both languages.

    Attributes:
        zh: Chinese, as a regulator reads it.
        en: English.
    """

    zh: str
    en: str

    def within(self, lang: Lang) -> str:
        """In one language, or in both.

        >>> Text("依据", "grounds").within("zh"), Text("依据", "grounds").within(None)
        ('依据', 'grounds 依据')
        """
        if lang is None:
            return self.zh if self.zh == self.en else f"{self.en} {self.zh}"
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True)
class Citation:
    """Where a value of a rule comes from, as the policy held it on the day asked about."""

    id: str
    label: str
    value: Any
    source: str
    article: str
    confidence: str
    valid_from: str | None
    valid_to: str | None


@dataclass(frozen=True)
class Record:
    """A record that a rule looked at.

    Attributes:
        kind: of record, English name.
        rule: id of the rule that it answered.
        says: what was found of it.
        ends_on: last day on which it has this effect; None where that is open or where it has none.
        is_open: it has its effect until something changes.
        via: USCC of the branch, parent or predecessor that bears it, where it is not the entity's own.
        source: delivered file and row, where it is held and regulators ask.
    """

    kind: str
    authority: str | None
    doc_no: str | None
    event_on: date | None
    rule: str
    says: Text
    ends_on: date | None = None
    is_open: bool = False
    via: str | None = None
    source: str | None = None


@dataclass(frozen=True)
class Question:
    """One rule that was asked.

    Attributes:
        code: of the status or red line that it can give.
        asks: the question.
        finding: whether it decides, applies too, was passed, or was overruled by an honour.
        records: what answered it.
        citations: the law of its numbers.
    """

    code: str
    asks: Text
    finding: Finding
    records: tuple[Record, ...] = ()
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True)
class Change:
    """What would change the answer.

    Attributes:
        on: the day from which it would; None where it waits for something to happen.
    """

    on: date | None
    says: Text


@dataclass(frozen=True)
class Points:
    """One reason of the points: indicator, its meaning, its value, its points, and the records behind it."""

    indicator: str
    category: str
    title: Text
    reason: Text
    value: str
    points: float
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Eligibility:
    """The status of the approval desk's question."""

    status: str
    says: Text
    eligible: bool
    grounds: tuple[str, ...]
    clean_since: date | None
    eligible_on: date | None
    questions: tuple[Question, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Risk:
    """The class, for regulators only."""

    risk_class: str | None
    not_classed_reason: str | None
    points: float | None
    points_class: str | None
    method: str | None
    model_version: str | None
    points_other_method: float | None
    red_lines: tuple[Question, ...]
    reasons: tuple[Points, ...]
    citations: tuple[Citation, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Story:
    """Everything that one snapshot says of one entity, and why.

    Attributes:
        risk: None for the desk, whose story knows no class.
        is_in_scope: False where the entity has no class because of its registration status.
    """

    uscc: str
    name: str
    as_of: str
    policy_version: str
    known_by: str | None
    eligibility: Eligibility | None
    risk: Risk | None = None
    for_desk: bool = False
    gaps: tuple[dict[str, Any], ...] = ()
    notes: tuple[Text, ...] = field(default=())
