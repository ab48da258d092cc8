"""Single questions that come together: read in few queries, written into the audit trail in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from desk.asking import Question, ask_ahead
from desk.together import Together, Waiting

if TYPE_CHECKING:
    from concurrent.futures import Future

    from desk.answers import Answer
    from desk.audit import Audit, Who, Written
    from desk.store import Store

_TOGETHER_MAX = 100


class Single(NamedTuple):
    """One question, by whom, and of which list (as `desk.asking.ask`)."""

    who: Who
    question: Question
    on: date | None = None
    known_on: date | None = None


def asking_together(store: Store, audit: Audit) -> Together[Single, Answer]:
    """Answers single questions; each is in the audit trail before its answer is there.

    While some are written into the trail, the next are read.
    """

    def work(waiting: Sequence[Waiting[Single, Answer]]) -> None:
        groups: dict[tuple[date | None, date | None], list[Waiting[Single, Answer]]] = {}
        for one in waiting:
            groups.setdefault((one.given.on, one.given.known_on), []).append(one)
        for (on, known_on), some in groups.items():
            _begin(store, audit, some, on, known_on)

    return Together("asking", work, limit=_TOGETHER_MAX)


def _begin(
    store: Store, audit: Audit, some: Sequence[Waiting[Single, Answer]], on: date | None, known_on: date | None
) -> None:  # fmt: skip
    askers, questions = [one.given.who for one in some], [one.given.question for one in some]
    try:
        asked = ask_ahead(store, audit, askers, questions, on=on, known_on=known_on)
    except Exception as error:  # noqa: BLE001 (they are told; those who ask of another day are answered)
        for one in some:
            one.done.set_exception(error)
        return

    def tell(written: Future[list[Written]]) -> None:
        if (error := written.exception()) is not None:
            for one in some:
                one.done.set_exception(error)
            return
        for one, answer in zip(some, asked.told(), strict=True):
            one.done.set_result(answer)

    asked.written.add_done_callback(tell)
