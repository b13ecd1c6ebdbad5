"""What all models have in common that keep a sparse matrix of items x items."""

from typing import ClassVar

import numpy as np
from implicit.nearest_neighbours import ItemItemRecommender, NearestNeighboursScorer
from numba import njit
from scipy.sparse import csr_matrix

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.ranking import NO_SCORE, best_first, offer, room, rows_of
from nexttrack.models.model_file import check_array
from nexttrack.models.recommender import Recommender, one_hot


class SimilarityModel(Recommender, ItemItemRecommender):
    """implicit's base class of item-to-item models, ranked in compiled code for whole batches.

    The score of item j for a user is the sum, over the user's items i, of the user's weight of i
    times ``similarity[i, j]``; with ``_by_max`` it is the largest ``similarity[i, j]`` instead,
    whatever the weights. Items that score 0 or less are not recommended: nothing speaks for them.

    A user is the row of ``user_items``, known or not, so ``recalculate_user`` changes nothing.

    Attributes:
        similarity: ``csr_matrix`` of items x items, float64; row i has what item i speaks for.
    """

    _STATE: tuple[str, ...] = ("similarity", "K")
    _COMPARES: ClassVar[tuple[str, ...]] = ("items",)
    _by_max = False

    def _keep(self, similarity: csr_matrix) -> None:
        self.similarity = similarity
        self.scorer = NearestNeighboursScorer(similarity)

    def _loaded(self):
        n_items = self.similarity.shape[0]
        check_array("similarity", self.similarity, (n_items, n_items), np.float64)
        self._keep(self.similarity)

    @property
    def n_items(self) -> int:
        """Return the number of items that the model knows."""
        return self.similarity.shape[0]

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        return weighted_sums(
            user_items,
            self.similarity,
            N,
            hidden=hidden,
            allowed=may,
            by_max=self._by_max,
            num_threads=self.num_threads,
        )

    def _similar_items(self, items, N, may, placed):
        rows = one_hot(items, self.n_items)
        return self._ranked(items, rows, N, None, may, False)

    def _own_similarity(self, items):
        own = np.asarray(self.similarity[items, items]).ravel()
        return np.where(own > 0, own, 1.0)

    def _contributions(self, profile, item, user_weights):
        part = self.similarity[profile.indices][:, item].toarray()[:, 0]
        if not self._by_max:
            return part * profile.data
        nearest = (part == part.max(initial=0)) & (part > 0)
        return np.where(nearest, part / max(nearest.sum(), 1), 0)


def nearest_rows(
    left: csr_matrix,
    right: csr_matrix,
    K: int,
    left_scale: np.ndarray | None = None,
    right_scale: np.ndarray | None = None,
    shrinkage: float = 0.0,
    num_threads: int = 0,
) -> csr_matrix:
    """Return the K largest entries of each row of a scaled product of two sparse matrices.

    The entry (i, j) is ``(left @ right)[i, j] / (left_scale[i] * right_scale[j] + shrinkage)``, and
    0 where the divisor is 0. Only what the sparse product stores is looked at; of equal entries the
    smaller j is taken. The product is summed up row by row and never kept as a whole.

    Args:
        left: float64, n x m.
        right: float64, m x k.
        K: entries to keep, at least 1.
        left_scale, right_scale: float64 of length n and k; ones if not given.
        shrinkage: at least 0.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Returns:
        float64, n x k, each row from the largest entry to the smallest.
    """
    n_rows, n_columns = left.shape[0], right.shape[1]
    left_scale = np.ones(n_rows) if left_scale is None else left_scale
    right_scale = np.ones(n_columns) if right_scale is None else right_scale
    ids = np.full((n_rows, min(K, n_columns)), -1, dtype=np.int32)
    values = np.zeros(ids.shape)
    factors = left.indptr, left.indices, left.data, right.indptr, right.indices, right.data

    def fill(start, stop):
        _nearest_rows(start, stop, *factors, left_scale, right_scale, float(shrinkage), ids, values)

    in_chunks(fill, n_rows, num_threads)
    return from_lists(ids, values, n_columns)


def from_lists(ids: np.ndarray, values: np.ndarray, n_columns: int) -> csr_matrix:
    """Return padded lists (id -1: nothing) as the rows of a sparse matrix, in their order."""
    kept = ids >= 0
    indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    return csr_matrix((values[kept], ids[kept], indptr), shape=(len(ids), n_columns))


def without_self(near: csr_matrix, own: np.ndarray, K: int) -> csr_matrix:
    """Return the first K entries of each row other than in the row's own column.

    Args:
        near: float64, n x m; the order of a row's entries counts.
        own: the column that is each row's own, of length n.
        K: entries to keep.
    """
    rows = np.repeat(np.arange(near.shape[0]), np.diff(near.indptr))
    other = near.indices != own[rows]
    place = np.cumsum(other) - 1
    first = np.concatenate([[0], np.cumsum(other)])[near.indptr[:-1]]
    kept = other & (place - first[rows] < K)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=near.shape[0]))])
    return csr_matrix((near.data[kept], near.indices[kept], indptr), shape=near.shape)


