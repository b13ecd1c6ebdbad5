"""IALS is what its formula says, and implicit's where the two have the same settings."""

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits
from worlds import tastes

from nexttrack.models import IALS

N_USERS, N_ITEMS = 150, 90


@pytest.fixture(scope="module")
def user_items():
    """Weights from 1 to 4; user 3 has nothing, user 4 everything, nobody has item 7."""
    rng = np.random.default_rng(1)
    dense = (rng.random((N_USERS, N_ITEMS)) < 0.1) * rng.integers(1, 5, (N_USERS, N_ITEMS))
    dense[3], dense[4], dense[:, 7] = 0, 1, 0
    dense[4, 7] = 0
    return csr_matrix(dense.astype(np.float32))


SETTINGS = {
    "factors": 6,
    "regularization": 0.2,
    "alpha": 1.5,
    "unobserved_weight": 0.3,
    "frequency_exponent": 0.7,
    "random_state": 5,
}


def fitted(user_items, **changed):
    model = IALS(**SETTINGS | changed)
    model.fit(user_items, show_progress=False)
    return model


def weights_of(user_items, model):
    """Return dense C, the ridges of users and those of items, by their definition."""
    R = user_items.toarray().astype(float)
    a0, nu = model.unobserved_weight, model.frequency_exponent
    counts = (R > 0).sum(axis=1), (R > 0).sum(axis=0)
    users, items = ((own + a0 * n) ** nu for own, n in zip(counts, reversed(R.shape), strict=True))
    mean = np.concatenate([users[counts[0] > 0], items[counts[1] > 0]]).mean()
    ridges = (model.regularization * side / mean for side in (users, items))
    return np.where(R > 0, model.alpha * R, a0), *ridges


def solved(P, C, Y, ridge):
    """Solve each row's weighted ridge regression of its preferences P on Y."""
    eye = np.eye(Y.shape[1])
    return np.array(
        [
            np.linalg.solve((Y.T * c) @ Y + r * eye, Y.T @ (c * p))
            for p, c, r in zip(P, C, ridge, strict=True)
        ]
    )


@pytest.mark.filterwarnings("ignore:OpenBLAS is configured")
@pytest.mark.parametrize("exact", [False, True])
def test_with_plain_settings_it_is_implicits(user_items, exact):
    ours = IALS(
        factors=16,
        regularization=2.0,
        alpha=4.0,
        unobserved_weight=1.0,
        frequency_exponent=0.0,
        iterations=8,
        cg_steps=None if exact else 3,
        random_state=3,
    )
    theirs = AlternatingLeastSquares(
        factors=16, regularization=2.0, alpha=4.0, iterations=8, use_cg=not exact
    )
    theirs.user_factors, theirs.item_factors = ours._start(N_USERS, N_ITEMS)
    ours.fit(user_items, show_progress=False)
    with threadpool_limits(1, user_api="blas"):
        theirs.fit(user_items, show_progress=False)
        again = theirs.recalculate_user(np.arange(9), user_items[:9])
    np.testing.assert_allclose(ours.user_factors, theirs.user_factors, atol=1e-4)
    np.testing.assert_allclose(ours.item_factors, theirs.item_factors, atol=1e-4)
    np.testing.assert_allclose(
        ours.recalculate_user(np.arange(9), user_items[:9]), again, atol=1e-4
    )


def test_a_row_is_the_solution_of_its_regression(user_items):
    model = fitted(user_items, iterations=2)
    C, users, items = weights_of(user_items, model)
    P = (user_items.toarray() > 0).astype(float)
    X, Y = model.user_factors.astype(float), model.item_factors.astype(float)
    found = model.recalculate_user(np.arange(N_USERS), user_items)
    np.testing.assert_allclose(found, solved(P, C, Y, users), rtol=1e-4, atol=1e-6)
    item_users = user_items.T.tocsr()
    found = model.recalculate_item(np.arange(N_ITEMS), item_users)
    np.testing.assert_allclose(found, solved(P.T, C.T, X, items), rtol=1e-4, atol=1e-6)
    one = model.recalculate_user(8, user_items[8])
    np.testing.assert_array_equal(one, model.recalculate_user(np.array([8]), user_items[8])[0])
    np.testing.assert_array_equal(
        model.recalculate_item(2, item_users[2]), model.recalculate_item([2], item_users[2])[0]
    )


