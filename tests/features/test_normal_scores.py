"""Normal scores: the formula, ties, what lies between and beyond, and the way back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm, rankdata
from sklearn.base import clone
from sklearn.preprocessing import QuantileTransformer

from nexttrack.features import NormalScores

# Whole numbers: ties are common, and no gap is too small for the maps below.
columns = st.lists(st.integers(-50, 50), min_size=1, max_size=30).map(
    lambda values: np.array(values, dtype=float)[:, None]
)


@given(columns)
def test_scores_are_normal_quantiles_of_mid_ranks(X):
    expected = norm.ppf((rankdata(X[:, 0], method="average") - 0.5) / len(X))
    assert_allclose(NormalScores().fit_transform(X)[:, 0], expected, atol=1e-12)


@given(columns, st.sampled_from([np.exp, np.cbrt, np.arctan, lambda x: 5 * x - 3]))
def test_an_increasing_map_changes_nothing(X, increasing):
    assert_array_equal(NormalScores().fit_transform(increasing(X)), NormalScores().fit_transform(X))


@given(columns)
def test_turning_a_column_round_turns_its_scores_round(X):
    assert_allclose(NormalScores().fit_transform(-X), -NormalScores().fit_transform(X), atol=1e-12)


@given(columns, st.lists(st.floats(-60, 60), min_size=2, max_size=20))
def test_new_values_keep_their_order_within_the_extremes(X, new):
    scores = NormalScores().fit(X)
    out = scores.transform(np.sort(new)[:, None])[:, 0]
    assert (np.diff(out) >= -1e-12).all()  # but for rounding
    trained = scores.transform(X)
    assert trained.min() <= out.min()
    assert out.max() <= trained.max()


def test_values_between_are_interpolated_and_values_beyond_are_the_extremes():
    scores = NormalScores().fit([[0.0], [10.0], [20.0]])
    low, high = norm.ppf([1 / 6, 5 / 6])
    out = scores.transform([[-99.0], [5.0], [10.0], [12.5], [99.0]])
    assert_allclose(out[:, 0], [low, low / 2, 0, high / 4, high], atol=1e-12)


@given(columns)
def test_training_values_come_back(X):
    scores = NormalScores().fit(X)
    assert_allclose(scores.inverse_transform(scores.transform(X)), X, atol=1e-9)


def test_the_way_back_stops_at_the_extremes():
    scores = NormalScores().fit([[0.0], [10.0], [20.0]])
    assert_array_equal(
        scores.inverse_transform([[-9.0], [0.0], [9.0], [np.nan]])[:, 0], [0, 10, 20, np.nan]
    )


def test_many_equal_values_stand_at_one_moderate_score():
    X = np.r_[np.zeros(300), np.linspace(0.01, 1, 600)][:, None]
    out = NormalScores().fit_transform(X)
    assert_allclose(out[0], norm.ppf(1 / 6))
    to_the_end = QuantileTransformer(output_distribution="normal", n_quantiles=900)
    assert to_the_end.fit_transform(X)[0] < -5


def test_unknown_values_stay_unknown_and_have_no_rank():
    X = np.array([[3.0, np.nan], [np.nan, np.nan], [1.0, np.nan], [2.0, np.nan]])
    scores = NormalScores().fit(X)
    out = scores.transform(X)
    assert_allclose(out[[0, 2, 3], :1], NormalScores().fit_transform([[3.0], [1.0], [2.0]]))
    assert np.isnan(out[1, 0])
    assert np.isnan(out[:, 1]).all()
    assert np.isnan(scores.transform([[1.0, 5.0]])[0, 1])


def test_a_constant_column_is_zero():
    assert_array_equal(NormalScores().fit_transform([[0.3], [0.3], [0.3]]), [[0], [0], [0]])


def test_only_distinct_values_are_kept():
    X = np.repeat([[1.0], [2.0]], 1000, axis=0)
    assert_array_equal(NormalScores().fit(X).values_[0], [1, 2])


def test_names_and_index_are_kept():
    X = pd.DataFrame({"one": [1.0, 2.0], "two": [3.0, 4.0]}, index=[7, 8])
    scores = clone(NormalScores()).set_output(transform="pandas")
    out = scores.fit_transform(X)
    assert list(out.columns) == ["one", "two"] == list(scores.get_feature_names_out())
    assert list(out.index) == [7, 8]


def test_an_infinity_is_an_error():
    with pytest.raises(ValueError, match="infinity"):
        NormalScores().fit([[1.0], [np.inf]])
