"""From a score to the chance of the event, fitted on windows later than the fit's; the same way for every method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.learning.metrics import calibration
from models.learning.resampled import Resamples, interval
from models.learning.rivals import RIVALS
from models.learning.validate import are_too_few, validation_windows
from models.points import HUNDREDTHS

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.dataset import Dataset
    from models.learning.fit import Table
    from models.learning.validate import Foretold
    from policy.scorecard import ScorecardFile

    Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibrated:
    """Chance of the event: 1 / (1 + exp(−(intercept + slope × (score − middle) / spread))).

    Attributes:
        slope: never below 0; 0 where the order foretells nothing: then all have the chance of the whole.
        lowest: log-odds of those that stand below every number (a score of minus infinity), None where nobody does.
    """

    middle: float
    spread: float
    intercept: float
    slope: float
    lowest: float | None

    def chance(self, score: Scores) -> Scores:
        """Chance of the event of each score."""
        is_number = np.isfinite(score)
        odds = (
            self.intercept
            + self.slope * (np.where(is_number, score, self.middle) - self.middle) / self.spread
        )
        if self.lowest is not None:
            odds = np.where(is_number, odds, self.lowest)
        found: Scores = 1 / (1 + np.exp(-odds))
        return found


def calibrate(
    score: Scores, event: npt.NDArray[np.bool_], middle: float | None = None, spread: float | None = None
) -> Calibrated:
    """Platt's regression of the event on the score.

    Args:
        middle, spread: the scale on which intercept and slope are told; that of the scores where none is given.
    """
    is_number = np.isfinite(score)
    known, happened = score[is_number], event[is_number]
    if middle is None:
        middle = float(known.mean()) if len(known) else 0.0
    if spread is None:
        spread = float(known.std()) if len(known) else 0.0
    lowest = None if is_number.all() else _log_odds(event[~is_number])
    intercept, slope = _log_odds(happened), 0.0
    if spread > 0 and happened.any() and not happened.all():
        from sklearn.linear_model import LogisticRegression

        x = ((known - middle) / spread).reshape(-1, 1)
        model = LogisticRegression(C=1e6, l1_ratio=0.0, solver="newton-cholesky", max_iter=200).fit(
            x, happened
        )
        # A score that works against itself would turn its own order round: then it tells nothing.
        if model.coef_[0][0] > 0:
            intercept, slope = float(model.intercept_[0]), float(model.coef_[0][0])
    return Calibrated(middle, spread or 1.0, intercept, slope, lowest)


def _log_odds(event: npt.NDArray[np.bool_]) -> float:
    """Of a whole group; half an event and half a row without one are added, so that it is always a number."""
    return float(np.log((event.sum() + 0.5) / ((~event).sum() + 0.5)))


def calibration_report(
    data: Dataset, card: ScorecardFile, foretold: Foretold, chosen: str, table: Table, draws: Resamples
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Calibration of every method, fitted on the choosing windows and judged on the holdout.

    Returns:
        what the model keeps (fitted on all windows, in units of its points); and method → foretold and observed
        rate, ``gap`` (observed less foretold) and ``brier`` (mean square of the error) with intervals, ``ahead`` of
        rivals (how much greater their Brier score is), ``is_flat`` where the order foretold nothing, ``tenths``;
        ``too_few`` where the holdout has too few of either outcome (policy: min_group, min_group_events).
    """
    places = validation_windows(data, card)
    window, event = data.window[foretold.rows], data.event[foretold.rows]
    late = np.isin(window, places[-card.validation.holdout :])
    whole = calibrate(foretold.scores[chosen], event, table.base_h, table.factor * HUNDREDTHS)
    kept = {
        "intercept": whole.intercept,
        "slope": whole.slope,
        "windows": [data.windows[i].end.isoformat() for i in places],
        "rows": len(event),
        "events": int(event.sum()),
    }
    entity, happened = data.entity[foretold.rows[late]], event[late]
    size = {"rows": len(entity), "events": int(happened.sum())}
    if are_too_few(entity, happened, card.validation):
        return kept, {**size, "too_few": True}
    methods: dict[str, Any] = {}
    own = None
    for method in (chosen, *RIVALS):
        score = foretold.scores[method]
        fitted = calibrate(score[~late], event[~late])
        chance = fitted.chance(score[late])
        error = np.stack([happened - chance, (happened - chance) ** 2], axis=1)
        many = draws.shares(entity, error)
        methods[method] = {
            "foretold": float(chance.mean()),
            "observed": float(happened.mean()),
            "gap": float(error[:, 0].mean()),
            "gap_interval": interval(many[:, 0]),
            "brier": float(error[:, 1].mean()),
            "brier_interval": interval(many[:, 1]),
            "is_flat": fitted.slope == 0 and fitted.lowest is None,
            "tenths": calibration(chance, happened),
        }
        if own is None:
            own = error[:, 1], many[:, 1]
        else:
            methods[method]["ahead"] = {
                "brier": float((error[:, 1] - own[0]).mean()),
                "brier_interval": interval(many[:, 1] - own[1]),
            }
    return kept, {**size, "too_few": False, "methods": methods}
