"""SLIM is the solution of its elastic nets, fsSLIM that of those on the nearest items."""

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.sparse import csr_matrix
from sklearn.linear_model import ElasticNet
from worlds import play_counts, random_counts

from nexttrack.models import SLIM


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


@pytest.mark.parametrize(("l1", "l2"), [(0.5, 2.0), (2.0, 10.0)])
def test_slim_is_the_elastic_net_of_scikit_learn(l1, l2):
    X = random_counts(80, 25, density=0.3).astype(float)
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
    X = random_counts(80, 25, density=0.3).astype(float)
    model = SLIM(0.0, 5.0, K=25, tolerance=1e-9, max_passes=10_000)
    model.fit(csr_matrix(X))
    for item in range(25):
        others = np.delete(np.arange(25), item)
        stacked = np.vstack([X[:, others], np.sqrt(5.0) * np.eye(24)])
        reference, _ = nnls(stacked, np.concatenate([X[:, item], np.zeros(24)]))
        found = model.similarity[:, item].toarray().ravel()[others]
        np.testing.assert_allclose(found, reference, atol=1e-6)


def test_slim_keeps_the_largest_weights():
    X = csr_matrix(random_counts(80, 25, density=0.3).astype(np.float32))
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
    X = csr_matrix(random_counts(30, 10).astype(np.float32))
    model = SLIM(l1=1e6)
    model.fit(X)
    assert model.similarity.nnz == 0
    assert (model.recommend(np.arange(30), X, N=3)[0] == -1).all()


@pytest.mark.parametrize(
    "settings", [{"l1": -1}, {"l2": 0}, {"K": 0}, {"tolerance": 0}, {"max_passes": 0}]
)
def test_slim_refuses_settings_that_are_none(settings):
    with pytest.raises(ValueError, match=r"l1 must be .*0 or more"):
        SLIM(**settings)


def test_slim_with_all_items_as_candidates_is_slim():
    X = csr_matrix(random_counts(80, 25, density=0.3).astype(np.float32))
    every, nearest = SLIM(0.5, 5.0), SLIM(0.5, 5.0, candidates=24)
    every.fit(X)
    nearest.fit(X)
    assert (every.similarity != nearest.similarity).nnz == 0


@pytest.mark.parametrize("candidates", [1, 4, 10])
def test_the_candidates_of_fsslim_are_the_nearest_by_cosine(tmp_path, candidates):
    X = random_counts(80, 25, density=0.3).astype(float)
    model = SLIM(0.5, 2.0, tolerance=1e-9, max_passes=10_000, candidates=candidates)
    model.fit(csr_matrix(X))
    model.save(tmp_path / "model")
    assert SLIM.load(tmp_path / "model").candidates == candidates
    W, lengths = model.similarity.toarray(), np.linalg.norm(X, axis=0)
    cosines = X.T @ X / np.outer(lengths, lengths)
    np.fill_diagonal(cosines, -1)
    for item in range(25):
        near = np.append(np.argsort(-cosines[item], kind="stable")[:candidates], item)
        expected = np.zeros(25)
        expected[near] = exact_weights(X[:, near], candidates, 0.5, 2.0)
        np.testing.assert_allclose(W[:, item], expected, atol=1e-6)


def test_slim_refuses_candidates_that_are_none():
    with pytest.raises(ValueError, match="candidates must be 1 or more, or None for all, not 0"):
        SLIM(candidates=0)
