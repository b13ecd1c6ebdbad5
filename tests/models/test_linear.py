"""EASE is its closed form, SLIM the solution of its elastic nets."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls
from scipy.sparse import csr_matrix
from sklearn.linear_model import ElasticNet

from nexttrack.errors import UserError
from nexttrack.models import EASE, SLIM


def dense_weights(X, regularization):
    """Return B by Steck's formula, in float64."""
    P = np.linalg.inv(X.T @ X + regularization * np.eye(X.shape[1]))
    B = P / -np.diag(P)
    np.fill_diagonal(B, 0)
    return B


def counts(n_users, n_items, seed=0, density=0.2):
    rng = np.random.default_rng(seed)
    return (rng.random((n_users, n_items)) < density) * rng.integers(1, 4, (n_users, n_items))


def scores(model, rows):
    """Return the scores of all items, users x items, whatever their rank."""
    rows = csr_matrix(rows.astype(np.float32))
    asked = np.arange(rows.shape[0])
    ids, ranked = model.recommend(asked, rows, N=rows.shape[1], filter_already_liked_items=False)
    everything = np.empty(ids.shape)
    np.put_along_axis(everything, ids, ranked, axis=1)
    return everything


def exact_weights(X, item, l1, l2):
    """Return scikit-learn's elastic net of an item on the others, which has 0 in its own place."""
    reference = ElasticNet(
        alpha=(l1 + l2) / len(X),
        l1_ratio=l1 / (l1 + l2),
        fit_intercept=False,
        positive=True,
        tol=1e-12,
        max_iter=1_000_000,
    ).fit(np.delete(X, item, axis=1), X[:, item])
    return np.insert(reference.coef_, item, 0)


@pytest.mark.parametrize("regularization", [2.0, 50.0])
def test_ease_is_its_closed_form(regularization):
    X = counts(90, 35)
    model = EASE(regularization)
    model.fit(csr_matrix(X.astype(np.float32)))
    B = dense_weights(X, regularization)
    np.testing.assert_allclose(model.weights, B, atol=1e-5)
    np.testing.assert_allclose(scores(model, X), X @ B, atol=1e-4)


@given(st.integers(0, 10_000), st.sampled_from([1.0, 20.0]))
def test_with_fewer_users_than_items_ease_is_the_same(seed, regularization):
    X = counts(12, 30, seed)
    X[0, 0] = 1
    model = EASE(regularization)
    model.fit(csr_matrix(X.astype(np.float32)))
    assert model.weights is None
    new = counts(6, 30, seed + 1)
    B = dense_weights(X, regularization)
    np.testing.assert_allclose(scores(model, X), X @ B, atol=1e-4)
    np.testing.assert_allclose(scores(model, new), new @ B, atol=1e-4)


def test_tiles_and_blocks_of_ease_leave_nothing_out():
    """More items than a tile holds, a rest that is no multiple of it, rows of all lengths."""
    X = counts(700, 600, density=0.03)
    X[:6] = 0
    for user in range(6):
        X[user, :user] = 1
    model = EASE(30.0)
    model.fit(csr_matrix(X.astype(np.float32)))
    np.testing.assert_allclose(scores(model, X), X @ dense_weights(X, 30.0), atol=1e-4)


def test_the_neighbours_of_an_item_are_its_row_of_weights():
    X = counts(90, 35)
    for users in (90, 20):
        model = EASE(10.0)
        model.fit(csr_matrix(X[:users].astype(np.float32)))
        row = dense_weights(X[:users], 10.0)[4]
        ids, values = model.similar_items(4, N=6)
        assert (ids[0], values[0]) == (4, 1)
        ids, values = ids[1:], values[1:]
        best = np.argsort(-np.delete(row, 4))[:5]
        np.testing.assert_array_equal(ids, best + (best >= 4))
        np.testing.assert_allclose(values, row[ids], atol=1e-5)


def play_counts(n_users, n_items, seed=0):
    """Return counts from 1 to 350,000, as raw play counts are."""
    rng = np.random.default_rng(seed)
    plays = np.exp(rng.random((n_users, n_items)) * np.log(350_000)).round()
    plays[0, 0] = 350_000
    return plays * (rng.random((n_users, n_items)) < 0.2)


@pytest.mark.parametrize("shape", [(60, 150), (150, 60)])
@pytest.mark.parametrize("regularization", [10.0, 100.0, 1e5])
def test_the_lists_of_ease_are_those_of_float64_on_play_counts(shape, regularization):
    X = play_counts(*shape)
    model = EASE(regularization)
    model.fit(csr_matrix(X))
    ids, values = model.recommend(np.arange(shape[0]), csr_matrix(X, dtype=np.float32), N=10)
    expected = X @ dense_weights(X, regularization)
    largest = np.abs(expected).max()
    expected[X > 0] = -np.inf
    best = np.argsort(-expected, axis=1, kind="stable")[:, :10]
    overlap = [len(set(one) & set(other)) / 10 for one, other in zip(ids, best, strict=True)]
    assert np.mean(overlap) > 0.995
    np.testing.assert_allclose(
        values, np.take_along_axis(expected, best, axis=1), atol=1e-5 * largest
    )


def test_a_file_of_ease_in_float64_gives_the_same_lists(tmp_path):
    rows = csr_matrix(play_counts(20, 40), dtype=np.float32)
    model = EASE()
    model.fit(rows)
    assert model.inverse.dtype == np.float64
    model.save(tmp_path / "ease")
    asked = np.arange(20), rows
    found = EASE.load(tmp_path / "ease").recommend(*asked)
    np.testing.assert_array_equal(found, model.recommend(*asked))


