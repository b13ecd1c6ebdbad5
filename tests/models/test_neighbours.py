"""Neighbours by co-occurrence, against implicit and against dense formulas."""

import numpy as np
import pytest
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender
from scipy.sparse import csr_matrix
from worlds import N_ITEMS, USERS

from nexttrack.models import ItemKNN, RP3beta, UserKNN
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.neighbours import Weighting
from nexttrack.models.similarity import nearest_rows, weighted_sums


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
        ({"K": 0}, "K must be .*1 or more"),
        ({"shrinkage": -1}, "shrinkage .*0 or more"),
        ({"weighting": "bm25", "shrinkage": 5}, "0 with bm25"),
    ],
)
def test_item_knn_refuses_what_it_does_not_know(arguments, message):
    with pytest.raises(ValueError, match=message):
        ItemKNN(**arguments)


def test_the_reasons_are_similarities_times_values(user_items):
    model = ItemKNN(K=N_ITEMS)
    model.fit(user_items, show_progress=False)
    values = user_items[0].toarray()[0]
    for item in model.recommend(0, user_items[0], N=3)[0]:
        _, contributions, _ = model.explain(0, user_items, item, N=N_ITEMS)
        assert contributions == [
            (j, pytest.approx(values[j] * model.similarity[j, item])) for j, _ in contributions
        ]


def test_nothing_speaks_for_an_item_to_an_empty_profile(user_items):
    model = ItemKNN(K=5)
    model.fit(user_items, show_progress=False)
    assert model.explain(3, user_items, 0) == (0.0, [], None)


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


def dense_user_similarity(X, new, weighting, shrinkage):
    """Return the similarity of new rows to the users of X, by implicit's weights."""
    n = len(X)
    if weighting == "cosine":
        known, asked = X, new
    else:
        idf = np.log(n) - np.log1p((X > 0).sum(axis=0))
        mean = X.sum() / n

        def weighted(rows):
            if weighting == "tfidf":
                return np.sqrt(rows) * idf
            longer = 0.25 + 0.75 * rows.sum(axis=1, keepdims=True) / mean
            return rows * 2.2 / (1.2 * longer + rows) * idf

        known, asked = weighted(X), weighted(new)
    product = asked @ known.T
    if weighting == "bm25":
        return product
    lengths = np.outer(np.linalg.norm(asked, axis=1), np.linalg.norm(known, axis=1))
    return np.divide(product, lengths + shrinkage, out=np.zeros_like(product), where=lengths > 0)


@pytest.mark.parametrize(
    ("weighting", "shrinkage"), [("cosine", 0.0), ("cosine", 7.0), ("tfidf", 2.0), ("bm25", 0.0)]
)
@pytest.mark.parametrize("new", [False, True])
def test_user_knn_is_brute_force(user_items, weighting, shrinkage, new):
    model = UserKNN(K=5, weighting=weighting, shrinkage=shrinkage)
    model.fit(user_items)
    X = user_items.toarray().astype(float)
    asked = X[:, ::-1] if new else X
    similarity = dense_user_similarity(X, asked, weighting, shrinkage)
    if not new:
        np.fill_diagonal(similarity, -np.inf)
    together = (asked > 0) @ (X > 0).T.astype(float) > 0
    similarity[~together] = -np.inf
    expected = np.zeros_like(X)
    for user, row in enumerate(similarity):
        for other in np.lexsort((np.arange(len(row)), -row))[:5]:
            if np.isfinite(row[other]):
                expected[user] += row[other] * X[other]
    expected[asked > 0] = 0
    rows = csr_matrix(asked.astype(np.float32))
    users = USERS + 1000 if new else USERS
    ids, scores = model.recommend(users, rows, N=N_ITEMS, recalculate_user=new)
    for user in USERS:
        found = ids[user][ids[user] >= 0]
        assert set(found) == set(np.flatnonzero(expected[user] > 0))
        np.testing.assert_allclose(scores[user, : len(found)], expected[user, found], rtol=1e-9)


