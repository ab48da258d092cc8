"""From a training set to a model file: validate, choose, fit on all, cut classes, measure groups and stability."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from models.learning.dataset import MISSING, Dataset
from models.learning.fit import Table, fit_table
from models.learning.groups import by_groups
from models.learning.validate import calibration_report, choose, few_threads, foretell, report
from models.points import HUNDREDTHS
from models.stability import psi
from policy.learned import Scorecard, sealed
from policy.scorecard import TEXTS, how_made

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.bins import Binned
    from policy import Policy
    from policy.scorecard import ScorecardFile

CLASSES = ("A", "B", "C", "D")
_TENTHS = 10


def train(
    data: Dataset,
    population: Dataset,
    before: Dataset,
    policy: Policy,
    *,
    as_of: date,
    known_by: date | None,
    inputs: Sequence[str],
    created_by: str,
    code_version: str,
    told: Callable[[str], None] = lambda line: None,
) -> Scorecard:
    """A model with everything that was measured of it. It is used by nobody until a person promotes it.

    Args:
        data: windows that had ended by ``as_of``.
        population: every classed entity on ``as_of``; before: on the first day of the last window.
        inputs: sha256 of the deliveries.

    Raises:
        ValueError: the windows cannot be learned from.
    """
    card = policy.scorecard
    with few_threads(len(data)):
        foretold = foretell(data, card, told)
        chosen, selection = choose(data, card, foretold)
        told(f"chosen: {chosen.id}; fitting on all windows")
        table = fit_table(data, np.arange(len(data)), card, chosen)
        measured = report(data, card, foretold, chosen.id)
        calibrated = calibration_report(data, card, foretold, chosen.id, table.base_h, table.factor)
    score = table.score(population, np.arange(len(population)))
    earlier = table.score(before, np.arange(len(before)))
    cuts = cut_points(score, card)
    edges = tuple(
        int(e) for e in np.unique(np.quantile(score, np.linspace(0, 1, _TENTHS + 1)[1:-1], method="lower"))
    )
    measured |= {
        "calibration": calibrated["holdout"],
        "groups": by_groups(data, card, foretold, chosen.id),
        "stability": stability(before, earlier, population, score, edges, cuts),
        "population": {"rows": len(population), "distinct_points": len(np.unique(score)), **_spread(score)},
    }
    return sealed(
        {
            "format": 1,
            "trained_as_of": as_of.isoformat(),
            "known_by": known_by.isoformat() if known_by else None,
            "created_by": created_by,
            "event": card.event.model_dump(mode="json"),
            "candidate": {**chosen.model_dump(mode="json"), "dropped": list(table.dropped)},
            "base_points_h": table.base_h,
            "factor": table.factor,
            "intercept": table.intercept,
            "indicators": [
                _indicator(one, weight, points, data, population)
                for one, weight, points in zip(table.binned, table.weights, table.points_h, strict=True)
            ],
            "cut_points_h": cuts,
            "cut_rule": "cut_points" if card.scale.cut_points is not None else "target_shares",
            "points_edges_h": list(edges),
            "points_shares": shares(score, edges),
            "calibration": calibrated["kept"],
            "made_with": how_made(card, [one.feature.feature for one in table.binned]),
            "windows": [
                {
                    "start": w.start.isoformat(),
                    "end": w.end.isoformat(),
                    "rows": int((data.window == i).sum()),
                    "events": int(data.event[data.window == i].sum()),
                }
                for i, w in enumerate(data.windows)
            ],
            "inputs": sorted(inputs),
            "policy_version": policy.version,
            "code_version": code_version,
            "metrics": measured,
            "selection": selection,
        }
    )


def cut_points(score: npt.NDArray[np.int64], card: ScorecardFile) -> dict[str, int]:
    """Least hundredths of each class: the policy's fixed points, or those that give its shares on this population.

    With shares, a class begins at a value and takes all entities that have it: ties never split.
    """
    if card.scale.cut_points is not None:
        return {c: card.scale.cut_points[c] * HUNDREDTHS for c in CLASSES}
    assert card.scale.target_shares is not None
    wanted = card.scale.target_shares
    cuts, below = {"A": 0}, 0.0
    for lower, upper in pairwise(CLASSES):
        below += float(wanted[lower])
        at = int(np.quantile(score, min(below, 1.0), method="higher")) if len(score) else 0
        cuts[upper] = max(at, cuts[lower] + 1)
    return cuts


def shares(score: npt.NDArray[np.int64], edges: Sequence[int]) -> list[float]:
    """Share of the entities in each interval of points."""
    counts = np.bincount(np.searchsorted(np.asarray(edges), score, side="right"), minlength=len(edges) + 1)
    return [float(c / max(1, len(score))) for c in counts]


def stability(
    before: Dataset,
    earlier: npt.NDArray[np.int64],
    population: Dataset,
    score: npt.NDArray[np.int64],
    edges: Sequence[int],
    cuts: Mapping[str, int],
) -> dict[str, Any]:
    """PSI of the points between two days, and how many entities changed class between them."""
    limits = np.asarray([cuts[c] for c in CLASSES[1:]])
    was = dict(
        zip(
            before.uscc,
            np.searchsorted(limits, earlier, side="right")[np.argsort(before.entity)],
            strict=True,
        )
    )
    now = dict(
        zip(
            population.uscc,
            np.searchsorted(limits, score, side="right")[np.argsort(population.entity)],
            strict=True,
        )
    )
    matrix = np.zeros((len(CLASSES), len(CLASSES)), int)
    for uscc in was.keys() & now.keys():
        matrix[was[uscc], now[uscc]] += 1
    whole = int(matrix.sum())
    return {
        "psi_points": psi(shares(earlier, edges), shares(score, edges)),
        "entities": whole,
        "same_class": float(np.trace(matrix) / whole) if whole else None,
        "migration": {
            c: {d: int(matrix[i, j]) for j, d in enumerate(CLASSES)} for i, c in enumerate(CLASSES)
        },
    }


def _spread(score: npt.NDArray[np.int64]) -> dict[str, Any]:
    marks = {"least": 0, "p10": 0.1, "p50": 0.5, "p90": 0.9, "p99": 0.99, "most": 1}
    return (
        {name: float(np.quantile(score, at)) / HUNDREDTHS for name, at in marks.items()} if len(score) else {}
    )


def _indicator(
    one: Binned, weight: float, points: npt.NDArray[np.int64], data: Dataset, population: Dataset
) -> dict[str, Any]:
    feature = one.feature
    values = population.features[feature.feature]
    if feature.feature in TEXTS:
        # The population's texts have numbers of their own.
        known = {text: i for i, text in enumerate(data.levels[feature.feature])}
        table = np.asarray(
            [known.get(text, 0xFFFF) for text in population.levels[feature.feature]] or [0], np.int32
        )
        values = np.where(values == MISSING, MISSING, table[np.maximum(values, 0)]).astype(np.int32)
    seen = np.bincount(one.codes(values), minlength=len(points)) / max(1, len(values))

    def row(i: int, **place: Any) -> dict[str, Any]:
        return {
            **place,
            "points_h": int(points[i]),
            "share": float(seen[i]),
            "rows": int(one.rows[i]),
            "events": int(one.events[i]),
        }

    if one.levels is not None:
        names = data.levels[feature.feature]
        bins = [row(i, level=names[level]) for i, level in enumerate(one.levels)]
        other = row(len(one.levels))
        bins = bins or [row(len(one.levels), level="")]
    else:
        marks = [None, *one.edges, None]
        bins = [row(i, ge=marks[i], lt=marks[i + 1]) for i in range(len(one.edges) + 1)]
        other = None
    return {
        **{k: getattr(feature, k) for k in ("id", "feature", "category", "title", "title_en", "direction")},
        "bins": bins,
        "missing": row(len(points) - 1),
        "other": other,
        "weight": weight,
    }


__all__ = ["Table", "cut_points", "shares", "stability", "train"]
