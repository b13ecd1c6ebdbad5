"""The bootstrap against scipy's, and its coverage."""

import numpy as np
import pytest
from scipy import stats

from nexttrack.evaluation import bootstrap_means, interval


def test_equal_to_scipys_percentile_bootstrap_within_monte_carlo_error():
    values = np.random.default_rng(0).gamma(0.5, size=300)
    low, high = interval(bootstrap_means(values, n_draws=20_000, seed=1))
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=2
    ).confidence_interval
    error = 0.05 * (theirs.high - theirs.low)
    assert low[0] == pytest.approx(theirs.low, abs=error)
    assert high[0] == pytest.approx(theirs.high, abs=error)


def test_columns_are_resampled_together():
    values = np.random.default_rng(0).random((50, 1))
    draws = bootstrap_means(np.hstack([values, values + 0.25]), n_draws=500, seed=3)
    np.testing.assert_allclose(draws[:, 1] - draws[:, 0], 0.25)


def test_the_block_size_changes_nothing(monkeypatch):
    values = np.random.default_rng(0).random((40, 2))
    whole = bootstrap_means(values, n_draws=100, seed=5)
    monkeypatch.setattr("nexttrack.evaluation.bootstrap.BLOCK_BYTES", 8 * 40 * 7)
    np.testing.assert_allclose(bootstrap_means(values, n_draws=100, seed=5), whole, rtol=1e-12)


def test_95_percent_intervals_cover_the_mean_about_95_times_in_100():
    rng = np.random.default_rng(11)
    covered = 0
    for trial in range(400):
        low, high = interval(bootstrap_means(rng.exponential(size=200), n_draws=400, seed=trial))
        covered += low[0] <= 1 <= high[0]
    assert 0.90 <= covered / 400 <= 0.98


@pytest.mark.parametrize("values", [np.empty((0, 2)), np.array([1.0, np.nan])])
def test_values_that_are_no_sample_are_refused(values):
    with pytest.raises(ValueError, match="finite"):
        bootstrap_means(values, seed=0)
