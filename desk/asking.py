"""Asking: from what was typed to an answer that stands in the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from desk.answers import (
    AMBIGUOUS,
    MALFORMED,
    NOT_COVERED,
    NOT_IN_REGISTER,
    Answer,
    Candidate,
    Edition,
    Entity,
    decide,
)
from desk.audit import Entry, Who, Written
from desk.clock import day_of, now
from desk.reading import Applicant, for_record, read_applicant, visible, without_numbers
from desk.store import CANDIDATES_MAX

if TYPE_CHECKING:
    from concurrent.futures import Future

    from desk.audit import Audit
    from desk.store import Store

ITEM_MAX = 200


class Question(NamedTuple):
    """Whom, and for which licence item."""

    applicant: str
    item: str = ""


class Asked(NamedTuple):
    """Answers on their way into the audit trail; only `told` gives them."""

    answers: list[Answer]
    written: Future[list[Written]]

    def told(self) -> list[Answer]:
        """The answers, once they stand in the trail."""
        return [
            Answer(*answer[:-2], entry.code, entry.at)  # verification_code, answered_at
            for answer, entry in zip(self.answers, self.written.result(), strict=True)
        ]


def ask(
    store: Store, audit: Audit, who: Who, questions: Sequence[Question], *,
    on: date | None = None, known_on: date | None = None,
) -> list[Answer]:  # fmt: skip
    """Answers in the order of the questions; each is in the audit trail when this returns.

    Args:
        store: the eligibility store.
        audit: the trail.
        who: asks.
        questions: any number; those about many are read in a few queries.
        on: as the list stood on that day; None for today.
        known_on: as the desk knew it on that day; None for now.

    Raises:
        UsageError: ``desk_empty``, ``no_list``.
    """
    return ask_ahead(store, audit, [who] * len(questions), questions, on=on, known_on=known_on).told()


def ask_ahead(
    store: Store, audit: Audit, askers: Sequence[Who], questions: Sequence[Question], *,
    on: date | None = None, known_on: date | None = None,
) -> Asked:  # fmt: skip
    """As `ask`, each question with its asker; the trail is not waited for, so that the next are read meanwhile."""
    answers, entries = look_up(store, askers, questions, on=on, known_on=known_on)
    return Asked(answers, audit.begin(entries))


def look_up(
    store: Store, askers: Sequence[Who], questions: Sequence[Question], *,
    on: date | None = None, known_on: date | None = None,
) -> tuple[list[Answer], list[Entry]]:  # fmt: skip
    """Answers that nobody may be told yet, and what the trail is to hold of each."""
    today = day_of(now())
    edition = store.edition(on, known_on)
    read = [read_applicant(question.applicant) for question in questions]
    # Decided on the whole item as it was typed; kept and shown without numbers of persons.
    items = [visible(question.item) for question in questions]
    answers = [
        answer._replace(item=without_numbers(answer.item)) if answer.item else answer
        for answer in _answers(store, edition, read, items, on or today)
    ]
    dated = {"on": on.isoformat() if on else None, "known_on": known_on.isoformat() if known_on else None}
    detail = {key: value for key, value in dated.items() if value} or None
    as_of, manifest = edition.as_of.isoformat(), edition.manifest_sha256
    entries = [
        Entry(
            who, "check", answer.entity.uscc if answer.entity else for_record(applicant), answer.item,
            answer.code, answer.entity.status if answer.entity else "", as_of, manifest, detail,
        )
        for who, answer, applicant in zip(askers, answers, read, strict=True)
    ]  # fmt: skip
    return answers, entries


def _answers(
    store: Store, edition: Edition, read: Sequence[Applicant], items: Sequence[str], on: date
) -> list[Answer]:
    codes = [one.key for one in read if one.form == "uscc"]
    names = [one.key for one in read if one.form == "name"]
    if len(codes) == 1:
        entity = store.entity(codes[0], edition)
        by_code = {codes[0]: entity} if entity else {}
    else:
        by_code = dict(store.entities(codes, edition)) if codes else {}
    by_name = store.named(names, edition) if names else {}
    return [_answer(one, item, edition, by_code, by_name, on) for one, item in zip(read, items, strict=True)]


def _answer(
    one: Applicant, item: str, edition: Edition, by_code: dict[str, Entity], by_name: dict[str, list[Entity]],
    on: date,
) -> Answer:  # fmt: skip
    if one.form == "malformed":
        return Answer(MALFORMED, one.shown, without_numbers(item)[:ITEM_MAX], on, problem=one.problem)
    if len(item) > ITEM_MAX:
        # Its end might name what is excluded: an item that was cut must not be answered with 可以.
        return Answer(MALFORMED, one.shown, f"{without_numbers(item)[:20]}…", on, problem="item_too_long")
    is_stale = edition.is_stale(on)
    if one.form == "citizen":
        return Answer(NOT_COVERED, one.shown, item, on, edition=edition, is_stale=is_stale)
    found = (
        by_name.get(one.key, []) if one.form == "name" else [by_code[one.key]] if one.key in by_code else []
    )
    if len(found) == 1:
        return decide(found[0], edition, asked=one.shown, item=item, on=on)
    if not found:
        return Answer(NOT_IN_REGISTER, one.shown, item, on, edition=edition, is_stale=is_stale)
    return Answer(
        AMBIGUOUS, one.shown, item, on, edition=edition, is_stale=is_stale,
        candidates=tuple(Candidate(e.uscc, e.name, e.division_code) for e in found[:CANDIDATES_MAX]),
        has_more_candidates=len(found) > CANDIDATES_MAX,
    )  # fmt: skip
