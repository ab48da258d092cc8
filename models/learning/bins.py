"""Bins of one feature: cut by quantiles, made monotone where the policy says so, each with its weight of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.learning.dataset import MISSING

if TYPE_CHECKING:
    import numpy.typing as npt

    from policy.scorecard import LearnedFeature

_SAMPLE = 200_000


@dataclass(frozen=True)
class Binned:
    """The bins of a feature as fitted.

    Attributes:
        edges: of a numeric feature: bin i holds edges[i-1] ≤ v < edges[i].
        levels: of a text: the index of each text that has its own bin, by bin.
        rows, events: of each bin; the last one is null, of a text the one before it all other texts.
        evidence: weight of evidence of each bin: log-odds of the event in it, less that of all.
    """

    feature: LearnedFeature
    edges: tuple[int, ...]
    levels: tuple[int, ...] | None
    rows: npt.NDArray[np.float64]
    events: npt.NDArray[np.float64]
    evidence: npt.NDArray[np.float64]

    def codes(self, values: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
        """Bin of each value."""
        return _codes(values, self.edges, self.levels)


def fit_bins(
    feature: LearnedFeature,
    values: npt.NDArray[np.int32],
    event: npt.NDArray[np.bool_],
    *,
    is_text: bool,
    max_bins: int,
    smoothing: float,
    min_share: float,
    min_level_rows: int,
) -> Binned:
    """Bins of a feature on training rows.

    Args:
        values: int32, `MISSING` for null.
        smoothing: observations at the average that each bin is given, so that a small bin says little.
    """
    levels: tuple[int, ...] | None = None
    edges: tuple[int, ...] = ()
    if is_text:
        seen = np.bincount(values[values != MISSING]) if (values != MISSING).any() else np.zeros(0, int)
        frequent = np.flatnonzero(seen >= min_level_rows)
        # At most 250 texts have a bin: the most frequent, in the order of the texts.
        levels = tuple(sorted(int(i) for i in frequent[np.argsort(-seen[frequent], kind="stable")][:250]))
    else:
        edges = _quantile_edges(values, max_bins, min_share)
    rows, events = _counts(_codes(values, edges, levels), event, _size(edges, levels))
    if not is_text and feature.direction != "free":
        pooled = _monotone(feature, edges, rows, events, smoothing)
        # Bins fall together whole: each old one adds to the new one that holds it, the last (null) to itself.
        place = np.append(np.searchsorted(pooled, [-np.inf, *edges], side="right"), len(pooled) + 1)
        rows = np.bincount(place, weights=rows, minlength=len(pooled) + 2).astype(np.float64)
        events = np.bincount(place, weights=events, minlength=len(pooled) + 2).astype(np.float64)
        edges = pooled
    evidence = _evidence(feature, rows, events, smoothing, is_text)
    return Binned(feature, edges, levels, rows, events, evidence)


def _size(edges: tuple[int, ...], levels: tuple[int, ...] | None) -> int:
    return (len(edges) + 1 if levels is None else len(levels) + 1) + 1


def _codes(
    values: npt.NDArray[np.int32], edges: tuple[int, ...], levels: tuple[int, ...] | None
) -> npt.NDArray[np.uint8]:
    if levels is None:
        codes = np.searchsorted(np.asarray(edges, np.int32), values, side="right").astype(np.uint8)
        codes[values == MISSING] = len(edges) + 1
        return codes
    top = max(int(values.max(initial=0)), max(levels, default=0), 0)
    table = np.full(top + 1, len(levels), np.uint8)
    table[list(levels)] = np.arange(len(levels), dtype=np.uint8)
    codes = table[np.maximum(values, 0)]
    codes[values == MISSING] = len(levels) + 1
    return codes


def _quantile_edges(values: npt.NDArray[np.int32], max_bins: int, min_share: float) -> tuple[int, ...]:
    """Quantiles of the known values; a value that many rows share has a bin of its own."""
    known = values[values != MISSING]
    if not len(known):
        return ()
    # Every k-th row: the rows stand by window and uscc, so that this is a fair sample and always the same.
    sample = np.sort(known[:: max(1, len(known) // _SAMPLE)])
    distinct, counts = np.unique(sample, return_counts=True)
    least = max(1.0, min_share * len(sample))
    size = len(sample) / max_bins
    edges: list[int] = []
    inside, left = 0, len(sample)
    for place in range(len(distinct) - 1):
        inside += counts[place]
        is_full = inside >= size or counts[place + 1] >= size
        left -= counts[place]
        if is_full and inside >= least and left >= least:
            edges.append(int(distinct[place + 1]))
            inside = 0
    if not edges and len(distinct) > 1:
        # Rare but telling, such as penalties: whatever differs from the commonest value.
        edges = [int(distinct[1])]
    return tuple(edges)


def _counts(
    codes: npt.NDArray[np.uint8],
    event: npt.NDArray[np.bool_],
    size: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    rows = np.bincount(codes, minlength=size).astype(np.float64)
    return rows, np.bincount(codes[event], minlength=size).astype(np.float64)


def _smooth(
    rows: npt.NDArray[np.float64], events: npt.NDArray[np.float64], smoothing: float
) -> tuple[npt.NDArray[np.float64], float]:
    average = float((events.sum() + 0.5) / (rows.sum() + 1.0))
    return (events + smoothing * average) / (rows + smoothing), average


def _monotone(
    feature: LearnedFeature,
    edges: tuple[int, ...],
    rows: npt.NDArray[np.float64],
    events: npt.NDArray[np.float64],
    smoothing: float,
) -> tuple[int, ...]:
    """Edges between bins whose rates differ after isotonic regression (pool adjacent violators)."""
    from sklearn.isotonic import isotonic_regression

    rate, _ = _smooth(rows, events, smoothing)
    known = len(edges) + 1
    fitted = isotonic_regression(
        rate[:known], sample_weight=rows[:known] + smoothing, increasing=feature.direction == "up"
    )
    return tuple(edge for i, edge in enumerate(edges) if abs(fitted[i + 1] - fitted[i]) > 1e-12)


def _evidence(
    feature: LearnedFeature,
    rows: npt.NDArray[np.float64],
    events: npt.NDArray[np.float64],
    smoothing: float,
    is_text: bool,
) -> npt.NDArray[np.float64]:
    """Log-odds of each bin less those of all; along the feature's direction without exception."""
    rate, average = _smooth(rows, events, smoothing)
    evidence = np.log(rate / (1 - rate)) - np.log(average / (1 - average))
    if is_text or feature.direction == "free":
        return evidence
    known = evidence[:-1]
    # Pooled bins rise or fall; smoothing them anew must not undo it.
    known = np.maximum.accumulate(known) if feature.direction == "up" else np.minimum.accumulate(known)
    missing = evidence[-1]
    if feature.missing != "own":
        is_least = (feature.missing == "low") == (feature.direction == "up")
        missing = min(missing, known.min()) if is_least else max(missing, known.max())
    return np.append(known, missing)
