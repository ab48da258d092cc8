"""How far points and classes move from one day to the next, for every method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.learning.resampled import Resamples, interval
from models.stability import psi

if TYPE_CHECKING:
    import numpy.typing as npt

    from policy.scorecard import ScorecardFile

    Numbers = npt.NDArray[Any]

CLASSES = ("A", "B", "C", "D")
_TENTHS = 10


class Population(NamedTuple):
    """Every entity that gets a class on a day.

    Attributes:
        entity: its number, the same on every day. scores: method → score of each.
    """

    day: date
    entity: Numbers
    scores: Mapping[str, Numbers]


def stability(
    days: Sequence[Population], chosen: str, cuts: Mapping[str, int], draws: Resamples
) -> dict[str, Any]:
    """PSI of the scores and moves between classes, from each day to the next.

    The tenths of the index are those of the first day. Classes are cut on the last day, as a model's are on the day
    of training: the chosen candidate's at its own cut points, each rival's so that its classes have the same shares.
    The tied are never split, so that a rival with few different scores has the shares that it can have.

    Args:
        days: oldest first; the last is the day of training.
        cuts: least hundredths of a point of each class of the chosen candidate.

    Returns:
        method → ``steps`` (from, to, entities, psi, same_class, both with intervals, ``jumped``: entities that moved
        by more than a class, ``migration``: from → to → entities) and ``psi``, the greatest of a step; None where
        nobody stood on both days.
    """
    found: dict[str, Any] = {}
    wanted = _at_or_above(days[-1].scores[chosen], [cuts[c] for c in CLASSES[1:]])
    for method in days[-1].scores:
        # Places in the order of all scores: whole numbers, also for those that stand below every number.
        values, place = np.unique(np.concatenate([d.scores[method] for d in days]), return_inverse=True)
        parts = np.split(place, np.cumsum([len(d.entity) for d in days])[:-1])
        edges = np.unique(_quantiles(parts[0], np.linspace(0, 1, _TENTHS + 1)[1:-1]))
        if method == chosen:
            limits = np.searchsorted(values, [cuts[c] for c in CLASSES[1:]], side="left")
        else:
            limits = _limits(parts[-1], wanted)
        steps = [
            _step(a, b, before, after, edges, limits, draws)
            for (a, before), (b, after) in pairwise(zip(days, parts, strict=True))
        ]
        known = [step["psi"] for step in steps if step["psi"] is not None]
        found[method] = {"steps": steps, "psi": max(known, default=None)}
    return found


def cut_points(score: Numbers, card: ScorecardFile) -> dict[str, int]:
    """Least hundredths of each class: the policy's fixed points, or those that give its shares on this population.

    With shares, a class begins at a value and takes all entities that have it: ties never split.
    """
    if card.scale.cut_points is not None:
        return {c: card.scale.cut_points[c] * 100 for c in CLASSES}
    assert card.scale.target_shares is not None
    wanted = card.scale.target_shares
    above = [sum(float(wanted[c]) for c in CLASSES[i:]) for i in range(1, len(CLASSES))]
    return {"A": 0} | dict(zip(CLASSES[1:], (int(x) for x in _limits(score, above)), strict=True))


def shares(score: Numbers, edges: Sequence[int]) -> list[float]:
    """Share of the entities in each interval of points."""
    counts = np.bincount(np.searchsorted(np.asarray(edges), score, side="right"), minlength=len(edges) + 1)
    return [float(c / max(1, len(score))) for c in counts]


def tenths(score: Numbers) -> tuple[int, ...]:
    """Hundredths of a point between the tenths of a population."""
    return tuple(int(e) for e in np.unique(_quantiles(score, np.linspace(0, 1, _TENTHS + 1)[1:-1])))


def _quantiles(score: Numbers, at: Numbers) -> Numbers:
    return np.quantile(score, at, method="lower") if len(score) else np.zeros(0, int)


def _at_or_above(score: Numbers, limits: Sequence[int]) -> list[float]:
    """Share of the entities that stand at each limit or above it."""
    return [float((score >= limit).mean()) if len(score) else 0.0 for limit in limits]


def _limits(score: Numbers, above: Sequence[float]) -> Numbers:
    """Rising whole numbers with about such shares of the entities at or above them."""
    limits, least = [], 0
    for share in above:
        at = int(np.quantile(score, min(max(1 - share, 0.0), 1.0), method="higher")) if len(score) else 0
        least = max(at, least + 1)
        limits.append(least)
    return np.asarray(limits)


def _step(
    a: Population,
    b: Population,
    before: Numbers,
    after: Numbers,
    edges: Numbers,
    limits: Numbers,
    draws: Resamples,
) -> dict[str, Any]:
    bins = [np.searchsorted(edges, x, side="right") for x in (before, after)]
    size = len(edges) + 1
    found: dict[str, Any] = {"from": a.day.isoformat(), "to": b.day.isoformat()}
    both, was, now = np.intersect1d(a.entity, b.entity, assume_unique=True, return_indices=True)
    classes = (np.searchsorted(limits, x, side="right") for x in (before[was], after[now]))
    first, second = classes
    matrix = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(matrix, (first, second), 1)
    migration = {c: {d: int(matrix[i, j]) for j, d in enumerate(CLASSES)} for i, c in enumerate(CLASSES)}
    found |= {
        "entities": len(both),
        "jumped": int((np.abs(first - second) > 1).sum()),
        "migration": migration,
    }
    if not len(both):
        return found | dict.fromkeys(("psi", "psi_interval", "same_class", "same_class_interval"))
    same = first == second
    resampled = [
        draws.shares(x.entity, one[:, None] == np.arange(size)) for x, one in zip((a, b), bins, strict=True)
    ]
    return found | {
        "psi": psi(*(list(np.bincount(x, minlength=size) / len(x)) for x in bins)),
        "psi_interval": interval(np.array([psi(x, y) for x, y in zip(*resampled, strict=True)])),
        "same_class": float(same.mean()),
        "same_class_interval": interval(draws.shares(both, same[:, None])[:, 0]),
    }
