"""Sizes of experiments against statsmodels, SciPy and printed values."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from nexttrack.experiments.design import (
    design_effect,
    detectable_difference,
    listeners_for_rates,
    sample_ratio_p,
)


def test_listeners_for_a_base_rate_of_ten_per_cent():
    assert round(listeners_for_rates(0.1, 0.102)) == 356_331
    assert round(listeners_for_rates(0.1, 0.102, pooled=True)) == 356_334
    arcsine = NormalIndPower().solve_power(proportion_effectsize(0.102, 0.1), None, 0.05, 0.8)
    assert round(arcsine) == 356_326  # of statsmodels, after a transformation


@pytest.mark.parametrize(("base", "other"), [(0.1, 0.13), (0.5, 0.45), (0.02, 0.03)])
def test_rates_are_found_as_often_as_planned(base, other):
    rng, worlds = np.random.default_rng(1), 20_000
    n = int(np.ceil(listeners_for_rates(base, other)))
    one, two = rng.binomial(n, base, worlds) / n, rng.binomial(n, other, worlds) / n
    z = (one - two) / np.sqrt((one * (1 - one) + two * (1 - two)) / n)
    assert (np.abs(z) > stats.norm.ppf(0.975)).mean() == pytest.approx(0.8, abs=0.02)


def test_a_detectable_difference_is_that_of_statsmodels():
    effect = detectable_difference(5_000, 9.0) / 3
    assert NormalIndPower().power(effect, 5_000, 0.05) == pytest.approx(0.8, abs=1e-5)


def test_sessions_of_a_listener_count_less():
    assert design_effect(5, 0.25) == 2.0
    assert design_effect(1, 0.9) == design_effect(7, 0.0) == 1.0


def test_sample_ratios():
    assert sample_ratio_p([5_000, 5_000]) == 1.0
    expected = stats.binomtest(5_200, 10_000).pvalue
    assert sample_ratio_p([5_200, 4_800]) == pytest.approx(expected, rel=0.05)
    assert sample_ratio_p([900, 100], [9, 1]) == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: listeners_for_rates(0.1, 0.1), "effect of 0"),
        (lambda: listeners_for_rates(0, 0.1), "base rate lies between 0 and 1"),
        (lambda: listeners_for_rates(0.1, 0.2, power=1), "power lies between"),
        (lambda: detectable_difference(0, 1), "n is above 0"),
        (lambda: detectable_difference(10, 0), "variance is above 0"),
        (lambda: design_effect(0.5, 0.1), "size is from 1"),
        (lambda: design_effect(2, 1.1), "correlation from 0 to 1"),
        (lambda: sample_ratio_p([5]), "two groups or more"),
        (lambda: sample_ratio_p([5, 2.5]), "whole numbers"),
        (lambda: sample_ratio_p([0, 0]), "all counts are 0"),
        (lambda: sample_ratio_p([5, 5], [1, 0]), "shares are numbers above 0"),
        (lambda: sample_ratio_p([5, 5], [1]), "one for each of 2 groups"),
    ],
)
def test_what_is_no_plan_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
