"""PureSVD and NMF against dense algebra, SciPy and scikit-learn."""

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.sparse import csr_matrix
from sklearn import decomposition

from nexttrack.models import NMF, PureSVD

N_USERS, N_ITEMS = 80, 50
USERS = np.arange(N_USERS)


@pytest.fixture(scope="module")
def user_items():
    """User 3 has nothing, user 4 all but item 7, which nobody has."""
    rng = np.random.default_rng(1)
    dense = (rng.random((N_USERS, N_ITEMS)) < 0.2) * rng.integers(1, 5, (N_USERS, N_ITEMS))
    dense[3], dense[4], dense[:, 7] = 0, 1, 0
    return csr_matrix(dense.astype(np.float32))


@pytest.fixture(scope="module", params=[PureSVD(6), NMF(6, iterations=300)])
def model(request, user_items):
    request.param.fit(user_items, show_progress=False)
    return request.param


def test_pure_svd_is_the_nearest_matrix_of_its_rank(user_items):
    model = PureSVD(8)
    model.fit(user_items)
    U, s, Vt = np.linalg.svd(user_items.toarray().astype(float), full_matrices=False)
    np.testing.assert_allclose(
        model.user_factors @ model.item_factors.T, (U[:, :8] * s[:8]) @ Vt[:8], atol=1e-3
    )
    np.testing.assert_allclose(model.item_factors.T @ model.item_factors, np.eye(8), atol=1e-5)


def test_with_all_factors_the_svd_is_the_matrix(user_items):
    model = PureSVD(1000)
    model.fit(user_items)
    assert model.item_factors.shape == (N_ITEMS, N_ITEMS)
    np.testing.assert_allclose(
        model.user_factors @ model.item_factors.T, user_items.toarray(), atol=1e-4
    )


def test_nmf_is_scikit_learns(user_items):
    ours = NMF(6, regularization=0.02, iterations=40, random_state=9)
    ours.fit(user_items)
    theirs = decomposition.NMF(
        6, init="random", tol=0, max_iter=40, alpha_W=0.02, alpha_H=0.02, random_state=9
    ).fit(user_items)
    np.testing.assert_array_equal(ours.item_factors, theirs.components_.T)
    np.testing.assert_array_equal(ours.user_factors, theirs.transform(user_items))


def test_a_user_of_nmf_is_the_non_negative_least_squares_of_the_row(user_items):
    model = NMF(6, iterations=2000)
    model.fit(user_items)
    for user in (0, 4, 11):
        best, _ = nnls(model.item_factors.astype(float), user_items[user].toarray()[0])
        np.testing.assert_allclose(model.user_factors[user], best, atol=1e-3)


def test_nmf_has_nothing_negative(user_items):
    model = NMF(5)
    model.fit(user_items)
    assert (model.user_factors >= 0).all()
    assert (model.item_factors >= 0).all()


def test_a_known_user_placed_anew_stays(model, user_items):
    again = model.recalculate_user(USERS, user_items)
    np.testing.assert_allclose(again, model.user_factors, atol=1e-5)
    np.testing.assert_allclose(
        model.recalculate_user(9, user_items[9]), model.user_factors[9], atol=1e-5
    )


def test_who_has_nothing_and_what_nobody_has_get_zeros(model, user_items):
    assert not model.user_factors[3].any()
    assert not model.item_factors[7].any()
    ids, _ = model.recommend(np.array([4]), user_items[4], N=4)
    assert ids.tolist() == [[7, -1, -1, -1]]


@pytest.mark.parametrize("kind", [PureSVD, NMF])
def test_the_seed_alone_decides(user_items, kind):
    made = [kind(4, random_state=seed) for seed in (1, 1)]
    for one in made:
        one.fit(user_items)
    np.testing.assert_array_equal(made[0].item_factors, made[1].item_factors)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (PureSVD, {"factors": 0}),
        (NMF, {"factors": 0}),
        (NMF, {"iterations": 0}),
        (NMF, {"regularization": -1}),
        (NMF, {"regularization": np.nan}),
    ],
)
def test_they_refuse_settings_without_a_meaning(kind, arguments):
    with pytest.raises(ValueError, match=r"or more|number, not nan"):
        kind(**arguments)