def test_enough_conjugate_gradients_are_the_exact_solution(user_items):
    exact, stepped = (fitted(user_items, iterations=3, cg_steps=n) for n in (None, 12))
    np.testing.assert_allclose(stepped.user_factors, exact.user_factors, atol=1e-4)
    np.testing.assert_allclose(stepped.item_factors, exact.item_factors, atol=1e-4)


def test_the_loss_is_its_formula(user_items):
    model = fitted(user_items, iterations=2)
    C, users, items = weights_of(user_items, model)
    X, Y = model.user_factors.astype(float), model.item_factors.astype(float)
    error = (user_items.toarray() > 0) - X @ Y.T
    expected = (C * error**2).sum() + users @ (X**2).sum(1) + items @ (Y**2).sum(1)
    assert model.loss(user_items) == pytest.approx(expected, rel=1e-6)


def test_exact_solutions_lower_the_loss_each_time(user_items):
    losses = []
    model = IALS(**SETTINGS, cg_steps=None, iterations=12)
    model.fit(user_items, False, lambda *_: losses.append(model.loss(user_items)))
    assert len(losses) == 12
    assert (np.diff(losses) < 0).all()


@pytest.mark.parametrize("cg_steps", [3, None])
def test_it_ends_where_the_loss_is_level(user_items, cg_steps):
    model = fitted(user_items, iterations=400, cg_steps=cg_steps)
    C, users, items = weights_of(user_items, model)
    X, Y = model.user_factors.astype(float), model.item_factors.astype(float)
    pull = C * ((user_items.toarray() > 0) - X @ Y.T)
    np.testing.assert_allclose(pull @ Y, users[:, None] * X, atol=2e-3)
    np.testing.assert_allclose(pull.T @ X, items[:, None] * Y, atol=2e-3)


def test_only_the_ratio_of_the_weights_counts(user_items):
    plain = {"frequency_exponent": 0.0, "cg_steps": None, "iterations": 4}
    one = fitted(user_items, **plain)
    other = fitted(
        user_items, **plain, alpha=15.0, unobserved_weight=3.0, regularization=2.0
    )  # ten times as much of everything
    np.testing.assert_allclose(one.user_factors, other.user_factors, atol=1e-5)
    np.testing.assert_allclose(one.item_factors, other.item_factors, atol=1e-5)


def test_for_equal_weights_it_is_the_model_of_rendle_et_al(user_items):
    """Their loss, at factors scaled by the root of t, is t^2 ours and a constant."""
    binary = (user_items > 0).astype(np.float32)
    c, a0, reg = 0.8, SETTINGS["unobserved_weight"], 0.04
    model = fitted(binary, iterations=3, alpha=c + a0, regularization=reg * (1 + a0 / c))
    t = c / (c + a0)
    X, Y = (np.sqrt(t) * f.astype(float) for f in (model.user_factors, model.item_factors))
    _, users, items = weights_of(binary, model)
    R, score = binary.toarray(), X @ Y.T
    theirs = c * (R * (score - 1) ** 2).sum() + a0 * (score**2).sum()
    theirs += (users @ (X**2).sum(1) + items @ (Y**2).sum(1)) * reg / model.regularization
    constant = c * R.sum() * (1 - t)
    assert theirs == pytest.approx(t**2 * model.loss(binary) + constant, rel=1e-6)


@pytest.mark.parametrize("cg_steps", [3, None])
def test_the_number_of_threads_changes_no_factor(user_items, cg_steps):
    models = [fitted(user_items, cg_steps=cg_steps, num_threads=n) for n in (1, 2, 5)]
    for model in models[1:]:
        np.testing.assert_array_equal(model.user_factors, models[0].user_factors)
        np.testing.assert_array_equal(model.item_factors, models[0].item_factors)


def test_the_seed_alone_decides(user_items):
    first, again, other = (fitted(user_items, random_state=n) for n in (1, 1, 2))
    np.testing.assert_array_equal(first.user_factors, again.user_factors)
    assert (first.user_factors != other.user_factors).any()
    again.fit(user_items, show_progress=False)  # from a fresh start, not from where it was
    np.testing.assert_array_equal(first.item_factors, again.item_factors)


