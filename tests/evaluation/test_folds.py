"""Folds with artists apart, and intervals over folds by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nexttrack.evaluation.folds import (
    artist_folds,
    fold_interval,
    fold_intervals,
    largest_component,
    random_folds,
)

credited = st.lists(
    st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3, unique=True),
    min_size=12,
    max_size=30,
).filter(lambda rows: len({row[0] for row in rows}) >= 3)


@given(credited)
def test_no_artist_is_on_both_sides_and_every_row_is_tested_once(rows):
    artists = pd.Series(rows)
    folds = artist_folds(artists, 3)
    assert_array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(len(rows)))
    for train, test in folds:
        tested = set().union(*artists[test])
        assert not tested & set().union(*artists[train])
        # What is left out is left out for a reason.
        rest = set(range(len(rows))) - set(train) - set(test)
        assert all(tested & set(rows[row]) for row in rest)


def test_a_guest_of_a_test_row_is_left_out():
    artists = pd.Series([["a"], ["b", "a"], ["c"], ["a"]])
    for train, test in artist_folds(artists, 3):
        if 0 in test:
            assert_array_equal(test, [0, 3])
            assert_array_equal(train, [2])


def test_a_row_without_an_artist_is_an_error():
    with pytest.raises(ValueError, match="row 1 has no artist"):
        artist_folds(pd.Series([["a"], [], ["b"]]), 2)


def test_random_folds_train_on_as_many_rows_as_asked():
    folds = random_folds(20, [10, 12, 9], seed=3)
    assert [len(train) for train, _ in folds] == [10, 12, 9]
    assert_array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(20))
    for train, test in folds:
        assert not set(train) & set(test)
    again = random_folds(20, [10, 12, 9], seed=3)
    for one, other in zip(folds, again, strict=True):
        assert_array_equal(one[0], other[0])


def test_more_training_rows_than_there_are_is_an_error():
    with pytest.raises(ValueError, match="larger sample"):
        random_folds(20, [15, 10], seed=3)


def test_the_largest_component_joins_rows_through_guests():
    artists = pd.Series([["a"], ["a", "b"], ["b", "c"], ["d"], ["e", "d"]])
    assert largest_component(artists) == 3


def test_the_interval_is_the_one_computed_by_hand():
    # s^2 = 0.01, K = 4, test/train = 1/3: variance of the mean 0.01 (1/4 + 1/3); t(0.975, 3).
    mean, low, high = fold_interval([0.4, 0.5, 0.6, 0.5], n_train=300, n_test=100)
    s2 = 0.02 / 3
    half = 3.182446305284263 * np.sqrt(s2 * (1 / 4 + 1 / 3))
    assert_allclose([mean, low, high], [0.5, 0.5 - half, 0.5 + half])


def test_it_is_wider_than_that_of_independent_scores():
    scores = [0.4, 0.5, 0.6, 0.5]
    _, low, high = fold_interval(scores, n_train=300, n_test=100)
    _, narrow_low, narrow_high = fold_interval(scores, n_train=1e12, n_test=1)
    assert low < narrow_low < narrow_high < high


def test_one_fold_has_no_interval():
    with pytest.raises(ValueError, match="at least 2"):
        fold_interval([0.4], n_train=3, n_test=1)


def test_intervals_of_groups_are_those_of_each():
    scores = pd.DataFrame(
        {
            "model": ["b", "a", "b", "a"],
            "fold": [0, 0, 1, 1],
            "r2": [0.1, 0.5, 0.2, 0.5],
            "n_train": [30, 30, 50, 50],
            "n_test": [10, 10, 10, 10],
        }
    )
    result = fold_intervals(scores, "r2", "model")
    assert list(result.index) == ["b", "a"]
    assert_allclose(result.loc["b"], fold_interval([0.1, 0.2], 40, 10))
    assert_allclose(result.loc["a"], 0.5)
    both = fold_intervals(scores.assign(split="one"), "r2", ["split", "model"])
    assert both.loc[("one", "b"), "mean"] == result.loc["b", "mean"]
