"""The best N of many scores, for blocks of users at a time."""

from collections.abc import Callable

import numpy as np
from numba import njit
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from nexttrack.threads import in_chunks

NO_SCORE = -np.finfo(np.float32).max
"""The score beside the id -1, as implicit has it."""

BLOCK_BYTES = 16_000_000  # of scores at a time in each thread: about its part of the last cache


def top_n(
    score: Callable[[int, int], np.ndarray],
    n_users: int,
    N: int,
    *,
    hidden: csr_matrix | None,
    allowed: np.ndarray,
    num_threads: int = 0,
    block_bytes: int = BLOCK_BYTES,
) -> tuple[np.ndarray, np.ndarray]:
    """Rank all items for each user by scores that are made block by block.

    Of equal scores the smaller item position comes first. Memory is one block of scores for each
    thread, whatever the number of users.

    Args:
        score: returns the scores of the users from start to before stop, a float32 array of
            users x items that is overwritten here. NaN and minus infinity are not recommended.
        n_users: number of users.
        N: length of the lists; 0 gives empty ones.
        hidden: ``csr_matrix`` of users x items whose stored items are left out, or None.
        allowed: which items may be recommended, boolean.
        num_threads: threads; 0 for all cores. The result does not depend on it.
        block_bytes: size of a block.

    Returns:
        (ids, scores): int32 and float32 of users x N, padded with -1 and ``NO_SCORE``.
    """
    ids = np.full((n_users, N), -1, dtype=np.int32)
    values = np.full((n_users, N), NO_SCORE, dtype=np.float32)
    if not N or not n_users:
        return ids, values
    rows = max(1, block_bytes // (4 * len(allowed)))
    forbidden = np.flatnonzero(~allowed).astype(np.int32)
    indptr, indices = rows_of(hidden, n_users)

    def fill(first, last):
        for start in range(first, last, rows):
            stop = min(start + rows, last)
            block = score(start, stop)
            _select(block, start, indptr, indices, forbidden, ids, values)

    if n_users <= rows:
        fill(0, n_users)
    else:
        with threadpool_limits(1, user_api="blas"):  # our threads share the work out
            in_chunks(fill, n_users, num_threads)
    return ids, values


def rows_of(hidden: csr_matrix | None, n_users: int) -> tuple[np.ndarray, np.ndarray]:
    """Return indptr and indices of what is left out of each user's list; None is nothing."""
    if hidden is None:
        return np.zeros(n_users + 1, dtype=np.int32), np.empty(0, dtype=np.int32)
    return hidden.indptr, hidden.indices


def product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return ``left @ right`` and keep quiet about lanes that BLAS computes and throws away.

    Its kernels for small matrices may read past the end of a row; what stands there sets the
    processor's flag for an invalid value, which NumPy reports, though no result is wrong.
    """
    with np.errstate(invalid="ignore"):
        return left @ right


@njit(nogil=True, cache=True)
def _select(block, start, hidden_ptr, hidden_ids, forbidden, ids, values):
    """Fill in the best items of the users whose scores are the rows of a block."""
    n_items, N = block.shape[1], ids.shape[1]
    for row in range(len(block)):
        scores, user = block[row], start + row
        for p in range(hidden_ptr[user], hidden_ptr[user + 1]):
            scores[hidden_ids[p]] = -np.inf
        for item in forbidden:
            scores[item] = -np.inf
        kept, worst, own_ids, own_values = 0, np.float32(-np.inf), ids[user], values[user]
        for left in range(0, n_items, 64):
            # Most stretches hold nothing that is better than the worst kept. As a slice it is
            # known to begin at 0, and several scores are compared at once.
            stretch, better = scores[left : left + 64], 0
            for k in range(len(stretch)):
                better += stretch[k] > worst
            if better == 0:
                continue
            for k in range(len(stretch)):
                if stretch[k] > worst:
                    kept = keep_best(left + k, stretch[k], own_ids, own_values, kept)
                    if kept == N:
                        worst = own_values[0]
        best_first(own_ids, own_values, kept)


@njit(nogil=True, cache=True)
def keep_best(item, value, ids, values, n):
    """Offer an item to the best found so far, a heap of n with the worst in front; return n.

    Of equal values the smaller id is better, so the best do not depend on the order of offers.
    """
    if n < len(ids):
        place = n
        n += 1
        while place > 0:  # up, while the item is worse than its parent
            parent = (place - 1) // 2
            if value < values[parent] or (value == values[parent] and item > ids[parent]):
                ids[place], values[place] = ids[parent], values[parent]
                place = parent
            else:
                break
    elif value > values[0] or (value == values[0] and item < ids[0]):
        place = _gap(item, value, ids, values, n)
    else:
        return n
    ids[place], values[place] = item, value
    return n


@njit(nogil=True, cache=True)
def _gap(item, value, ids, values, n):
    """Drop the front of a heap of n; return the place that this leaves for an item."""
    place = 0
    while 2 * place + 1 < n:  # down, while a child is worse than the item
        child = 2 * place + 1
        if child + 1 < n and (
            values[child + 1] < values[child]
            or (values[child + 1] == values[child] and ids[child + 1] > ids[child])
        ):
            child += 1
        if values[child] < value or (values[child] == value and ids[child] > item):
            ids[place], values[place] = ids[child], values[child]
            place = child
        else:
            break
    return place


@njit(nogil=True, cache=True)
def best_first(ids, values, n):
    """Order a heap of n from the best to the worst, in place."""
    while n > 1:
        n -= 1
        item, value = ids[n], values[n]
        ids[n], values[n] = ids[0], values[0]
        place = _gap(item, value, ids, values, n)
        ids[place], values[place] = item, value