@pytest.mark.parametrize("cg_steps", [3, None])
def test_who_has_nothing_and_what_nobody_has_get_zeros(user_items, cg_steps):
    model = fitted(user_items, cg_steps=cg_steps)
    assert not model.user_factors[3].any()
    assert not model.item_factors[7].any()
    assert not model.recalculate_user(3, user_items[3]).any()
    assert np.isfinite(model.user_factors[4]).all()
    ids, _ = model.recommend(np.array([4]), user_items[4], N=5)
    assert ids.tolist() == [[7, -1, -1, -1, -1]]  # all but that one are had already


def test_a_stored_zero_is_unobserved(user_items):
    stored = user_items.copy()
    stored.data[::5] = 0
    clean = stored.copy()
    clean.eliminate_zeros()
    np.testing.assert_array_equal(fitted(stored).user_factors, fitted(clean).user_factors)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factors": 0}, "must be .*1 or more"),
        ({"iterations": 0}, "must be .*1 or more"),
        ({"cg_steps": 0}, "must be .*1 or more"),
        ({"regularization": 0}, "above 0|number, not nan"),
        ({"alpha": -1}, "above 0|number, not nan"),
        ({"regularization": np.nan}, "above 0|number, not nan"),
        ({"unobserved_weight": -0.1}, "must be .*0 or more|number, not nan"),
        ({"frequency_exponent": np.nan}, "must be .*0 or more|number, not nan"),
    ],
)
def test_it_refuses_settings_without_a_solution(arguments, message):
    with pytest.raises(ValueError, match=message):
        IALS(**arguments)


def test_it_refuses_rows_that_do_not_fit(user_items):
    model = fitted(user_items)
    with pytest.raises(ValueError, match="2 rows for 3 users"):
        model.recalculate_user([0, 1, 2], user_items[:2])
    with pytest.raises(ValueError, match="has 80 items, the model 90"):
        model.recalculate_user(0, user_items[:1, :80])


@pytest.mark.parametrize(
    "settings",
    [
        {"factors": 8, "regularization": 0.05, "alpha": 2.0},
        {"factors": 16, "regularization": 1.0, "use_cg": False, "iterations": 4},
    ],
)
def test_made_from_the_arguments_of_implicit_it_takes_the_same_steps(settings):
    seen = tastes()[0]
    seen.data[:] = np.random.default_rng(0).integers(1, 6, seen.nnz)
    ours = IALS.from_implicit(**settings, random_state=3)
    with threadpool_limits(1, user_api="blas"):  # or implicit warns
        theirs = AlternatingLeastSquares(**settings, num_threads=1)
        theirs.user_factors, theirs.item_factors = map(np.copy, ours._start(*seen.shape))
        theirs.fit(seen, show_progress=False)
    ours.fit(seen, show_progress=False)
    scores = ours.user_factors @ ours.item_factors.T
    np.testing.assert_allclose(scores, theirs.user_factors @ theirs.item_factors.T, atol=1e-4)
    assert scores.max() > 1


def test_its_reasons_are_implicits(user_items):
    ours = IALS.from_implicit(6, 0.3, 2.0, iterations=3)
    ours.fit(user_items, show_progress=False)
    theirs = AlternatingLeastSquares(6, 0.3, 2.0, dtype=np.float64)
    theirs.item_factors = ours.item_factors.astype(np.float64)
    theirs.user_factors = ours.user_factors.astype(np.float64)
    for user, item in ((0, 1), (7, 20)):
        total, contributions, _ = ours.explain(user, user_items, item, N=4)
        expected, of_items, _ = theirs.explain(user, user_items, item, N=4)
        assert total == pytest.approx(expected)
        assert [one for one, _ in contributions] == [one for one, _ in of_items]
        np.testing.assert_allclose(
            *([part for _, part in parts] for parts in (contributions, of_items))
        )


def test_the_same_words_mean_something_else_to_implicit():
    words = {"factors": 8, "regularization": 0.05, "alpha": 2.0}
    model = IALS.from_implicit(**words)
    assert (model.unobserved_weight, model.frequency_exponent) == (1, 0)
    assert (IALS(**words).unobserved_weight, IALS(**words).frequency_exponent) == (0.03, 0.5)
    assert IALS.from_implicit().factors == AlternatingLeastSquares().factors
