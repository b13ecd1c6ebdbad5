"""Duration, loudness, tempo and sentinels: axes, ways back, and bad input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from nexttrack.features import LogDuration, Loudness, SentinelsAsMissing, TempoOctaves

tempos = st.lists(st.floats(20, 400), min_size=1, max_size=9).map(lambda x: np.array(x)[:, None])
durations = st.lists(st.integers(1, 10**7), min_size=1, max_size=9).map(
    lambda x: np.array(x)[:, None]
)


def points(octaves):
    return np.hstack([np.cos(2 * np.pi * octaves), np.sin(2 * np.pi * octaves)])


@given(tempos)
def test_doubling_the_tempo_is_one_octave_on_the_line(X):
    line = TempoOctaves().fit(X)
    assert_allclose(line.transform(2 * X) - line.transform(X), 1, atol=1e-12)


@given(tempos, st.integers(-3, 3))
def test_octaves_fold_to_the_same_point(X, octaves):
    circle = TempoOctaves(fold=True).fit(X)
    assert_allclose(circle.transform(X * 2.0**octaves), circle.transform(X), atol=1e-9)


@given(tempos)
def test_the_circle_is_the_line_rolled_up(X):
    line, circle = TempoOctaves().fit_transform(X), TempoOctaves(fold=True).fit_transform(X)
    assert_allclose(circle, points(line), atol=1e-9)


def test_opposite_points_of_the_circle_are_half_an_octave_apart():
    circle = TempoOctaves(fold=True, reference=100).fit_transform([[100], [100 * np.sqrt(2)]])
    assert_allclose(circle, [[1, 0], [-1, 0]], atol=1e-12)


@given(tempos)
def test_tempo_comes_back_from_the_line_and_but_for_the_octave_from_the_circle(X):
    line, circle = TempoOctaves().fit(X), TempoOctaves(fold=True).fit(X)
    assert_allclose(line.inverse_transform(line.transform(X)), X, rtol=1e-12)
    back = circle.inverse_transform(circle.transform(X))
    octaves = np.log2(X / back)
    assert_allclose(octaves, np.round(octaves), atol=1e-9)
    assert (np.abs(np.log2(back / 120)) <= 0.5 + 1e-9).all()


@given(durations)
def test_durations_are_log2_minutes_and_come_back(X):
    log = LogDuration().fit(X)
    assert_allclose(log.transform(X), np.log2(X / 1000 / 60), rtol=1e-12, atol=1e-12)
    assert_allclose(log.inverse_transform(log.transform(X)), X, rtol=1e-12)


@pytest.mark.parametrize("transformer", [LogDuration(), TempoOctaves(), TempoOctaves(fold=True)])
def test_zero_and_nan_are_unknown(transformer):
    out = transformer.fit_transform([[60_000.0], [0.0], [np.nan]])
    assert np.isfinite(out[0]).all()
    assert np.isnan(out[1:]).all()


@given(st.lists(st.floats(-59, 6), min_size=1, max_size=9))
def test_loudness_is_decibels_above_the_floor_and_comes_back(values):
    X = np.array(values)[:, None]
    loudness = Loudness().fit(X)
    assert_allclose(loudness.transform(X), X + 60)
    assert_allclose(loudness.inverse_transform(loudness.transform(X)), X, atol=1e-12)


def test_what_is_below_the_floor_is_silence():
    loudness = Loudness(floor=-50).fit([[-10.0]])
    assert_array_equal(loudness.transform([[-70], [-50], [np.nan]]), [[0], [0], [np.nan]])
    assert_array_equal(loudness.inverse_transform([[0.0]]), [[-50]])


def test_sentinels_become_missing_and_come_back():
    X = np.array([[0.0, 3.0], [5.0, 0.0]])
    sentinels = SentinelsAsMissing().fit(X)
    assert_array_equal(sentinels.transform(X), [[np.nan, 3], [5, np.nan]])
    assert_array_equal(sentinels.inverse_transform(sentinels.transform(X)), X)
    assert_array_equal(SentinelsAsMissing(-1).fit_transform([[-1, 0]]), [[np.nan, 0]])


EVERY = [LogDuration(), Loudness(), SentinelsAsMissing(), TempoOctaves(), TempoOctaves(fold=True)]


@pytest.mark.parametrize("transformer", EVERY, ids=repr)
def test_names_are_kept(transformer):
    X = pd.DataFrame({"one": [1.0, 2.0], "two": [3.0, 4.0]}, index=[7, 8])
    transformer = clone(transformer).set_output(transform="pandas")
    out = transformer.fit_transform(X)
    folded = getattr(transformer, "fold", False)
    expected = ["one_cos", "one_sin", "two_cos", "two_sin"] if folded else ["one", "two"]
    assert list(out.columns) == expected == list(transformer.get_feature_names_out())
    assert list(out.index) == [7, 8]
    with pytest.raises(ValueError, match="feature names should match"):
        transformer.transform(X.rename(columns={"one": "other"}))


@pytest.mark.parametrize("transformer", EVERY, ids=repr)
def test_an_infinity_is_an_error_and_nan_is_not(transformer):
    with pytest.raises(ValueError, match="infinity"):
        transformer.fit(np.array([[1.0], [np.inf]]))
    transformer.fit(np.array([[1.0], [2.0]]))
    assert np.isfinite(transformer.transform([[5.0]])).all()
    with pytest.raises(ValueError, match="infinity"):
        transformer.transform(np.array([[-np.inf]]))


@pytest.mark.parametrize("transformer", [LogDuration(), TempoOctaves()])
def test_negative_values_are_an_error_even_beside_nan(transformer):
    with pytest.raises(ValueError, match=r"Negative values .* -3 is the least"):
        transformer.fit([[np.nan], [-3.0]])


@pytest.mark.parametrize("transformer", EVERY, ids=repr)
def test_the_way_back_wants_the_columns_that_transform_gives(transformer):
    fitted = clone(transformer).fit([[1.0], [2.0]])
    with pytest.raises(ValueError, match="X has 3 columns, transform gives"):
        fitted.inverse_transform([[1.0, 2.0, 3.0]])


def test_a_reference_tempo_is_positive():
    with pytest.raises(ValueError, match="above 0"):
        TempoOctaves(reference=0).fit([[100.0]])
