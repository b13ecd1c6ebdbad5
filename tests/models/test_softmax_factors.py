"""Softmax MF: its steps, its parts, new users, sampling, and what it refuses."""

import numpy as np
import pytest
import worlds
from implicit.recommender_base import ModelFitError
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import logsumexp

from nexttrack.evaluation.evaluator import top_n
from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.models import SoftmaxMF, softmax_factors
from nexttrack.models.softmax_factors import _Moving, _parted

SEEN, HELD_OUT, _ = worlds.tastes()
USERS = np.arange(SEEN.shape[0])


def fitted(**settings):
    model = SoftmaxMF(**{"factors": 6, "iterations": 20} | settings)
    model.fit(SEEN, show_progress=False)
    return model


@pytest.fixture(scope="module")
def free():
    return fitted()


@pytest.fixture(scope="module")
def pooled():
    return fitted(user_side="pooled")


def surprise(model):
    """Return the users' mean surprise at their items, a number."""
    score = model.user_factors @ model.item_factors.T
    own = np.asarray(SEEN.multiply(score).sum(axis=1)).ravel() / np.diff(SEEN.indptr)
    return float(np.mean(logsumexp(score, axis=1) - own))


def test_scores_are_cosines_divided_by_the_temperature(free):
    np.testing.assert_allclose(np.linalg.norm(free.item_factors, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(free.user_factors, axis=1), 1 / 0.2, rtol=1e-5)


def test_it_learns_to_be_surprised_less(free):
    started, longer = fitted(iterations=1), fitted(iterations=60)
    assert surprise(started) > surprise(free) + 0.1 > surprise(longer) + 0.2


def test_steps_are_adams_by_the_slope_across_the_vector():
    rng = np.random.default_rng(0)
    start = rng.normal(size=(5, 3)).astype(np.float32)
    moving, rows = _Moving.at(start.copy()), np.array([3, 1])
    model = SoftmaxMF(learning_rate=0.1)
    v, m, s = start[rows].astype(float), 0.0, 0.0
    for step in range(1, 4):
        gradient = rng.normal(size=(2, 3)).astype(np.float32)
        moving.move(rows, gradient, model)
        unit = v / np.linalg.norm(v, axis=1, keepdims=True)
        across = gradient - (gradient * unit).sum(axis=1, keepdims=True) * unit
        across /= np.linalg.norm(v, axis=1, keepdims=True)
        m, s = 0.9 * m + 0.1 * across, 0.999 * s + 0.001 * across**2
        v = v - 0.1 * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-3)
        np.testing.assert_allclose(moving.vectors[rows], v, atol=1e-5)
    np.testing.assert_array_equal(np.delete(moving.vectors, rows, 0), np.delete(start, rows, 0))


def test_a_pooled_user_is_the_sum_of_its_items(pooled):
    counts = np.diff(SEEN.indptr)[:, None]
    expected = (SEEN @ pooled.item_factors) / (pooled.temperature * np.sqrt(counts))
    np.testing.assert_allclose(pooled.user_factors, expected, rtol=1e-4, atol=1e-5)
    again = pooled.recalculate_user(USERS, SEEN)
    np.testing.assert_array_equal(again, pooled.user_factors)
    np.testing.assert_array_equal(pooled.recalculate_user(7, SEEN[7]), again[7])


def test_what_an_item_of_a_profile_contributes_is_its_cosine(pooled):
    item = pooled.recommend(5, SEEN[5], N=1)[0][0]
    _, contributions, _ = pooled.explain(5, SEEN, item)
    first, part = contributions[0]
    cosine = pooled.item_factors[first] @ pooled.item_factors[item]
    assert part == pytest.approx(cosine / (0.2 * np.sqrt(SEEN[5].nnz)), rel=1e-4)


def test_a_user_with_a_vector_of_its_own_has_no_such_parts(free):
    with pytest.raises(NotImplementedError, match='user_side="pooled"'):
        free.explain(0, SEEN, 1)


