"""BPR and logistic MF: implicit's fits, and new users at the optimum of the stated sums."""

import os
import subprocess
import sys

import numpy as np
import pytest
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.cpu.lmf import LogisticMatrixFactorization
from implicit.recommender_base import ModelFitError
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from nexttrack.models import BPR, LogisticMF

N_USERS, N_ITEMS, N_GROUPS = 120, 60, 3
USERS = np.arange(N_USERS)


@pytest.fixture(scope="module")
def user_items():
    """Three groups of users who have a third of the items of one group each.

    User 3 has nothing, user 4 everything, nobody has item 7.
    """
    rng = np.random.default_rng(1)
    alike = USERS[:, None] % N_GROUPS == np.arange(N_ITEMS) % N_GROUPS
    dense = alike * (rng.random((N_USERS, N_ITEMS)) < 0.35) * rng.integers(1, 4, alike.shape)
    dense[3], dense[:, 7] = 0, 0
    dense[4] = 1
    return csr_matrix(dense.astype(np.float32))


@pytest.fixture(scope="module", params=[BPR, LogisticMF])
def model(request, user_items):
    fitted = request.param(factors=5, random_state=2)
    fitted.fit(user_items, show_progress=False)
    return fitted


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (BPR(factors=5, random_state=4), BayesianPersonalizedRanking),
        (LogisticMF(factors=5, random_state=4), LogisticMatrixFactorization),
    ],
)
def test_the_fit_is_implicits(user_items, ours, theirs):
    arguments = {"factors": 5, "random_state": 4, "num_threads": 1, "iterations": ours.iterations}
    reference = theirs(**arguments, learning_rate=ours.learning_rate)
    ours.fit(user_items, show_progress=False)
    reference.regularization = ours.regularization
    reference.fit(user_items, show_progress=False)
    np.testing.assert_array_equal(ours.user_factors, reference.user_factors)
    np.testing.assert_array_equal(ours.item_factors, reference.item_factors)


@pytest.mark.parametrize("kind", [BPR, LogisticMF])
def test_the_seed_alone_decides(user_items, kind):
    made = [kind(factors=4, random_state=seed) for seed in (1, 1, 2)]
    for one in made:
        one.fit(user_items, show_progress=False)
    made[1].fit(user_items, show_progress=False)  # from a fresh start, not from where it was
    np.testing.assert_array_equal(made[0].item_factors, made[1].item_factors)
    np.testing.assert_array_equal(made[0].negatives, made[1].negatives)
    assert (made[0].item_factors != made[2].item_factors).any()


def bpr_sum(x, model, own):
    items, bias = model.item_factors[:, :-1].astype(float), model.item_factors[:, -1].astype(float)
    stock = model.negatives[~np.isin(model.negatives, own)]
    i, j = np.repeat(own, 20), stock[np.arange(20 * len(own)) % len(stock)]
    score = (items[i] - items[j]) @ x + bias[i] - bias[j]
    return np.mean(np.log1p(np.exp(-score))) + model.regularization / 2 * x @ x


def test_a_new_user_of_bpr_is_at_the_optimum(user_items):
    model = BPR(factors=5, random_state=2)
    model.fit(user_items, show_progress=False)
    found = model.recalculate_user(np.arange(10, 14), user_items[10:14])
    for user, row in zip(range(10, 14), found, strict=True):
        assert row[-1] == 1
        best = minimize(bpr_sum, np.zeros(5), (model, user_items[user].indices), tol=1e-9)
        np.testing.assert_allclose(row[:-1], best.x, atol=1e-3)


def lmf_sum(x, model, own, values):
    item_factors = model.item_factors.astype(float)
    score = item_factors[:, :-2] @ x[:-1] + item_factors[:, -2] + x[-1]
    draws = min(model.factors + 2, model.neg_prop * len(own))
    loss = values @ np.log1p(np.exp(-score[own]))
    loss += draws * np.mean(np.log1p(np.exp(score[model.negatives])))
    return loss + model.regularization / 2 * x @ x


def test_a_new_user_of_logistic_mf_is_at_the_optimum(user_items):
    model = LogisticMF(factors=5, random_state=2)
    model.fit(user_items, show_progress=False)
    found = model.recalculate_user(np.arange(10, 14), user_items[10:14])
    for user, row in zip(range(10, 14), found, strict=True):
        assert row[-2] == 1
        asked = model, user_items[user].indices, user_items[user].data
        best = minimize(lmf_sum, np.zeros(6), asked, tol=1e-9)
        np.testing.assert_allclose(np.delete(row, -2), best.x, atol=1e-3)


def test_users_who_were_not_there_get_the_items_of_their_group(user_items):
    for kind in (BPR, LogisticMF):
        model = kind(factors=5, random_state=2)
        model.fit(user_items[:90], show_progress=False)
        new = np.arange(90, N_USERS)
        ids, _ = model.recommend(new, user_items[new], N=5, recalculate_user=True)
        assert (ids % N_GROUPS == new[:, None] % N_GROUPS).mean() > 0.9


