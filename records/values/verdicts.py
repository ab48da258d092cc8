"""What the rules of a kind say of each row of a batch."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from records.arrays import Mask
from records.rules import DATE_FAMILIES, rules


class Verdicts:
    """Gathers one mask for each rule of a kind; true where a row breaks it."""

    def __init__(self, kind: str, count: int) -> None:
        self._kind = kind
        self._clear = np.zeros(count, np.bool_)
        self._columns = {(rule.rule, rule.field): rule.column for rule in rules(kind)}
        self._masks: dict[str, Mask] = {}

    def note(self, rule: str, field: str, mask: Mask) -> None:
        """Rows of `mask` break the rule.

        Raises:
            KeyError: the catalogue has no such rule: the suites would not see it.
        """
        column = self._columns[rule, field]
        if mask.any():
            known = self._masks.get(column)
            self._masks[column] = mask if known is None else known | mask

    def broken(self, rule: str, field: str) -> Mask:
        """Rows that break the rule, as far as noted."""
        return self._masks.get(self._columns[rule, field], self._clear)

    def date_failures(self) -> Mask:
        """Rows that fail a critical date rule in any column."""
        found = self._clear.copy()
        for (rule, _), column in self._columns.items():
            if rule in DATE_FAMILIES and not column.startswith("warn:") and column in self._masks:
                found |= self._masks[column]
        return found

    def table(self) -> pa.Table:
        """One boolean column for each rule of the kind."""
        clear = pa.array(self._clear)
        columns = {
            name: pa.array(self._masks[name]) if name in self._masks else clear
            for name in self._columns.values()
        }
        return pa.table(columns)
