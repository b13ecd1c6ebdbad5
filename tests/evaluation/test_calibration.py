"""Reliability: a classifier that knows its chances, one that boasts, and a reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.calibration import calibration_curve

from nexttrack.evaluation.calibration import expected_calibration_error, reliability


def test_a_classifier_that_knows_its_chances_has_no_error():
    confidence = np.repeat([0.25, 0.5, 0.75], 4)
    correct = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0])
    curve = reliability(confidence, correct, n_bins=3)
    assert_allclose(curve["accuracy"], curve["confidence"])
    assert curve["n"].tolist() == [4, 4, 4]
    assert expected_calibration_error(curve) == 0


def test_with_many_answers_the_error_of_a_calibrated_classifier_is_small():
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.1, 0.9, 100_000)
    drawn = rng.random(100_000) < confidence
    assert expected_calibration_error(reliability(confidence, drawn)) < 0.01
    boasting = np.minimum(confidence + 0.1, 1)
    assert_allclose(expected_calibration_error(reliability(boasting, drawn)), 0.1, atol=0.01)


@given(st.integers(0, 10_000), st.integers(2, 12))
def test_the_curve_is_scikit_learns(seed, n_bins):
    rng = np.random.default_rng(seed)
    confidence, correct = rng.random(300), rng.random(300) < 0.4
    curve = reliability(confidence, correct, n_bins)
    accuracy, mean = calibration_curve(correct, confidence, n_bins=n_bins, strategy="quantile")
    assert_allclose(curve["accuracy"], accuracy)
    assert_allclose(curve["confidence"], mean)
    assert curve["n"].sum() == 300


def test_the_error_is_the_weighted_gap_by_hand():
    confidence, correct = [0.2, 0.2, 0.2, 0.9], [0, 1, 0.5, 0]
    curve = reliability(confidence, correct, n_bins=2)
    # The equal ones stay together: |0.5 - 0.2| * 3/4 + |0 - 0.9| * 1/4.
    assert curve["n"].tolist() == [3, 1]
    assert_allclose(expected_calibration_error(curve), 0.3 * 3 / 4 + 0.9 / 4)


@pytest.mark.parametrize(("confidence", "correct"), [([], []), ([0.5], [1, 0])])
def test_no_answers_or_unequal_numbers_are_an_error(confidence, correct):
    with pytest.raises(ValueError, match="want as many"):
        reliability(confidence, correct)
