"""What many statements say: literals of Python's values."""

from __future__ import annotations

from collections.abc import Iterable


def literal(value: object) -> str:
    """A value as SQL says it."""
    return "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[object], brackets: str = "[]") -> str:
    """Values as a list, or as a set to be looked in with `()`."""
    return brackets[0] + ", ".join(literal(value) for value in values) + brackets[1]
