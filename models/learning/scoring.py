"""Points of a model file on a training set: the same numbers as grading, without an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.learning.dataset import MISSING, Dataset
from models.points import MAX_POINTS_H

if TYPE_CHECKING:
    import numpy.typing as npt

    from policy.learned import LearnedIndicator, Scorecard


def score_model(model: Scorecard, data: Dataset) -> npt.NDArray[np.int64]:
    """Hundredths of a point of every row, clipped to 0–1000."""
    total = np.full(len(data), model.base_points_h, np.int64)
    for one in model.indicators:
        total += _points(one, data)
    return np.clip(total, 0, MAX_POINTS_H)


def _points(one: LearnedIndicator, data: Dataset) -> npt.NDArray[np.int64]:
    values = data.features[one.feature]
    points = np.asarray([b.points_h for b in one.bins], np.int64)
    if not one.is_text:
        edges = np.asarray([b.lt for b in one.bins[:-1]], np.int64)
        found = points[np.searchsorted(edges, values, side="right")]
    else:
        assert one.other is not None
        known = {b.level: b.points_h for b in one.bins}
        by_text = [known.get(text, one.other.points_h) for text in data.levels[one.feature]] or [0]
        found = np.asarray(by_text, np.int64)[np.maximum(values, 0)]
    return np.where(values == MISSING, one.missing.points_h, found)
