"""Judges the verdicts of typed rows with the suite of their kind.

Rows are judged by their pattern, the combination of rules that they break: each pattern that occurs is
validated once in a process and stands for all its rows. Most rows share one pattern, so a validation costs
little more for a million rows than for a thousand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from records.arrays import Mask, mask_of
from records.errors import InputRefused
from records.rules import Rule, rules, verdict_columns

_WORD = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row rule.

    Attributes:
        rule: the rule.
        failed: rows that break it.
    """

    rule: Rule
    failed: int

    @property
    def id(self) -> str:
        """Id of the rule."""
        return self.rule.id


@dataclass(frozen=True)
class Validation:
    """The judgement of the suite of a kind on the rows of one or several files.

    Attributes:
        kind: record kind.
        pattern_of_row: for each row the number of its pattern.
        pattern_rules: for each pattern the ids of the critical rules that it breaks, sorted.
        pattern_flags: for each pattern the ids of the warnings that it raises, sorted.
    """

    kind: str
    pattern_of_row: npt.NDArray[np.int32]
    pattern_rules: tuple[tuple[str, ...], ...]
    pattern_flags: tuple[tuple[str, ...], ...]

    @property
    def rows(self) -> int:
        """Rows judged."""
        return len(self.pattern_of_row)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings on the whole table: `no_rows`."""
        return () if self.rows else ("no_rows",)

    @cached_property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of each rule of the suite."""
        weights = np.bincount(self.pattern_of_row, minlength=len(self.pattern_rules))
        failed: Counter[str] = Counter()
        for rules_, flags, count in zip(self.pattern_rules, self.pattern_flags, weights, strict=True):
            for id_ in (*rules_, *flags):
                failed[id_] += int(count)
        return tuple(Outcome(rule, failed[rule.id]) for rule in rules(self.kind))

    @cached_property
    def rejected(self) -> Mask:
        """Rows that break a critical rule: they are quarantined."""
        broken = np.array([bool(ids) for ids in self.pattern_rules], np.bool_)
        return broken[self.pattern_of_row]

    @property
    def rules(self) -> pa.ListArray:
        """Per row the ids of the critical rules that it breaks, sorted."""
        return self._per_row(self.pattern_rules)

    @property
    def flags(self) -> pa.ListArray:
        """Per row the ids of the warnings that it raises, sorted."""
        return self._per_row(self.pattern_flags)

    def _per_row(self, lists: Sequence[Sequence[str]]) -> pa.ListArray:
        return pa.array(lists, pa.list_(pa.string())).take(pa.array(self.pattern_of_row))

    def part(self, start: int, count: int) -> Validation:
        """The judgement on `count` rows from `start` on, where several files were judged together."""
        of_rows = self.pattern_of_row[start : start + count]
        return Validation(self.kind, of_rows, self.pattern_rules, self.pattern_flags)


class BrokenRules(Protocol):
    """Tells which rules rows of some patterns break, as `broken_rules` does."""

    def __call__(
        self, kind: str, names: Sequence[str], patterns: npt.NDArray[np.uint64], /
    ) -> list[tuple[Rule, ...]]:
        """For each pattern its rules."""


def validate(kind: str, verdicts: pa.Table, broken: BrokenRules | None = None) -> Validation:
    """Judge typed rows.

    Args:
        kind: record kind.
        verdicts: the verdict columns of `records.typed.Typed`, of any number of files one after the other.
        broken: tells which rules are broken, by another process perhaps; `broken_rules` unless given.

    Raises:
        InputRefused: `missing_mandatory_column`: there is no verdict column for a rule, so it was not applied.
        RuntimeError: an expectation could not be evaluated.
    """
    names = [name for name in verdict_columns(kind) if name in verdicts.column_names]
    pattern_of_row, patterns = _patterns(_words(names, verdicts))
    found = (broken or broken_rules)(kind, names, patterns)
    return Validation(
        kind,
        pattern_of_row,
        tuple(tuple(sorted(r.id for r in rules_ if r.severity == "critical")) for rules_ in found),
        tuple(tuple(sorted(r.id for r in rules_ if r.severity == "warning")) for rules_ in found),
    )