def test_the_batch_and_the_threads_do_not_matter(model, user_items):
    whole = model.recalculate_user(USERS, user_items)
    part = model.recalculate_user(USERS[20:31], user_items[20:31])
    np.testing.assert_array_equal(whole[20:31], part)
    np.testing.assert_array_equal(model.recalculate_user(25, user_items[25]), part[5])
    one_thread = type(model)(factors=5, random_state=2, num_threads=1)
    one_thread.item_factors, one_thread.negatives = model.item_factors, model.negatives
    np.testing.assert_array_equal(one_thread.recalculate_user(USERS, user_items), whole)


def test_who_has_nothing_or_everything(model, user_items):
    nothing, everything = model.recalculate_user([3, 4], user_items[3:5])
    constant = -1 if isinstance(model, BPR) else -2
    assert nothing[constant] == 1
    assert not np.delete(nothing, constant).any()
    assert np.isfinite(everything).all()
    ids, _ = model.recommend(np.array([4]), user_items[4], N=3)
    assert (ids == -1).all() or user_items[4].nnz < N_ITEMS
    bias = model.item_factors[:, constant]
    ids, _ = model.recommend(3, user_items[3], N=4, recalculate_user=True)
    np.testing.assert_array_equal(bias[ids], np.sort(bias)[::-1][:4])


def test_saved_and_loaded_it_places_new_users_the_same(model, user_items, tmp_path):
    model.save(tmp_path / "model.npz")
    again = type(model).load(tmp_path / "model.npz")
    np.testing.assert_array_equal(
        again.recalculate_user(USERS, user_items), model.recalculate_user(USERS, user_items)
    )


def test_factors_that_are_no_numbers_are_refused(user_items):
    with pytest.raises(ModelFitError, match="smaller learning rate"):
        BPR(factors=4, learning_rate=1e30, regularization=10.0).fit(user_items, show_progress=False)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (BPR, {"factors": 0}, "must be .*1 or more"),
        (BPR, {"learning_rate": 0}, "above 0|number, not nan"),
        (BPR, {"regularization": 0}, "above 0|number, not nan"),
        (LogisticMF, {"iterations": 0}, "must be .*1 or more"),
        (LogisticMF, {"neg_prop": 0}, "neg_prop must be .*1 or more"),
        (LogisticMF, {"regularization": np.nan}, "above 0|number, not nan"),
    ],
)
def test_they_refuse_settings_without_a_meaning(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


def test_implicit_draws_no_more_negatives_than_there_are_columns(user_items):
    """What the docstring of LogisticMF says of implicit, and its fold-in follows."""
    few, many = (LogisticMF(factors=5, neg_prop=n, random_state=1) for n in (7, 500))
    few.fit(user_items, show_progress=False)
    many.fit(user_items, show_progress=False)
    np.testing.assert_array_equal(few.item_factors, many.item_factors)


@pytest.mark.parametrize("kind", [BPR, LogisticMF])
def test_a_matrix_that_may_not_be_written_to_is_learned_from(kind):
    rows = csr_matrix(np.random.default_rng(0).random((20, 12)) < 0.3, dtype=np.float32)
    plain, locked = (kind(4, iterations=2) for _ in range(2))
    plain.fit(rows, show_progress=False)
    for part in (rows.data, rows.indices, rows.indptr):
        part.flags.writeable = False
    locked.fit(rows, show_progress=False)
    np.testing.assert_array_equal(locked.item_factors, plain.item_factors)
    lists = locked.recommend(np.arange(20), rows, N=3, recalculate_user=True)[0]
    again = plain.recommend(np.arange(20), rows, N=3, recalculate_user=True)[0]
    np.testing.assert_array_equal(lists, again)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes are forked")
@pytest.mark.parametrize("kind", [BPR, LogisticMF])
def test_a_forked_process_fits_on_one_thread_and_does_not_hang(kind):
    """In a process of its own, as forking one that has threads is warned of."""
    code = f"""
import os, signal
import numpy as np
from scipy.sparse import csr_matrix
from nexttrack.models import {kind.__name__} as Model
rows = csr_matrix(np.random.default_rng(0).random((20, 12)) < 0.3, dtype=np.float32)
one = Model(4, iterations=2)
one.fit(rows, show_progress=False)
Model(4, iterations=2, fit_threads=2).fit(rows, show_progress=False)
child = os.fork()
if child == 0:
    signal.alarm(30)  # ends it where it hangs
    two = Model(4, iterations=2, fit_threads=2)
    two.fit(rows, show_progress=False)
    os._exit(0 if (two.item_factors == one.item_factors).all() else 3)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
