"""Which authority of the policy's table a row names, and the division that its name contains (contract §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from policy import Authority, Division
from records.text import norms


@dataclass(frozen=True, slots=True)
class _Bearer:
    """An authority that bears a name from one day to another, both ends in; None is open."""

    id: str
    valid_from: date | None
    valid_to: date | None

    def bears_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


class Authorities:
    """The table of authorities and the divisions, by normalised name.

    Attributes:
        changes: ordinals of the days from which on a name is borne by others than before, ascending.
    """

    def __init__(self, authorities: Iterable[Authority], divisions: Iterable[Division]) -> None:
        self._by_uscc: dict[str, str] = {}
        self._official: dict[str, str] = {}
        self._bearers: dict[str, list[_Bearer]] = {}
        listed = tuple(authorities)
        places = [(name, d.prefix) for d in divisions for name in (d.name, *d.aliases)]
        norm = norms(
            [n for one in listed for n in (one.name, *(a.name for a in one.aliases))] + [n for n, _ in places]
        )
        for one in listed:
            if one.uscc:
                self._by_uscc[one.uscc] = one.id
            self._official[one.id] = norm[one.name]
            self._bearers.setdefault(norm[one.name], []).append(_Bearer(one.id, None, None))
            for alias in one.aliases:
                bearer = _Bearer(one.id, alias.valid_from, alias.valid_to)
                self._bearers.setdefault(norm[alias.name], []).append(bearer)
        # Most digits first, then the longest name: 泾县 goes before the 宣城市 that stands beside it.
        self._divisions = sorted(
            {(norm[name], prefix) for name, prefix in places},
            key=lambda pair: (-len(pair[1]), -len(pair[0]), pair),
        )

        # Between two of these days no name passes to another authority.
        spans = [b for bearers in self._bearers.values() for b in bearers]
        starts = {b.valid_from.toordinal() for b in spans if b.valid_from}
        self.changes = sorted(starts | {b.valid_to.toordinal() + 1 for b in spans if b.valid_to})

    def depends_on_day(self, norm: str) -> bool:
        """Whether it depends on the day which entry a normalised name means."""
        return any(b.valid_from or b.valid_to for b in self._bearers.get(norm, ()))

    def by_uscc(self, uscc: str | None) -> str | None:
        """The entry with a code."""
        return self._by_uscc.get(uscc) if uscc else None

    def by_name(self, norm: str, day: date | None, *, is_quoted: bool) -> str | None:
        """The entry that bears a normalised name.

        Args:
            norm: the name.
            day: day of the row's own event; None where it was not read.
            is_quoted: the row quotes the authority of another record (amendments, rulings), whose day it does
                not tell: a name that only one authority ever bore is then that one.

        Returns:
            its id, or None: no entry, or none that bears the name on that day.
        """
        bearers = self._bearers.get(norm, ())
        on_day = {b.id for b in bearers if day is not None and b.bears_on(day)}
        if len(on_day) == 1:
            return on_day.pop()
        ever = {b.id for b in bearers}
        if len(ever) == 1 and (is_quoted or day is None):
            return ever.pop()
        return None

    def key(self, norm: str, uscc: str | None, day: date | None, *, is_quoted: bool) -> str:
        """The key under which rows of the authority are brought together: id of the entry, else the name."""
        return self.by_uscc(uscc) or self.by_name(norm, day, is_quoted=is_quoted) or norm

    def division(self, norm: str, key: str) -> str | None:
        """Digits that the division_code of an entity must start with: the division that the name contains.

        The name as written decides; where it contains none, the official name of the entry `key`.
        """
        return self._division_in(norm) or self._division_in(self._official.get(key, ""))

    def _division_in(self, norm: str) -> str | None:
        found = [prefix for name, prefix in self._divisions if name in norm]
        if not found:
            return None
        same = {prefix for prefix in found if len(prefix) == len(found[0])}
        # Two divisions of one level in one name (a joint decision): neither.
        return found[0] if len(same) == 1 else None


def successors(divisions: Iterable[Division]) -> Mapping[str, str]:
    """Codes of divisions that were replaced, with the code that stands in their place now."""
    return {one.code: one.successor for one in divisions if one.successor}