def weighted_sums(
    weights: csr_matrix,
    rows: csr_matrix,
    N: int,
    *,
    hidden: csr_matrix | None,
    allowed: np.ndarray,
    by_max: bool = False,
    num_threads: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the N largest entries above 0 of each row of ``weights @ rows``.

    Args:
        weights: users x m.
        rows: float64, m x items.
        N: length of the lists; 0 gives empty ones.
        hidden: ``csr_matrix`` of users x items whose stored items are left out, or None.
        allowed: which items may be recommended, boolean.
        by_max: take the largest entry among the rows with a weight above 0 in place of the sum.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Returns:
        (ids, scores): int32 and float64 of users x N, padded with -1 and ``NO_SCORE``.
    """
    n_users = weights.shape[0]
    ids = np.full((n_users, N), -1, dtype=np.int32)
    scores = np.full(ids.shape, NO_SCORE, dtype=np.float64)
    indptr, indices = rows_of(hidden, n_users)
    values = weights.data.astype(np.float64)
    sums = weights.indptr, weights.indices, values, rows.indptr, rows.indices, rows.data

    def fill(start, stop):
        _weighted_sums(start, stop, *sums, indptr, indices, allowed, by_max, ids, scores)

    if N:
        in_chunks(fill, n_users, num_threads)
    return ids, scores


@njit(nogil=True, cache=True)
def _add_row(row, weight, ptr, ids, data, total, touched, n, by_max):
    """Add a weighted sparse row to a dense total; note what it touched; return how many.

    What was not touched yet is NaN: a sum may well be 0, and one that is no number becomes minus
    infinity, so that nothing is noted twice, whatever the values. The note is always made and
    counts if it is new, for which ``touched`` has one place more than there are columns: a branch
    that cannot be foreseen would cost more.
    """
    for q in range(ptr[row], ptr[row + 1]):
        column = ids[q]
        old = total[column]
        is_new = np.isnan(old)
        touched[n] = column
        n += is_new
        old = 0.0 if is_new else old
        new = max(old, data[q]) if by_max else old + weight * data[q]
        total[column] = new if new == new else -np.inf
    return n


@njit(nogil=True, cache=True)
def _nearest_rows(
    start,
    stop,
    left_ptr,
    left_ids,
    left_data,
    right_ptr,
    right_ids,
    right_data,
    left_scale,
    right_scale,
    shrinkage,
    ids,
    values,
):
    """Fill in the largest entries, ids (int32) and values, of the rows start..stop."""
    n_columns, K = len(right_scale), ids.shape[1]
    total = np.full(n_columns, np.nan)
    touched = np.empty(n_columns + 1, dtype=np.int32)
    own_ids, own_values = np.empty(room(K), dtype=np.int32), np.empty(room(K))
    for row in range(start, stop):
        n = 0
        for p in range(left_ptr[row], left_ptr[row + 1]):
            other = right_ptr, right_ids, right_data
            n = _add_row(left_ids[p], left_data[p], *other, total, touched, n, False)
        kept, worst = 0, -np.inf
        for t in range(n):
            column = touched[t]
            product = total[column]
            total[column] = np.nan
            scale = left_scale[row] * right_scale[column] + shrinkage
            least = worst * scale  # most are far below the worst kept, and need no division
            if product < least - 1e-9 * abs(least):
                continue
            value = product / scale if scale > 0.0 else 0.0
            kept, worst = offer(column, value, own_ids, own_values, kept, K, worst)
        kept = best_first(own_ids, own_values, kept, K)
        ids[row, :kept] = own_ids[:kept]
        values[row, :kept] = own_values[:kept]


@njit(nogil=True, cache=True)
def _weighted_sums(
    start,
    stop,
    weight_ptr,
    weight_ids,
    weight_data,
    row_ptr,
    row_ids,
    row_data,
    hidden_ptr,
    hidden_ids,
    allowed,
    by_max,
    ids,
    scores,
):
    """Fill in the best items, ids (int32) and scores, for the users start..stop."""
    n_items, N = len(allowed), ids.shape[1]
    total = np.full(n_items, np.nan)
    touched = np.empty(n_items + 1, dtype=np.int32)
    own_ids, own_scores = np.empty(room(N), dtype=np.int32), np.empty(room(N))
    for user in range(start, stop):
        n = 0
        for p in range(weight_ptr[user], weight_ptr[user + 1]):
            weight = weight_data[p]
            if by_max and weight <= 0.0:
                continue
            rows = row_ptr, row_ids, row_data
            n = _add_row(weight_ids[p], weight, *rows, total, touched, n, by_max)
        for p in range(hidden_ptr[user], hidden_ptr[user + 1]):
            total[hidden_ids[p]] = np.nan
        kept, worst = 0, 0.0
        for t in range(n):
            item = touched[t]
            score = total[item]  # NaN where it is hidden
            total[item] = np.nan
            if score > 0.0 and score >= worst and allowed[item]:
                kept, worst = offer(item, score, own_ids, own_scores, kept, N, worst)
        kept = best_first(own_ids, own_scores, kept, N)
        ids[user, :kept] = own_ids[:kept]
        scores[user, :kept] = own_scores[:kept]
