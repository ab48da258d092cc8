"""Metrics against plain definitions, ties included."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from models.learning.metrics import at_budget, auc, days_earlier, interval, mean_auc
from models.stability import psi

SMALL = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=2, max_size=6)


@given(SMALL)
@settings(max_examples=60, deadline=None)
def test_auc_counts_ties_half(rows: list[tuple[int, bool]]) -> None:
    score, event = (np.array(x) for x in zip(*rows, strict=True))
    if event.all() or not event.any():
        assert np.isnan(auc(score, event))
    else:
        assert auc(score, event) == pytest.approx(roc_auc_score(event, score))


@given(SMALL, st.sampled_from([0.2, 0.5, 0.8]))
@settings(max_examples=60, deadline=None)
def test_a_budget_through_a_tie_is_a_range_over_all_orders(
    rows: list[tuple[int, bool]], share: float
) -> None:
    score, event = (np.array(x) for x in zip(*rows, strict=True))
    budget = int(np.ceil(share * len(rows)))
    found = [
        sum(event[i] for i in order[:budget])
        for order in itertools.permutations(range(len(rows)))
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order))
    ]
    assert at_budget(score, event, share)["found"] == pytest.approx([min(found), np.mean(found), max(found)])


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 20)), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_days_earlier_is_the_mean_over_all_orders_of_the_tied(rows: list[tuple[int, bool, int]]) -> None:
    score, event, day = (np.array(x) for x in zip(*rows, strict=True))
    slots = np.sort(day)
    means, later = [], []
    for order in itertools.permutations(range(len(rows))):
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order)):
            new = {i: slots[place] for place, i in enumerate(order)}
            hit = np.flatnonzero(event)
            means.append([day[i] - new[i] for i in hit])
            later.append([new[i] > day[i] for i in hit])
    found = days_earlier(score, event, day)
    if not event.any():
        assert np.isnan(found["mean"])
    else:
        assert found["mean"] == pytest.approx(np.mean(means))
        assert found["share_later"] == pytest.approx(np.mean(later))


def test_a_difference_between_windows_is_no_foresight() -> None:
    score, event = np.array([1, 1, 5, 5]), np.array([False, False, True, True])
    assert auc(score, event) == 1
    assert np.isnan(mean_auc(score, event, np.array([0, 0, 1, 1])))


def test_psi_grows_with_the_shift() -> None:
    assert psi([0.5, 0.5], [0.5, 0.5]) == 0
    assert psi([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8))
    assert 1 < psi([1.0, 0.0], [0.5, 0.5]) < 10


def test_an_interval_draws_entities_and_not_rows() -> None:
    """Ten copies of the same rows make the interval of rows narrower, and that of entities no narrower."""
    rng = np.random.default_rng(3)
    score, event = rng.random(80), rng.random(80) < 0.3
    many, hits, entity = np.tile(score, 10), np.tile(event, 10), np.tile(np.arange(80), 10)
    low, high = interval(lambda w: auc(many, hits, w), entity, 100, 5)
    one = interval(lambda w: auc(score, event, w), np.arange(80), 100, 5)
    assert (low, high) == pytest.approx(one)
    rows = interval(lambda w: auc(many, hits, w), np.arange(800), 100, 5)
    assert rows[1] - rows[0] < (high - low) / 2
