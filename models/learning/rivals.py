"""What a scorecard is measured against: the expert table, two heuristics, a model that need not be additive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.learning.bins import fit_bins
from models.learning.dataset import MISSING
from models.learning.fit import TrainingBins, sample_rows
from models.learning.metrics import auc_of_bins
from policy.scorecard import TEXTS

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.dataset import Dataset
    from policy.scorecard import LearnedFeature, ScorecardFile


def expert(data: Dataset, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Points of the expert table on the window's first day."""
    return data.expert_h[rows].astype(float)


def last_event(data: Dataset, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Last-violation heuristic: whoever had such an event last comes first, those that never had one come last."""
    since = data.features["days_since_event"][rows].astype(float)
    return np.where(since == MISSING, -np.inf, -since)


def single_best(
    data: Dataset, rows: npt.NDArray[np.intp], card: ScorecardFile, bins: TrainingBins
) -> tuple[str, npt.NDArray[np.float64]]:
    """The one feature whose bins order the training rows best, and what it says of other rows.

    Args:
        bins: of the training rows.
    """
    best: tuple[float, str, npt.NDArray[np.float64]] | None = None
    for feature in card.features:
        binned = bins.of(feature, card.fit.candidates[0])
        found = auc_of_bins(binned.evidence, binned.rows, binned.events)
        if best is None or found > best[0] + 1e-9:
            best = (found, feature.id, binned.evidence[binned.codes(data.features[feature.feature][rows])])
    assert best is not None
    return best[1], best[2]


def boosting(
    data: Dataset, train: npt.NDArray[np.intp], rows: npt.NDArray[np.intp], card: ScorecardFile
) -> npt.NDArray[np.float64]:
    """Log-odds of gradient boosting under the same directions: what being additive costs."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    b = card.boosting
    sample, weight = sample_rows(data.event[train], card)
    taken = train[sample]
    columns, others = zip(*(_column(data, train, taken, rows, f, card) for f in card.features), strict=True)
    directions = {"up": 1, "down": -1, "free": 0}
    model = HistGradientBoostingClassifier(
        max_iter=b.max_iter,
        learning_rate=float(b.learning_rate),
        max_leaf_nodes=b.max_leaf_nodes,
        min_samples_leaf=b.min_samples_leaf,
        l2_regularization=float(b.l2_regularization),
        monotonic_cst=[directions[f.direction] for f in card.features],
        categorical_features=[f.feature in TEXTS for f in card.features],
        early_stopping=False,
        random_state=card.validation.seed,
    )
    model.fit(np.column_stack(columns), data.event[taken], sample_weight=weight)
    found: npt.NDArray[np.float64] = model.decision_function(np.column_stack(others))
    return found


def _column(
    data: Dataset,
    train: npt.NDArray[np.intp],
    taken: npt.NDArray[np.intp],
    rows: npt.NDArray[np.intp],
    feature: LearnedFeature,
    card: ScorecardFile,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    values = data.features[feature.feature]
    if feature.feature not in TEXTS:
        parts = (values[taken], values[rows])
        known, new = (np.where(p == MISSING, np.nan, p).astype(np.float32) for p in parts)
        return known, new
    binned = fit_bins(
        feature, values[train], data.event[train], is_text=True, max_bins=2, smoothing=1.0, min_share=0.0,
        min_level_rows=card.fit.min_level_rows,
    )  # fmt: skip
    return binned.codes(values[taken]).astype(np.float32), binned.codes(values[rows]).astype(np.float32)
