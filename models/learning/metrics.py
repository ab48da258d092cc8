"""How well points foretell: plain numbers from scores, outcomes and days. Higher scores are riskier.

Ties are never broken in anybody's favour: AUC counts them half, a budget that cuts through a tie gives a range, and
days are counted in expectation over every order of the tied. Every measure is taken of many resamples at once; where
there is nothing to judge (one outcome only) it is NaN here, and null wherever it is written down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[Any]
    Flags = npt.NDArray[np.bool_]

# Of the method; `first_half_actual` beside them is of the visits as they were made.
DAYS = ("mean", "share_later", "first_half")


class Ordered:
    """The entities of one window in the order of their scores, the riskiest first; put in order once.

    ``weight`` is everywhere how often each entity was drawn: whole numbers, resamples × rows. Every answer has a
    value (or three: with the tied in the worst order, in expectation, in the best) for each resample.

    Args:
        score, event: of each entity. visited: its day of visit, where days are to be counted.
    """

    def __init__(self, score: Numbers, event: Flags, visited: Numbers | None = None) -> None:
        values, tied = np.unique(-score, return_inverse=True)
        self.distinct = len(values)
        self._tied = tied
        self._order = np.argsort(tied, kind="stable")
        self._ends = np.cumsum(np.bincount(tied, minlength=len(values)))
        self._hits = self._order[event[self._order]]
        self._hit_ends = np.cumsum(np.bincount(tied[event], minlength=len(values)))
        self._visited = visited

    def measures(self, weight: Numbers, share: float) -> dict[str, Numbers]:
        """Every measure of each resample.

        Returns:
            ``events``, ``auc``; ``found``, ``precision`` and ``recall`` [least, expected, most] when that share of
            the entities is inspected. Where there are visits, what would have come of making the same ones in the
            order of risk, the tied sharing their places evenly: ``days_mean`` (how much earlier events are found),
            ``days_share_later`` (share of them found later), ``days_first_half`` (in the first half of the visits)
            and ``days_first_half_actual`` (as the visits were made).
        """
        every = _up_to(weight[:, self._order], self._ends)
        bad = _up_to(weight[:, self._hits], self._hit_ends)
        whole = bad[:, -1] if self.distinct else np.zeros(len(weight), int)
        found: dict[str, Numbers] = {"events": whole, "auc": _auc(every, bad)}
        found["found"], budget = _at_budget(every, bad, share)
        found["precision"] = _ratio(found["found"], budget[:, None])
        found["recall"] = _ratio(found["found"], whole[:, None])
        if self._visited is not None:
            found |= {f"days_{k}": v for k, v in self._days(weight, every, bad, self._visited).items()}
        return found

    def auc(self, weight: Numbers) -> tuple[Numbers, Numbers]:
        """AUC of each resample, and of how many pairs (of an event and none)."""
        every = _up_to(weight[:, self._order], self._ends)
        bad = _up_to(weight[:, self._hits], self._hit_ends)
        whole = bad[:, -1] if self.distinct else np.zeros(len(weight), int)
        return _auc(every, bad), (whole * (weight.sum(axis=1, dtype=np.int64) - whole)).astype(float)

    def _days(self, weight: Numbers, every: Numbers, bad: Numbers, visited: Numbers) -> dict[str, Numbers]:
        days, day = np.unique(visited, return_inverse=True)
        by_day = np.argsort(day, kind="stable")
        # How many visits were made up to and including each day; the sum of their days.
        made = _up_to(weight[:, by_day], np.cumsum(np.bincount(day, minlength=len(days))))
        summed = np.cumsum(np.diff(made, axis=1, prepend=0) * days, axis=1)
        first = _before(every)
        size = every - first
        # The sum of the first so many places, straight between two days: the mean of a tied group's own.
        zero = np.zeros(1)
        sums = np.array(
            [
                np.interp(ends, np.concatenate([zero, x]), np.concatenate([zero, y]))
                for ends, x, y in zip(every, made, summed, strict=True)
            ]
        ).reshape(every.shape)
        expected = _ratio(sums - _before(sums), size, 0.0)
        hits, group, on = weight[:, self._hits], self._tied[self._hits], day[self._hits]
        among = np.diff(bad, axis=1, prepend=0)
        whole = hits.sum(axis=1, dtype=np.int64)
        # Of the places that a tied group holds, those on a later day than the visit was.
        later = np.clip(every[:, group] - np.maximum(first[:, group], made[:, on]), 0, None)
        half = made[:, -1:] / 2 if len(days) else np.zeros((len(weight), 1))
        visits = np.diff(made, axis=1, prepend=0)
        actual = np.clip(_ratio(half - _before(made), visits, 0.0), 0, 1)
        foreseen = np.clip(_ratio(half - first, size, 0.0), 0, 1)
        return {
            "mean": _ratio(hits @ visited[self._hits].astype(float) - _sum(among * expected), whole),
            "share_later": _ratio(_sum(hits * _ratio(later, size[:, group], 0.0)), whole),
            "first_half": _ratio(_sum(among * foreseen), whole),
            "first_half_actual": _ratio(_sum(hits * actual[:, on]), whole),
        }


def once(rows: int) -> Numbers:
    """The weight of what was seen itself: every entity once."""
    return np.ones((1, rows), np.uint8)


def auc(score: Numbers, event: Flags) -> float:
    """Chance that an entity with the event scores above one without; ties count half. NaN without both.

    >>> import numpy as np
    >>> auc(np.array([1, 2, 2, 3]), np.array([False, False, True, True]))
    0.875
    """
    return float(Ordered(score, event).auc(once(len(score)))[0][0])


def auc_of_bins(score: Numbers, rows: Numbers, events: Numbers) -> float:
    """AUC of rows that are counted by their bin, each bin with one score; equal scores tie.

    >>> import numpy as np
    >>> auc_of_bins(np.array([1, 2, 3]), np.array([1, 2, 1]), np.array([0, 1, 1]))
    0.875
    """
    _, tied = np.unique(-score, return_inverse=True)
    every, bad = (np.cumsum(np.bincount(tied, weights=x))[None] for x in (rows, events))
    return float(_auc(every, bad)[0])


def mean_auc(score: Numbers, event: Flags, window: Numbers) -> float:
    """Mean of the windows' AUC, so that no difference between windows counts as foresight."""
    parts = [auc(score[window == one], event[window == one]) for one in np.unique(window)]
    return float(mean_known(np.array(parts)[:, None])[0])


