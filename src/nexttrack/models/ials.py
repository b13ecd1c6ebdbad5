"""Implicit alternating least squares, with the weights and the regularisation of its revision."""

import time
from typing import ClassVar, Self

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.ranking import product
from nexttrack.models.factors import LearnedFactors, one_or_all
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.model_file import check_array
from nexttrack.models.space import Range, Space
from nexttrack.progress import steps

# Rows solved side by side. Blocks are the same for any number of threads, and so are the sums.
BLOCK = 64
CONVERGED = 1e-20  # of the squared residual, where implicit too stops its conjugate gradients


class IALS(LearnedFactors):
    """Matrix factorisation of implicit feedback by alternating least squares (iALS).

    Users and items have factors x_u and y_i that minimise (Hu, Koren & Volinsky 2008)::

        L = sum over observed (u, i)   of c_ui (1 - x_u . y_i)^2
          + sum over unobserved (u, i) of a0 (x_u . y_i)^2
          + sum over u of l_u |x_u|^2 + sum over i of l_i |y_i|^2

        c_ui = alpha r_ui,   l_u = regularization (|I_u| + a0 n_items)^nu / m,
        l_i = regularization (|U_i| + a0 n_users)^nu / m

    with r_ui the value in ``user_items``, I_u the user's items, U_i the item's users, and m the
    mean of the powers over the rows of both that have any pair: ``regularization`` is the mean of
    all l, whatever nu and a0, as Rendle, Krichene, Zhang & Koren (2022, section 4.2) have it for a
    search. Hu et al. have a0 = 1 and nu = 0, which is implicit's ``AlternatingLeastSquares``. That
    a0 is set and that the regularisation grows with the frequency is what Rendle et al. found to
    decide how well it ranks. They sum the unobserved term over all pairs: for weights that are all
    the same, c, their model is this one with c + a0 for c and with their regularisation times
    1 + a0 / c. As alpha and a0 count against each other, nothing is lost by alpha = 1.

    With one side fixed, each row of the other solves ``A x = b``::

        A = a0 Y'Y + sum over i of I_u of (c_ui - a0) y_i y_i' + l_u I,   b = sum of c_ui y_i

    either exactly, by Cholesky in float64, or with some steps of conjugate gradients from the row's
    last value (Takács, Pilászy & Tikk 2011), which costs less and ends at much the same place.

    A user without items and an item without users have factors of 0, and all their scores are 0.

    Args:
        factors: number of factors, at least 1.
        regularization: the mean of l over the rows with a pair, above 0; so that every system has
            one solution.
        alpha: confidence of an observed pair for each unit of its value, above 0.
        unobserved_weight: a0, at least 0.
        frequency_exponent: nu, at least 0; 0 for the same regularisation in all rows.
        iterations: how often users and items are solved for, at least 1.
        cg_steps: steps of conjugate gradients, at least 1, or None for exact solutions.
        init_scale: the factors start as normal draws with standard deviation
            ``init_scale / sqrt(factors)``.
        num_threads: threads; 0 for all cores. The result does not depend on it.
        random_state: the seed, a whole number of at least 0.

    Attributes:
        user_factors: float32 of users x factors.
        item_factors: float32 of items x factors.
        frequency_scale: m, a float.

    Raises:
        ValueError: for an argument outside these bounds.
    """

    _STATE = (
        *("item_factors", "user_factors", "frequency_scale"),
        *("factors", "regularization", "alpha", "unobserved_weight", "frequency_exponent"),
        *("iterations", "cg_steps", "init_scale", "random_state"),
    )

    _ITERATES = True

    search_space: ClassVar[Space] = {
        "factors": Range(32, 256, log=True, whole=True),
        "regularization": Range(0.2, 8, log=True),
        "unobserved_weight": Range(3e-3, 0.3, log=True),
        "frequency_exponent": Range(0, 1),
        "iterations": Range(2, 16, log=True, whole=True),
    }

    def __init__(
        self,
        factors: int = 64,
        regularization: float = 2.0,
        alpha: float = 1.0,
        unobserved_weight: float = 0.03,
        frequency_exponent: float = 0.5,
        iterations: int = 15,
        cg_steps: int | None = 3,
        init_scale: float = 0.1,
        num_threads: int = 0,
        random_state: int = 0,
    ) -> None:
        super().__init__(num_threads=num_threads)
        if factors < 1 or iterations < 1 or (cg_steps is not None and cg_steps < 1):
            raise ValueError("factors, iterations and cg_steps must be 1 or more")
        if not (regularization > 0 and alpha > 0):
            raise ValueError("regularization and alpha must be above 0")
        if not (unobserved_weight >= 0 and frequency_exponent >= 0 and init_scale >= 0):
            raise ValueError(
                "unobserved_weight, frequency_exponent and init_scale must be 0 or more"
            )
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.unobserved_weight = unobserved_weight
        self.frequency_exponent = frequency_exponent
        self.iterations = iterations
        self.cg_steps = cg_steps
        self.init_scale = init_scale
        self.random_state = random_state
        self.frequency_scale = 1.0

    @classmethod
    def from_implicit(
        cls,
        factors: int = 100,
        regularization: float = 0.01,
        alpha: float = 1.0,
        *,
        use_cg: bool = True,
        iterations: int = 15,
        num_threads: int = 0,
        random_state: int = 0,
    ) -> Self:
        """Return the model that implicit's ``AlternatingLeastSquares`` is with these arguments.

        The same names mean other things here: implicit minimises ::

            sum over observed of alpha r_ui (1 - x_u . y_i)^2 + sum over unobserved of (x_u . y_i)^2
            + regularization (sum over u of |x_u|^2 + sum over i of |y_i|^2)

        which is L with a0 = 1 and nu = 0, while ``IALS(factors, regularization, alpha)`` has an a0
        of 0.03 and a regularisation that grows with a row's frequency. From the same start both
        take the same steps; the start itself is drawn otherwise (there: uniform from 0 to 0.01).

        Args:
            factors, regularization, alpha, iterations, num_threads, random_state: as implicit's.
                A regularisation of 0 is refused, as some systems would have no one solution.
            use_cg: True for three steps of conjugate gradients, False for exact solutions.

        Raises:
            ValueError: for an argument outside its bounds.
        """
        return cls(
            factors,
            regularization,
            alpha,
            unobserved_weight=1.0,
            frequency_exponent=0.0,
            iterations=iterations,
            cg_steps=3 if use_cg else None,
            num_threads=num_threads,
            random_state=random_state,
        )

    def _fit(self, user_items, show_progress, callback):
        item_users = user_items.T.tocsr()
        self.user_factors, self.item_factors = self._start(*user_items.shape)
        self.frequency_scale = self._frequency_scale(user_items, item_users)
        rounds = list(range(self.iterations))
        # One thread of BLAS: ours share the work out, and sums then have one order everywhere.
        with threadpool_limits(1, user_api="blas"):
            for iteration in steps(rounds, "Iterations") if show_progress else rounds:
                began = time.perf_counter()
                self._solve(user_items, self.user_factors, self.item_factors)
                self._solve(item_users, self.item_factors, self.user_factors)
                if callback:
                    callback(iteration, time.perf_counter() - began, None)

    def _start(self, n_users, n_items):
        rng = np.random.default_rng(self.random_state)
        scale = np.float32(self.init_scale / np.sqrt(self.factors))
        return tuple(
            rng.standard_normal((n, self.factors), dtype=np.float32) * scale
            for n in (n_users, n_items)
        )

    def _frequency_scale(self, *sides: csr_matrix) -> float:
        """Return m: the mean power of the rows with a pair, of users and of items."""
        counts = [(np.diff(rows.indptr), rows.shape[1]) for rows in sides]
        powers = [self._powers(own[own > 0], n_others) for own, n_others in counts]
        return float(np.concatenate(powers).mean()) if np.any(counts[0][0]) else 1.0

    def _powers(self, counts, n_others):
        return (counts + self.unobserved_weight * n_others) ** self.frequency_exponent

    def _ridge(self, counts, n_others):
        """Return l, float64, for rows with so many observed pairs out of n_others."""
        return self.regularization / self.frequency_scale * self._powers(counts, n_others)

    def _solve(self, rows, X, Y, exact=False):
        """Improve the rows of X in place, or solve for them exactly, with Y as it is."""
        ridge = self._ridge(np.diff(rows.indptr), len(Y))
        confidence = np.float32(self.alpha) * rows.data
        a0 = self.unobserved_weight
        observed = rows.indptr, rows.indices, confidence, X, Y
        if exact or self.cg_steps is None:
            wide = Y.astype(np.float64)
            gram = a0 * product(wide.T, wide)
            in_chunks(
                lambda start, stop: _exact(start, stop, *observed, gram, ridge, float(a0)),
                len(X),
                self.num_threads,
            )
        else:
            gram = np.float32(a0) * product(Y.T, Y)
            settings = ridge.astype(np.float32), np.float32(a0), self.cg_steps
            in_chunks(
                lambda first, last: _conjugate_gradients(first, last, *observed, gram, *settings),
                -(-len(X) // BLOCK),
                self.num_threads,
            )

    def _loaded(self):
        super()._loaded()
        check_array("item_factors", self.item_factors, (self.n_items, self.factors), np.float32)
        if not (np.isscalar(self.frequency_scale) and 0 < self.frequency_scale < np.inf):
            raise ValueError(f"frequency_scale must be above 0, not {self.frequency_scale}")

    def recalculate_user(self, userid: ArrayLike, user_items: csr_matrix) -> np.ndarray:
        """Return the factors of users, known or not, from their rows: the exact solution.

        Args:
            userid: position, or array of positions; only their number counts.
            user_items: one row for each of them.

        Returns:
            float32 of users x factors, or of factors for a single user.

        Raises:
            ValueError: if the rows do not fit, or a weight is negative, NaN or infinite.
        """
        user_items = checked_user_items(user_items, len(self.item_factors))
        return one_or_all(userid, self._exact_rows(user_items, self._fold_in_factors()))

    def recalculate_item(self, itemid: ArrayLike, item_users: csr_matrix) -> np.ndarray:
        """Return the factors of items, known or not, from their rows of users, as for users."""
        n_users, axes = len(self.user_factors), ("item", "user")
        item_users = checked_user_items(item_users, n_users, "item_users", axes)
        return one_or_all(itemid, self._exact_rows(item_users, self.user_factors))

    def _fold_in_factors(self):
        """Return the items' factors by which users are placed."""
        return self.item_factors

    def _exact_rows(self, rows, Y):
        X = np.zeros((rows.shape[0], self.factors), dtype=np.float32)
        with threadpool_limits(1, user_api="blas"):
            self._solve(rows, X, Y, exact=True)
        return X

    def _user_weights(self, profile):
        """Return the Cholesky factor of the user's A, float64."""
        Y, n = self._fold_in_factors().astype(np.float64), profile.nnz
        own, a0 = Y[profile.indices], self.unobserved_weight
        A = a0 * (Y.T @ Y) + (own.T * (self._confidence(profile) - a0)) @ own
        A[np.diag_indices(self.factors)] += self._ridge(n, len(Y))
        return cho_factor(A)

    def _contributions(self, profile, item, user_weights):
        """The score is ``y_j' A^-1 b``, and b a sum over the user's items."""
        direction = cho_solve(user_weights, self.item_factors[item].astype(np.float64))
        return self._confidence(profile) * (self.item_factors[profile.indices] @ direction)

    def _confidence(self, rows):
        return self.alpha * rows.data.astype(np.float64)

    def loss(self, user_items: csr_matrix) -> float:
        """Return L for the factors as they are, a float; see the class.

        Args:
            user_items: the matrix that the model was fitted on.
        """
        user_items = checked_user_items(user_items, len(self.item_factors))
        X, Y = self.user_factors.astype(np.float64), self.item_factors.astype(np.float64)
        users = np.repeat(np.arange(len(X)), np.diff(user_items.indptr))
        score = np.concatenate(
            [
                np.einsum("nf,nf->n", X[users[start : start + 100_000]], Y[items])
                for start in range(0, user_items.nnz, 100_000)
                for items in [user_items.indices[start : start + 100_000]]
            ]
            or [np.zeros(0)]
        )
        confidence = np.float64(self.alpha) * user_items.data
        a0 = self.unobserved_weight
        observed = np.sum(confidence * (1 - score) ** 2 - a0 * score**2)
        everywhere = a0 * np.sum(product(X.T, X) * product(Y.T, Y))
        counts = np.bincount(user_items.indices, minlength=len(Y))
        penalty = self._ridge(np.diff(user_items.indptr), len(Y)) @ np.sum(X**2, axis=1)
        penalty += self._ridge(counts, len(X)) @ np.sum(Y**2, axis=1)
        return float(observed + everywhere + penalty)


@njit(nogil=True, cache=True)
def _exact(start, stop, indptr, indices, confidence, X, Y, gram, ridge, a0):
    """Solve for the rows start..stop of X (float32); gram (float64) is a0 Y'Y."""
    n_factors = X.shape[1]
    for row in range(start, stop):
        first, last = indptr[row], indptr[row + 1]
        if first == last:
            X[row] = 0
            continue
        A = gram.copy()
        b = np.zeros(n_factors)
        for left in range(first, last, 512):  # a user may have every item: not all at once
            right = min(left + 512, last)
            near = np.empty((right - left, n_factors))
            weighted = np.empty((right - left, n_factors))
            for p in range(left, right):
                c = np.float64(confidence[p])
                for f in range(n_factors):
                    y = np.float64(Y[indices[p], f])
                    near[p - left, f] = y
                    weighted[p - left, f] = (c - a0) * y
                    b[f] += c * y
            A += np.dot(weighted.T, near)
        for f in range(n_factors):
            A[f, f] += ridge[row]
        X[row] = cholesky_solve(A, b)


@njit(nogil=True, cache=True)
def cholesky_solve(A, b):
    """Return x of A x = b for a symmetric positive definite A; b is overwritten with it."""
    L = np.linalg.cholesky(A)
    n = len(b)
    for i in range(n):
        for j in range(i):
            b[i] -= L[i, j] * b[j]
        b[i] /= L[i, i]
    for i in range(n - 1, -1, -1):
        b[i] /= L[i, i]
        for j in range(i):
            b[j] -= L[i, j] * b[i]
    return b


# Sums may be reordered, for vector instructions; NaN and infinity keep their meaning.
_REORDERED = {"reassoc", "contract", "nsz"}


@njit(nogil=True, cache=True, fastmath=_REORDERED)
def _conjugate_gradients(first, last, indptr, indices, confidence, X, Y, gram, ridge, a0, cg_steps):
    """Take some steps towards the solution for the blocks first..last of rows of X, in place.

    All arrays are float32; gram is a0 Y'Y. The rows of a block step together, so that the dense
    part of the product A p is one product of matrices for all of them.
    """
    n_rows, n_factors = X.shape
    product = np.empty((BLOCK, n_factors), dtype=np.float32)
    residual = np.empty((BLOCK, n_factors), dtype=np.float32)
    direction = np.empty((BLOCK, n_factors), dtype=np.float32)
    squared = np.empty(BLOCK, dtype=np.float32)
    for block in range(first, last):
        start, stop = block * BLOCK, min(block * BLOCK + BLOCK, n_rows)
        n = stop - start
        np.dot(X[start:stop], gram, product[:n])
        for k in range(n):
            row = start + k
            x, r, p = X[row], residual[k], direction[k]
            if indptr[row] == indptr[row + 1]:
                x[:] = 0
                p[:] = 0
                squared[k] = 0
                continue
            for f in range(n_factors):
                r[f] = -product[k, f] - ridge[row] * x[f]
            for q in range(indptr[row], indptr[row + 1]):
                y, c = Y[indices[q]], confidence[q]
                weight = c - (c - a0) * _inner(y, x)
                for f in range(n_factors):
                    r[f] += weight * y[f]
            p[:] = r
            squared[k] = _inner(r, r)
        for _ in range(cg_steps):
            np.dot(direction[:n], gram, product[:n])
            for k in range(n):
                if squared[k] < CONVERGED:
                    continue
                row = start + k
                x, r, p, Ap = X[row], residual[k], direction[k], product[k]
                for f in range(n_factors):
                    Ap[f] += ridge[row] * p[f]
                for q in range(indptr[row], indptr[row + 1]):
                    y = Y[indices[q]]
                    weight = (confidence[q] - a0) * _inner(y, p)
                    for f in range(n_factors):
                        Ap[f] += weight * y[f]
                step = squared[k] / _inner(p, Ap)
                for f in range(n_factors):
                    x[f] += step * p[f]
                    r[f] -= step * Ap[f]
                now = _inner(r, r)
                ratio = now / squared[k]
                for f in range(n_factors):
                    p[f] = r[f] + ratio * p[f]
                squared[k] = now


@njit(nogil=True, cache=True, fastmath=_REORDERED)
def _inner(a, b):
    """Return the inner product of two float32 vectors."""
    total = np.float32(0)
    for f in range(len(a)):
        total += a[f] * b[f]
    return total
