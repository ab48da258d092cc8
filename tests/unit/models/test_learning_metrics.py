"""Metrics against plain definitions, ties included; of many resamples at once as of each alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from models.learning.metrics import Ordered, auc, mean_auc, once
from models.learning.resampled import Resamples, interval
from models.stability import psi

SMALL = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=2, max_size=6)
VISITED = st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 20)), min_size=1, max_size=5)


@given(SMALL)
@settings(max_examples=60)
def test_auc_counts_ties_half(rows: list[tuple[int, bool]]) -> None:
    score, event = (np.array(x) for x in zip(*rows, strict=True))
    if event.all() or not event.any():
        assert np.isnan(auc(score, event))
    else:
        assert auc(score, event) == pytest.approx(roc_auc_score(event, score))


@given(SMALL, st.sampled_from([0.2, 0.5, 0.8]))
@settings(max_examples=60)
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
    measured = Ordered(score, event).measures(once(len(rows)), share)
    expected = [min(found), np.mean(found), max(found)]
    assert measured["found"][0] == pytest.approx(expected)
    assert measured["precision"][0] == pytest.approx(np.array(expected) / budget)
    if event.any():
        assert measured["recall"][0] == pytest.approx(np.array(expected) / event.sum())
    else:
        assert np.isnan(measured["recall"][0]).all()


@given(VISITED)
@settings(max_examples=60)
def test_days_earlier_is_the_mean_over_all_orders_of_the_tied(rows: list[tuple[int, bool, int]]) -> None:
    score, event, day = (np.array(x) for x in zip(*rows, strict=True))
    slots = np.sort(day)
    means, later, half = [], [], []
    for order in itertools.permutations(range(len(rows))):
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order)):
            new = {i: slots[place] for place, i in enumerate(order)}
            hit = np.flatnonzero(event)
            means.append([day[i] - new[i] for i in hit])
            later.append([new[i] > day[i] for i in hit])
            # A visit that straddles the middle lies in the first half by half.
            half.append([min(max(len(rows) / 2 - order.index(i), 0), 1) for i in hit])
    found = Ordered(score, event, day).measures(once(len(rows)), 0.5)
    if not event.any():
        assert np.isnan(found["days_mean"][0])
    else:
        assert found["days_mean"][0] == pytest.approx(np.mean(means))
        assert found["days_share_later"][0] == pytest.approx(np.mean(later))
        assert found["days_first_half"][0] == pytest.approx(np.mean(half))


@given(VISITED, st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), min_size=1, max_size=3))
@settings(max_examples=60)
def test_a_resample_is_measured_as_its_rows_written_out(
    rows: list[tuple[int, bool, int]], drawn: list[list[int]]
) -> None:
    score, event, day = (np.array(x) for x in zip(*rows, strict=True))
    weight = np.array(drawn, np.uint8)[:, : len(rows)]
    found = Ordered(score, event, day).measures(weight, 0.3)
    for place, times in enumerate(weight):
        again = np.repeat(np.arange(len(rows)), times)
        alone = Ordered(score[again], event[again], day[again]).measures(once(len(again)), 0.3)
        for name, values in alone.items():
            assert found[name][place] == pytest.approx(values[0], nan_ok=True), name


def test_a_difference_between_windows_is_no_foresight() -> None:
    score, event = np.array([1, 1, 5, 5]), np.array([False, False, True, True])
    assert auc(score, event) == 1
    assert np.isnan(mean_auc(score, event, np.array([0, 0, 1, 1])))


def test_a_window_with_one_outcome_does_not_count() -> None:
    score, event = np.array([1, 2, 5, 6]), np.array([False, True, True, True])
    assert mean_auc(score, event, np.array([0, 0, 1, 1])) == 1


def test_psi_grows_with_the_shift() -> None:
    assert psi([0.5, 0.5], [0.5, 0.5]) == 0
    assert psi([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8))
    assert 1 < psi([1.0, 0.0], [0.5, 0.5]) < 10


def test_an_interval_draws_entities_and_not_rows() -> None:
    """Ten copies of the same rows make the interval of rows narrower, and that of entities no narrower."""
    rng = np.random.default_rng(3)
    score, event = rng.random(80), rng.random(80) < 0.3
    many, hits, entity = np.tile(score, 10), np.tile(event, 10), np.tile(np.arange(80), 10)

    def limits(score: np.ndarray, event: np.ndarray, entity: np.ndarray, entities: int) -> list[float]:
        ordered = Ordered(score, event)
        parts = [ordered.auc(weight)[0] for weight in Resamples(entities, 100, 5).of(entity)]
        found = interval(np.concatenate(parts))
        assert found is not None
        return found

    low, high = limits(many, hits, entity, 80)
    assert [low, high] == pytest.approx(limits(score, event, np.arange(80), 80))
    rows = limits(many, hits, np.arange(800), 800)
    assert rows[1] - rows[0] < (high - low) / 2


def test_too_many_resamples_without_an_answer_have_no_interval() -> None:
    values = np.linspace(0, 1, 100)
    assert interval(values) == pytest.approx([0.025, 0.975])
    values[:5] = np.nan
    assert interval(values) is not None
    values[5] = np.nan
    assert interval(values) is None and interval(np.zeros(0)) is None


def test_all_that_is_drawn_of_a_share_is_drawn_together() -> None:
    """The shares of one and of none add up in every resample; of entities that stand nowhere there is none."""
    draws = Resamples(6, 50, 1)
    entity = np.array([0, 0, 1, 2, 3])
    flags = np.array([[True, False], [False, True], [True, False], [False, True], [True, False]])
    found = draws.shares(entity, flags)
    known = found[~np.isnan(found[:, 0])]
    assert len(found) == 50 and len(known) > 40 and known.sum(axis=1) == pytest.approx(1)
    assert found[:, 0].std() > 0.05
    assert np.isnan(draws.shares(np.zeros(0, int), np.zeros((0, 1), bool))).all()