def _words(names: Sequence[str], verdicts: pa.Table) -> npt.NDArray[np.uint64]:
    """The verdicts of each row as bits of one or more words, in the order of `names`."""
    words = np.zeros((verdicts.num_rows, -(-len(names) // _WORD)), np.uint64)
    for place, name in enumerate(names):
        mask = mask_of(verdicts.column(name).combine_chunks()) if verdicts.num_rows else np.zeros(0, np.bool_)
        if mask.any():
            words[:, place // _WORD] |= mask.astype(np.uint64) << np.uint64(place % _WORD)
    return words


def _patterns(words: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint64]]:
    """For each row the number of its pattern, and the patterns."""
    if not len(words):
        return np.zeros(0, np.int32), words
    # Clear rows are most of them: only the others are sorted.
    marked = np.flatnonzero(words.any(axis=1))
    clear = np.zeros((1, words.shape[1]), np.uint64)
    if not len(marked):
        return np.zeros(len(words), np.int32), clear
    found, inverse = np.unique(words[marked], axis=0, return_inverse=True)
    pattern_of_row = np.zeros(len(words), np.int32)
    pattern_of_row[marked] = inverse.reshape(-1) + 1
    return pattern_of_row, np.concatenate([clear, found])


# kind -> pattern -> the rules that Great Expectations found broken in it. A pattern is validated once in a
# process: its judgement depends on nothing else.
_judged: dict[str, dict[bytes, tuple[Rule, ...]]] = {}
_MANY_PATTERNS = 100_000


def broken_rules(kind: str, names: Sequence[str], patterns: npt.NDArray[np.uint64]) -> list[tuple[Rule, ...]]:
    """For each pattern the rules that Great Expectations finds broken.

    Args:
        kind: record kind.
        names: the verdict columns that there are.
        patterns: one a row; bit n of it stands for the verdict column `names[n]`.

    The first patterns of a kind, with the one in which nothing is broken, meet the whole suite. Later ones
    meet its expectations of the columns that they mark: each looks at its own column alone, and was met
    where that is clear.
    """
    if len(names) < len(verdict_columns(kind)) or not len(patterns):
        return _asked(kind, names, patterns, None)
    judged = _judged.get(kind)
    clear = np.zeros((1, patterns.shape[1]), np.uint64)
    if judged is None or len(judged) > _MANY_PATTERNS:
        first = np.unique(np.concatenate([clear, patterns]), axis=0)
        found = _asked(kind, names, first, None)
        judged = _judged[kind] = {
            pattern.tobytes(): rules_ for pattern, rules_ in zip(first, found, strict=True)
        }
    new = np.array([pattern.tobytes() not in judged for pattern in patterns], np.bool_)
    if new.any():
        marked = [name for name, bits in _columns(names, patterns[new]).items() if bits.any()]
        found = _asked(kind, names, patterns[new], marked)
        judged |= {pattern.tobytes(): rules_ for pattern, rules_ in zip(patterns[new], found, strict=True)}
    return [judged[pattern.tobytes()] for pattern in patterns]


def _columns(names: Sequence[str], patterns: npt.NDArray[np.uint64]) -> dict[str, Mask]:
    """The verdict columns of patterns."""
    return {
        name: ((patterns[:, place // _WORD] >> np.uint64(place % _WORD)) & np.uint64(1)).astype(np.bool_)
        for place, name in enumerate(names)
    }


def _asked(
    kind: str, names: Sequence[str], patterns: npt.NDArray[np.uint64], columns: Sequence[str] | None
) -> list[tuple[Rule, ...]]:
    """For each pattern the rules of `columns` (None: of all) that Great Expectations finds broken."""
    import pandas as pd

    from expectations.engine import PATTERN, TABLE_COLUMNS, run

    frame = pd.DataFrame(_columns(names, patterns))
    frame[PATTERN] = np.arange(len(patterns))
    found = run(kind, frame, columns)
    if TABLE_COLUMNS in found.table:
        absent = next(name for name in verdict_columns(kind) if name not in names)
        raise InputRefused(f"{kind}: no verdict on {absent}", rule="missing_mandatory_column")
    broken: list[list[Rule]] = [[] for _ in patterns]
    for rule in rules(kind):
        for pattern in found.rows.get(rule.id, ()):
            broken[pattern].append(rule)
    return [tuple(rules_) for rules_ in broken]
