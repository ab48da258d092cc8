"""From a training set to a model file: what was judged, sealed with where it came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from models.learning.judge import judge
from models.learning.steady import shares, tenths
from policy.learned import Scorecard, sealed
from policy.scorecard import how_made

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.bins import Binned
    from models.learning.dataset import Dataset
    from policy import Policy


def train(
    data: Dataset,
    everybody: Callable[[date], Dataset],
    policy: Policy,
    *,
    as_of: date,
    known_by: date | None,
    inputs: Sequence[str],
    warnings: Sequence[str] = (),
    created_by: str,
    code_version: str,
    told: Callable[[str], None] = lambda line: None,
) -> Scorecard:
    """A model with everything that was measured of it. It is used by nobody until a person promotes it.

    Args:
        data: windows that had ended by ``as_of``.
        everybody: all classed entities of a day (`judge.compared_days`), texts numbered as in ``data``.
        inputs: sha256 of the deliveries. warnings: what a reader of the figures must know of the records.

    Raises:
        ValueError: the windows cannot be learned from.
    """
    card = policy.scorecard
    found = judge(data, everybody, card, as_of, told)
    table, edges = found.table, tenths(found.score)
    return sealed(
        {
            "format": 1,
            "trained_as_of": as_of.isoformat(),
            "known_by": known_by.isoformat() if known_by else None,
            "created_by": created_by,
            "event": card.event.model_dump(mode="json"),
            "candidate": {**found.chosen.model_dump(mode="json"), "dropped": list(table.dropped)},
            "base_points_h": table.base_h,
            "factor": table.factor,
            "intercept": table.intercept,
            "indicators": [
                _indicator(one, weight, points, data, found.population)
                for one, weight, points in zip(table.binned, table.weights, table.points_h, strict=True)
            ],
            "cut_points_h": found.cuts,
            "cut_rule": "cut_points" if card.scale.cut_points is not None else "target_shares",
            "points_edges_h": list(edges),
            "points_shares": shares(found.score, edges),
            "calibration": found.calibration,
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
            "metrics": {**found.metrics, "warnings": list(warnings)},
            "selection": found.selection,
        }
    )


def _indicator(
    one: Binned, weight: float, points: npt.NDArray[np.int64], data: Dataset, population: Dataset
) -> dict[str, Any]:
    feature = one.feature
    counts = np.bincount(one.codes(population.features[feature.feature]), minlength=len(points))
    seen = counts / max(1, len(population))

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
        # Where no text is frequent enough, a table still has a row: one in which nobody stands.
        bins = bins or [{**other, "level": "", "share": 0.0, "rows": 0, "events": 0}]
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
