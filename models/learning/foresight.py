"""How well each method foretold the validation's windows: every measure with its interval, beside every rival."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from models.learning.metrics import DAYS, Ordered, mean_known, once
from models.learning.resampled import Resamples, interval, number
from models.learning.rivals import RIVALS
from models.learning.validate import validation_windows

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.dataset import Dataset
    from models.learning.validate import Foretold
    from policy.scorecard import ScorecardFile

    Measured = dict[str, npt.NDArray[np.float64]]


def report(
    data: Dataset, card: ScorecardFile, foretold: Foretold, chosen: str, draws: Resamples
) -> dict[str, Any]:
    """Measures of the chosen candidate and of every rival, over all windows and on the holdout alone.

    Returns:
        ``all``, ``holdout``: method → rows, events, auc, precision and recall [least, expected, most], days (at the
        next visit), each with ``…_interval``; of rivals ``ahead``: how much the chosen candidate is ahead of it, of
        the same resamples; ``windows``: the same of each window. ``single_best_features``: of each window.
    """
    places = validation_windows(data, card)
    seen: dict[str, list[Measured]] = {}
    drawn: dict[str, list[Measured]] = {}
    for method in (chosen, *RIVALS):
        for window in places:
            one, many = _window(data, card, foretold, foretold.scores[method], window, draws)
            seen.setdefault(method, []).append(one)
            drawn.setdefault(method, []).append(many)
    parts = {"all": list(range(len(places))), "holdout": list(range(len(places)))[-card.validation.holdout :]}
    return {
        part: _part(data, card, chosen, places, inside, seen, drawn) for part, inside in parts.items()
    } | {"single_best_features": foretold.best_feature}


def _window(
    data: Dataset,
    card: ScorecardFile,
    foretold: Foretold,
    score: npt.NDArray[np.float64],
    window: int,
    draws: Resamples,
) -> tuple[Measured, Measured]:
    """Measures of one window: as seen, and of each resample."""
    here = data.window[foretold.rows] == window
    rows = foretold.rows[here]
    visited = data.visited[rows] if card.event.at == "next_visit" else None
    ordered = Ordered(score[here], data.event[rows], visited)
    share = float(card.validation.budget_share)
    parts = [ordered.measures(weight, share) for weight in draws.of(data.entity[rows])]
    seen = ordered.measures(once(len(rows)), share)
    many = {name: np.concatenate([part[name] for part in parts]) for name in seen}
    return seen | {"distinct": np.array([ordered.distinct]), "rows": np.array([len(rows)])}, many


def _part(
    data: Dataset,
    card: ScorecardFile,
    chosen: str,
    places: Sequence[int],
    inside: Sequence[int],
    seen: Mapping[str, list[Measured]],
    drawn: Mapping[str, list[Measured]],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    own = _over([seen[chosen][i] for i in inside]), _over([drawn[chosen][i] for i in inside])
    for method in seen:
        one, many = _over([seen[method][i] for i in inside]), _over([drawn[method][i] for i in inside])
        found[method] = _written(one, many) | {
            "rows": int(sum(seen[method][i]["rows"][0] for i in inside)),
            "events": int(sum(seen[method][i]["events"][0] for i in inside)),
            "windows": [_line(data, card, places[i], seen[method][i]) for i in inside],
        }
        if method != chosen:
            ahead, ahead_many = ({k: a[k] - b[k] for k in a} for a, b in zip(own, (one, many), strict=True))
            found[method]["ahead"] = _written(ahead, ahead_many)
            # Ranges over the orders of the tied do not subtract.
            found[method]["ahead"] |= {n: found[method]["ahead"][n][1] for n in ("precision", "recall")}
    return found


def _over(windows: Sequence[Measured]) -> Measured:
    """Several windows together: the mean of the windows, that of days by their events."""
    weight = np.stack([w["events"] for w in windows]).astype(float)
    return {
        name: mean_known(np.stack([w[name] for w in windows]), weight if name.startswith("days_") else None)
        for name in windows[0]
        if name not in ("events", "found", "distinct", "rows")
    }


def _written(one: Measured, many: Measured) -> dict[str, Any]:
    """Measures and intervals as the model keeps them; null where there is nothing to judge."""
    found: dict[str, Any] = {"auc": number(one["auc"][0]), "auc_interval": interval(many["auc"])}
    for name in ("precision", "recall"):
        found[name] = [number(x) for x in one[name][0]]
        found[f"{name}_interval"] = interval(many[name][:, 1])
    if "days_mean" in one:
        found["days"] = _days(one) | {f"{name}_interval": interval(many[f"days_{name}"]) for name in DAYS}
    return found


def _days(one: Measured) -> dict[str, Any]:
    return {name: number(one[f"days_{name}"][0]) for name in (*DAYS, "first_half_actual")}


def _line(data: Dataset, card: ScorecardFile, window: int, seen: Measured) -> dict[str, Any]:
    share = float(card.validation.budget_share)
    found: dict[str, Any] = {
        "start": data.windows[window].start.isoformat(),
        "end": data.windows[window].end.isoformat(),
        "rows": int(seen["rows"][0]),
        "events": int(seen["events"][0]),
        "auc": number(seen["auc"][0]),
        "budget": {"share": share}
        | {name: [number(x) for x in seen[name][0]] for name in ("found", "precision", "recall")},
        "distinct_scores": int(seen["distinct"][0]),
    }
    if "days_mean" in seen:
        found["days"] = _days(seen)
    return found
