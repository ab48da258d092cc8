"""Doing at once what has come together."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from desk.together import Together, Waiting


class Doubling:
    """Doubles numbers; the first turn waits until it is let go."""

    def __init__(self, limit: int = 100) -> None:
        self.turns: list[list[int]] = []
        self.is_in_turn, self.go = threading.Event(), threading.Event()
        self.together: Together[int, int] = Together("doubling", self.work, limit=limit)

    def work(self, waiting: Sequence[Waiting[int, int]]) -> None:
        self.turns.append([one.given for one in waiting])
        self.is_in_turn.set()
        self.go.wait(10)
        for given, done in waiting:
            if given < 0:
                raise ValueError("negative")
            done.set_result(2 * given)


def test_what_arrives_during_a_turn_shares_the_next() -> None:
    one = Doubling(limit=3)
    first = one.together.begin(1)
    assert one.is_in_turn.wait(10)
    rest = [one.together.begin(n) for n in range(2, 7)]
    one.go.set()
    assert [first.result(10), *(done.result(10) for done in rest)] == [2, 4, 6, 8, 10, 12]
    assert one.turns == [[1], [2, 3, 4], [5, 6]]
    one.together.close()


def test_who_waits_is_told_what_failed_and_the_next_turn_goes_on() -> None:
    one = Doubling()
    one.go.set()
    with pytest.raises(ValueError, match="negative"):
        one.together.begin(-1).result(10)
    assert one.together.begin(4).result(10) == 8
    one.together.close()


def test_who_has_gone_is_left_out_and_who_is_in_turn_cannot_go() -> None:
    one = Doubling()
    first = one.together.begin(1)
    assert one.is_in_turn.wait(10)
    second, third = one.together.begin(2), one.together.begin(3)
    assert second.cancel() and not first.cancel()
    one.go.set()
    assert (first.result(10), third.result(10)) == (2, 6)
    assert one.turns == [[1], [3]]
    one.together.close()


def test_closing_does_what_waits() -> None:
    one = Doubling()
    first = one.together.begin(1)
    assert one.is_in_turn.wait(10)
    second = one.together.begin(2)
    one.go.set()
    one.together.close()
    assert (first.result(0), second.result(0)) == (2, 4)
