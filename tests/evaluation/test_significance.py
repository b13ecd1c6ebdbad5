"""Tests of significance against SciPy and statsmodels, and against what they promise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from nexttrack.evaluation.significance import (
    compare_pairs,
    effect_sizes,
    equivalence_test,
    friedman_ranks,
    holm,
    randomization_test,
    rank_stability,
)


@settings(max_examples=10)  # a call of the reference takes a fifth of a second
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_is_that_of_statsmodels(p_values):
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1])


def test_randomization_equals_scipys_within_monte_carlo_error():
    rng = np.random.default_rng(0)
    differences = rng.normal(0.15, 1, size=120)
    theirs = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=40_000, rng=1
    )
    ours = randomization_test(differences, n_draws=40_000, seed=2)
    error = 4 * np.sqrt(theirs.pvalue * (1 - theirs.pvalue) / 40_000 * 2)
    assert ours[0] == pytest.approx(theirs.pvalue, abs=error)


def test_randomization_of_few_users_is_exact():
    differences = np.array([1.0, 2.0, 3.0, 4.0])  # 2 of 16 signs are as far from 0
    p = randomization_test(differences, n_draws=40_000, seed=3)
    assert p[0] == pytest.approx(2 / 16, abs=0.01)


def test_alike_models_are_called_different_5_times_in_100():
    rng = np.random.default_rng(5)
    columns = rng.exponential(size=(60, 2_000)) - rng.exponential(size=(60, 2_000))
    p = [randomization_test(column, n_draws=199, seed=k)[0] for k, column in enumerate(columns.T)]
    error = 4 * np.sqrt(0.05 * 0.95 / len(p))
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=error)


def test_signs_are_shared_by_columns_and_threads_change_nothing(monkeypatch):
    differences = np.random.default_rng(1).normal(size=(70, 2)) + 0.2
    both = randomization_test(differences, n_draws=500, seed=4)
    assert both[1] == randomization_test(differences[:, 1], n_draws=500, seed=4)[0]
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    np.testing.assert_array_equal(randomization_test(differences, n_draws=500, seed=4), both)


def test_no_difference_at_all_has_the_p_value_1():
    assert randomization_test(np.zeros(9), n_draws=99, seed=0)[0] == 1


@given(st.integers(0, 10**6), st.floats(0.01, 2))
def test_equivalence_is_that_of_statsmodels(seed, margin):
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=(2, 30))
    theirs = ttost_paired(one, other, -margin, margin)[0]
    assert equivalence_test(one - other, margin) == pytest.approx(theirs)


@pytest.mark.parametrize(("mean", "p"), [(0.5, 0.0), (1.0, 1.0), (-2.0, 1.0)])
def test_equivalence_without_any_spread(mean, p):
    assert equivalence_test(np.full(5, mean), 1.0) == p


def test_effect_sizes_by_hand():
    differences = np.array([1.0, -1.0, 0.0, 4.0])
    d, superiority = effect_sizes(differences)
    assert d == pytest.approx(1.0 / np.std([1, -1, 0, 4], ddof=1))
    assert superiority == (2 + 0.5) / 4
    assert effect_sizes(np.zeros(3)) == (0.0, 0.5)


def test_all_pairs_the_better_first():
    rng = np.random.default_rng(7)
    base = rng.random(200)
    values = pd.DataFrame(
        {"weak": base, "strong": base + 0.2 + rng.normal(0, 0.1, 200), "same": base + 1e-4}
    )
    table = compare_pairs(values, margin=0.01, seed=1, n_draws=2_000).set_index(["model", "other"])
    assert list(table.index) == [("strong", "same"), ("strong", "weak"), ("same", "weak")]
    assert (table.loc["strong", "p_holm"] < 0.01).all()
    assert (table.loc["strong", "low"] > 0.15).all()
    assert (table.loc["strong", "p_equivalence_holm"] > 0.5).all()
    assert table.loc[("same", "weak"), "p_equivalence_holm"] < 0.01
    np.testing.assert_allclose(table["p_holm"], holm(table["p"]))


def test_friedman_and_nemenyi_of_demsar():
    # Table 6 of Demšar (2006): four versions of C4.5 on 14 data sets.
    c45 = [
        0.763,
        0.599,
        0.954,
        0.628,
        0.882,
        0.936,
        0.661,
        0.583,
        0.775,
        1,
        0.94,
        0.619,
        0.972,
        0.957,
    ]
    m = [
        0.768,
        0.591,
        0.971,
        0.661,
        0.888,
        0.931,
        0.668,
        0.583,
        0.838,
        1,
        0.962,
        0.666,
        0.981,
        0.978,
    ]
    cf = [
        0.771,
        0.59,
        0.968,
        0.654,
        0.886,
        0.916,
        0.609,
        0.563,
        0.866,
        1,
        0.965,
        0.614,
        0.9751,
        0.946,
    ]
    both = [
        0.798,
        0.569,
        0.967,
        0.657,
        0.898,
        0.931,
        0.685,
        0.625,
        0.875,
        1,
        0.962,
        0.669,
        0.975,
        0.97,
    ]
    values = pd.DataFrame({"C4.5": c45, "C4.5+m": m, "C4.5+cf": cf, "C4.5+m+cf": both})
    ranks, critical, p = friedman_ranks(values)
    assert ranks.round(3).to_dict() == {
        "C4.5+m+cf": 1.964,
        "C4.5+m": 2.0,
        "C4.5+cf": 2.893,
        "C4.5": 3.143,
    }
    assert critical == pytest.approx(1.25, abs=0.01)
    assert p == pytest.approx(stats.friedmanchisquare(c45, m, cf, both).pvalue)


def test_stability_of_ranks():
    means = pd.DataFrame({"a": [3.0, 3.0, 2.0], "b": [2.0, 2.0, 3.0], "c": [1.0, 1.0, 1.0]})
    shares, tau = rank_stability(means)
    assert shares.loc["a"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert shares.loc["c"].tolist() == [0, 0, 1]
    assert tau == pytest.approx((1 + 1 / 3 + 1 / 3) / 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: randomization_test(np.array([]), seed=0), "at least one user"),
        (lambda: randomization_test(np.array([np.nan]), seed=0), "finite"),
        (lambda: holm([0.1, 1.2]), "between 0 and 1"),
        (lambda: equivalence_test(np.zeros(3), 0), "margin must be above 0"),
        (lambda: equivalence_test(np.zeros(1), 1), "two users or more"),
        (lambda: friedman_ranks(pd.DataFrame({"a": [1], "b": [2]})), "three models or more"),
        (lambda: rank_stability(pd.DataFrame({"a": [1], "b": [2]})), "two splits or seeds"),
    ],
)
def test_what_cannot_be_tested_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
