"""Temporal validation with a rolling origin, and the rule that chooses among candidates.

Each of the last windows is foretold by what was fitted on windows that had ended when it began. All but the holdout
choose the candidate; the holdout only reports. The rule stands in docs/model.md and was set before it was used.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.learning import rivals
from models.learning.fit import Table, TrainingBins, fit_table
from models.learning.metrics import (
    at_budget,
    auc,
    calibration,
    days_earlier,
    interval,
    mean_auc,
    mean_auc_of,
)  # fmt: skip
from models.points import HUNDREDTHS

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.dataset import Dataset
    from policy.scorecard import Candidate, ScorecardFile

_SMALL = 300_000
RIVALS = ("expert", "last_event", "single_best", "boosting")


@dataclass(frozen=True)
class Foretold:
    """What was foretold of the validation's windows.

    Attributes:
        rows: into the dataset, window by window.
        scores: candidate id or rival → score of each row.
        tables: candidate id → the table of each window.
        best_feature: the rival single_best's feature in each window.
    """

    rows: npt.NDArray[np.intp]
    scores: dict[str, npt.NDArray[np.float64]]
    tables: dict[str, list[Table]]
    best_feature: list[str]


def validation_windows(data: Dataset, card: ScorecardFile) -> list[int]:
    """Indices of the windows that are foretold, oldest first."""
    return list(range(len(data.windows)))[-card.validation.windows :]


def train_rows(data: Dataset, window: int) -> npt.NDArray[np.intp]:
    """Rows whose window had ended by the first day of another: nothing overlaps."""
    start = data.windows[window].start
    ended = [i for i, w in enumerate(data.windows) if w.end <= start]
    return np.flatnonzero(np.isin(data.window, ended))


def few_threads(rows: int) -> AbstractContextManager[object]:
    """One thread for small sets: there, threads that wait for one another cost more than they do."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1 if rows < _SMALL else None)


def foretell(data: Dataset, card: ScorecardFile, told: Callable[[str], None]) -> Foretold:
    """Fits every candidate and rival anew for each window, on the past only.

    Raises:
        ValueError: a window has too few events before it, or holds only one outcome.
    """
    rows: list[npt.NDArray[np.intp]] = []
    scores: dict[str, list[npt.NDArray[np.float64]]] = {}
    tables: dict[str, list[Table]] = {c.id: [] for c in card.fit.candidates}
    best: list[str] = []
    for window in validation_windows(data, card):
        told(f"validation: window {data.windows[window].start}..{data.windows[window].end}")
        train, test = train_rows(data, window), np.flatnonzero(data.window == window)
        if not data.event[test].any() or data.event[test].all():
            raise ValueError(
                f"the window {data.windows[window].start}..{data.windows[window].end} holds "
                f"{int(data.event[test].sum()):,} events among {len(test):,} entities: nothing can be judged on it"
            )
        rows.append(test)
        bins = TrainingBins(data, train, card)
        for candidate in card.fit.candidates:
            table = fit_table(data, train, card, candidate, bins)
            tables[candidate.id].append(table)
            scores.setdefault(candidate.id, []).append(table.score(data, test).astype(float))
        feature, single = rivals.single_best(data, test, card, bins)
        best.append(feature)
        for name, score in (
            ("expert", rivals.expert(data, test)),
            ("last_event", rivals.last_event(data, test)),
            ("single_best", single),
            ("boosting", rivals.boosting(data, train, test, card)),
        ):
            scores.setdefault(name, []).append(score)
    return Foretold(
        np.concatenate(rows), {name: np.concatenate(parts) for name, parts in scores.items()}, tables, best
    )


def choose(data: Dataset, card: ScorecardFile, foretold: Foretold) -> tuple[Candidate, dict[str, Any]]:
    """The candidate with the best mean AUC over the choosing windows, to three decimals.

    Among equals: fewer features, then the smaller C, then fewer bins, then the order in the policy.
    """
    choosing = validation_windows(data, card)[: -card.validation.holdout]
    window = data.window[foretold.rows]
    inside = np.isin(window, choosing)
    ranked = []
    for place, candidate in enumerate(card.fit.candidates):
        found = mean_auc(
            foretold.scores[candidate.id][inside], data.event[foretold.rows][inside], window[inside]
        )
        size = float(np.mean([len(t.binned) for t in foretold.tables[candidate.id]]))
        key = (-round(found, 3), size, float(candidate.C), candidate.max_bins, place)
        ranked.append((key, candidate, {"candidate": candidate.id, "mean_auc": found, "features": size}))
    ranked.sort(key=lambda item: item[0])
    return ranked[0][1], {
        "rule": "best mean AUC over the choosing windows to three decimals; then fewer features, smaller C, fewer bins",
        "choosing_windows": [data.windows[i].end.isoformat() for i in choosing],
        "ranked": [item[2] for item in ranked],
    }


