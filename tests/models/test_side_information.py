"""Models of both sides are what their formulas say, and place what nobody has."""

import numpy as np
import pytest
import worlds
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge
from worlds import N_ITEMS, USERS

from nexttrack.models import EASE, IALS, ContentIALS, ContentSoftmaxMF, SideEASE, SoftmaxMF

NEW = (4, 17)
CONTENT = csr_matrix(np.eye(7)[worlds.clusters() + 1])
SETTINGS = {"factors": 5, "regularization": 0.5, "iterations": 4, "cg_steps": None}


@pytest.fixture(scope="module")
def seen(user_items):
    """Ones, with two items that nobody has."""
    dense = (user_items.toarray() > 0).astype(np.float32)
    dense[:, NEW] = 0
    return csr_matrix(dense)


def test_side_ease_is_the_closed_form_of_the_stacked_matrix(seen):
    model = SideEASE(CONTENT, 3.0, regularization=5.0)
    model.fit(seen)
    X, T = seen.toarray().astype(float), CONTENT.toarray().T
    P = np.linalg.inv(X.T @ X + 3.0 * T.T @ T + 5.0 * np.eye(N_ITEMS))
    B = np.eye(N_ITEMS) - P / np.diag(P)
    scores = worlds.all_scores(model, seen.toarray())
    np.testing.assert_allclose(scores, X @ B, atol=1e-5)
    assert np.abs((X @ B)[:, NEW[0]]).max() > 0.1


def test_side_ease_without_attributes_is_ease(seen):
    plain = EASE(5.0)
    plain.fit(seen)
    expected = worlds.all_scores(plain, seen.toarray())
    for model in (SideEASE(None, 3.0, 5.0), SideEASE(CONTENT, 0.0, 5.0)):
        model.fit(seen)
        np.testing.assert_allclose(worlds.all_scores(model, seen.toarray()), expected, atol=1e-6)


def test_content_ials_solves_its_formula(seen):
    model = ContentIALS(CONTENT, 2.0, 0.7, **SETTINGS)
    model.fit(seen, show_progress=False)
    plain = IALS(**SETTINGS)
    plain.fit(seen, show_progress=False)
    X = plain.user_factors.astype(float)
    counts = np.asarray(seen.sum(axis=0)).ravel()
    known = counts > 0
    ridge = Ridge(0.7, fit_intercept=False).fit(
        CONTENT.toarray()[known], plain.item_factors[known], sample_weight=counts[known]
    )
    prior = CONTENT @ ridge.coef_.T
    a0, power = 0.03, (counts + 0.03 * len(X)) ** 0.5
    for item in (0, 11, *NEW):
        own = X[seen.toarray()[:, item] > 0]
        penalty = 0.5 / plain.frequency_scale * power[item] + 2.0
        A = a0 * X.T @ X + (1 - a0) * own.T @ own + penalty * np.eye(5)
        expected = np.linalg.solve(A, own.sum(axis=0) + 2.0 * prior[item])
        np.testing.assert_allclose(model.item_factors[item], expected, rtol=1e-3, atol=1e-5)
    np.testing.assert_array_equal(model.user_factors, plain.user_factors)
    np.testing.assert_array_equal(model.learned, known)


@pytest.mark.parametrize("content", [None, csr_matrix((N_ITEMS, 3)), np.zeros((N_ITEMS, 2))])
def test_without_content_it_is_its_collaborative_half(seen, content):
    models = ContentIALS(content, **SETTINGS), IALS(**SETTINGS)
    for model in models:
        model.fit(seen, show_progress=False)
    np.testing.assert_array_equal(models[0].item_factors, models[1].item_factors)
    users = [model.recalculate_user(USERS, seen) for model in models]
    np.testing.assert_array_equal(*users)


def test_a_new_listener_is_placed_by_the_items_that_somebody_had(seen):
    model = ContentIALS(CONTENT, 2.0, **SETTINGS)
    model.fit(seen, show_progress=False)
    plain = IALS(**SETTINGS)
    plain.fit(seen, show_progress=False)
    plain.item_factors = np.where(model.learned[:, None], model.item_factors, np.float32(0))
    np.testing.assert_array_equal(
        model.recalculate_user(USERS, seen), plain.recalculate_user(USERS, seen)
    )


