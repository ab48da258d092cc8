"""The word lists and tables of `data/reference`, as the generator needs them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np

from data.sample.rng import I64
from data.sample.text import day_number

FOLDER = Path(__file__).resolve().parent.parent / "reference"
ANY_TAG = "*"
FORMS = ("shop", "company", "coop", "society")
# A trade's choices (violations, licences, items) are spread over this many places and drawn evenly.
CHOICES = 256


@dataclass(frozen=True)
class Trade:
    """A line of business: words for names, GB/T 4754 code, and what it is subject to."""

    form: str
    words: tuple[str, ...]
    industry_code: str
    key_area: str
    tags: frozenset[str]
    weight: float


@dataclass(frozen=True)
class Reference:
    """All tables, in file order: a row's number is its code everywhere in the generator."""

    divisions: tuple[dict[str, str], ...]
    departments: tuple[dict[str, str], ...]
    trades: tuple[Trade, ...]
    violations: tuple[dict[str, str], ...]
    licences: tuple[dict[str, str], ...]
    items: tuple[dict[str, str], ...]
    listings: tuple[dict[str, str], ...]
    honours: tuple[dict[str, str], ...]
    surnames: tuple[str, ...]
    given: tuple[str, ...]
    trade_chars: tuple[str, ...]

    def department(self, name: str) -> int:
        """The number of a department by its id."""
        return next(number for number, row in enumerate(self.departments) if row["id"] == name)

    def departments_of(self, table: tuple[dict[str, str], ...]) -> I64:
        """Per row of a table the number of its department."""
        numbers = {row["id"]: number for number, row in enumerate(self.departments)}
        return np.array([numbers[row["department"]] for row in table], dtype=np.int64)

    def choices(self, table: tuple[dict[str, str], ...]) -> I64:
        """Per trade `CHOICES` row numbers of a table, as often as their weights say, by matching tags."""
        rows = []
        for trade in self.trades:
            weights = [
                float(row["weight"]) * (2 if trade.tags & set(row["tags"].split()) else 1)
                if trade.tags & set(row["tags"].split()) or ANY_TAG in row["tags"].split()
                else 0.0
                for row in table
            ]
            ends = np.cumsum(weights)
            marks = (np.arange(CHOICES) + 0.5) * ends[-1] / CHOICES
            rows.append(np.searchsorted(ends, marks, side="right"))
        return np.array(rows, dtype=np.int64)

    def tagged(self, table: tuple[dict[str, str], ...], tag: str) -> I64:
        """Numbers of the rows that bear a tag, as often as their weights say."""
        picked = [
            number
            for number, row in enumerate(table)
            if tag in row["tags"].split()
            for _ in range(int(float(row["weight"])))
        ]
        return np.array(picked, dtype=np.int64)


def former_until(row: dict[str, str]) -> int:
    """Last day of a former name or code as a day number; long ago where there is none."""
    text = row["former_until"]
    return day_number(date.fromisoformat(text)) if text else day_number(date(1900, 1, 1))


def _table(name: str) -> tuple[dict[str, str], ...]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def _list(name: str) -> tuple[str, ...]:
    return tuple((FOLDER / f"{name}.txt").read_text(encoding="utf-8").split())


@cache
def load_reference() -> Reference:
    """Read the tables beside this package.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    trades = tuple(
        Trade(
            row["forms"], tuple(row["words"].split()), row["industry_code"], row["key_area"],
            frozenset(row["tags"].split()), float(row["weight"]),
        )
        for row in _table("trades")
    )  # fmt: skip
    return Reference(
        _table("divisions"), _table("departments"), trades, _table("violations"), _table("licences"), _table("items"),
        _table("listings"), _table("honours"), _list("surnames"), _list("given"), _list("trade_chars"),
    )  # fmt: skip
