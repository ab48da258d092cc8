"""Everything that is measured before a person decides: validation, choice, calibration, stability, groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from models.learning.calibrate import calibration_report
from models.learning.fit import Table, TrainingBins, fit_table
from models.learning.foresight import report
from models.learning.groups import by_groups
from models.learning.resampled import Resamples
from models.learning.rivals import fit_rivals
from models.learning.steady import Population, cut_points, stability
from models.learning.validate import choose, few_threads, foretell
from models.points import HUNDREDTHS

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.dataset import Dataset, Window
    from policy.scorecard import Candidate, ScorecardFile


@dataclass(frozen=True)
class Judged:
    """A table of points that nobody uses yet, and what was measured of it.

    Attributes:
        population: every classed entity on the day of training; score: its hundredths of a point.
        cuts: least hundredths of a point of each class.
        calibration: what a model keeps. metrics, selection: as in docs/model.md.
    """

    chosen: Candidate
    table: Table
    population: Dataset
    score: npt.NDArray[np.int64]
    cuts: dict[str, int]
    calibration: dict[str, Any]
    metrics: dict[str, Any]
    selection: dict[str, Any]


def compared_days(spans: Sequence[Window], as_of: date, card: ScorecardFile) -> list[date]:
    """The days between which points are compared: first days of the windows that are foretold, day of training."""
    return [*(w.start for w in spans[-card.validation.windows :]), as_of]


def judge(
    data: Dataset,
    everybody: Callable[[date], Dataset],
    card: ScorecardFile,
    as_of: date,
    told: Callable[[str], None],
) -> Judged:
    """Foretells the last windows, chooses, fits the chosen candidate and every rival on all windows, measures them.

    Args:
        data: windows that had ended by ``as_of``.
        everybody: all classed entities of a day, their texts numbered as in ``data``.

    Raises:
        ValueError: the windows cannot be learned from.
    """
    foretold = foretell(data, card, told)
    chosen, selection = choose(data, card, foretold)
    told(f"chosen: {chosen.id}; fitting on all windows")
    rows = np.arange(len(data))
    with few_threads(len(data)):
        bins = TrainingBins(data, rows, card)
        table = fit_table(data, rows, card, chosen, bins)
        rivals = fit_rivals(data, rows, card, bins)
        numbers = {uscc: number for number, uscc in enumerate(data.uscc)}
        days = []
        for day in compared_days(data.windows, as_of, card):
            population = everybody(day)
            all_rows = np.arange(len(population))
            by_name = np.asarray([numbers.setdefault(uscc, len(numbers)) for uscc in population.uscc], int)
            score = table.score(population, all_rows)
            scores = {name: scorer(population, all_rows) for name, scorer in rivals.scorers.items()}
            days.append(Population(day, by_name[population.entity], {chosen.id: score, **scores}))
    cuts = cut_points(score, card)
    v = card.validation
    told(f"measuring; intervals from {v.bootstrap} resamples of the entities")
    draws = Resamples(len(numbers), v.bootstrap, v.seed)
    kept, calibration = calibration_report(data, card, foretold, chosen.id, table, draws)
    metrics = {
        **report(data, card, foretold, chosen.id, draws),
        "calibration": calibration,
        "groups": by_groups(data, card, foretold, chosen.id, draws),
        "stability": stability(days, chosen.id, cuts, draws),
        "population": {"rows": len(population), "distinct_points": len(np.unique(score)), **_spread(score)},
        "resamples": v.bootstrap,
    }
    return Judged(chosen, table, population, score, cuts, kept, metrics, selection)


def _spread(score: npt.NDArray[np.int64]) -> dict[str, Any]:
    marks = {"least": 0, "p10": 0.1, "p50": 0.5, "p90": 0.9, "p99": 0.99, "most": 1}
    return (
        {name: float(np.quantile(score, at)) / HUNDREDTHS for name, at in marks.items()} if len(score) else {}
    )
