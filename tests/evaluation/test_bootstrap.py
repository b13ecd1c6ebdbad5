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


def test_the_number_of_threads_changes_nothing(monkeypatch):
    values = np.random.default_rng(0).random((40, 2))
    whole = bootstrap_means(values, n_draws=100, seed=5)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    np.testing.assert_array_equal(bootstrap_means(values, n_draws=100, seed=5), whole)
    assert (bootstrap_means(values, n_draws=100, seed=6) != whole).any()


def test_every_user_is_drawn_equally_often():
    n_users = 7
    drawn = bootstrap_means(np.eye(n_users), n_draws=30_000, seed=2) * n_users
    assert drawn.sum(axis=1) == pytest.approx(n_users)
    counts = drawn.sum(axis=0)
    assert stats.chisquare(counts).pvalue > 1e-4
    # In one sample a user is in it Binomial(n, 1/n) times.
    share = np.bincount(drawn[:, 0].round().astype(int), minlength=4)[:4] / len(drawn)
    np.testing.assert_allclose(share, stats.binom(n_users, 1 / n_users).pmf(range(4)), atol=0.01)


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
