"""Always-valid intervals: what they promise under peeking, which others break, and their ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nexttrack.experiments.always_valid import (
    always_valid_p_value,
    mean_interval,
    mean_p_value,
    preference_interval,
)

ALPHA = 0.05


def error_of_peeking(intervals, share):
    """Return the chance, exact, that some interval of 1 to n rounds misses the share."""
    n = len(intervals) - 1
    going_on, missed = np.array([1.0]), 0.0
    for rounds in range(1, n + 1):
        going_on = np.append(going_on * (1 - share), 0) + np.append(0, going_on * share)
        low, high = np.array([intervals[wins, rounds - wins] for wins in range(rounds + 1)]).T
        outside = (share < low) | (share > high)
        missed += going_on[outside].sum()
        going_on[outside] = 0
    return missed


@pytest.fixture(scope="module")
def tables():
    """Intervals of all counts of up to 100 rounds: always-valid ones, and Wald's for one look."""
    n, z = 100, stats.norm.ppf(1 - ALPHA / 2)
    valid, wald = np.full((n + 1, n + 1, 2), np.nan), np.full((n + 1, n + 1, 2), np.nan)
    for wins in range(n + 1):
        for losses in range(n + 1 - wins):
            valid[wins, losses] = preference_interval(wins, losses, ALPHA)
            rounds = max(wins + losses, 1)
            half = z * np.sqrt(wins * losses / rounds**3)
            wald[wins, losses] = wins / rounds - half, wins / rounds + half
    return valid, wald


@pytest.mark.parametrize("share", [0.5, 0.3, 0.93])
def test_intervals_hold_if_one_looks_after_every_round(tables, share):
    valid, _ = tables
    assert 0.005 < error_of_peeking(valid, share) <= ALPHA


@pytest.mark.parametrize("share", [0.5, 0.3])
def test_an_interval_for_one_look_does_not(tables, share):
    _, wald = tables
    assert error_of_peeking(wald, share) > 4 * ALPHA


@pytest.mark.parametrize("prior", [(1.0, 1.0), (10.0, 10.0)])
def test_p_values_hold_in_simulated_worlds_and_find_what_is_there(prior):
    rng, worlds, rounds = np.random.default_rng(5), 1_500, 1_000
    for share, least, most in ((0.5, 0.01, ALPHA), (0.6, 0.99, 1.0)):
        wins = (rng.random((worlds, rounds)) < share).cumsum(axis=1)
        p = always_valid_p_value(wins, np.arange(1, rounds + 1) - wins, prior=prior)
        found = (p.min(axis=1) <= ALPHA).mean()
        assert least <= found <= most + 3 * np.sqrt(ALPHA * (1 - ALPHA) / worlds)


def test_means_hold_in_simulated_worlds_and_a_z_test_does_not():
    rng, worlds, n = np.random.default_rng(6), 2_000, 500
    means = rng.normal(0.3, 2.0, (worlds, n)).cumsum(axis=1) / np.arange(1, n + 1)
    half = np.array([np.diff(mean_interval(0, k, 4.0, 0.05))[0] / 2 for k in range(1, n + 1)])
    missed = (np.abs(means - 0.3) > half).any(axis=1).mean()
    assert 0.01 < missed <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / worlds)
    for_one_look = stats.norm.ppf(1 - ALPHA / 2) * 2 / np.sqrt(np.arange(1, n + 1))
    assert (np.abs(means - 0.3) > for_one_look).any(axis=1).mean() > 4 * ALPHA


counts = st.integers(0, 300) | st.integers(0, 10**9)


@given(counts, counts, st.floats(0.001, 0.5), st.floats(0.2, 50), st.floats(0.2, 50))
@settings(deadline=None)
def test_the_ends_are_the_shares_that_are_just_not_rejected(wins, losses, alpha, a, b):
    low, high = preference_interval(wins, losses, alpha, (a, b))
    share = wins / (wins + losses) if wins + losses else 0.5
    assert 0 <= low <= share <= high <= 1
    assert (wins or low == 0) and (losses or high == 1)
    for end, towards in ((low, -1), (high, 1)):
        if 1e-9 < end < 1 - 1e-9:
            p = always_valid_p_value(wins, losses, end, (a, b))
            assert p == pytest.approx(alpha, rel=1e-3)
            outside = always_valid_p_value(
                wins, losses, end + towards * min(end, 1 - end) / 2, (a, b)
            )
            assert outside < p
    other = preference_interval(losses, wins, alpha, (b, a))
    assert other == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_ends_by_hand():
    """With the uniform prior and all rounds won the mixture is 1 / ((n + 1) p^n)."""
    assert preference_interval(0, 0) == (0.0, 1.0)
    for n in (1, 5, 40):
        low, high = preference_interval(n, 0)
        assert (low, high) == (pytest.approx((ALPHA / (n + 1)) ** (1 / n), rel=1e-9), 1.0)
        assert always_valid_p_value(n, 0) == pytest.approx(min((n + 1) / 2**n, 1))


@given(st.floats(-5, 5), st.integers(1, 10**6), st.floats(0.1, 9), st.floats(1e-4, 9))
def test_a_mean_is_rejected_where_its_interval_ends(mean, n, variance, mixing):
    low, high = mean_interval(mean, n, variance, mixing, 0.1)
    assert low < mean < high
    for end in (low, high):
        assert mean_p_value(mean, n, variance, mixing, end) == pytest.approx(0.1, rel=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: preference_interval(-1, 2), "wins are whole numbers from 0, not -1"),
        (lambda: preference_interval(1, 2.5), "losses are whole numbers from 0, not 2.5"),
        (lambda: preference_interval("a", 2), "wins are whole numbers"),
        (lambda: preference_interval(1, np.inf), "losses are whole numbers"),
        (lambda: preference_interval([1, 2], [3, 4]), "one number of wins"),
        (lambda: preference_interval(1, 2, alpha=0), "alpha lies between 0 and 1"),
        (lambda: preference_interval(1, 2, alpha=np.nan), "alpha is a finite number"),
        (lambda: preference_interval(1, 2, prior=(1, 0)), "prior's second number is above 0"),
        (lambda: preference_interval(1, 2, prior=3), "prior is two numbers above 0, not 3"),
        (lambda: always_valid_p_value([1, 2], [3]), r"shapes \(2,\) and \(1,\)"),
        (lambda: always_valid_p_value(1, 2, share=1), "share lies between 0 and 1"),
        (lambda: mean_interval(0, 0, 1, 1), "n is above 0"),
        (lambda: mean_interval(0, 2.5, 1, 1), "n is a whole number"),
        (lambda: mean_interval(0, 2, 0, 1), "^variance is above 0"),
        (lambda: mean_interval(np.nan, 2, 1, 1), "mean is a finite number"),
        (lambda: mean_p_value(0, 2, 1, -1), "mixing_variance is above 0"),
    ],
)
def test_what_is_no_count_or_size_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
