"""GF-CF is the formula of its paper, written out with dense matrices."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from worlds import all_scores, random_counts

from nexttrack.models import GFCF


def power(diagonal, exponent):
    """Return a diagonal matrix to a power, its zeros left as they are."""
    return np.diag([value**exponent if value else 0.0 for value in diagonal])


def normalised_values(X):
    """Return the singular values of the normalised matrix, the largest first."""
    X = X.astype(float)
    R = power(X.sum(axis=1), -0.5) @ X @ power(X.sum(axis=0), -0.5)
    return np.linalg.svd(R, compute_uv=False)


def dense_filter(X, factors, alpha):
    """Return what a profile is multiplied by, items x items."""
    D_u, D_i = X.sum(axis=1), X.sum(axis=0)
    R = power(D_u, -0.5) @ X @ power(D_i, -0.5)
    values, Vt = np.linalg.svd(R)[1:]
    V = Vt[: min(factors, np.sum(values > 1e-9))].T
    return R.T @ R + alpha * power(D_i, -0.5) @ V @ V.T @ power(D_i, 0.5)


@given(
    st.integers(0, 10_000),
    st.sampled_from([(12, 30), (40, 20)]),
    st.sampled_from([1, 5, 100]),
    st.sampled_from([0.0, 0.3, 5.0]),
)
def test_scores_are_the_formula_of_the_paper(seed, shape, factors, alpha):
    X, new = random_counts(*shape, seed), random_counts(6, shape[1], seed + 1)
    X[0, 0], X[:, 7], X[3] = 1, 0, 0
    model = GFCF(factors, alpha)
    model.fit(csr_matrix(X.astype(np.float32)))
    # Two parts of a graph without a tie have 1 for their largest value each: of equals the vectors
    # are not told.
    values = np.append(normalised_values(X), 0)
    assume(factors >= len(values) - 1 or values[factors - 1] - values[factors] > 1e-4)
    B = dense_filter(X.astype(float), factors, alpha)
    for rows in (X, new):
        np.testing.assert_allclose(all_scores(model, rows), rows @ B, atol=2e-5)


def test_the_neighbours_of_an_item_are_its_row_of_the_filter():
    X = random_counts(90, 35)
    model = GFCF(6, 0.3)
    model.fit(csr_matrix(X.astype(np.float32)))
    ids, values = model.similar_items(4, N=6)
    row = dense_filter(X.astype(float), 6, 0.3)[4]
    assert (ids[0], values[0]) == (4, 1)
    best = np.argsort(-np.delete(row, 4))[:5]
    np.testing.assert_array_equal(ids[1:], best + (best >= 4))
    np.testing.assert_allclose(values[1:], row[ids[1:]], atol=1e-5)


def test_values_that_all_but_vanish_beside_others_do_no_harm():
    X = np.ones((6, 8))
    X[:, 3] = 1e-38
    X[2] *= 1e30
    model = GFCF(2, 0.3)
    model.fit(csr_matrix(X.astype(np.float32)))
    _, scores = model.recommend(np.arange(6), csr_matrix(X[:, ::-1].astype(np.float32)), N=8)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("settings", [{"factors": 0}, {"alpha": -1}, {"alpha": np.inf}])
def test_settings_that_are_none_are_refused(settings):
    with pytest.raises(ValueError, match=r"must be .*[01] or more"):
        GFCF(**settings)
