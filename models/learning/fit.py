"""Fitting a table of points: bins, logistic regression on their weights of evidence, whole hundredths."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.learning.bins import Binned, fit_bins
from models.points import HUNDREDTHS, MAX_POINTS_H
from policy.scorecard import TEXTS

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.dataset import Dataset
    from policy.scorecard import Candidate, LearnedFeature, ScorecardFile


@dataclass(frozen=True)
class Table:
    """A fitted table of points.

    Attributes:
        binned: the features that stayed, with their bins. weights: their coefficients, all above 0.
        points_h: hundredths of a point of each bin. base_h: of the row BASE.
        intercept: log-odds of an entity at the average in everything. factor: points a unit of log-odds.
        dropped: ids of features that would have worked against their own evidence, or not at all.
    """

    candidate: Candidate
    binned: tuple[Binned, ...]
    weights: tuple[float, ...]
    points_h: tuple[npt.NDArray[np.int64], ...]
    base_h: int
    intercept: float
    factor: float
    dropped: tuple[str, ...]

    def score(self, data: Dataset, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """Hundredths of a point of rows, clipped to 0–1000 as in grading."""
        total = np.full(len(rows), self.base_h, np.int64)
        for one, points in zip(self.binned, self.points_h, strict=True):
            total += points[one.codes(data.features[one.feature.feature][rows])]
        return np.clip(total, 0, MAX_POINTS_H)


class TrainingBins:
    """Bins of the features on some rows, made once for all candidates that ask for the same."""

    def __init__(self, data: Dataset, rows: npt.NDArray[np.intp], card: ScorecardFile) -> None:
        self._data, self._rows, self._card = data, rows, card
        self._event = data.event[rows]
        self._made: dict[tuple[str, int, str], Binned] = {}

    def of(self, feature: LearnedFeature, candidate: Candidate) -> Binned:
        """The bins of a feature under a candidate's setting."""
        key = (feature.feature, candidate.max_bins, candidate.smoothing)
        if key not in self._made:
            self._made[key] = fit_bins(
                feature,
                self._data.features[feature.feature][self._rows],
                self._event,
                is_text=feature.feature in TEXTS,
                max_bins=candidate.max_bins,
                smoothing=float(candidate.smoothing),
                min_share=float(self._card.fit.min_bin_share),
                min_level_rows=self._card.fit.min_level_rows,
            )
        return self._made[key]


def fit_table(
    data: Dataset,
    rows: npt.NDArray[np.intp],
    card: ScorecardFile,
    candidate: Candidate,
    bins: TrainingBins | None = None,
) -> Table:
    """Fits one candidate on some rows.

    Args:
        bins: of the same rows, where other candidates have made them.

    Raises:
        ValueError: the rows hold too few events, or nothing else.
    """
    event = data.event[rows]
    # Windows overlap: what counts is how many entities had the event, and not in how many windows.
    found = int(np.count_nonzero(np.bincount(data.entity[rows[event]])))
    if found < card.fit.min_events:
        raise ValueError(
            f"too few events 事件太少: {found:,} entities had it in {len(np.unique(data.window[rows]))} windows, the "
            f"policy asks for {card.fit.min_events:,} (scorecard.yaml, fit.min_events)"
        )
    if event.all():
        raise ValueError("every entity had the event: there is nothing to tell apart")
    used = [f for f in card.features if f.id not in candidate.without]
    bins = bins or TrainingBins(data, rows, card)
    binned = [bins.of(f, candidate) for f in used]
    binned = [one for one in binned if np.ptp(one.evidence[one.rows > 0]) > 1e-9]
    if not binned:
        raise ValueError("no feature tells anything of the event")
    sample, weight = sample_rows(event, card)
    codes = [one.codes(data.features[one.feature.feature][rows[sample]]) for one in binned]
    x = np.column_stack([one.evidence[code] for one, code in zip(binned, codes, strict=True)])
    keep, weights, intercept = _regress(x, event[sample], weight, card, candidate)
    kept = [binned[i] for i in keep]
    factor = card.scale.double_odds_points / math.log(2)
    points = tuple(
        np.floor(w * one.evidence * factor * HUNDREDTHS + 0.5).astype(np.int64)
        for w, one in zip(weights, kept, strict=True)
    )
    stayed = {one.feature.id for one in kept}
    return Table(
        candidate=candidate,
        binned=tuple(kept),
        weights=tuple(float(w) for w in weights),
        points_h=points,
        base_h=card.scale.base_points * HUNDREDTHS,
        intercept=float(intercept),
        factor=factor,
        dropped=tuple(f.id for f in used if f.id not in stayed),
    )


def sample_rows(
    event: npt.NDArray[np.bool_], card: ScorecardFile
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Rows for the regression, about `fit.max_rows`: every event, every k-th other row with weight k.

    Events that would fill more than half of them are thinned out in the same way.
    """
    others, events = np.flatnonzero(~event), np.flatnonzero(event)
    taken = events[:: max(1, math.ceil(len(events) / max(1, card.fit.max_rows // 2)))]
    left = others[:: max(1, math.ceil(len(others) / max(1, card.fit.max_rows - len(taken))))]
    rows = np.sort(np.concatenate([taken, left]))
    weight = np.where(event[rows], len(events) / len(taken), len(others) / len(left))
    if card.fit.class_weight == "balanced":
        weight *= np.where(event[rows], len(event) / (2 * len(events)), len(event) / (2 * len(others)))
    return rows, weight


def _regress(
    x: npt.NDArray[np.float64],
    event: npt.NDArray[np.bool_],
    weight: npt.NDArray[np.float64],
    card: ScorecardFile,
    candidate: Candidate,
) -> tuple[list[int], npt.NDArray[np.float64], float]:
    """Coefficients above 0 only: a feature that works against its own evidence is left out, the worst first.

    A coefficient below 0 would turn the direction of a feature round (adverse history would lower points).
    """
    keep = list(range(x.shape[1]))
    while True:
        model = _logistic(candidate, card).fit(x[:, keep], event, sample_weight=weight)
        found = model.coef_[0]
        bad = [i for i, value in enumerate(found) if value <= 1e-6]
        if not bad:
            return keep, found, float(model.intercept_[0])
        if len(bad) == len(keep):
            raise ValueError("no feature works with its own evidence")
        # Those at 0 (L1) go together; of those below 0 one at a time, since they often stand in for one another.
        worst = [i for i in bad if abs(found[i]) <= 1e-6] or [min(bad, key=lambda i: found[i])]
        keep = [k for i, k in enumerate(keep) if i not in worst]


def _logistic(candidate: Candidate, card: ScorecardFile) -> Any:
    from sklearn.linear_model import LogisticRegression

    ratio = float(candidate.l1_ratio)
    return LogisticRegression(
        C=float(candidate.C),
        l1_ratio=ratio,
        solver="newton-cholesky" if ratio == 0 else "saga",
        max_iter=200 if ratio == 0 else 5000,
        tol=1e-6 if ratio == 0 else 1e-4,
        random_state=card.validation.seed,
    )
