"""Factor models that take the whole matrix as it is, zeros too: truncated SVD and NMF."""

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from nexttrack.models.factors import LearnedFactors, one_or_all
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.space import Range, Space


class PureSVD(LearnedFactors):
    """Truncated singular value decomposition of the matrix (Cremonesi, Koren & Turrin 2010).

    Of all matrices of that rank, ``X V V'`` with the leading right singular vectors V is the one
    nearest to X in least squares, unobserved pairs counted as 0 like any value. The factors of a
    user are ``x_u V``, so those of a new user follow from the row without any approximation.

    Found by ARPACK's restarted Lanczos iterations, to rounding. There are at most as many factors
    as users or items. A user without items and an item without users have factors of 0.

    Args:
        factors: number of factors, at least 1.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.
        random_state: the seed, a whole number of at least 0.

    Attributes:
        user_factors: x_u V, float32 of users x factors.
        item_factors: V, float32 of items x factors, with orthonormal columns.

    Raises:
        ValueError: for another number of factors.
    """

    _STATE = ("item_factors", "user_factors", "factors", "random_state")

    search_space: ClassVar[Space] = {
        "factors": Range(2, 256, log=True, whole=True),
    }

    def __init__(self, factors: int = 64, num_threads: int = 0, random_state: int = 0) -> None:
        super().__init__(num_threads=num_threads)
        if factors < 1:
            raise ValueError("factors must be 1 or more")
        self.factors = factors
        self.random_state = random_state

    def _fit(self, user_items, show_progress, callback):
        vectors = right_singular_vectors(user_items, self.factors, self.random_state)
        self.item_factors = vectors.astype(np.float32)
        # What nobody has is 0 but for rounding, and where the rank is too low, anything.
        self.item_factors[np.bincount(user_items.indices, minlength=user_items.shape[1]) == 0] = 0
        self.user_factors = user_items @ self.item_factors

    def recalculate_user(self, userid: ArrayLike, user_items: csr_matrix) -> np.ndarray:
        """Return the factors of users, known or not, from their rows: ``x_u V``.

        Raises:
            ValueError: if the rows do not fit, or a weight is negative, NaN or infinite.
        """
        user_items = checked_user_items(user_items, len(self.item_factors))
        return one_or_all(userid, user_items @ self.item_factors)

    def _contributions(self, profile, item, user_weights):
        return profile.data * (self.item_factors[profile.indices] @ self.item_factors[item])


class NMF(LearnedFactors):
    """Non-negative matrix factorisation (Lee & Seung 1999): factors that only add up.

    Minimised is ``|X - W H|^2 / 2`` over W and H without negative values, unobserved pairs counted
    as 0, by coordinate descent as scikit-learn does it, with both penalties of its
    ``alpha_W`` and ``alpha_H`` set to ``regularization`` (L2). It always makes all iterations: to
    stop when a whole batch has converged would make a user's factors depend on the others.

    The factors of a user, known or new, are the non-negative least squares of the row with the
    items as they are. A user without items and an item without users have factors of 0.

    Args:
        factors: number of factors, at least 1.
        regularization: at least 0.
        iterations: sweeps over users and items, at least 1.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.
        random_state: the seed, a whole number of at least 0.

    Attributes:
        user_factors: W, float32 of users x factors, at least 0.
        item_factors: H', float32 of items x factors, at least 0.

    Raises:
        ValueError: for an argument outside these bounds.
    """

    _STATE = (
        *("item_factors", "user_factors"),
        *("factors", "regularization", "iterations", "random_state"),
    )

    search_space: ClassVar[Space] = {
        "factors": Range(4, 128, log=True, whole=True),
        "regularization": Range(1e-5, 0.1, log=True),
    }

    def __init__(
        self,
        factors: int = 32,
        regularization: float = 0.0,
        iterations: int = 50,
        num_threads: int = 0,
        random_state: int = 0,
    ) -> None:
        super().__init__(num_threads=num_threads)
        if factors < 1 or iterations < 1 or not regularization >= 0:
            raise ValueError("factors and iterations must be 1 or more, regularization 0 or more")
        self.factors = factors
        self.regularization = regularization
        self.iterations = iterations
        self.random_state = random_state

    def _fit(self, user_items, show_progress, callback):
        _, H = self._factorised(user_items, init="random", random_state=self.random_state)
        self.item_factors = np.ascontiguousarray(H.T, dtype=np.float32)
        self.user_factors = self._users(user_items)

    def recalculate_user(self, userid: ArrayLike, user_items: csr_matrix) -> np.ndarray:
        """Return the factors of users, known or not, from their rows.

        Raises:
            ValueError: if the rows do not fit, or a weight is negative, NaN or infinite.
        """
        user_items = checked_user_items(user_items, len(self.item_factors))
        return one_or_all(userid, self._users(user_items))

    def _users(self, user_items):
        if not user_items.nnz or not self.item_factors.any():  # which scikit-learn refuses
            return np.zeros((user_items.shape[0], self.factors), dtype=np.float32)
        W, _ = self._factorised(
            user_items, H=np.ascontiguousarray(self.item_factors.T), update_H=False
        )
        return W.astype(np.float32)

    def _factorised(self, user_items, **how):
        from sklearn.decomposition import non_negative_factorization  # takes a second to load

        with threadpool_limits(1, user_api="blas"):
            W, H, _ = non_negative_factorization(
                user_items,
                n_components=self.factors,
                max_iter=self.iterations,
                tol=0.0,
                alpha_W=self.regularization,
                alpha_H=self.regularization,
                **how,
            )
        return W, H


def right_singular_vectors(
    user_items: csr_matrix, factors: int, random_state: int = 0
) -> np.ndarray:
    """Return the leading right singular vectors of a matrix, to rounding.

    Args:
        user_items: users x items.
        factors: number of vectors; where there are fewer users or items, so many are returned.
        random_state: the seed of the vector that the iterations start from.

    Returns:
        float64 of items x vectors, the largest singular value first.
    """
    n, smaller = min(factors, *user_items.shape), min(user_items.shape)
    if n == smaller:  # Lanczos iterations find a part of the spectrum
        right = np.linalg.svd(user_items.toarray().astype(np.float64), full_matrices=False)[2]
        return right[:n].T
    start = np.random.default_rng(random_state).standard_normal(smaller)
    with threadpool_limits(1, user_api="blas"):  # the same sums on any machine
        _, values, right = svds(user_items.astype(np.float64), k=n, v0=start)
    return right[np.argsort(-values)].T
