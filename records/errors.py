"""Errors that end a run, each with the exit code the contract gives it (contract §1)."""

from __future__ import annotations

from typing import Any


class CreditgradeError(Exception):
    """One clear line for stderr, with the file and row it concerns.

    Attributes:
        rule: short id of the rule that was broken, e.g. ``missing_mandatory_column``.
        file: path under the landing folder, where there is one.
        row: 1-based data record, where there is one.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, rule: str = "error", file: str | None = None, row: int | None = None
    ) -> None:
        self.rule = rule
        self.file = file
        self.row = row
        where = f"{file}: " if file else ""
        where += f"row {row}: " if row is not None else ""
        super().__init__(f"{where}{message} [{rule}]")

    def __reduce__(self) -> tuple[Any, ...]:
        """Comes out of a worker as it was raised there: its arguments are not those that made it."""
        return type(self).__new__, (type(self), *self.args), self.__dict__


class UsageError(CreditgradeError):
    """Wrong usage or configuration."""

    exit_code = 2


class InputRefused(CreditgradeError):
    """A file or folder cannot be taken in."""

    exit_code = 3


class PromiseBroken(CreditgradeError):
    """Publishing would break one of the five promises (design.md)."""

    exit_code = 4
