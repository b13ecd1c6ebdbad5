"""Factor models that are learned by gradients: BPR and logistic matrix factorisation.

implicit fits them; here they get a seed that holds, and factors for users who were not there.
"""

import os
from typing import Any, ClassVar

import numpy as np
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.cpu.lmf import LogisticMatrixFactorization
from numba import njit
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from nexttrack.kernels.chunks import in_chunks
from nexttrack.models.factors import LearnedFactors, one_or_all
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.model_file import check_array
from nexttrack.models.space import Range, Space

NEGATIVES = 1000  # items drawn for the fold-in of LogisticMF, and stock to draw from for BPR
PAIRS = 20  # negatives for each item of a user who is folded into BPR

_in_a_fork = False


def _note_fork() -> None:
    global _in_a_fork
    _in_a_fork = True  # OpenMP would wait for ever, for threads that only the parent has


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


class _SeededFit(LearnedFactors):
    """Fit with implicit from a fresh start, with as many threads as ``fit_threads`` says."""

    _ITERATES = True
    _IMPLICITS: ClassVar[Any]
    """implicit's own class, which fits."""
    fit_threads: int
    num_threads: int
    negatives: Any
    user_factors: Any
    item_factors: Any

    def _fit(self, user_items, show_progress, callback):
        self.user_factors = self.item_factors = None
        self.negatives = self._drawn(user_items)
        ranking_threads = self.num_threads
        self.num_threads = 1 if _in_a_fork else self.fit_threads
        try:
            self._IMPLICITS.fit(self, user_items, show_progress=show_progress, callback=callback)
        finally:
            self.num_threads = ranking_threads

    def _drawn(self, user_items: csr_matrix) -> np.ndarray:
        """Draw negatives as implicit does while it fits: each item as often as it is had."""
        rng = np.random.default_rng((self.random_state, 1))
        return user_items.indices[rng.integers(user_items.nnz, size=NEGATIVES)].astype(np.int32)

    def _loaded(self):
        super()._loaded()
        size = self.n_items, self._without_items(1).shape[1]
        check_array("item_factors", self.item_factors, size, np.float32)
        check_array("negatives", self.negatives, (NEGATIVES,), np.int32)
        if self.negatives.min() < 0 or self.negatives.max() >= self.n_items:
            raise ValueError(f"negatives has an item beyond the {self.n_items} that there are")

    def _check_fit_errors(self):
        self._fitted()

    def recalculate_user(self, userid: ArrayLike, user_items: csr_matrix) -> np.ndarray:
        """Return the factors of users, known or not, from their rows; see the class.

        Args:
            userid: position, or array of positions; only their number counts.
            user_items: one row for each of them.

        Returns:
            float32 of users x columns of ``user_factors``, or one row for a single user.

        Raises:
            ValueError: if the rows do not fit, or a weight is negative, NaN or infinite.
        """
        user_items = checked_user_items(user_items, len(self.item_factors))
        factors = self._without_items(user_items.shape[0])
        rows = user_items.indptr, user_items.indices, user_items.data
        items = self.item_factors.astype(np.float64)
        with threadpool_limits(1, user_api="blas"):
            in_chunks(
                lambda start, stop: self._fold_in(start, stop, *rows, items, factors),
                len(factors),
                self.num_threads,
            )
        return one_or_all(userid, factors)


