"""Tests of significance against SciPy and statsmodels, and against what they promise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired

from nexttrack.evaluation.significance import (
    compare_pairs,
    difference_p,
    effect_sizes,
    equivalence_p,
    equivalence_test,
    friedman_ranks,
    holm,
    mean_over_draws,
    model_means,
    rank_stability,
    t_interval,
    with_tests,
)


@settings(max_examples=10)  # a call of the reference takes a fifth of a second
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_is_that_of_statsmodels(p_values):
    np.testing.assert_allclose(holm(p_values), multipletests(p_values, method="holm")[1])


def draws_of_values(rng, n, n_draws, user, draw, rest):
    """Return values of users x draws with mean 0 and these standard deviations of their parts."""
    users = user * (rng.exponential(size=(n, 1)) - 1)
    return users + draw * rng.normal(size=n_draws) + rest * rng.normal(size=(n, n_draws))


# Of lastfm-2k: users differ 0.4 to 1.3 times as much as the rest; draws are 0 to half as much of
# the variance of a mean of five draws as users and the rest together.
@pytest.mark.parametrize("user", [0.4, 1.3])
@pytest.mark.parametrize("of_draws", [0.0, 0.5, 3.0])
def test_intervals_of_five_draws_hold_the_mean_about_95_times_in_100(user, of_draws):
    rng = np.random.default_rng(17)
    n, n_draws, times = 120, 5, 1_500
    draw = np.sqrt(of_draws * (n_draws * user**2 + 1) / n)
    held = 0
    for _ in range(times):
        low, high = t_interval(*mean_over_draws(draws_of_values(rng, n, n_draws, user, draw, 1.0)))
        held += low <= 0 <= high
    assert 0.93 <= held / times <= 0.975


def test_the_bootstrap_over_users_of_one_draw_says_too_little_where_draws_differ():
    rng = np.random.default_rng(2)
    held = [0, 0]
    for _ in range(500):
        values = draws_of_values(rng, 120, 5, 1.0, 0.2, 1.0)
        for place, found in enumerate((values, values[:, 0])):
            low, high = t_interval(*mean_over_draws(found))
            held[place] += low <= 0 <= high
    assert held[0] / 500 > 0.93 > 0.85 > held[1] / 500


def test_the_variance_of_a_mean_is_that_of_the_mean_squares():
    values = draws_of_values(np.random.default_rng(3), 40, 5, 1.0, 0.5, 1.0)
    table = pd.DataFrame(values).melt(ignore_index=False, var_name="draw").reset_index()
    table = table.rename(columns={"index": "user"}).astype({"user": str, "draw": str})
    squares = anova_lm(ols("value ~ user + draw", table).fit())["mean_sq"]
    mean, error, freedom = mean_over_draws(values)
    assert mean == pytest.approx(values.mean())
    total = squares["user"] + squares["draw"] - squares["Residual"]
    assert error**2 == pytest.approx(total / values.size)
    parts = squares["user"] ** 2 / 39 + squares["draw"] ** 2 / 4
    assert freedom == pytest.approx(total**2 / parts)


def test_of_one_draw_it_is_the_t_interval():
    values = np.random.default_rng(4).exponential(size=30)
    theirs = stats.ttest_1samp(values, 0)
    mean, error, freedom = mean_over_draws(values)
    assert t_interval(mean, error, freedom) == pytest.approx(theirs.confidence_interval())
    assert difference_p(mean, error, freedom) == pytest.approx(theirs.pvalue)


def test_without_any_spread_a_mean_is_certain():
    for values in (np.full(4, 2.0), np.full((4, 3), 2.0)):
        assert mean_over_draws(values) == (2.0, 0.0, 3.0)
    np.testing.assert_array_equal(difference_p([0.0, 2.0], [0.0, 0.0], [3, 3]), [1, 0])


@given(st.integers(0, 10**6), st.floats(0.01, 2))
def test_equivalence_is_that_of_statsmodels(seed, margin):
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=(2, 30))
    theirs = ttost_paired(one, other, -margin, margin)[0]
    assert equivalence_test(one - other, margin) == pytest.approx(theirs)


@pytest.mark.parametrize(("mean", "p"), [(0.5, 0.0), (1.0, 1.0), (-2.0, 1.0)])
def test_equivalence_without_any_spread(mean, p):
    assert equivalence_test(np.full(5, mean), 1.0) == p


def test_equivalence_of_several_pairs_is_that_of_each():
    values = np.random.default_rng(6).normal(0.1, 1, size=(3, 20))
    each = [equivalence_test(row, 0.5) for row in values]
    columns = np.transpose([mean_over_draws(row) for row in values])
    np.testing.assert_allclose(equivalence_p(*columns, 0.5), each)


def test_effect_sizes_by_hand():
    differences = np.array([1.0, -1.0, 0.0, 4.0])
    sizes = effect_sizes(differences)
    assert sizes.pop("d") == pytest.approx(1.0 / np.std([1, -1, 0, 4], ddof=1))
    assert sizes == {"better": 0.5, "worse": 0.25, "tied": 0.25}
    assert effect_sizes(np.zeros(3)) == {"d": 0, "better": 0, "worse": 0, "tied": 1}
    twice = effect_sizes(np.column_stack([differences, differences]))
    assert twice == effect_sizes(differences)


def test_all_pairs_the_better_first():
    rng = np.random.default_rng(7)
    base = rng.random(200)
    values = pd.DataFrame(
        {"weak": base, "strong": base + 0.2 + rng.normal(0, 0.1, 200), "same": base + 1e-4}
    )
    table = with_tests(compare_pairs(values), margin=0.01).set_index(["model", "other"])
    assert list(table.index) == [("strong", "same"), ("strong", "weak"), ("same", "weak")]
    assert (table.loc["strong", "p_holm"] < 0.01).all()
    assert (table.loc["strong", "low"] > 0.15).all()
    assert (table.loc["strong", "p_equivalence_holm"] > 0.5).all()
    assert table.loc[("same", "weak"), "p_equivalence_holm"] < 0.01
    np.testing.assert_allclose(table["p_holm"], holm(table["p"]))
    np.testing.assert_allclose(table["better"] + table["worse"] + table["tied"], 1)


def fits(columns):
    """Return values of 50 users for fits, named by (model, draw, seed)."""
    rng = np.random.default_rng(8)
    columns = pd.MultiIndex.from_tuples(columns, names=["model", "draw", "seed"])
    return pd.DataFrame(rng.random((50, len(columns))), columns=columns)


def test_seeds_of_a_draw_are_averaged():
    values = fits([("a", 0, 0), ("a", 1, 1), *(("b", 0, seed) for seed in range(3)), ("b", 1, 1)])
    b = np.column_stack([values["b"][0].mean(axis=1), values["b"][1][1]])
    means = model_means(values).set_index("model")
    assert means.loc["b", ["mean", "error", "df"]].tolist() == pytest.approx(mean_over_draws(b))
    a = values["a"].to_numpy()
    row = compare_pairs(values).iloc[0]
    sign = 1 if row["model"] == "a" else -1
    expected = mean_over_draws(sign * (a - b))
    assert row[["difference", "error", "df"]].tolist() == pytest.approx(expected)
    first = np.column_stack([values["b"][0][0], values["b"][1][1]])
    assert row["better"] == np.mean(sign * (a - first) > 0)
    assert row["draws"] == 2


def test_with_one_draw_seeds_are_what_differs():
    values = fits([("a", 0, 0), *(("b", 0, seed) for seed in range(5))])
    assert model_means(values).set_index("model")["draws"].to_dict() == {"a": 1, "b": 5}
    row = compare_pairs(values).iloc[0]
    sign = 1 if row["model"] == "a" else -1
    expected = mean_over_draws(sign * (values["a"].to_numpy() - values["b"].to_numpy()))
    assert row[["difference", "error", "df"]].tolist() == pytest.approx(expected)


def test_models_of_other_draws_are_not_compared():
    columns = [("a", draw, 0) for draw in range(3)] + [("b", draw, 0) for draw in range(2)]
    with pytest.raises(ValueError, match="not the same draws"):
        compare_pairs(fits(columns))


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
        (lambda: mean_over_draws(np.array([])), "at least one user"),
        (lambda: mean_over_draws(np.array([np.nan])), "finite"),
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
