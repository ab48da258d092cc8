"""How well points foretell: plain numbers from scores, outcomes and days. Higher scores are riskier.

Ties are never broken in anybody's favour: AUC counts them half, a budget that cuts through a tie gives a range, and
days are counted in expectation over every order of the tied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Numbers = npt.NDArray[Any]
    Flags = npt.NDArray[np.bool_]


def auc(score: Numbers, event: Flags, weight: Numbers | None = None) -> float:
    """Chance that an entity with the event scores above one without; ties count half. NaN without both.

    >>> import numpy as np
    >>> auc(np.array([1, 2, 2, 3]), np.array([False, False, True, True]))
    0.875
    """
    return _ranked_auc(np.unique(score, return_inverse=True)[1], event, weight)


def _ranked_auc(tied: Numbers, event: Flags, weight: Numbers | None) -> float:
    """AUC from places in the order of scores, where the tied have one place."""
    size = int(tied.max(initial=-1)) + 1
    every = np.bincount(tied, weights=weight, minlength=size)
    bad = np.bincount(tied[event], weights=None if weight is None else weight[event], minlength=size)
    return _counted_auc(every - bad, bad)


def auc_of_bins(score: Numbers, rows: Numbers, events: Numbers) -> float:
    """AUC of rows that are counted by their bin, each bin with one score; equal scores tie.

    >>> import numpy as np
    >>> auc_of_bins(np.array([1, 2, 3]), np.array([1, 2, 1]), np.array([0, 1, 1]))
    0.875
    """
    _, tied = np.unique(score, return_inverse=True)
    every, bad = (np.bincount(tied, weights=x) for x in (rows, events))
    return _counted_auc(every - bad, bad)


def _counted_auc(good: Numbers, bad: Numbers) -> float:
    if not good.sum() or not bad.sum():
        return float("nan")
    below = np.cumsum(good) - good
    return float((bad * (below + good / 2)).sum() / (good.sum() * bad.sum()))


def mean_auc(score: Numbers, event: Flags, window: Numbers, weight: Numbers | None = None) -> float:
    """Mean of the windows' AUC, so that no difference between windows counts as foresight."""
    return mean_auc_of(score, event, window)(weight)


def mean_auc_of(score: Numbers, event: Flags, window: Numbers) -> Callable[[Numbers | None], float]:
    """`mean_auc` for many weights: the scores are put in order once."""
    parts = []
    for one in np.unique(window):
        here = np.flatnonzero(window == one)
        parts.append((here, np.unique(score[here], return_inverse=True)[1], event[here]))

    def measure(weight: Numbers | None) -> float:
        found = [
            _ranked_auc(tied, happened, None if weight is None else weight[here])
            for here, tied, happened in parts
        ]
        known = [value for value in found if value == value]
        return float(np.mean(known)) if known else float("nan")

    return measure


def at_budget(score: Numbers, event: Flags, share: float) -> dict[str, Any]:
    """Precision and recall when that share of the entities is inspected, the riskiest first.

    Returns:
        inspected, found_least, found_expected, found_most (with ties), precision and recall as [least, expected,
        most].

    >>> import numpy as np
    >>> at_budget(np.array([2, 1, 1, 1]), np.array([True, True, False, False]), 0.5)["recall"]
    [0.5, 0.6666666666666666, 1.0]
    """
    budget = int(np.ceil(share * len(score)))
    order = np.sort(score)[::-1]
    cut = order[budget - 1] if budget else np.inf
    above = score > cut
    tied = score == cut
    places = budget - int(above.sum())
    sure, among, size = int(event[above].sum()), int(event[tied].sum()), int(tied.sum())
    least = sure + max(0, places - (size - among))
    most = sure + min(places, among)
    expected = sure + (places * among / size if size else 0.0)
    whole = int(event.sum())
    found = (least, expected, most)
    return {
        "share": share,
        "inspected": budget,
        "events": whole,
        "found": [float(f) for f in found],
        "precision": [float(f / budget) if budget else 0.0 for f in found],
        "recall": [float(f / whole) if whole else 0.0 for f in found],
    }


def days_earlier(score: Numbers, event: Flags, visited: Numbers) -> dict[str, float]:
    """How much earlier violations would have been found, had the same visits been made in the order of risk.

    The visits' days stay; who is visited on which is decided by the score. Tied entities share their places evenly.

    Returns:
        mean (days earlier), share_later (of the violations that would be found later), first_half (share of the
        violations found in the first half of the visits), first_half_actual.

    >>> import numpy as np
    >>> days_earlier(np.array([1, 2]), np.array([False, True]), np.array([10, 20]))["mean"]
    10.0
    """
    n = len(score)
    slots = np.sort(visited).astype(float)
    values, tied = np.unique(-score, return_inverse=True)
    size = np.bincount(tied, minlength=len(values))
    first = np.concatenate([[0], np.cumsum(size)[:-1]])
    sums = np.concatenate([[0.0], np.cumsum(slots)])
    expected = (sums[first + size] - sums[first]) / size
    half = n / 2
    in_half = np.clip((half - first) / size, 0, 1)
    whole = int(event.sum())
    if not whole:
        return dict.fromkeys(("mean", "share_later", "first_half", "first_half_actual"), float("nan"))
    later = 0.0
    for group in np.unique(tied[event]):
        places = slots[first[group] : first[group] + size[group]]
        actual = visited[event & (tied == group)]
        later += sum(float((places > day).mean()) for day in actual)
    place = np.argsort(np.argsort(visited, kind="stable"), kind="stable")
    return {
        "mean": float((visited[event] - expected[tied[event]]).mean()),
        "share_later": later / whole,
        "first_half": float(in_half[tied[event]].sum() / whole),
        "first_half_actual": float((place[event] < half).mean()),
    }


def calibration(chance: Numbers, event: Flags, groups: int = 10) -> list[dict[str, float]]:
    """Foretold and observed rate of tenths of the entities, the least risky first."""
    order = np.argsort(chance, kind="stable")
    return [
        {
            "rows": len(part),
            "foretold": float(chance[part].mean()),
            "observed": float(event[part].mean()),
            "events": int(event[part].sum()),
        }
        for part in np.array_split(order, groups)
        if len(part)
    ]


def interval(
    measure: Callable[[Numbers], float], entity: Numbers, draws: int, seed: int
) -> tuple[float, float]:
    """95 % interval by drawing entities with replacement; all rows of an entity come together.

    Args:
        measure: of weights of the rows (how often each was drawn).
        entity: of each row.
    """
    rng = np.random.default_rng(seed)
    _, number = np.unique(entity, return_inverse=True)
    count = int(number.max(initial=-1)) + 1
    found = []
    for _ in range(draws):
        drawn = np.bincount(rng.integers(0, count, count), minlength=count)
        found.append(measure(drawn[number].astype(float)))
    known = [value for value in found if value == value]
    if not known:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)
