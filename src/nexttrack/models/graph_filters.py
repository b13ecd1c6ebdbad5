"""Filters of the graph of users and items: what of a profile is smooth on it."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numba import njit
from scipy.sparse import csr_matrix, diags

from nexttrack.kernels.ranking import product, top_n
from nexttrack.models.decompositions import right_singular_vectors
from nexttrack.models.model_file import check_array
from nexttrack.models.recommender import Recommender, one_hot
from nexttrack.models.space import Range, Space

NO_VALUE = 1e-9  # the least singular value that is above 0, where the largest is 1


class GFCF(Recommender):
    """Graph filter in closed form (Shen et al. 2021, CIKM, "GF-CF").

    With D_u and D_i the diagonal matrices of the sums of users' and items' values,
    ``R~ = D_u^-1/2 X D_i^-1/2``, and V the right singular vectors of R~ of the largest singular
    values, the scores of a profile z are ``z (R~'R~ + alpha D_i^-1/2 V V' D_i^1/2)``: a linear
    filter of the graph, and an ideal low pass, which keeps only what is smoothest on it. Neither
    learns anything, and LightGCN without its training is nearly the first.

    Neither matrix of items x items is ever made: a score is the sum over the users who share items
    with the profile, and a product with V. So memory grows with the pairs, and with items times
    factors.

    A user is the row of ``user_items``, known or not, so ``recalculate_user`` changes nothing.
    Similar to an item are those for which it speaks most.

    Args:
        factors: number of singular vectors, at least 1; the paper takes 256.
        alpha: at least 0, the share of the low pass; the paper takes .3, and 0 for one data set.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.

    Attributes:
        item_vectors: V, float32 of items x factors.
        item_users: R~', ``csr_matrix`` of items x users, float32.
        item_sums: the diagonal of D_i, float32; 1 for an item that nobody has.

    Raises:
        ValueError: for settings that are not as said.
    """

    _STATE = ("item_vectors", "item_users", "item_sums", "factors", "alpha")
    _COMPARES = ("items",)
    item_vectors: Any
    item_users: Any
    item_sums: Any

    search_space: ClassVar[Space] = {
        "factors": Range(16, 256, log=True, whole=True),
        "alpha": Range(0.001, 1, log=True),
    }

    def __init__(self, factors: int = 256, alpha: float = 0.3, num_threads: int = 0) -> None:
        if factors < 1 or not (alpha >= 0 and np.isfinite(alpha)):
            raise ValueError("factors must be 1 or more, alpha 0 or more and finite")
        self.factors = factors
        self.alpha = float(alpha)
        self.num_threads = num_threads
        self.item_vectors = self.item_users = self.item_sums = None

    def _fit(self, user_items, show_progress, callback):
        users = user_items.astype(np.float64)
        item_sums, user_sums = (_ones_for_none(users.sum(axis=axis).A1) for axis in (0, 1))
        graph = (diags(user_sums**-0.5) @ users @ diags(item_sums**-0.5)).tocsr()
        vectors = right_singular_vectors(graph, self.factors)
        # Where the rank is too low, and at items that nobody has, there is but rounding.
        vectors[:, np.linalg.norm(graph @ vectors, axis=0) < NO_VALUE] = 0
        vectors[np.diff(graph.tocsc().indptr) == 0] = 0
        self.item_vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self.item_users = graph.T.tocsr().astype(np.float32)
        self.item_users.eliminate_zeros()  # too small for float32
        self.item_sums = item_sums.astype(np.float32)

    def _loaded(self):
        n_items = self.n_items
        check_array("item_vectors", self.item_vectors, (n_items, self.item_vectors.shape[1]), "f4")
        check_array("item_users", self.item_users, (n_items, self.item_users.shape[1]), "f4")
        check_array("item_sums", self.item_sums, (n_items,), "f4")
        for name, values in (("item_sums", self.item_sums), ("item_users", self.item_users.data)):
            if not (values > 0).all():
                raise ValueError(f"{name} must be above 0")

    @property
    def n_items(self) -> int:
        """Return the number of items that the model knows."""
        return len(self.item_vectors)

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        score = self._scorer(user_items)
        return top_n(score, len(users), N, hidden=hidden, allowed=may, num_threads=self.num_threads)

    def _similar_items(self, items, N, may, placed):
        rows = one_hot(items, self.n_items)
        return self._ranked(items, rows, N, rows, may, False)

    def _contributions(self, profile, item, user_weights):
        own, roots = profile.indices, np.sqrt(self.item_sums)
        near = (self.item_users[own] @ self.item_users[item].T).toarray()[:, 0]
        smooth = self.item_vectors[own] @ self.item_vectors[item] * roots[item] / roots[own]
        return profile.data * (near + self.alpha * smooth)

    def _scorer(self, rows: csr_matrix) -> Callable[[int, int], np.ndarray]:
        """Return the function that scores the rows from start to before stop."""
        roots = np.sqrt(self.item_sums)[:, None]
        smooth, back = self.item_vectors / roots, (self.alpha * self.item_vectors * roots).T
        graph = self.item_users.T.tocsr()
        items = self.item_users.indptr, self.item_users.indices, self.item_users.data
        users = graph.indptr, graph.indices, graph.data
        profiles = rows.indptr, rows.indices, rows.data

        def score(start, stop):
            out = product(rows[start:stop] @ smooth, back)
            _add_filtered(start, *profiles, *items, *users, out)
            return out

        return score


def _ones_for_none(sums: np.ndarray) -> np.ndarray:
    return np.where(sums > 0, sums, 1.0)


@njit(nogil=True, cache=True)
def _add_filtered(
    start,
    ptr,
    ids,
    data,
    item_ptr,
    item_ids,
    item_data,
    user_ptr,
    user_ids,
    user_data,
    out,
):
    """Add to scores what the linear filter gives, for profiles from start on."""
    n_users = len(user_ptr) - 1
    weights, met = np.zeros(n_users), np.empty(n_users, dtype=np.int32)
    for row in range(len(out)):
        n = 0
        for p in range(ptr[start + row], ptr[start + row + 1]):
            item, value = ids[p], np.float64(data[p])  # in which no product is 0
            for q in range(item_ptr[item], item_ptr[item + 1]):
                user = item_ids[q]
                if weights[user] == 0.0:
                    met[n] = user
                    n += 1
                weights[user] += value * item_data[q]
        for user in met[:n]:
            weight = np.float32(weights[user])
            weights[user] = 0.0
            for q in range(user_ptr[user], user_ptr[user + 1]):
                out[row, user_ids[q]] += weight * user_data[q]
