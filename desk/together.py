"""Doing at once what has come together: what arrives while a thread works waits for its next turn, and shares it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, NamedTuple, TypeVar

Given = TypeVar("Given")
Got = TypeVar("Got")


class Waiting(NamedTuple, Generic[Given, Got]):
    """One who waits: what was given, and where the result is awaited."""

    given: Given
    done: Future[Got]


class Together(Generic[Given, Got]):
    """A thread with a queue.

    Args:
        name: of the thread.
        work: takes all that wait, in order, and settles each; what it raises, whoever still waits is told.
        limit: how much is taken in one turn.
        weigh: how much one is of it.
    """

    def __init__(
        self, name: str, work: Callable[[Sequence[Waiting[Given, Got]]], None], *, limit: int,
        weigh: Callable[[Given], int] = lambda _: 1,
    ) -> None:  # fmt: skip
        self._work, self._limit, self._weigh = work, limit, weigh
        self._waiting: queue.SimpleQueue[Waiting[Given, Got] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def begin(self, given: Given) -> Future[Got]:
        """Has something done; the result is there when it is."""
        done: Future[Got] = Future()
        self._waiting.put(Waiting(given, done))
        return done

    def close(self) -> None:
        """Does what waits, and ends."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            next_one = self._waiting.get()
            taken: list[Waiting[Given, Got]] = []
            weight = 0
            while next_one is not None:
                # Who has gone away meanwhile is left out; who is taken can no longer go.
                if next_one.done.set_running_or_notify_cancel():
                    taken.append(next_one)
                    weight += self._weigh(next_one.given)
                if weight >= self._limit:
                    break
                try:
                    next_one = self._waiting.get_nowait()
                except queue.Empty:
                    break
            else:
                is_open = False
            if taken:
                self._turn(taken)

    def _turn(self, taken: Sequence[Waiting[Given, Got]]) -> None:
        try:
            self._work(taken)
        except Exception as error:  # noqa: BLE001 (each who waits is told)
            for _, done in taken:
                if not done.done():
                    done.set_exception(error)
