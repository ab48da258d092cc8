"""Typing and validating parts of files: which rows are accepted and which are quarantined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from expectations import BrokenRules, Validation
    from policy import Policy
    from records.codes import Lookups
    from records.headers import HeaderMatch
    from records.readers import CellBatch
    from records.typed import Typed

# Rows that are typed in one go; more save nothing.
_TYPED_ROWS = 50_000
# Memory that a part takes beside its cells.
_OVERHEAD_BYTES = 64 << 10


@dataclass(frozen=True)
class Part:
    """Consecutive rows of one file, as cells.

    Attributes:
        sha256: of the delivered bytes.
        landed_on: day on which they first entered the lake.
        source: id of the declared source with its own numbers for inspection results, if it is one.
        headers: header of each source column.
        match: what the headers mean; None for a file without content.
        batch: the cells; rows that fail ``row_shape`` beside them.
    """

    sha256: str
    landed_on: date
    source: str | None
    headers: Sequence[str]
    match: HeaderMatch | None
    batch: CellBatch

    @property
    def cells(self) -> int:
        """Rows that have the shape of the header; 0 in a file without content."""
        return int(self.batch.table.num_rows) if self.match is not None else 0

    @property
    def rows(self) -> int:
        """Rows of either sort."""
        return self.cells + len(self.batch.shape_rows)

    @property
    def bytes(self) -> int:
        """Memory that it takes, roughly."""
        return int(self.batch.table.nbytes) + _OVERHEAD_BYTES


@dataclass(frozen=True)
class Judged:
    """What became of the rows of a part.

    Attributes:
        accepted: schema ``ACCEPTED`` of the kind, with their flags.
        quarantine: schema ``QUARANTINE``, by row number.
        rules: how many rows break each critical rule.
        flags: how many rows break each warning.
    """

    accepted: pa.Table
    quarantine: pa.Table
    rules: dict[str, int] = field(default_factory=dict)
    flags: dict[str, int] = field(default_factory=dict)


class Judging:
    """Judges parts under one policy and one key. Crosses process borders without its look-up tables."""

    def __init__(self, policy: Policy, key: bytes, digest: str, broken: BrokenRules | None = None) -> None:
        """Takes what to judge by.

        Args:
            policy: tables and limits.
            key: of the ids.
            digest: names policy and key.
            broken: tells which rules are broken; this process's suites unless given.
        """
        self._policy = policy
        self._key = key
        self.digest = digest
        self._broken = broken

    def asking(self, broken: BrokenRules) -> Judging:
        """The same, which asks somebody else which rules are broken."""
        return Judging(self._policy, self._key, self.digest, broken)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Judging, (self._policy, self._key, self.digest))

    def __repr__(self) -> str:
        return f"Judging({self.digest[:12]})"

    def cell_max_lines(self, landed_on: date) -> int:
        """Lines that a quoted CSV cell of a file may have, by the day on which it landed."""
        return int(self._policy.value("quoted_cell_max_lines", landed_on))

    @cached_property
    def _lookups(self) -> Lookups:
        from records.codes import Lookups

        return Lookups(self._policy)

    def __call__(self, kind: str, parts: Sequence[Part]) -> list[Judged]:
        """Types and validates parts together; a part's result does not depend on the others.

        Args:
            kind: their record kind.
            parts: of any files of that kind.

        Returns:
            one result a part, in order.
        """
        import pyarrow as pa

        from expectations import validate

        found: dict[int, _Rows] = {}
        groups = _alike(parts)
        if groups:
            typed_groups = [self._typed(kind, [parts[place] for place in group]) for group in groups]
            verdicts = pa.concat_tables([typed.verdicts for typed in typed_groups])
            validation = validate(kind, verdicts, self._broken)
            first = 0
            for group, typed in zip(groups, typed_groups, strict=True):
                verdict = validation.part(first, typed.rows.num_rows)
                found.update(
                    zip(group, _shared(typed, verdict, [parts[n].cells for n in group]), strict=True)
                )
                first += typed.rows.num_rows
        return [self._judged(kind, part, found.get(place)) for place, part in enumerate(parts)]

    def _typed(self, kind: str, parts: Sequence[Part]) -> Typed:
        """Types the rows of parts that are read alike in one go."""
        import pyarrow as pa

        from records.masking import IdHasher
        from records.readers import CellBatch
        from records.typed import typed

        one = parts[0]
        assert one.match is not None
        together = typed(
            kind,
            CellBatch(pa.concat_tables([part.batch.table for part in parts]), []),
            one.match,
            one.headers,
            self._lookups,
            landed_on=one.landed_on,
            ids=IdHasher(self._key),
            sha256=one.sha256,
            source=one.source,
        )
        origin = pa.concat_arrays([pa.repeat(pa.scalar(part.sha256), part.cells) for part in parts])
        place = together.rows.schema.get_field_index("sha256")
        return replace(
            together, rows=together.rows.set_column(place, together.rows.schema.field(place), origin)
        )

    def _judged(self, kind: str, part: Part, rows: _Rows | None) -> Judged:
        """The result of a part, rows of wrong shape among the others in their place."""
        import pyarrow as pa

        from records.masking import IdHasher
        from records.quarantine import shape_rows_quarantined
        from records.rules import ROW_SHAPE
        from records.schema import ACCEPTED, QUARANTINE

        accepted, held = rows.tables if rows else (ACCEPTED[kind].empty_table(), QUARANTINE.empty_table())
        broken: dict[str, dict[str, int]] = {"critical": {}, "warning": {}}
        for outcome in rows.verdict.outcomes if rows else ():
            if outcome.failed:
                broken[outcome.rule.severity][outcome.id] = outcome.failed
        if part.batch.shape_rows:
            odd = shape_rows_quarantined(
                kind,
                part.batch.shape_rows,
                self._lookups,
                landed_on=part.landed_on,
                ids=IdHasher(self._key),
                sha256=part.sha256,
            )
            held = pa.concat_tables([held, odd]).sort_by("source_row")
            broken["critical"][ROW_SHAPE] = odd.num_rows
        return Judged(accepted, held, broken["critical"], broken["warning"])


@dataclass(frozen=True)
class _Rows:
    """Accepted and quarantined rows of a part, and what the suite said of them."""

    tables: tuple[pa.Table, pa.Table]
    verdict: Validation


def _alike(parts: Sequence[Part]) -> list[list[int]]:
    """Places of the parts with cells, those together that are read alike, up to so many rows."""
    groups: list[list[int]] = []
    filling: dict[tuple[Any, ...], tuple[list[int], int]] = {}
    for place, part in enumerate(parts):
        if part.cells:
            key = (tuple(part.headers), part.landed_on, part.source)
            group, rows = filling.get(key, ([], 0))
            if not group or rows + part.cells > _TYPED_ROWS:
                group, rows = [], 0
                groups.append(group)
            group.append(place)
            filling[key] = (group, rows + part.cells)
    return groups


def _shared(typed: Typed, verdict: Validation, counts: Sequence[int]) -> Iterator[_Rows]:
    """Gives each part its rows out of those that were typed in one go."""
    from records.typed import split

    accepted, held = split(typed, verdict)
    first = first_accepted = first_held = 0
    for count in counts:
        own = verdict.part(first, count)
        quarantined = int(own.rejected.sum())
        taken = accepted.slice(first_accepted, count - quarantined)
        yield _Rows((taken, held.slice(first_held, quarantined)), own)
        first += count
        first_accepted += count - quarantined
        first_held += quarantined
