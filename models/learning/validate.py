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

from models.learning.fit import Table, TrainingBins, fit_table
from models.learning.metrics import mean_auc
from models.learning.rivals import fit_rivals

if TYPE_CHECKING:
    import numpy.typing as npt

    from models.learning.dataset import Dataset
    from policy.scorecard import Candidate, ScorecardFile, Validation

_SMALL = 300_000


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


def are_too_few(entity: npt.NDArray[np.int32], event: npt.NDArray[np.bool_], rules: Validation) -> bool:
    """Whether rows are too few to judge: entities, those with the event, or those without it, each counted once."""
    counts = (len(np.unique(x)) for x in (entity, entity[event], entity[~event]))
    return any(
        found < least
        for found, least in zip(
            counts, (rules.min_group, rules.min_group_events, rules.min_group_events), strict=True
        )
    )


def few_threads(rows: int) -> AbstractContextManager[object]:
    """One thread for small sets: there, threads that wait for one another cost more than they do."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1 if rows < _SMALL else None)


def foretell(data: Dataset, card: ScorecardFile, told: Callable[[str], None]) -> Foretold:
    """Fits every candidate and rival anew for each window, on the past only.

    Raises:
        ValueError: a window has too few events before it, or holds only one outcome.
    """
    with few_threads(len(data)):
        return _foretell(data, card, told)


def _foretell(data: Dataset, card: ScorecardFile, told: Callable[[str], None]) -> Foretold:
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
                f"{int(data.event[test].sum()):,} events among {len(test):,} entities: with one outcome "
                "alone nothing can be judged 只有一种结果，无法判断 (fewer windows, a longer horizon or another event: "
                "scorecard.yaml)"
            )
        rows.append(test)
        bins = TrainingBins(data, train, card)
        for candidate in card.fit.candidates:
            table = fit_table(data, train, card, candidate, bins)
            tables[candidate.id].append(table)
            scores.setdefault(candidate.id, []).append(table.score(data, test).astype(float))
        rivals = fit_rivals(data, train, card, bins)
        best.append(rivals.best_feature)
        for name, scorer in rivals.scorers.items():
            scores.setdefault(name, []).append(scorer(data, test))
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