def test_a_new_user_is_nearly_where_the_surprise_is_least(free):
    y = free.item_factors[free._known_items()].astype(float)
    rows = SEEN[:, free._known_items()]
    found = free.recalculate_user(USERS[:4], SEEN[:4])

    def loss(x, own):
        score = y @ x / (free.temperature * np.linalg.norm(x))
        return logsumexp(score) - score[own].mean()

    for user in range(4):
        own = rows[user].indices
        best = min(minimize(loss, start, own).fun for start in (found[user], y[own].mean(axis=0)))
        assert loss(found[user].astype(float), own) < best + 0.01


def test_items_left_out_and_shown_are_those_of_the_user():
    shown, left = _parted(SEEN, 0.3, np.random.default_rng(0))
    assert (shown + left != SEEN).nnz == 0
    assert left.nnz / SEEN.nnz == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("user_side", ["free", "pooled"])
def test_with_all_items_as_the_sample_it_is_the_full_softmax(user_side):
    full, drawn = (fitted(user_side=user_side, samples=n) for n in (None, SEEN.shape[1]))
    np.testing.assert_array_equal(full.item_factors, drawn.item_factors)


def test_drawn_items_stand_for_all_that_nobody_in_the_batch_has():
    model, rows = SoftmaxMF(samples=5), SEEN[:2]
    chosen, log_weight = model._candidates(rows, np.random.default_rng(0))
    own = np.unique(rows.indices)
    np.testing.assert_array_equal(np.intersect1d(chosen, own), own)
    assert len(chosen) == len(own) + 5
    assert np.exp(log_weight).sum() == pytest.approx(SEEN.shape[1])
    assert not log_weight[np.isin(chosen, own)].any()


@pytest.mark.parametrize("user_side", ["free", "pooled"])
def test_a_sample_finds_nearly_what_the_full_softmax_finds(monkeypatch, user_side):
    monkeypatch.setattr(softmax_factors, "BATCH", 16)  # users, who have 180 of 685 items
    seen, held_out, _ = worlds.tastes(n_users=150, n_items=2000)
    quality = []
    for samples in (None, 100):
        model = SoftmaxMF(8, iterations=30, user_side=user_side, samples=samples)
        model.fit(seen, show_progress=False)
        lists = RankedLists(top_n(model, seen, np.arange(150), N=10), held_out)
        quality.append(ndcg_at_k(lists, 10).mean())
    assert quality[1] != quality[0]
    assert quality[1] == pytest.approx(quality[0], abs=0.04)


def test_values_do_not_matter():
    many = SEEN.copy()
    many.data += np.arange(many.nnz) % 3
    model = SoftmaxMF(4, iterations=3)
    model.fit(many, show_progress=False)
    np.testing.assert_array_equal(model.item_factors, fitted(factors=4, iterations=3).item_factors)


@pytest.mark.parametrize("user_side", ["free", "pooled"])
def test_who_has_nothing_and_what_nobody_has(user_side):
    rows = SEEN[:60].toarray()
    rows[3], rows[:, 7] = 0, 0
    model = SoftmaxMF(4, iterations=3, user_side=user_side)
    model.fit(csr_matrix(rows), show_progress=False)
    assert not model.user_factors[3].any()
    assert not model.item_factors[7].any()
    assert not model.recalculate_user(0, csr_matrix((1, rows.shape[1]))).any()
    ids, _ = model.recommend(np.arange(60), csr_matrix(rows), N=rows.shape[1])
    assert 7 not in ids


def test_vectors_that_are_no_numbers_are_refused():
    with pytest.raises(ModelFitError, match="smaller learning rate"):
        fitted(learning_rate=1e30)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factors": 0}, "must be .*1 or more"),
        ({"iterations": 0}, "must be .*1 or more"),
        ({"samples": 0}, "must be .*1 or more"),
        ({"temperature": 0}, "above 0|0 or more|number, not nan"),
        ({"learning_rate": np.nan}, "above 0|0 or more|number, not nan"),
        ({"user_side": "pool"}, '"free" or "pooled", not \'pool\''),
        ({"dropout": 0}, "between 0 and 1"),
        ({"dropout": 1}, "between 0 and 1"),
    ],
)
def test_it_refuses_settings_without_a_meaning(arguments, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxMF(**arguments)
