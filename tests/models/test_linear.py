"""EASE, RLAE and RDLAE are their closed forms, and the solutions of what they minimise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import lsq_linear
from scipy.sparse import csr_matrix
from worlds import all_scores, play_counts, random_counts

from nexttrack.errors import UserError
from nexttrack.models import EASE, RDLAE, RLAE


def dense_weights(X, regularization, relaxation=0.0, dropout=0.0):
    """Return B by the formulas of Steck and of Moon, Kim & Lee, in float64."""
    G = X.T @ X
    L = regularization + dropout / (1 - dropout) * np.diag(G)
    P = np.linalg.inv(G + np.diag(L))
    mu = np.maximum(0, (1 - relaxation) / np.diag(P) - L)
    return np.eye(len(G)) - P @ np.diag(L + mu)


def with_idle_users(X):
    """Return a matrix with as many users as items: those who have nothing change no answer."""
    return np.vstack([X, np.zeros((X.shape[1], X.shape[1]))])


def fitted(model, X):
    model.fit(csr_matrix(X.astype(np.float32)))
    return model


@pytest.mark.parametrize("regularization", [2.0, 50.0])
def test_ease_is_its_closed_form(regularization):
    X = random_counts(90, 35)
    model = EASE(regularization)
    model.fit(csr_matrix(X.astype(np.float32)))
    B = dense_weights(X, regularization)
    np.testing.assert_allclose(model.weights, B, atol=1e-5)
    np.testing.assert_allclose(all_scores(model, X), X @ B, atol=1e-4)


@given(st.integers(0, 10_000), st.sampled_from([1.0, 20.0]))
def test_with_fewer_users_than_items_ease_is_the_same(seed, regularization):
    X = random_counts(12, 30, seed)
    X[0, 0] = 1
    model = EASE(regularization)
    model.fit(csr_matrix(X.astype(np.float32)))
    assert model.weights is None
    new = random_counts(6, 30, seed + 1)
    B = dense_weights(X, regularization)
    np.testing.assert_allclose(all_scores(model, X), X @ B, atol=1e-4)
    np.testing.assert_allclose(all_scores(model, new), new @ B, atol=1e-4)


def test_tiles_and_blocks_of_ease_leave_nothing_out():
    """More items than a tile holds, a rest that is no multiple of it, rows of all lengths."""
    X = random_counts(700, 600, density=0.03)
    X[:6] = 0
    for user in range(6):
        X[user, :user] = 1
    model = EASE(30.0)
    model.fit(csr_matrix(X.astype(np.float32)))
    np.testing.assert_allclose(all_scores(model, X), X @ dense_weights(X, 30.0), atol=1e-4)


def test_the_neighbours_of_an_item_are_its_row_of_weights():
    X = random_counts(90, 35)
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
    with pytest.raises(ValueError, match=r"finite and 0 or more|above 0|number, not nan"):
        EASE(regularization)


def test_ease_refuses_an_item_outside_the_catalogue():
    model = EASE(10.0)
    model.fit(csr_matrix(random_counts(40, 12).astype(np.float32)))
    for wrong in (12, -1):
        with pytest.raises(IndexError, match="not in the model, which has 12"):
            model.similar_items(wrong)


@pytest.mark.parametrize(("n_users", "part"), [(40, "tiles"), (8, "inverse"), (8, "divisor")])
def test_a_file_of_ease_with_arrays_that_do_not_go_together_is_named(tmp_path, n_users, part):
    model = EASE(10.0)
    model.fit(csr_matrix(random_counts(n_users, 12).astype(np.float32)))
    setattr(model, part, getattr(model, part)[..., :-1])
    model.save(tmp_path / "model.npz")
    with pytest.raises(UserError, match=rf"damaged \({part} is not of size"):
        EASE.load(tmp_path / "model.npz")


SETTINGS = st.tuples(
    st.sampled_from([2.0, 30.0]),
    st.sampled_from([0.0, 0.1, 0.4, 0.9, 1.0]),
    st.sampled_from([0.0, 0.3, 0.8]),
    st.sampled_from([0.0, 0.2, -0.5]),
)


@given(st.integers(0, 10_000), SETTINGS)
def test_both_forms_of_rdlae_are_its_closed_form(seed, settings):
    X, new = random_counts(12, 30, seed), random_counts(6, 30, seed + 1)
    X[0, 0], X[:, 7] = 1, 0
    B = dense_weights(X, *settings[:3]) * np.maximum((X > 0).sum(axis=0), 1.0) ** -settings[3]
    by_users, by_items = (fitted(RDLAE(*settings), rows) for rows in (X, with_idle_users(X)))
    assert by_users.weights is None
    np.testing.assert_allclose(by_items.weights, B, atol=1e-5)
    for model in (by_users, by_items):
        np.testing.assert_allclose(all_scores(model, new), new @ B, atol=1e-4)


@pytest.mark.parametrize("relaxation", [0.0, 0.05, 0.2, 1.0])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_weights_of_rdlae_are_the_bounded_least_squares_of_scipy(relaxation, dropout):
    X = random_counts(60, 12)
    found = fitted(RDLAE(5.0, relaxation, dropout), X).weights
    penalty = 5.0 + dropout / (1 - dropout) * (X**2).sum(axis=0)
    stacked = np.vstack([X, np.diag(np.sqrt(penalty))])
    for item in range(12):
        most = np.full(12, np.inf)
        most[item] = relaxation
        target = np.concatenate([X[:, item], np.zeros(12)])
        reference = lsq_linear(stacked, target, (-np.inf, most), tol=1e-12).x
        np.testing.assert_allclose(found[:, item], reference, atol=1e-5)


@pytest.mark.parametrize("shape", [(90, 35), (20, 35)])
def test_without_relaxation_rlae_is_ease_and_rdlae_without_dropout_rlae(shape):
    X = random_counts(*shape)
    for special, general in (
        (EASE(20.0), RLAE(20.0, relaxation=0.0)),
        (RLAE(20.0, 0.3), RDLAE(20.0, 0.3, dropout=0.0)),
    ):
        scores = [all_scores(fitted(model, X), X) for model in (special, general)]
        np.testing.assert_array_equal(*scores)


def test_a_popularity_exponent_is_a_power_of_the_number_of_users():
    X = random_counts(90, 35)
    users = (X > 0).sum(axis=0)
    for rows in (X, X[:20]):
        plain, scaled = (all_scores(fitted(EASE(20.0, e), rows), X) for e in (0.0, 0.3))
        users = np.maximum((rows > 0).sum(axis=0), 1.0)
        np.testing.assert_allclose(scaled, plain * users**-0.3, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EASE(popularity_exponent=np.nan), "popularity_exponent must be a number"),
        (lambda: RLAE(relaxation=-0.1), "relaxation must be (from 0 to 1|a number, not nan)"),
        (lambda: RLAE(relaxation=np.nan), "relaxation must be (from 0 to 1|a number, not nan)"),
        (lambda: RDLAE(dropout=1.0), "dropout must be 0 or more and below 1"),
    ],
)
def test_settings_that_are_none_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
