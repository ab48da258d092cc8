"""The question and its answers, decided without any I/O: from a row of the store, the law and the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from policy.folding import fold

ELIGIBLE, NOT_ELIGIBLE, HELD = "ELIGIBLE", "NOT_ELIGIBLE", "HELD"
EXCLUDED_ITEM, NOT_IN_REGISTER, NOT_COVERED = "EXCLUDED_ITEM", "NOT_IN_REGISTER", "NOT_COVERED"
MALFORMED, AMBIGUOUS = "MALFORMED", "AMBIGUOUS"
ANSWERS = (
    ELIGIBLE, NOT_ELIGIBLE, HELD, EXCLUDED_ITEM, NOT_IN_REGISTER, NOT_COVERED, MALFORMED, AMBIGUOUS,
)  # fmt: skip
_EXCLUDED = "excluded_items."
# rules §5: what each status answers.
_OF_STATUS = {
    "ELIGIBLE_CLEAN3Y": ELIGIBLE,
    "ELIGIBLE_MODEL": ELIGIBLE,
    "NOT_STATUS": NOT_ELIGIBLE,
    "NOT_ACTIVE_LIST": NOT_ELIGIBLE,
    "NOT_BAD_RECORD": NOT_ELIGIBLE,
    "INSUFFICIENT_HISTORY": NOT_ELIGIBLE,
    "HOLD_PROVISIONAL": HELD,
    "HOLD_REVIEW": HELD,
}


@dataclass(frozen=True)
class Edition:
    """A load of the store: which list is asked, and by which law.

    Attributes:
        seq: its number.
        as_of: the day of the list.
        loaded_on: the day from which the desk knew it.
        loaded_at: the same as a stored instant.
        snapshot: name.
        manifest_sha256: of the desk's manifest.
        policy_version: of the policy used.
        gaps: that a person accepted.
        citations: parameter id → value, source, article (`policy.cite`).
    """

    seq: int
    as_of: date
    loaded_on: date
    loaded_at: str
    snapshot: str
    manifest_sha256: str
    policy_version: str
    gaps: tuple[Mapping[str, Any], ...]
    citations: Mapping[str, Mapping[str, Any]]

    @cached_property
    def max_age_days(self) -> int:
        """Days after `as_of` through which 可以 may be answered."""
        return int(self.citations["desk_max_age_days"]["value"])

    def age_days(self, on: date) -> int:
        """Days from the list to the day asked about."""
        return (on - self.as_of).days

    def is_stale(self, on: date) -> bool:
        """Whether the list is too old to say yes or no on a day."""
        return self.age_days(on) > self.max_age_days


class Reason(NamedTuple):
    """One record, or the lack of one, that stands in the way.

    Attributes:
        code: status code that it gives (rules §5).
        kind: of record.
        authority: that decided; None where there is none.
        doc_no: as on the document; None where there is none, or where it is another firm's.
        event_on: its day.
        blocks_until: last day on which it stands in the way; None where that is open.
        rule: id in the policy.
        is_of_another: it stands at a branch, a predecessor, or may be another firm's: its number is not shown.
    """

    code: str
    kind: str
    authority: str | None
    doc_no: str | None
    event_on: date | None
    blocks_until: date | None
    rule: str
    is_of_another: bool = False


class Entity(NamedTuple):
    """What the store says of one entity on one list."""

    uscc: str
    name: str
    division_code: str
    status: str
    grounds: tuple[str, ...]
    clean_since: date | None
    eligible_on: date | None
    reasons: tuple[Reason, ...]


class Candidate(NamedTuple):
    """One of several entities that a name may mean."""

    uscc: str
    name: str
    division_code: str


class Answer(NamedTuple):
    """What the counter is told.

    Attributes:
        code: one of `ANSWERS`.
        asked: the applicant as it may be repeated.
        item: the licence item, where one was named.
        on: the day asked about.
        entity: where one was found.
        edition: the list that answers; None where the text could not be asked at all.
        is_stale: the list is too old for a yes or no.
        excluded_by: id of the group of items that excludes it.
        problem: short id of what is wrong with the text.
        candidates: where the name is ambiguous.
        has_more_candidates: more bear the name than are listed.
        verification_code: under which the answer stands in the audit trail; empty before it is written there.
        answered_at: stored instant of the same.
    """

    code: str
    asked: str
    item: str
    on: date
    entity: Entity | None = None
    edition: Edition | None = None
    is_stale: bool = False
    excluded_by: str | None = None
    problem: str = ""
    candidates: tuple[Candidate, ...] = ()
    has_more_candidates: bool = False
    verification_code: str = ""
    answered_at: str = ""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Of the entity found."""
        return self.entity.reasons if self.entity else ()


def answer_of_status(status: str) -> str:
    """What a status answers; one that is not known holds (promise 1)."""
    return _OF_STATUS.get(status, HELD)


def decide(entity: Entity, edition: Edition, *, asked: str, item: str, on: date) -> Answer:
    """The answer for an entity of the register.

    A list that is too old, or a status that is not known, holds: it never answers 可以 (promise 1).
    """
    excluded = excluded_by(item, edition.citations) if item else None
    is_stale = edition.is_stale(on)
    code = answer_of_status(entity.status)
    if is_stale:
        code = HELD
    if excluded is not None:
        code = EXCLUDED_ITEM
    return Answer(code, asked, item, on, entity, edition, is_stale, excluded)


def excluded_by(item: str, citations: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The group of the policy's exclusion list that holds a licence item (O-39); None where none does.

    >>> excluded_by("危险 化学品经营许可", {"excluded_items.s": {"value": {"words": ["危险化学品"], "codes": []}}})
    'excluded_items.s'
    """
    folded = fold(item)
    for id_, cited in citations.items():
        if id_.startswith(_EXCLUDED):
            held = cited["value"]
            if any(fold(word) in folded for word in held["words"]) or folded in map(fold, held["codes"]):
                return id_
    return None