class BPR(_SeededFit, BayesianPersonalizedRanking):
    """Bayesian personalised ranking (Rendle, Freudenthaler, Gantner & Schmidt-Thieme 2009).

    A user's item i should score above another item j: maximised is the sum over such triples of ::

        ln sigma(s_ui - s_uj) - regularization / 2 (|x_u|^2 + |y_i|^2 + |y_j|^2 + b_i^2 + b_j^2)
        s_ui = x_u . y_i + b_i

    by stochastic gradient steps; j is drawn in proportion to its number of users. The fit is
    implicit's own. Its steps in several threads overtake each other in an order of chance, so that
    no seed makes two fits the same; hence ``fit_threads=1`` unless said otherwise.

    A user who was not there (or whose row has changed) gets the factors that maximise the same sum
    with the items as they are, each item of the user paired with 20 drawn items that the user has
    not: a ridge logistic regression, solved by Newton's method. The draws are made once in ``fit``,
    so a row gives the same factors in any batch.

    The last column of ``item_factors`` is the bias b, and that of ``user_factors`` is 1. A user
    without items has no other factors and gets the items in the order of b; an item without users
    has 0 in all columns; with a user who has every item, there is nothing to compare with and the
    fold-in gives 0.

    Args:
        factors: number of factors, at least 1.
        learning_rate: size of a gradient step, above 0.
        regularization: above 0.
        iterations: epochs; in each, as many triples are drawn as there are observed pairs.
        fit_threads: threads for fitting; above 1 the result depends on chance. A process that was
            forked takes one, as more would hang.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.
        random_state: the seed, a whole number of at least 0.

    Attributes:
        user_factors: float32 of users x (factors + 1).
        item_factors: float32 of items x (factors + 1).
        negatives: drawn item positions for the fold-in, int32.

    Raises:
        ValueError: for an argument outside these bounds.
    """

    _IMPLICITS = BayesianPersonalizedRanking
    _STATE = (
        *("item_factors", "user_factors"),
        *("factors", "learning_rate", "regularization", "iterations", "fit_threads"),
        *("random_state", "negatives"),
    )

    search_space: ClassVar[Space] = {
        "factors": Range(16, 128, log=True, whole=True),
        "learning_rate": Range(0.005, 0.2, log=True),
        "regularization": Range(1e-3, 0.1, log=True),
        "iterations": Range(20, 300, log=True, whole=True),
    }

    def __init__(
        self,
        factors: int = 64,
        learning_rate: float = 0.05,
        regularization: float = 0.01,
        iterations: int = 100,
        fit_threads: int = 1,
        num_threads: int = 0,
        random_state: int = 0,
    ) -> None:
        _check_positive(factors, iterations, learning_rate, regularization)
        super().__init__(
            factors=factors,
            learning_rate=learning_rate,
            regularization=regularization,
            iterations=iterations,
            num_threads=num_threads,
            random_state=random_state,
        )
        self.fit_threads = fit_threads
        self.negatives = None

    def _without_items(self, n_users):
        factors = np.zeros((n_users, self.factors + 1), dtype=np.float32)
        factors[:, -1] = 1
        return factors

    def _fold_in(self, start, stop, indptr, indices, _, items, factors):
        _fold_into_bpr(
            start, stop, indptr, indices, self.negatives, items, self.regularization, factors
        )


class LogisticMF(_SeededFit, LogisticMatrixFactorization):
    """Logistic matrix factorisation (Johnson 2014).

    The probability that user u has item i is sigma(s_ui), s_ui = x_u . y_i + b_u + b_i. Maximised
    is the sum over users of ::

        sum over i of I_u of c_ui ln sigma(s_ui) + sum over drawn j of ln sigma(-s_uj)
        - regularization / 2 (|x_u|^2 + b_u^2)

    in turn with the same for items, by Adagrad steps; c_ui is the value in ``user_items``. Johnson
    sums over all items where this draws some, in proportion to their number of users. The fit is
    implicit's own; of its ``neg_prop |I_u|`` draws for a row it makes at most factors + 2, as it
    takes the number of columns for that of items. In several threads the order of draws is one of
    chance, hence ``fit_threads=1`` unless said otherwise.

    A user who was not there (or whose row has changed) gets the x_u and b_u that maximise the same
    sum with the items as they are, the draws replaced by 1,000 items drawn in ``fit`` that count
    together as much: a ridge logistic regression, solved by Newton's method. The users of the fit
    are where their last step left them, which is not quite there.

    The last two columns are the biases: b_i and 1 for items, 1 and b_u for users. A user without
    items has no other factors and gets the items in the order of b_i; an item without users has no
    factors and no bias.

    Args:
        factors: number of factors, at least 1.
        learning_rate: size of the first steps, above 0.
        regularization: above 0.
        iterations: epochs, at least 1.
        neg_prop: draws for each observed pair, at least 1; see above.
        fit_threads: threads for fitting; above 1 the result depends on chance. A process that was
            forked takes one, as more would hang.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.
        random_state: the seed, a whole number of at least 0.

    Attributes:
        user_factors: float32 of users x (factors + 2).
        item_factors: float32 of items x (factors + 2).
        negatives: drawn item positions for the fold-in, int32.

    Raises:
        ValueError: for an argument outside these bounds.
    """

    _IMPLICITS = LogisticMatrixFactorization
    _STATE = (
        *("item_factors", "user_factors"),
        *("factors", "learning_rate", "regularization", "iterations", "neg_prop", "fit_threads"),
        *("random_state", "negatives"),
    )

    search_space: ClassVar[Space] = {
        "factors": Range(8, 128, log=True, whole=True),
        "regularization": Range(0.1, 30, log=True),
        "iterations": Range(10, 90, log=True, whole=True),
    }

    def __init__(
        self,
        factors: int = 32,
        learning_rate: float = 1.0,
        regularization: float = 0.6,
        iterations: int = 30,
        neg_prop: int = 30,
        fit_threads: int = 1,
        num_threads: int = 0,
        random_state: int = 0,
    ) -> None:
        _check_positive(factors, iterations, learning_rate, regularization)
        if neg_prop < 1:
            raise ValueError("neg_prop must be 1 or more")
        super().__init__(
            factors=factors,
            learning_rate=learning_rate,
            regularization=regularization,
            iterations=iterations,
            neg_prop=neg_prop,
            num_threads=num_threads,
            random_state=random_state,
        )
        self.fit_threads = fit_threads
        self.negatives = None

    def _without_items(self, n_users):
        factors = np.zeros((n_users, self.factors + 2), dtype=np.float32)
        factors[:, -2] = 1
        return factors

    def _fold_in(self, start, stop, indptr, indices, weights, items, factors):
        settings = self.regularization, min(1 << 30, self.neg_prop), self.factors + 2
        _fold_into_lmf(
            start, stop, indptr, indices, weights, self.negatives, items, *settings, factors
        )


