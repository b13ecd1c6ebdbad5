"""What all factor models share: lists of what is left, the same for one user and for many."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack.models import BPR, IALS, NMF, LogisticMF, PureSVD

N_USERS, N_ITEMS = 30, 20
USERS = np.arange(N_USERS)


@pytest.fixture(scope="module")
def user_items():
    dense = np.random.default_rng(3).random((N_USERS, N_ITEMS)) < 0.3
    dense[4], dense[3] = True, False
    return csr_matrix(dense.astype(np.float32))


@pytest.fixture(
    scope="module", params=[IALS, BPR, LogisticMF, PureSVD, NMF], ids=lambda kind: kind.__name__
)
def model(request, user_items):
    fitted = request.param(factors=4, random_state=1)
    fitted.fit(user_items, show_progress=False)
    return fitted


@pytest.mark.parametrize("recalculate", [False, True])
def test_the_lists_are_the_best_products(model, user_items, recalculate):
    ids, scores = model.recommend(USERS, user_items, N=30, recalculate_user=recalculate)
    factors = model.recalculate_user(USERS, user_items) if recalculate else model.user_factors
    product = factors.astype(float) @ model.item_factors.T
    for user in USERS:
        left = np.setdiff1d(np.arange(N_ITEMS), user_items[user].indices)
        n = len(left)
        np.testing.assert_allclose(
            scores[user, :n], np.sort(product[user, left])[::-1], rtol=1e-4, atol=1e-5
        )
        assert set(ids[user, :n]) == set(left)
        assert (ids[user, n:] == -1).all()
        assert (scores[user, n:] == -np.finfo(np.float32).max).all()


def test_one_user_gets_a_short_list(model, user_items):
    left = N_ITEMS - user_items[5].nnz
    ids, scores = model.recommend(5, user_items[5], N=30)
    assert len(ids) == len(scores) == left
    assert len(model.recommend(4, user_items[4], N=30)[0]) == 0


def test_items_that_are_filtered_or_not_asked_for_never_come(model, user_items):
    ids, _ = model.recommend(USERS, user_items, N=20, filter_items=np.array([0, 5]))
    assert not np.isin(ids, [0, 5]).any()
    ids, _ = model.recommend(USERS, user_items, N=20, items=[9, 2, 11])
    assert set(np.unique(ids)) <= {-1, 2, 9, 11}
    for user, row in enumerate(ids):
        assert set(row[row >= 0]) == {2, 9, 11} - set(user_items[user].indices)
    ids, _ = model.recommend(USERS, user_items, N=3, items=[])
    assert (ids == -1).all()


def test_nobody_and_nothing_may_be_asked_for(model, user_items):
    assert model.recommend(USERS[:0], user_items[:0], N=3)[0].shape == (0, 3)
    assert model.recommend(USERS, user_items, N=0)[0].shape == (N_USERS, 0)


@pytest.mark.parametrize(
    ("rows", "arguments", "error", "message"),
    [
        (2, {}, ValueError, "1 row for every user"),
        (1, {"N": -1}, ValueError, "N must be a whole number"),
        (1, {"items": [99]}, IndexError, "not in the model"),
        (1, {"items": [1], "filter_items": [2]}, ValueError, "both filter_items and items"),
    ],
)
def test_it_refuses_a_call_that_does_not_fit(model, user_items, rows, arguments, error, message):
    with pytest.raises(error, match=message):
        model.recommend(0, user_items[:rows], **arguments)


def test_the_nearest_items_are_those_with_the_highest_cosine(model):
    ids, scores = model.similar_items(6, N=4)
    unit = model.item_factors / np.linalg.norm(model.item_factors, axis=1, keepdims=True)
    assert ids[0] == 6
    np.testing.assert_allclose(scores, np.sort(unit @ unit[6])[::-1][:4], rtol=1e-4)


def test_fitted_anew_it_forgets_the_lengths_of_before(model, user_items):
    again = type(model)(factors=4, random_state=1)
    again.fit(user_items[:20], show_progress=False)
    again.similar_items(0)
    again.fit(user_items, show_progress=False)
    np.testing.assert_array_equal(again.item_norms, model.item_norms)


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf])
def test_it_refuses_weights_that_are_none(model, user_items, weight):
    wrong = user_items.copy()
    wrong.data[5] = weight
    with pytest.raises(ValueError, match="weights in user_items must be finite and 0 or more"):
        type(model)(factors=4).fit(wrong, show_progress=False)
    with pytest.raises(ValueError, match="weights in user_items must be finite and 0 or more"):
        model.recalculate_user(USERS, wrong)


def test_saved_and_loaded_it_recommends_the_same(model, user_items, tmp_path):
    model.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model.npz")
    for ours, theirs in zip(
        again.recommend(USERS, user_items, N=5, recalculate_user=True),
        model.recommend(USERS, user_items, N=5, recalculate_user=True),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
