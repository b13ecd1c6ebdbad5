"""Groups of users and items: their sizes, and metrics within them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from nexttrack.evaluation import RankedLists, recall_at_k
from nexttrack.evaluation.strata import (
    mainstreaminess,
    popularity_groups,
    quantile_groups,
    recall_by_items,
    taste_groups,
)


def test_mainstreaminess_is_the_mean_popularity_of_the_profile():
    user_items = csr_matrix(np.array([[1, 1, 0], [5, 0, 0], [1, 0, 1], [0, 0, 0]]))
    values = mainstreaminess(user_items)
    assert values[:3].tolist() == pytest.approx([(3 / 4 + 1 / 4) / 2, 3 / 4, (3 / 4 + 1 / 4) / 2])
    assert np.isnan(values[3])


@given(st.integers(3, 60), st.integers(0, 10**6))
def test_groups_of_users_are_of_equal_size_and_in_order(n, seed):
    values = np.random.default_rng(seed).permutation(n).astype(float)
    groups = quantile_groups(values)
    sizes = pd.Series(groups).value_counts()
    assert sizes.max() - sizes.min() <= 2
    order = np.argsort(values)
    assert (np.diff(groups.codes[order]) >= 0).all()


def test_equal_values_share_a_group_and_missing_ones_have_none():
    groups = quantile_groups(np.array([1, 1, 1, 2, 3, np.nan]), ["few", "many"])
    assert groups.codes.tolist() == [0, 0, 0, 1, 1, -1]
    with pytest.raises(ValueError, match="no user is in the group 'middle'"):
        quantile_groups(np.ones(9))


@given(st.integers(0, 10**6))
def test_groups_of_items_have_equal_shares_of_interactions(seed):
    popularity = np.random.default_rng(seed).random(500) ** 4
    groups = popularity_groups(popularity)
    shares = pd.Series(popularity).groupby(groups, observed=False).sum() / popularity.sum()
    np.testing.assert_allclose(shares, 1 / 3, atol=popularity.max() / popularity.sum())
    of = [popularity[groups == name] for name in groups.categories]
    assert of[0].max() <= of[1].min() and of[1].max() <= of[2].min()
    assert len(of[0]) > len(of[1]) > len(of[2])


def test_nothing_to_divide_is_refused():
    with pytest.raises(ValueError, match="no item has a user"):
        popularity_groups(np.zeros(4))


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_recall_of_groups_adds_up_to_recall(seed, k):
    rng = np.random.default_rng(seed)
    ids = rng.permuted(np.tile(np.arange(12), (5, 1)), axis=1)[:, :6]
    relevant = csr_matrix(rng.random((5, 12)) < 0.4, dtype=np.float32)
    lists = RankedLists(ids, relevant)
    groups = pd.Categorical(rng.permutation(["a", "b", "c"] * 4), ["a", "b", "c"])
    table = recall_by_items(lists, k, groups)
    n = np.stack([relevant[:, groups == name].sum(axis=1).A1 for name in "abc"], axis=1)
    total = (table.fillna(0).to_numpy() * n).sum(axis=1)
    whole = recall_at_k(lists, k)
    np.testing.assert_allclose(
        total[n.sum(axis=1) > 0] / n.sum(axis=1)[n.sum(axis=1) > 0], whole[n.sum(axis=1) > 0]
    )
    assert (table.isna() == (n == 0)).all(axis=None)


def test_groups_must_be_given_for_each_item():
    lists = RankedLists(np.array([[0]]), csr_matrix((1, 3)))
    with pytest.raises(ValueError, match="groups of 2 items for 3 items"):
        recall_by_items(lists, 1, pd.Categorical(["a", "b"]))


def test_tastes_are_a_fifth_and_a_fifth_by_the_share_of_popular_items():
    popularity = np.array([0.9, 0.8, 0.3, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1])  # popular: 0 and 1
    rows = np.zeros((11, 10))
    for user, (popular, other) in enumerate(
        [(2, 0), (2, 1), (2, 2), (1, 1), (1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (0, 1)]
    ):
        rows[user, :popular] = 1
        rows[user, 2 : 2 + other] = 1
    groups = taste_groups(csr_matrix(rows), popularity)
    assert list(groups[:10]) == ["blockbuster"] * 2 + ["diverse"] * 6 + ["niche"] * 2
    assert groups.codes[10] == -1  # has nothing
    with pytest.raises(ValueError, match=r"at most 0\.5"):
        taste_groups(csr_matrix(rows), popularity, 0.6)


def test_of_equal_shares_the_less_popular_profile_is_niche():
    popularity = np.array([0.9, 0.1, 0.2, 0.3, 0.4, 0.05])
    profiles = csr_matrix(np.eye(6)[[4, 3, 2, 1, 5]])  # none of them is popular
    assert list(taste_groups(profiles, popularity)) == [
        "blockbuster",
        *["diverse"] * 3,
        "niche",
    ]