def report(data: Dataset, card: ScorecardFile, foretold: Foretold, chosen: str) -> dict[str, Any]:
    """Metrics of the chosen candidate and of every rival, over all windows and on the holdout alone."""
    places = validation_windows(data, card)
    parts = {"all": places, "holdout": places[-card.validation.holdout :]}
    return {
        part: {
            name: _measures(data, card, foretold, score, inside)
            for name, score in [(chosen, foretold.scores[chosen])]
            + [(rival, foretold.scores[rival]) for rival in RIVALS]
        }
        for part, inside in parts.items()
    } | {"single_best_features": foretold.best_feature}


def _measures(
    data: Dataset, card: ScorecardFile, foretold: Foretold, score: npt.NDArray[np.float64], inside: list[int]
) -> dict[str, Any]:
    v = card.validation
    here = np.isin(data.window[foretold.rows], inside)
    rows, score = foretold.rows[here], score[here]
    event, window, entity = data.event[rows], data.window[rows], data.entity[rows]
    per_window = [_window(data, card, rows, score, w) for w in inside]
    measure = mean_auc_of(score, event, window)
    found: dict[str, Any] = {
        "rows": len(rows),
        "events": int(event.sum()),
        "auc": measure(None),
        "auc_interval": interval(measure, entity, v.bootstrap, v.seed),
        "windows": per_window,
    }
    for part in ("precision", "recall"):
        found[part] = np.mean([w["budget"][part] for w in per_window], axis=0).tolist()
    if card.event.at == "next_visit":
        days = [w["days"] for w in per_window]
        weight = [w["events"] for w in per_window]
        found["days"] = (
            {key: float(np.average([d[key] for d in days], weights=weight)) for key in days[0]}
            if sum(weight)
            else {}
        )
    return found


def _window(
    data: Dataset,
    card: ScorecardFile,
    rows: npt.NDArray[np.intp],
    score: npt.NDArray[np.float64],
    window: int,
) -> dict[str, Any]:
    here = data.window[rows] == window
    s, event = score[here], data.event[rows][here]
    found: dict[str, Any] = {
        "start": data.windows[window].start.isoformat(),
        "end": data.windows[window].end.isoformat(),
        "rows": int(here.sum()),
        "events": int(event.sum()),
        "auc": auc(s, event),
        "budget": at_budget(s, event, float(card.validation.budget_share)),
        "distinct_scores": len(np.unique(s)),
    }
    if card.event.at == "next_visit":
        found["days"] = days_earlier(s, event, data.visited[rows][here])
    return found


def calibrate(
    score_h: npt.NDArray[np.float64], event: npt.NDArray[np.bool_], base_h: int, factor: float
) -> tuple[float, float]:
    """Intercept and slope of the chance of the event, fitted on scores of windows later than the fit's."""
    from sklearn.linear_model import LogisticRegression

    x = ((score_h - base_h) / HUNDREDTHS / factor).reshape(-1, 1)
    model = LogisticRegression(C=1e6, l1_ratio=0.0, solver="newton-cholesky", max_iter=200).fit(x, event)
    return float(model.intercept_[0]), float(model.coef_[0][0])


def chance(
    score_h: npt.NDArray[np.float64], base_h: int, factor: float, intercept: float, slope: float
) -> npt.NDArray[np.float64]:
    """Chance of the event that points stand for."""
    found: npt.NDArray[np.float64] = 1 / (
        1 + np.exp(-(intercept + slope * (score_h - base_h) / HUNDREDTHS / factor))
    )
    return found


def calibration_report(
    data: Dataset, card: ScorecardFile, foretold: Foretold, chosen: str, base_h: int, factor: float
) -> dict[str, Any]:
    """Calibration fitted on the choosing windows and judged on the holdout; and that on all, which the model keeps."""
    places = validation_windows(data, card)
    window, event = data.window[foretold.rows], data.event[foretold.rows]
    score = foretold.scores[chosen]
    late = np.isin(window, places[-card.validation.holdout :])
    intercept, slope = calibrate(score[~late], event[~late], base_h, factor)
    found = chance(score[late], base_h, factor, intercept, slope)
    whole = calibrate(score, event, base_h, factor)
    return {
        "kept": {
            "intercept": whole[0],
            "slope": max(whole[1], 0.0),
            "windows": [data.windows[i].end.isoformat() for i in places],
            "rows": len(score),
            "events": int(event.sum()),
        },
        "holdout": {
            "intercept": intercept,
            "slope": slope,
            "foretold": float(found.mean()) if len(found) else None,
            "observed": float(event[late].mean()) if len(found) else None,
            "tenths": calibration(found, event[late]),
        },
    }