def test_softmax_of_content_without_any_is_softmax_but_for_the_moments_of_its_steps(seen):
    options = {"factors": 6, "iterations": 30, "temperature": 0.2, "random_state": 1}
    models = ContentSoftmaxMF(None, 0.0, **options), SoftmaxMF(**options)
    lists = []
    for model in models:
        model.fit(seen, show_progress=False)
        lists.append(model.recommend(USERS, seen, N=5)[0])
    same = [len(set(a) & set(b)) for a, b in zip(*lists, strict=True)]
    assert np.mean(same) > 3.5


def test_an_item_of_which_nothing_is_known_is_not_recommended(seen):
    content = CONTENT.toarray()
    content[NEW[0]] = 0
    model = ContentSoftmaxMF(content, factors=6, iterations=5)
    model.fit(seen, show_progress=False)
    ids, _ = model.recommend(USERS, seen, N=N_ITEMS, filter_already_liked_items=False)
    assert not (ids == NEW[0]).any()
    assert (ids == NEW[1]).any(axis=1).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda content: SideEASE(content, 20.0, 20.0),
        lambda content: ContentIALS(content, 3.0, factors=8),
        lambda content: ContentSoftmaxMF(content, 0.5, factors=8),
    ],
)
def test_of_what_nobody_has_comes_first_what_is_of_the_kind_that_a_user_likes(make):
    seen, held_out, kind = worlds.tastes()
    new = np.random.default_rng(0).random(len(kind)) < 0.2
    dense, wanted = seen.toarray(), held_out.toarray() + seen.toarray()
    dense[:, new] = 0
    model = make(csr_matrix(np.eye(kind.max() + 1)[kind]))
    model.fit(csr_matrix(dense), show_progress=False)
    ids, _ = model.recommend(
        np.arange(len(dense)), csr_matrix(dense), N=5, items=np.flatnonzero(new)
    )
    share = np.take_along_axis(wanted, ids, axis=1).mean()
    assert share > 1.5 * wanted[:, new].mean()


@pytest.mark.parametrize("make", [SideEASE, ContentIALS, ContentSoftmaxMF])
def test_content_that_does_not_fit_is_said(make, seen):
    with pytest.raises(ValueError, match="29 rows, user_items 30 items"):
        make(CONTENT[1:]).fit(seen)
    wrong = CONTENT.toarray()
    wrong[6, 2] = np.nan
    with pytest.raises(ValueError, match="of item 6: a value is not finite"):
        make(wrong).fit(seen)
    if make is SideEASE:
        with pytest.raises(ValueError, match="of item 0: a value is not finite and at least 0"):
            make(-np.ones((N_ITEMS, 1))).fit(seen)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SideEASE(side_weight=-1), "side_weight must be .*0 or more"),
        (lambda: SideEASE(side_weight=np.inf), "finite"),
        (lambda: ContentIALS(prior_weight=-1), "prior_weight must be .*0 or more"),
        (lambda: ContentIALS(content_regularization=0), "content_regularization above 0"),
        (lambda: ContentIALS(factors=0), "factors, iterations"),
        (lambda: ContentSoftmaxMF(free_dropout=1), "below 1"),
        (lambda: ContentSoftmaxMF(temperature=0), "temperature"),
    ],
)
def test_settings_that_are_none_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_constant_column_changes_no_order_of_new_items(seen):
    """It says the same of all items."""
    ones = np.hstack([CONTENT.toarray(), np.ones((N_ITEMS, 1))])
    profile = csr_matrix(np.eye(N_ITEMS, dtype=np.float32)[[2]])
    kept = []
    for content in (CONTENT, ones):
        model = SideEASE(content, 3.0, 5.0)
        model.fit(seen)
        kept.append(model.recommend(0, profile, N=2, items=np.array(NEW))[0].tolist())
    assert kept[0] == kept[1]