def _check_positive(factors, iterations, learning_rate, regularization):
    if factors < 1 or iterations < 1:
        raise ValueError("factors and iterations must be 1 or more")
    if not (learning_rate > 0 and regularization > 0):
        raise ValueError("learning_rate and regularization must be above 0")


@njit(nogil=True, cache=True)
def _fold_into_bpr(start, stop, indptr, indices, negatives, items, regularization, factors):
    """Fill in the factors (float32) of the users start..stop; their last column stays."""
    n_factors = items.shape[1] - 1
    owns = np.full(len(items), -1)
    for user in range(start, stop):
        own = indices[indptr[user] : indptr[user + 1]]
        for i in own:
            owns[i] = user
        stock = np.array([j for j in negatives if owns[j] != user])
        if len(own) == 0 or len(stock) == 0:
            continue
        n = len(own) * PAIRS
        rows, offset = np.empty((n, n_factors)), np.empty(n)
        for pair in range(n):
            i, j = own[pair // PAIRS], stock[pair % len(stock)]
            for f in range(n_factors):
                rows[pair, f] = items[i, f] - items[j, f]
            offset[pair] = items[i, n_factors] - items[j, n_factors]
        weights = np.full(n, 1 / n)
        factors[user, :n_factors] = _logistic_ridge(rows, offset, weights, regularization)


@njit(nogil=True, cache=True)
def _fold_into_lmf(
    start,
    stop,
    indptr,
    indices,
    weights,
    negatives,
    items,
    regularization,
    neg_prop,
    most,
    factors,
):
    """Fill in the factors (float32) of the users start..stop, but for the column of ones."""
    n_factors = items.shape[1] - 2
    for user in range(start, stop):
        first, last = indptr[user], indptr[user + 1]
        n_own = last - first
        if n_own == 0:
            continue
        n = n_own + len(negatives)
        rows, offset = np.empty((n, n_factors + 1)), np.empty(n)
        counts = np.full(n, min(most, n_own * neg_prop) / len(negatives))
        for k in range(n):
            own = k < n_own
            item = indices[first + k] if own else negatives[k - n_own]
            sign = 1.0 if own else -1.0
            if own:
                counts[k] = weights[first + k]
            for f in range(n_factors):
                rows[k, f] = sign * items[item, f]
            rows[k, n_factors] = sign  # of the user's bias
            offset[k] = sign * items[item, n_factors]
        found = _logistic_ridge(rows, offset, counts, regularization)
        factors[user, :n_factors] = found[:n_factors]
        factors[user, n_factors + 1] = found[n_factors]


@njit(nogil=True, cache=True)
def _logistic_ridge(rows, offset, weights, regularization):
    """Return x that minimises ``sum of w ln(1 + exp(-(rows x + offset))) + reg / 2 |x|^2``.

    By Newton's method; steps are halved until the sum falls. All arrays are float64.
    """
    n, n_factors = rows.shape
    x = np.zeros(n_factors)
    score = offset.copy()
    value = _logistic_loss(score, weights)
    curvature = np.empty(n)
    for _ in range(50):
        pull = np.empty(n)
        for k in range(n):
            miss = 1 / (1 + np.exp(min(score[k], 700.0)))
            pull[k] = weights[k] * miss
            curvature[k] = pull[k] * (1 - miss)
        gradient = regularization * x - np.dot(rows.T, pull)
        hessian = np.dot(rows.T, rows * curvature.reshape(n, 1))
        for f in range(n_factors):
            hessian[f, f] += regularization
        step = np.linalg.solve(hessian, gradient)
        falls = np.dot(gradient, step)
        if falls <= 1e-12 * (1 + abs(value)):
            break
        along = np.dot(rows, step)
        size = 1.0
        while True:
            there = x - size * step
            moved = score - size * along
            now = _logistic_loss(moved, weights) + regularization / 2 * np.dot(there, there)
            if now <= value - 0.25 * size * falls or size < 1e-6:
                break
            size /= 2
        x, score, value = there, moved, now
    return x


@njit(nogil=True, cache=True)
def _logistic_loss(score, weights):
    total = 0.0
    for k in range(len(score)):
        total += weights[k] * (np.log1p(np.exp(-abs(score[k]))) + max(-score[k], 0.0))
    return total
