"""A long file of questions is looked up in a process beside the one that writes the audit trail."""

from __future__ import annotations

import gc
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import date

from desk.asking import Question
from desk.audit import Who
from desk.bulk import Looked, in_turns, look_up_all, look_up_some
from desk.places import Places
from desk.store import Store
from flows.workers import begin_worker
from records.errors import CreditgradeError

# Some 15,000 rows; below, starting a worker costs more than it saves.
WORTH_A_WORKER_BYTES = 1 << 19
_AHEAD = 3


@contextmanager
def looking_up(
    places: Places, size: int, who: Who, questions: Iterable[Question], on: date | None, known_on: date | None
) -> Iterator[Iterator[Looked]]:
    """Looks up a file's questions here, or where there are many of them in a worker.

    Args:
        places: the databases.
        size: bytes of the file.
        who: asks.
        questions: of the file.
        on: as for `desk.asking.ask`.
        known_on: likewise.

    Yields:
        the questions looked up, in their order; it raises ``worker_died``.
    """
    if size < WORTH_A_WORKER_BYTES:
        store = Store(places)
        try:
            yield look_up_all(store, who, questions, on=on, known_on=known_on)
        finally:
            store.close()
        return
    pool = ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(places,)
    )
    try:
        yield _ahead(pool, who, questions, on, known_on)
    finally:
        pool.shutdown(cancel_futures=True)


def _ahead(
    pool: Executor, who: Who, questions: Iterable[Question], on: date | None, known_on: date | None
) -> Iterator[Looked]:
    """In the order of the questions, some of which are looked up before they are wanted."""
    waiting: deque[Future[Looked]] = deque()
    try:
        for some in in_turns(questions):
            waiting.append(pool.submit(_look_up, who, some, on, known_on))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        message = "a worker process died while answers were looked up (out of memory?)"
        raise CreditgradeError(message, rule="worker_died") from error


_stores: list[Store] = []


def _begin(places: Places) -> None:
    begin_worker()
    _stores.append(Store(places))
    gc.freeze()


def _look_up(who: Who, questions: Sequence[Question], on: date | None, known_on: date | None) -> Looked:
    return look_up_some(_stores[0], who, questions, on, known_on)
