"""What a scorecard is measured against: the expert table, two heuristics, a model that need not be additive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from models.learning.bins import fit_bins
from models.learning.dataset import MISSING
from models.learning.fit import TrainingBins, sample_rows
from models.learning.metrics import auc_of_bins
from policy.scorecard import TEXTS

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.bins import Binned
    from models.learning.dataset import Dataset
    from policy.scorecard import ScorecardFile

    Rows = npt.NDArray[np.intp]
    Scores = npt.NDArray[np.float64]

RIVALS = ("expert", "last_event", "single_best", "boosting")


class Rivals(NamedTuple):
    """Every rival as fitted on some rows.

    Attributes:
        scorers: rival → score of rows of a dataset (one whose texts have the numbers of the one fitted on).
        best_feature: id of the feature that single_best looks at.
    """

    scorers: dict[str, Callable[[Dataset, Rows], Scores]]
    best_feature: str


def fit_rivals(data: Dataset, train: Rows, card: ScorecardFile, bins: TrainingBins) -> Rivals:
    """Fits what is to be fitted.

    Args:
        bins: of the training rows.
    """
    best, single = _single_best(card, bins)
    boosted = _boosting(data, train, card)
    scorers = {"expert": expert, "last_event": last_event, "single_best": single, "boosting": boosted}
    assert tuple(scorers) == RIVALS
    return Rivals(scorers, best)


def expert(data: Dataset, rows: Rows) -> Scores:
    """Points of the expert table on the window's first day."""
    return data.expert_h[rows].astype(float)


def last_event(data: Dataset, rows: Rows) -> Scores:
    """Last-violation heuristic: whoever had such an event last comes first, those that never had one come last."""
    since = data.features["days_since_event"][rows].astype(float)
    return np.where(since == MISSING, -np.inf, -since)


def _single_best(card: ScorecardFile, bins: TrainingBins) -> tuple[str, Callable[[Dataset, Rows], Scores]]:
    """The one feature whose bins order the training rows best, and what it says of other rows."""
    best: tuple[float, Binned] | None = None
    for feature in card.features:
        binned = bins.of(feature, card.fit.candidates[0])
        found = auc_of_bins(binned.evidence, binned.rows, binned.events)
        if best is None or found > best[0] + 1e-9:
            best = (found, binned)
    assert best is not None
    one = best[1]
    return one.feature.id, lambda data, rows: one.evidence[
        one.codes(data.features[one.feature.feature][rows])
    ]


def _boosting(data: Dataset, train: Rows, card: ScorecardFile) -> Callable[[Dataset, Rows], Scores]:
    """Log-odds of gradient boosting under the same directions: what being additive costs."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    b = card.boosting
    sample, weight = sample_rows(data.event[train], card)
    taken = train[sample]
    texts = {
        f.feature: fit_bins(
            f, data.features[f.feature][train], data.event[train], is_text=True, max_bins=2, smoothing=1.0,
            min_share=0.0, min_level_rows=card.fit.min_level_rows,
        )
        for f in card.features
        if f.feature in TEXTS
    }  # fmt: skip

    def columns(data: Dataset, rows: Rows) -> npt.NDArray[np.float32]:
        def column(name: str) -> npt.NDArray[np.float32]:
            values = data.features[name][rows]
            if name in texts:
                return texts[name].codes(values).astype(np.float32)
            return np.where(values == MISSING, np.nan, values).astype(np.float32)

        return np.column_stack([column(f.feature) for f in card.features])

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
    model.fit(columns(data, taken), data.event[taken], sample_weight=weight)

    def score(data: Dataset, rows: Rows) -> Scores:
        found: Scores = model.decision_function(columns(data, rows))
        return found

    return score
