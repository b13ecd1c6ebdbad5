"""Gradients of the softmax, against finite differences of the stated loss."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.special import log_softmax

from nexttrack.kernels.softmax import BLOCK, softmax_gradients

N_USERS, N_ITEMS, FACTORS = 6, BLOCK + 300, 4


@pytest.fixture
def case():
    """Vectors, wanted and hidden items on both sides of a block's border; user 2 wants nothing."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(N_USERS, FACTORS)), rng.normal(size=(N_ITEMS, FACTORS))
    drawn = rng.random((N_USERS, N_ITEMS))
    wanted, hidden = drawn < 0.004, drawn > 0.99
    wanted[2] = False
    weight = np.where(wanted.any(axis=1), rng.random(N_USERS), 0)
    return x, y, wanted, hidden, weight, rng.normal(size=N_ITEMS)


def loss(x, y, wanted, hidden, weight, log_weight):
    score = np.where(hidden, -np.inf, x @ y.T + log_weight)
    surprise = np.where(wanted, -log_softmax(score, axis=1), 0).sum(axis=1)
    return weight @ (surprise / np.maximum(wanted.sum(axis=1), 1))


def gradients(x, y, wanted, hidden, weight, log_weight, **named):
    x, y, weight = (a.astype(np.float32) for a in (x, y, weight))
    wanted = csr_matrix(wanted, dtype=np.float32)
    if hidden is not None:
        named |= {"hidden": csr_matrix(hidden, dtype=np.float32)}
    if log_weight is not None:
        named |= {"log_weight": log_weight.astype(np.float32)}
    return softmax_gradients(x, y, wanted, weight, **named)


def test_they_are_the_slopes_of_the_loss_in_any_direction(case):
    x, y, *rest = case
    by_x, by_y = gradients(*case)
    rng = np.random.default_rng(1)
    for _ in range(8):
        a, b = rng.normal(size=x.shape), rng.normal(size=y.shape)
        step = 1e-5
        rise = loss(x + step * a, y + step * b, *rest) - loss(x - step * a, y - step * b, *rest)
        assert rise / (2 * step) == pytest.approx((by_x * a).sum() + (by_y * b).sum(), rel=1e-4)
    assert not by_x[2].any()


def test_without_hidden_items_and_weights_all_count_alike(case):
    x, y, wanted, hidden, weight, _ = case
    plain = gradients(x, y, wanted, None, weight, None)
    same = gradients(x, y, wanted, np.zeros_like(hidden), weight, np.zeros(N_ITEMS))
    for one, other in zip(plain, same, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)


def test_that_of_the_items_is_left_out_where_it_is_not_asked_for(case):
    by_x, nothing = gradients(*case, of_items=False)
    np.testing.assert_array_equal(by_x, gradients(*case)[0])
    assert not nothing.size


def test_the_number_of_threads_changes_no_bit(case):
    for one, other in zip(*(gradients(*case, num_threads=n) for n in (1, 3)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_large_scores_are_numbers_like_others(case):
    """The exponential of a score of 300 is none in float32; the softmax then has one candidate."""
    x, y, wanted, hidden, weight, log_weight = case
    x, wanted = 100 * x, wanted & ~hidden
    by_x, _ = gradients(x, y, wanted, hidden, weight, log_weight)
    best = np.where(hidden, -np.inf, x @ y.T + log_weight).argmax(axis=1)
    own = np.array([y[row].mean(axis=0) if row.any() else np.zeros(FACTORS) for row in wanted])
    np.testing.assert_allclose(by_x, weight[:, None] * (y[best] - own), atol=1e-2)
