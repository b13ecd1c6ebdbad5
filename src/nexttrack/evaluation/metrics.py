"""Ranking metrics, one value for each user, from the whole block of ranked lists at once.

A list is a row of item positions, best first; -1 stands for nothing and never hits. Relevance is
binary: an item is relevant if the held-out matrix has an entry for it. A user with no relevant item
has the value NaN, so that a mean over users cannot hide how many there were.
"""

import numpy as np
from scipy.sparse import csr_matrix


def hits(ids: np.ndarray, relevant: csr_matrix) -> np.ndarray:
    """Tell which recommended items are relevant.

    Args:
        ids: integer array of users x list length.
        relevant: ``csr_matrix`` of users x items, row for row with ``ids``.

    Returns:
        Boolean array of the shape of ``ids``.

    Raises:
        ValueError: if the rows do not agree, or an item is outside the catalogue or twice in a
            list; the message names the first such user (row) and item.
    """
    if ids.shape[0] != relevant.shape[0]:
        raise ValueError(f"{ids.shape[0]} lists for {relevant.shape[0]} users")
    _check_lists(ids, relevant.shape[1])
    relevant = relevant.tocsr()
    relevant.sort_indices()
    users = np.repeat(np.arange(relevant.shape[0], dtype=np.int64), np.diff(relevant.indptr))
    keys = users * relevant.shape[1] + relevant.indices
    wanted = np.arange(ids.shape[0], dtype=np.int64)[:, None] * relevant.shape[1] + ids
    place = np.searchsorted(keys, wanted)
    found = np.zeros(ids.shape, dtype=bool)
    inside = place < len(keys)
    found[inside] = keys[place[inside]] == wanted[inside]
    return found & (ids >= 0)


def recall_at_k(ids: np.ndarray, relevant: csr_matrix, k: int) -> np.ndarray:
    """Recall@k = relevant items among the first k / all relevant items of the user.

    The denominator is the number of relevant items, also where it exceeds k.

    Returns:
        float64 array with one value for each user, NaN where nothing is relevant.
    """
    n_relevant = np.diff(relevant.tocsr().indptr)
    return _ratio(hits(ids[:, :k], relevant).sum(axis=1), n_relevant)


def ndcg_at_k(ids: np.ndarray, relevant: csr_matrix, k: int) -> np.ndarray:
    """NDCG@k (Järvelin & Kekäläinen 2002) with binary gains.

    DCG@k = sum of 1 / log2(rank + 1) over the relevant items among the first k, ranks from 1; the
    ideal DCG has min(k, relevant items) hits in the first places.

    Returns:
        float64 array with one value for each user, NaN where nothing is relevant.
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    found = hits(ids[:, :k], relevant)
    n_relevant = np.minimum(np.diff(relevant.tocsr().indptr), k)
    ideal = np.concatenate([[0], np.cumsum(discounts)])[n_relevant]
    return _ratio(found @ discounts[: found.shape[1]], ideal)


def _ratio(value: np.ndarray, best: np.ndarray) -> np.ndarray:
    return np.divide(value, best, out=np.full(len(best), np.nan), where=best > 0)


def _check_lists(ids: np.ndarray, n_items: int) -> None:
    outside = np.argwhere((ids < -1) | (ids >= n_items))
    if len(outside):
        user, place = outside[0]
        raise ValueError(f"list of user {user}: item {ids[user, place]} is outside the catalogue")
    ordered = np.sort(ids, axis=1)
    twice = np.argwhere((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0))
    if len(twice):
        user, place = twice[0]
        raise ValueError(f"list of user {user}: item {ordered[user, place]} is there twice")
