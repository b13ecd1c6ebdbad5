"""Popularity within clusters, by definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_matrix
from worlds import N_ITEMS, USERS

from nexttrack.models import ClusterPopularity, Popularity


def fitted(labels, user_items, shrinkage=10.0):
    model = ClusterPopularity(labels, shrinkage)
    model.fit(user_items)
    return model


def cluster_scores(dense, labels, shrinkage):
    """P(i | u), by its definition and one number at a time."""
    n_users, n_items = dense.shape
    users_of = [sum(dense[u, i] > 0 for u in range(n_users)) for i in range(n_items)]
    size = {c: sum(users_of[j] for j in range(n_items) if labels[j] == c) for c in set(labels)}
    scores = np.zeros((n_users, n_items))
    for u in range(n_users):
        of = {c: sum(dense[u, j] for j in range(n_items) if labels[j] == c) for c in size}
        for i in range(n_items):
            c = labels[i]
            overall = size[c] / sum(size.values())
            n_u = sum(of.values())
            share = (of[c] + shrinkage * overall) / (n_u + shrinkage) if n_u else overall
            scores[u, i] = share * users_of[i] / size[c]
    return scores


@pytest.mark.parametrize("shrinkage", [0.0, 2.5, 100.0])
def test_cluster_popularity_is_its_formula(user_items, labels, shrinkage):
    model = fitted(labels, user_items, shrinkage)
    expected = cluster_scores(user_items.toarray(), labels, shrinkage)
    np.testing.assert_allclose(model.user_factors @ model.item_factors.T, expected, rtol=1e-5)
    ids, scores = model.recommend(USERS, user_items, N=N_ITEMS, filter_already_liked_items=False)
    np.testing.assert_allclose(scores, -np.sort(-expected), rtol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(expected, ids, 1), scores, rtol=1e-5)


def test_with_all_trust_in_the_prior_it_is_popularity(user_items, labels):
    chart = Popularity()
    chart.fit(user_items)
    expected, counts = chart.recommend(USERS, user_items, N=10)
    # Infinite: the same lists, whatever the order of ties. Large: ties may be broken.
    ids, _ = fitted(labels, user_items, np.inf).recommend(USERS, user_items, N=10)
    np.testing.assert_array_equal(ids, expected)
    ids, _ = fitted(labels, user_items, 1e9).recommend(USERS, user_items, N=10)
    np.testing.assert_array_equal(chart.item_factors[ids, 0], counts)


@pytest.mark.parametrize("label", [-1, 0, 7])
@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
def test_with_one_cluster_it_is_popularity(user_items, label, shrinkage):
    chart = Popularity()
    chart.fit(user_items)
    model = fitted(np.full(N_ITEMS, label), user_items, shrinkage)
    np.testing.assert_array_equal(
        model.recommend(USERS, user_items, N=N_ITEMS)[0],
        chart.recommend(USERS, user_items, N=N_ITEMS)[0],
    )


weights = hnp.arrays(
    np.float32, (5, 8), elements=st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0, 500.0])
).filter(np.any)


@given(
    dense=weights,
    labels=hnp.arrays(np.int64, 8, elements=st.integers(-1, 4)),
    unseen=weights,
    shrinkage=st.one_of(st.floats(0, 1e6), st.just(np.inf)),
)
def test_the_scores_of_a_user_are_probabilities(dense, labels, unseen, shrinkage):
    """For users who were in training and who were not, with items that nobody had among theirs."""
    model = fitted(labels, csr_matrix(dense), shrinkage)
    new = model.recalculate_user(np.arange(5), csr_matrix(unseen))
    scores = np.vstack([model.user_factors, new]).astype(float) @ model.item_factors.T
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)


@given(numbers=st.permutations([0, 1, 2, 5, 9]))
def test_the_numbers_of_the_clusters_do_not_matter(user_items, labels, numbers):
    renamed = np.where(labels < 0, -1, np.array(numbers)[np.clip(labels, 0, 4)])
    asked = USERS, user_items, 12
    for theirs, ours in zip(
        fitted(labels, user_items).recommend(*asked),
        fitted(renamed, user_items).recommend(*asked),
        strict=True,
    ):
        np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
def test_a_user_without_items_gets_the_chart_of_all(user_items, labels, shrinkage):
    model = fitted(labels, user_items, shrinkage)
    counts = (user_items.toarray() > 0).sum(axis=0)
    ids, scores = model.recommend(3, user_items[3], N=N_ITEMS)
    np.testing.assert_array_equal(counts[ids], -np.sort(-counts))
    np.testing.assert_allclose(scores, counts[ids] / counts.sum(), rtol=1e-5)


def test_cluster_popularity_places_users_that_it_has_not_seen(user_items, labels):
    model = fitted(labels, user_items)
    again = model.recalculate_user(USERS, user_items)
    np.testing.assert_array_equal(again, model.user_factors)
    half = fitted(labels, user_items[:20])
    row = user_items[30]
    share = (row.toarray()[0] @ (labels == 2) + 10 * half.group_shares[2]) / (row.sum() + 10)
    lift = half.recalculate_user(30, row)[0, 2]
    assert lift * half.group_shares[2] == pytest.approx(share)
    one, _ = half.recommend(999, row, N=5, recalculate_user=True)
    many, _ = half.recommend(np.array([7, 999]), user_items[29:31], N=5, recalculate_user=True)
    np.testing.assert_array_equal(one, many[1])


def test_a_cluster_that_nobody_has_is_not_known_to_be_liked():
    model = fitted([0, 0, 1], csr_matrix(np.array([[2, 1, 0], [1, 0, 0]], dtype=np.float32)), 0)
    only_unheard = csr_matrix(np.array([[0, 0, 4]], dtype=np.float32))
    for N in (1, 3):
        _, scores = model.recommend(0, only_unheard, N=N, recalculate_user=True)
        np.testing.assert_allclose(scores[:2], [2 / 3, 1 / 3][:N])


def test_cluster_popularity_knows_similar_users_and_no_similar_items(user_items, labels):
    model = fitted(labels, user_items)
    ids, scores = model.similar_users(0, N=3)
    assert ids[0] == 0
    lifts = model.user_factors / np.linalg.norm(model.user_factors, axis=1, keepdims=True)
    np.testing.assert_allclose(scores, np.sort(lifts @ lifts[0])[::-1][:3], rtol=1e-5)
    with pytest.raises(NotImplementedError, match="no similarity between items"):
        model.similar_items(0)


def test_saved_and_loaded_it_places_new_users_the_same(user_items, labels, tmp_path):
    model = fitted(labels, user_items, 3.5)
    model.save(str(tmp_path / "model.npz"))
    again = ClusterPopularity.load(str(tmp_path / "model.npz"))
    assert again.shrinkage == 3.5
    np.testing.assert_array_equal(
        again.recalculate_user(USERS, user_items), model.recalculate_user(USERS, user_items)
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, r"labels have shape \(\), not \(30,\): one for each item"),
        (np.zeros(3, dtype=int), r"labels have shape \(3,\), not \(30,\)"),
        (np.zeros((N_ITEMS, 2), dtype=int), r"labels have shape \(30, 2\)"),
        (np.zeros(N_ITEMS), "must be whole numbers, not of type float64"),
        (np.full(N_ITEMS, -2), r"must be -1 \(no cluster\) or more, not -2"),
    ],
)
def test_cluster_popularity_refuses_labels_that_do_not_fit(user_items, wrong, message):
    with pytest.raises(ValueError, match=message):
        fitted(wrong, user_items)


@pytest.mark.parametrize("shrinkage", [-1, np.nan])
def test_cluster_popularity_refuses_a_shrinkage_below_0(shrinkage):
    with pytest.raises(ValueError, match=r"shrinkage must be (0 or more|a number)"):
        ClusterPopularity(shrinkage=shrinkage)


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf])
def test_cluster_popularity_refuses_weights_that_are_none(user_items, labels, weight):
    wrong = user_items.copy()
    wrong.data[5] = weight
    with pytest.raises(ValueError, match="weights in user_items must be finite and 0 or more"):
        fitted(labels, wrong)
    with pytest.raises(ValueError, match="weights in user_items must be finite and 0 or more"):
        fitted(labels, user_items).recalculate_user(USERS, wrong)


def test_cluster_popularity_needs_an_item_that_someone_has(labels):
    with pytest.raises(ValueError, match="no user has an item"):
        fitted(labels, csr_matrix((4, N_ITEMS), dtype=np.float32))