def test_the_neighbours_of_a_user_come_after_the_user(user_items):
    model = UserKNN(K=4)
    model.fit(user_items)
    ids, scores = model.similar_users(np.array([0, 3]), N=6)
    similarity = dense_user_similarity(user_items.toarray(), user_items.toarray(), "cosine", 0)
    np.testing.assert_array_equal(ids[0], np.argsort(-similarity[0], kind="stable")[:6])
    np.testing.assert_allclose(scores[0], np.sort(similarity[0])[::-1][:6])
    assert ids[1].tolist() == [3, -1, -1, -1, -1, -1]  # user 3 has nothing
    ids, _ = model.similar_users(0, N=39, filter_users=[1, 2])
    assert not np.isin(ids, [1, 2]).any()


@pytest.mark.parametrize("arguments", [{"K": 0}, {"weighting": "dice"}, {"shrinkage": np.nan}])
def test_user_knn_refuses_what_it_does_not_know(arguments):
    with pytest.raises(ValueError, match=r"K must be .*1 or more|it can be cosine|number, not nan"):
        UserKNN(**arguments)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.7, 0.4), (1.8, 1.0)])
def test_rp3beta_is_a_walk_of_three_steps(user_items, alpha, beta):
    model = RP3beta(K=6, alpha=alpha, beta=beta)
    model.fit(user_items)
    X = user_items.toarray().astype(float)
    to_users = np.divide(X.T, X.sum(axis=0)[:, None]) ** alpha
    to_items = np.divide(X, X.sum(axis=1)[:, None], out=np.zeros_like(X), where=X > 0) ** alpha
    dense = to_users @ to_items / X.sum(axis=0) ** beta
    for item in range(N_ITEMS):
        row = model.similarity[item]
        np.testing.assert_allclose(np.sort(row.data), np.sort(dense[item])[-6:])
        np.testing.assert_allclose(row.data, dense[item, row.indices])


def test_a_walk_with_no_power_is_a_walk(user_items):
    """With alpha 1 and beta 0 the rows are probabilities of where a walk ends."""
    model = RP3beta(K=N_ITEMS, alpha=1.0, beta=0.0)
    model.fit(user_items)
    np.testing.assert_allclose(model.similarity.sum(axis=1).A1, 1)


@pytest.mark.parametrize("arguments", [{"K": 0}, {"alpha": 0}, {"beta": -1}, {"alpha": np.nan}])
def test_rp3beta_refuses_settings_that_are_none(arguments):
    with pytest.raises(ValueError, match=r"alpha above 0|1 or more|number, not nan"):
        RP3beta(**arguments)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_sums_that_are_no_numbers_spoil_no_memory_and_no_other_row(wrong):
    rng = np.random.default_rng(0)
    weights = rng.random((40, 30)) * (rng.random((40, 30)) < 0.5)
    rows = rng.normal(size=(30, 25)) * (rng.random((30, 25)) < 0.5)
    spoiled = weights.copy()
    spoiled[7] = wrong
    every = {"hidden": None, "allowed": np.ones(25, dtype=bool), "num_threads": 1}
    right = weighted_sums(csr_matrix(weights), csr_matrix(rows), 10, **every)
    found = weighted_sums(csr_matrix(spoiled), csr_matrix(rows), 10, **every)
    near = nearest_rows(csr_matrix(weights), csr_matrix(rows), 5, num_threads=1).toarray()
    also = nearest_rows(csr_matrix(spoiled), csr_matrix(rows), 5, num_threads=1).toarray()
    others = np.arange(40) != 7
    for expected, one in zip((*right, near), (*found, also), strict=True):
        np.testing.assert_array_equal(one[others], expected[others])
    listed = found[0][7][found[0][7] >= 0]
    assert len(set(listed)) == len(listed)
    assert not np.isnan(found[1]).any()
