"""What the API takes and gives, for its OpenAPI description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from desk.asking import ITEM_MAX
from desk.reading import APPLICANT_MAX

QUESTIONS_MAX = 1_000


class QuestionIn(BaseModel):
    """One question of a batch."""

    model_config = ConfigDict(extra="forbid")

    applicant: str = Field(max_length=APPLICANT_MAX, description="USCC 统一社会信用代码, or the exact name")
    item: str = Field(default="", max_length=ITEM_MAX, description="Licence item 许可事项")


class BatchIn(BaseModel):
    """Questions, answered in their order."""

    model_config = ConfigDict(extra="forbid")

    questions: list[QuestionIn] = Field(min_length=1, max_length=QUESTIONS_MAX)


class Citation(BaseModel):
    """Where a rule comes from."""

    id: str
    label: str
    source: str
    article: str
    confidence: str


class ReasonOut(BaseModel):
    """A record that stands in the way."""

    code: str
    kind: str
    authority: str | None
    doc_no: str | None
    event_on: str | None
    blocks_until: str | None
    rule: str
    says_zh: str
    says_en: str
    is_of_another: bool
    citations: list[Citation]


class CandidateOut(BaseModel):
    """An entity by code and name."""

    uscc: str
    name: str
    division_code: str


class EntityOut(CandidateOut):
    """An entity as a list says it."""

    status: str
    status_zh: str
    grounds: list[str]
    clean_since: str | None
    eligible_on: str | None
    reasons: list[ReasonOut]


class DataOut(BaseModel):
    """The list that answered."""

    as_of: str
    age_days: int
    max_age_days: int
    is_stale: bool
    loaded_on: str
    snapshot: str
    manifest_sha256: str
    policy_version: str
    accepted_gaps: list[dict[str, Any]]


class AnswerOut(BaseModel):
    """An answer; what decides is `answer` alone."""

    answer: Literal[
        "ELIGIBLE",
        "NOT_ELIGIBLE",
        "HELD",
        "EXCLUDED_ITEM",
        "NOT_IN_REGISTER",
        "NOT_COVERED",
        "MALFORMED",
        "AMBIGUOUS",
    ]
    answer_zh: str
    answer_en: str
    meaning_zh: str
    asked: str
    item: str | None
    on: str
    problem: str | None
    excluded_by: str | None
    is_stale: bool
    entity: EntityOut | None
    candidates: list[CandidateOut]
    has_more_candidates: bool = Field(description="More bear the name than are listed")
    data: DataOut | None
    verification_code: str
    answered_at: str


class AnswersOut(BaseModel):
    """Answers in the order of the questions."""

    answers: list[AnswerOut]


class FoundOut(BaseModel):
    """What a search found."""

    found: list[CandidateOut]
    is_cut: bool = Field(description="There are more than are listed")


class PeriodOut(EntityOut):
    """What was said of an entity from one list until another."""

    from_as_of: str
    from_loaded_on: str
    until_as_of: str | None
    until_loaded_on: str | None


class HistoryOut(BaseModel):
    """Everything that was ever said of an entity, oldest first."""

    uscc: str
    periods: list[PeriodOut]


class PageOut(BaseModel):
    """A page of a division's list; `next` leads on, null at the end. It stays with one list throughout."""

    data: DataOut
    entities: list[EntityOut]
    next: str | None


class HealthOut(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class ReadyOut(BaseModel):
    """Whether a list is loaded, and how old it is."""

    status: Literal["ready", "stale", "empty"]
    as_of: str | None
    age_days: int | None
    max_age_days: int | None
