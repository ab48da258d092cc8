"""Bytes as a row of choices, so that a grammar is driven by a random generator or by a coverage-guided fuzzer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Reads choices from bytes; after the last byte every choice is the first one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to choose by."""
        return self._at >= len(self._data)

    def below(self, bound: int) -> int:
        """A whole number from 0 to below `bound`."""
        size = 1 if bound <= 256 else 4
        value = int.from_bytes(self._data[self._at : self._at + size])
        self._at += size
        return value % bound

    def one_in(self, count: int) -> bool:
        """True once in so many times; never when nothing is left."""
        return not self.is_empty and self.below(count) == 0

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def text(self, alphabet: Sequence[str], longest: int) -> str:
        """Up to `longest` pieces of an alphabet."""
        return "".join(self.pick(alphabet) for _ in range(self.below(longest + 1)))

    def rest(self) -> bytes:
        """The bytes that are left."""
        return self._data[self._at :]