def mean_known(values: Numbers, weight: Numbers | None = None) -> Numbers:
    """Mean over the first axis of what is not NaN; NaN where nothing is known."""
    is_known = ~np.isnan(values)
    share = is_known.astype(float) if weight is None else is_known * weight
    return _ratio((np.where(is_known, values, 0) * share).sum(axis=0), share.sum(axis=0))


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


def _up_to(drawn: Numbers, ends: Numbers) -> Numbers:
    """Sum of the first so many columns, for each end."""
    sums = np.zeros((drawn.shape[0], drawn.shape[1] + 1), np.int64)
    np.cumsum(drawn, axis=1, out=sums[:, 1:])
    return sums[:, ends]


def _before(sums: Numbers) -> Numbers:
    """The running sum before each column."""
    return np.concatenate([np.zeros((len(sums), 1), sums.dtype), sums[:, :-1]], axis=1)[:, : sums.shape[1]]


def _sum(values: Numbers) -> Numbers:
    found: Numbers = values.sum(axis=1)
    return found


def _ratio(part: Numbers, whole: Numbers, of_nothing: float = np.nan) -> Numbers:
    """A part of a whole; what is said where the whole is nothing is NaN unless given."""
    shape = np.broadcast_shapes(np.shape(part), np.shape(whole))
    return np.divide(part, whole, out=np.full(shape, of_nothing), where=np.broadcast_to(whole, shape) > 0)


def _auc(every: Numbers, bad: Numbers) -> Numbers:
    """From the running sums of entities and of events, the riskiest first."""
    if not every.shape[1]:
        return np.full(len(every), np.nan)
    good = every - bad
    below = good[:, -1:] - (good + _before(good)) / 2
    return _ratio(_sum((bad - _before(bad)) * below), bad[:, -1] * good[:, -1])


def _at_budget(every: Numbers, bad: Numbers, share: float) -> tuple[Numbers, Numbers]:
    """Events found [least, expected, most], and how many are inspected."""
    if not every.shape[1]:
        return np.zeros((len(every), 3)), np.zeros(len(every), int)
    row = np.arange(len(every))
    # 0.07 × 100 is a little more than 7 in binary.
    budget = np.ceil(share * every[:, -1] - 1e-9).astype(int)
    cut = (every >= budget[:, None]).argmax(axis=1)
    sure, above = _before(bad)[row, cut], _before(every)[row, cut]
    among, size = bad[row, cut] - sure, every[row, cut] - above
    places = budget - above
    least = sure + np.maximum(0, places - (size - among))
    most = sure + np.minimum(places, among)
    expected = sure + np.where(size > 0, places * among / np.maximum(size, 1), 0.0)
    return np.stack([least, expected, most], axis=1).astype(float), budget
