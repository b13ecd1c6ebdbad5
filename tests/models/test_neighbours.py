"""Neighbours by co-occurrence, against implicit and against dense formulas."""

import numpy as np
import pytest
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from scipy.sparse import csr_matrix
from worlds import N_ITEMS, USERS

from nexttrack.models import ItemKNN
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.neighbours import Weighting


@pytest.mark.filterwarnings("ignore:Method expects CSR")
@pytest.mark.parametrize(
    ("weighting", "theirs"),
    [("cosine", CosineRecommender), ("tfidf", TFIDFRecommender), ("bm25", BM25Recommender)],
)
def test_item_knn_is_implicits(user_items, weighting, theirs):
    ours, reference = ItemKNN(K=8, weighting=weighting), theirs(K=8)
    ours.fit(user_items, show_progress=False)
    # In float64, as ours: in float32 implicit's square roots of counts are rounded.
    reference.fit(user_items.astype(np.float64), show_progress=False)
    assert abs(ours.similarity - reference.similarity).max() < 1e-12


@pytest.mark.parametrize("shrinkage", [0.0, 3.0, 50.0])
def test_item_knn_is_its_formula(user_items, shrinkage):
    model = ItemKNN(K=6, shrinkage=shrinkage)
    model.fit(user_items)
    X = user_items.toarray().astype(float)
    norms = np.linalg.norm(X, axis=0)
    dense = X.T @ X / (np.outer(norms, norms) + shrinkage)
    for item in range(N_ITEMS):
        row = model.similarity[item]
        np.testing.assert_allclose(np.sort(row.data), np.sort(dense[item])[-6:])
        np.testing.assert_allclose(row.data, dense[item, row.indices])


def test_the_number_of_threads_changes_no_similarity(user_items):
    one, two = ItemKNN(K=6, num_threads=1), ItemKNN(K=6, num_threads=2)
    one.fit(user_items)
    two.fit(user_items)
    assert (one.similarity != two.similarity).nnz == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weighting": "jaccard"}, "cosine, tfidf, bm25"),
        ({"K": 0}, "K must be 1 or more"),
        ({"shrinkage": -1}, "shrinkage 0 or more"),
        ({"weighting": "bm25", "shrinkage": 5}, "0 with bm25"),
    ],
)
def test_item_knn_refuses_what_it_does_not_know(arguments, message):
    with pytest.raises(ValueError, match=message):
        ItemKNN(**arguments)


def test_reasons_add_up_to_the_score(user_items):
    model = ItemKNN(K=N_ITEMS)
    model.fit(user_items, show_progress=False)
    ids, scores = model.recommend(0, user_items[0], N=3)
    for item, score in zip(ids, scores, strict=True):
        because, share = model.explain(user_items[0], item, N=N_ITEMS)
        assert set(because) <= set(user_items[0].indices)
        assert share.sum() == pytest.approx(1)
        values = user_items[0].toarray()[0]
        parts = [values[j] * model.similarity[j, item] for j in because]
        assert sum(parts) == pytest.approx(score)
        np.testing.assert_allclose(share, np.array(parts) / score)


def test_nothing_speaks_for_an_item_to_an_empty_profile(user_items):
    model = ItemKNN(K=5)
    model.fit(user_items, show_progress=False)
    ids, shares = model.explain(user_items[3], 0)
    assert len(ids) == len(shares) == 0


@pytest.mark.filterwarnings("ignore:Method expects CSR")
@pytest.mark.parametrize("liked", [True, False])
def test_item_knn_recommends_what_implicit_would(user_items, liked):
    ours, reference = ItemKNN(K=8), CosineRecommender(K=8)
    ours.fit(user_items)
    reference.fit(user_items, show_progress=False)
    ids, scores = ours.recommend(USERS, user_items, N=10, filter_already_liked_items=liked)
    _, theirs = reference.recommend(USERS, user_items, N=10, filter_already_liked_items=liked)
    for user in USERS:
        real = ids[user] >= 0
        np.testing.assert_allclose(scores[user, real], theirs[user, : real.sum()])
        dense = user_items[user].toarray()[0] @ ours.similarity.toarray()
        np.testing.assert_allclose(scores[user, real], dense[ids[user, real]])


def test_item_knn_ranks_equals_by_id():
    user_items = csr_matrix(np.ones((3, 6), dtype=np.float32))
    model = ItemKNN(K=6)
    model.fit(user_items)
    asked = csr_matrix(([1.0], ([0], [2])), shape=(1, 6), dtype=np.float32)
    ids, _ = model.recommend(0, asked, N=3)
    assert ids.tolist() == [0, 1, 3]


@pytest.mark.parametrize(
    ("rows", "arguments", "error", "message"),
    [
        (2, {}, ValueError, "1 row for every user"),
        (1, {"items": [99]}, IndexError, "not in the model"),
        (1, {"items": [1], "filter_items": [2]}, ValueError, "both filter_items and items"),
    ],
)
def test_item_knn_refuses_a_call_that_does_not_fit(user_items, rows, arguments, error, message):
    model = ItemKNN(K=6)
    model.fit(user_items)
    with pytest.raises(error, match=message):
        model.recommend(0, user_items[:rows], **arguments)


@pytest.mark.parametrize("weighting", ["cosine", "tfidf", "bm25"])
def test_sums_that_pass_through_zero_are_sums(weighting):
    """A user with every item has a weight below 0 by tf-idf, and stored zeros touch nothing."""
    rng = np.random.default_rng(5)
    dense = (rng.random((12, 9)) < 0.5).astype(np.float32)
    dense[0] = 1
    user_items = csr_matrix(dense)
    user_items.data[::7] = 0
    model = ItemKNN(K=9, weighting=weighting)
    model.fit(user_items)
    items = checked_user_items(user_items).T.tocsr().astype(np.float64)
    weighted = Weighting.of(items, weighting).apply(items).toarray()
    gram = weighted @ weighted.T
    if weighting != "bm25":
        gram /= np.outer(*[np.linalg.norm(weighted, axis=1)] * 2)
    np.testing.assert_allclose(model.similarity.toarray(), gram, atol=1e-12)
    _, scores = model.recommend(3, user_items[3], N=9, filter_already_liked_items=False)
    expected = user_items[3].toarray()[0] @ gram
    np.testing.assert_allclose(scores, np.sort(expected[expected > 0])[::-1], atol=1e-9)


def test_an_item_that_nobody_values_is_near_to_none():
    user_items = csr_matrix(np.eye(4, 4, dtype=np.float32))
    user_items.data[2] = 0
    model = ItemKNN(K=4)
    model.fit(user_items)
    np.testing.assert_array_equal(model.similarity.toarray(), np.diag([1.0, 1, 0, 1]))