@pytest.mark.parametrize("shape", [(8, 20), (20, 8)])
@pytest.mark.parametrize(("weight", "regularization"), [(1e20, 100), (1e30, 100), (1, 1e-12)])
def test_ease_says_when_the_matrix_cannot_be_inverted(shape, weight, regularization):
    X = np.ones(shape)
    X[3, 3] = weight
    with pytest.raises(ValueError, match="too small to invert the matrix beside weights of up to"):
        EASE(regularization).fit(csr_matrix(X.astype(np.float32)))


@pytest.mark.parametrize("regularization", [0, -1, np.nan, np.inf])
def test_ease_refuses_a_regularization_that_is_none(regularization):
    with pytest.raises(ValueError, match="must be above 0 and finite"):
        EASE(regularization)


@pytest.mark.parametrize(("l1", "l2"), [(0.5, 2.0), (2.0, 10.0)])
def test_slim_is_the_elastic_net_of_scikit_learn(l1, l2):
    X = counts(80, 25, density=0.3).astype(float)
    model = SLIM(l1, l2, K=25, tolerance=1e-9, max_passes=10_000)
    model.fit(csr_matrix(X))
    W = model.similarity.toarray()
    for item in range(25):
        np.testing.assert_allclose(W[:, item], exact_weights(X, item, l1, l2), atol=1e-6)
        assert W[item, item] == 0


@pytest.mark.parametrize("values", ["ones", "counts", "log of plays", "plays"])
def test_weights_of_slim_are_as_exact_as_the_tolerance_says(values):
    plays = play_counts(60, 25)
    X = {
        "ones": np.sign(plays),
        "counts": plays.clip(max=100),
        "log of plays": np.log1p(plays),
        "plays": plays / 100,
    }[values]
    l1, l2 = 1.0, {"plays": 1e5}.get(values, 10.0)
    model = SLIM(l1, l2, K=25, max_passes=500)
    model.fit(csr_matrix(X))
    W = model.similarity.toarray()
    X = X.astype(np.float32).astype(float)
    for item in range(25):
        assert np.linalg.norm(W[:, item] - exact_weights(X, item, l1, l2)) <= 1.01 * model.tolerance


def test_slim_says_where_its_weights_are_not_exact():
    with pytest.warns(RuntimeWarning, match=r"of 25 items may be up to .* max_passes=1; scale"):
        SLIM(0.1, 0.1, max_passes=1).fit(csr_matrix(play_counts(60, 25)))


def test_without_l1_slim_is_ridge_without_negative_weights():
    X = counts(80, 25, density=0.3).astype(float)
    model = SLIM(0.0, 5.0, K=25, tolerance=1e-9, max_passes=10_000)
    model.fit(csr_matrix(X))
    for item in range(25):
        others = np.delete(np.arange(25), item)
        stacked = np.vstack([X[:, others], np.sqrt(5.0) * np.eye(24)])
        reference, _ = nnls(stacked, np.concatenate([X[:, item], np.zeros(24)]))
        found = model.similarity[:, item].toarray().ravel()[others]
        np.testing.assert_allclose(found, reference, atol=1e-6)


def test_slim_keeps_the_largest_weights():
    X = csr_matrix(counts(80, 25, density=0.3).astype(np.float32))
    settings = {"l1": 0.5, "l2": 5.0, "tolerance": 1e-9, "max_passes": 1_000}
    few, all_of = SLIM(K=3, **settings), SLIM(K=25, **settings)
    few.fit(X)
    all_of.fit(X)
    for item in range(25):
        kept = few.similarity[:, item].toarray().ravel()
        column = all_of.similarity[:, item].toarray().ravel()
        np.testing.assert_allclose(np.sort(kept)[-3:], np.sort(column)[-3:])
        assert (kept > 0).sum() <= 3


def test_a_large_penalty_leaves_no_weight():
    X = csr_matrix(counts(30, 10).astype(np.float32))
    model = SLIM(l1=1e6)
    model.fit(X)
    assert model.similarity.nnz == 0
    assert (model.recommend(np.arange(30), X, N=3)[0] == -1).all()


@pytest.mark.parametrize(
    "settings", [{"l1": -1}, {"l2": 0}, {"K": 0}, {"tolerance": 0}, {"max_passes": 0}]
)
def test_slim_refuses_settings_that_are_none(settings):
    with pytest.raises(ValueError, match="l1 must be 0 or more"):
        SLIM(**settings)


def test_ease_refuses_an_item_outside_the_catalogue():
    model = EASE(10.0)
    model.fit(csr_matrix(counts(40, 12).astype(np.float32)))
    for wrong in (12, -1):
        with pytest.raises(IndexError, match="not in the model, which has 12"):
            model.similar_items(wrong)


@pytest.mark.parametrize(("n_users", "part"), [(40, "tiles"), (8, "inverse"), (8, "divisor")])
def test_a_file_of_ease_with_arrays_that_do_not_go_together_is_named(tmp_path, n_users, part):
    model = EASE(10.0)
    model.fit(csr_matrix(counts(n_users, 12).astype(np.float32)))
    setattr(model, part, getattr(model, part)[..., :-1])
    model.save(tmp_path / "model.npz")
    with pytest.raises(UserError, match=rf"damaged \({part} is not of size"):
        EASE.load(tmp_path / "model.npz")
