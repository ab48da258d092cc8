"""Intervals by drawing entities with replacement: one set of resamples for every method, measure and window."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[Any]

# Weights that are held at a time: resamples × rows.
_AT_ONCE = 4_000_000
# An interval is of nearly all resamples, or there is none: those that can be judged are not like the others.
_LEAST_KNOWN = 0.95


class Resamples:
    """How often each entity is drawn.

    All rows of an entity come together, in every window and for every method, so that the difference of two methods
    is that of the same entities.

    Args:
        entities: how many there are, numbered from 0.
    """

    def __init__(self, entities: int, draws: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._drawn = np.empty((draws, entities), np.uint8)
        for line in self._drawn:
            line[:] = np.bincount(rng.integers(0, max(1, entities), entities), minlength=entities)

    def of(self, entity: Numbers) -> Iterator[Numbers]:
        """Weights of rows by their entities, some resamples at a time: resamples × rows."""
        step = max(1, _AT_ONCE // max(1, len(entity)))
        for first in range(0, len(self._drawn), step):
            yield self._drawn[first : first + step][:, entity]

    def shares(self, entity: Numbers, flags: Numbers) -> Numbers:
        """Share of the rows of each resample that have each of some flags.

        Args:
            flags: rows × flags, true or false or any number.

        Returns:
            resamples × flags; NaN where a resample holds none of the rows.
        """
        parts = [np.zeros((0, flags.shape[1]))]
        for weight in self.of(entity):
            size = weight.sum(axis=1, dtype=np.int64)[:, None]
            # Flags add up exactly in single precision, other numbers do not.
            exact = np.float32 if flags.dtype == bool else np.float64
            sums = weight.astype(exact) @ flags.astype(exact)
            parts.append(np.divide(sums, size, out=np.full(sums.shape, np.nan), where=size > 0))
        return np.concatenate(parts)


def interval(values: Numbers) -> list[float] | None:
    """95 % interval of a measure from its value in each resample; None where too many resamples have none."""
    known = values[~np.isnan(values)]
    if not len(values) or len(known) < _LEAST_KNOWN * len(values):
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return [float(low), float(high)]


def number(value: Any) -> float | None:
    """A measure as it is written down: None where there was nothing to judge."""
    return None if np.isnan(value) else float(value)
