"""Metrics beyond accuracy against SciPy, and against sums over pairs written out."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cosine
from scipy.stats import entropy

from nexttrack.evaluation import RankedLists
from nexttrack.evaluation.beyond_accuracy import (
    coverage,
    exposure_at_k,
    gini,
    intra_list_diversity_at_k,
    long_tail,
    long_tail_share_at_k,
    mean_popularity_at_k,
    miscalibration_at_k,
    novelty_at_k,
    popularity,
    popularity_lift_at_k,
    unexpectedness_at_k,
)

N_ITEMS, LENGTH = 20, 8


@st.composite
def lists(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_users = draw(st.integers(1, 5))
    ids = np.full((n_users, LENGTH), -1)
    for row in ids:
        n = rng.integers(0, LENGTH + 1)
        row[rng.permutation(LENGTH)[:n]] = rng.permutation(N_ITEMS)[:n]
    seen = csr_matrix((rng.random((n_users, N_ITEMS)) < 0.3) * 3.0)
    return RankedLists(ids, csr_matrix((n_users, N_ITEMS)), seen)


def listed(lists, k):
    return [row[row >= 0] for row in lists.ids[:, :k]]


@given(lists(), st.integers(1, LENGTH), st.integers(0, 999))
def test_means_over_the_list(lists, k, seed):
    share = np.random.default_rng(seed).random(N_ITEMS)
    tail = share < 0.5
    with np.errstate(all="ignore"):
        for user, ids in enumerate(listed(lists, k)):
            profile = share[lists.seen[user].indices]
            expected = {
                "mean": share[ids].mean() if len(ids) else np.nan,
                "tail": tail[ids].mean() if len(ids) else np.nan,
                "novelty": -np.log2(np.maximum(share[ids], 0.1)).mean() if len(ids) else np.nan,
            }
            expected["lift"] = expected["mean"] / profile.mean() - 1 if len(profile) else np.nan
            alone = (np.arange(len(lists.ids)) == user).astype(int)
            lift = popularity_lift_at_k(lists, k, share, alone)["lift"].reindex([1])
            ours = {
                "mean": mean_popularity_at_k(lists, k, share),
                "tail": long_tail_share_at_k(lists, k, tail),
                "novelty": novelty_at_k(lists, k, share, 10),
            }
            for name, values in ours.items():
                assert values[user] == pytest.approx(expected[name], nan_ok=True), name
            assert lift[1] == pytest.approx(expected["lift"], nan_ok=True)


def test_lift_is_a_ratio_of_the_means_of_a_group():
    share = np.array([0.8, 0.4, 0.2, 0.1])
    seen = csr_matrix(np.array([[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 0, 0, 0]]))
    ids = np.array([[1, 2], [0, 1], [0, 1], [0, 1]])
    lists = RankedLists(ids, csr_matrix((4, 4)), seen)
    # The last user has no profile. The mean of the ratios of the first three would be 2.1.
    everybody = popularity_lift_at_k(lists, 2, share).loc["all"]
    listed, profile = (0.3 + 0.6 + 0.6) / 3, (0.8 + 0.1 + 0.2) / 3
    assert everybody.tolist() == pytest.approx([3, profile, listed, listed / profile - 1])
    groups = pd.Categorical(["b", "a", None, "a"], categories=["b", "a", "c"])
    found = popularity_lift_at_k(lists, 2, share, groups)
    assert found["lift"].to_dict() == pytest.approx({"b": 0.3 / 0.8 - 1, "a": 0.6 / 0.1 - 1})
    assert list(found.index) == ["b", "a"] and found["users"].tolist() == [1, 1]


@given(lists(), st.integers(1, LENGTH), st.integers(0, 999))
def test_diversity_is_the_mean_over_all_pairs(lists, k, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(N_ITEMS, 3))
    features[rng.random(N_ITEMS) < 0.2] = 0
    features[rng.random(N_ITEMS) < 0.2, 1] = np.nan
    ours = intra_list_diversity_at_k(lists, k, features)
    for user, ids in enumerate(listed(lists, k)):
        known = [i for i in ids if np.isfinite(features[i]).all() and features[i].any()]
        pairs = [cosine(features[i], features[j]) for i, j in combinations(known, 2)]
        assert ours[user] == pytest.approx(np.mean(pairs) if pairs else np.nan, nan_ok=True)


@given(lists(), st.integers(1, LENGTH), st.integers(0, 999))
def test_miscalibration_is_the_divergence_of_scipy(lists, k, seed):
    rng = np.random.default_rng(seed)
    genres = rng.dirichlet(np.full(4, 0.3), N_ITEMS)
    genres[rng.random(N_ITEMS) < 0.3] = 0
    ours = miscalibration_at_k(lists, k, genres)
    for user, ids in enumerate(listed(lists, k)):
        rows = [genres[i] for i in ids if genres[i].any()]
        profile = [genres[i] for i in lists.seen[user].indices if genres[i].any()]
        expected = np.nan
        if rows and profile:
            p, q = np.mean(profile, axis=0), np.mean(rows, axis=0)
            expected = entropy(p, 0.99 * q + 0.01 * p)
        assert ours[user] == pytest.approx(expected, nan_ok=True, abs=1e-9)


def test_a_list_like_the_profile_is_calibrated():
    genres = np.eye(3)[[0, 0, 1, 1, 2]]
    seen = csr_matrix(np.array([[1, 0, 1, 0, 0]]))
    alike = RankedLists(np.array([[1, 3]]), csr_matrix((1, 5)), seen)
    other = RankedLists(np.array([[4, 1]]), csr_matrix((1, 5)), seen)
    assert miscalibration_at_k(alike, 2, genres)[0] == pytest.approx(0)
    assert miscalibration_at_k(other, 2, genres)[0] > 1


@given(lists(), lists(), st.integers(1, LENGTH))
def test_unexpected_is_what_the_primitive_model_does_not_list(lists, primitive, k):
    n = min(len(lists.ids), len(primitive.ids))
    ours = RankedLists(lists.ids[:n], lists.relevant[:n])
    values = unexpectedness_at_k(ours, k, primitive.ids[:n])
    for user, ids in enumerate(listed(ours, k)):
        expected = np.mean([i not in primitive.ids[user] for i in ids]) if len(ids) else np.nan
        assert values[user] == pytest.approx(expected, nan_ok=True)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_gini_is_half_the_mean_difference_over_the_mean(exposure):
    x = np.array(exposure)
    if not x.sum():
        assert np.isnan(gini(x))
        return
    differences = np.abs(x[:, None] - x).mean()
    assert gini(x) == pytest.approx(differences / (2 * x.mean()))


def test_exposure_and_coverage():
    lists = RankedLists(np.array([[0, 1, -1], [0, 3, 2]]), csr_matrix((2, 5)))
    assert exposure_at_k(lists, 2).tolist() == [2, 1, 0, 1, 0]
    assert coverage(exposure_at_k(lists, 2)) == 0.6
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(3 / 4)
    assert gini(np.ones(7)) == pytest.approx(0)


def test_the_head_is_the_most_popular_fifth():
    user_items = csr_matrix(np.tril(np.ones((10, 10))))
    share = popularity(user_items)
    assert share.tolist() == pytest.approx(np.arange(10, 0, -1) / 10)
    assert long_tail(share).tolist() == [False] * 2 + [True] * 8
    assert not long_tail(np.ones(5)).any()
    with pytest.raises(ValueError, match="between 0 and 1"):
        long_tail(share, 1.0)


def test_what_does_not_fit_is_refused():
    without = RankedLists(np.array([[0, 1]]), csr_matrix((1, 5)))
    with pytest.raises(ValueError, match="RankedLists needs seen"):
        popularity_lift_at_k(without, 2, np.ones(5))
    with pytest.raises(ValueError, match="values of 4 items for 5 items"):
        mean_popularity_at_k(without, 2, np.ones(4))
    with pytest.raises(ValueError, match="sum to 1"):
        miscalibration_at_k(without, 2, np.full((5, 2), 0.3))
    with pytest.raises(ValueError, match="alpha"):
        miscalibration_at_k(without, 2, np.zeros((5, 2)), alpha=0)
    with pytest.raises(ValueError, match="1 lists, 2 expected ones"):
        unexpectedness_at_k(without, 2, np.zeros((2, 1), dtype=int))
