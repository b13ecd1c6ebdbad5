"""What metrics become when a hidden item is ranked among a few sampled others: not what they were.

A common shortcut ranks one relevant item among, say, 100 drawn at random, in place of the whole
catalogue. Given the item's rank in the whole catalogue, how many of the drawn stand above it is
hypergeometric, so the sampled metric has an exact expectation and nothing need be drawn (Krichene
& Rendle 2020, KDD).
"""

import numpy as np
from scipy import stats
from scipy.sparse import csr_matrix

from nexttrack.kernels.interactions import as_interactions

NEGATIVES = 100


def full_ranks(ids: np.ndarray, relevant: csr_matrix) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each relevant item stands among those that are not relevant.

    Args:
        ids: integer array of users x items that may be recommended: each user's whole ranking, the
            best first, padded with -1.
        relevant: sparse matrix of users x items, row for row with ``ids``.

    Returns:
        (user, above, others), int64, one entry for each relevant item in the order of ``relevant``:
        the row of the user, how many irrelevant items stand above it (all of them where it is not
        ranked at all), and how many irrelevant items the user's ranking has.

    Raises:
        ValueError: if the rows do not agree, or ``relevant`` is no such matrix.
    """
    relevant = as_interactions(relevant, "relevant")
    if len(ids) != relevant.shape[0]:
        raise ValueError(f"{len(ids)} lists for {relevant.shape[0]} users in relevant")
    n_items = relevant.shape[1]
    user = np.repeat(np.arange(relevant.shape[0]), np.diff(relevant.indptr))
    above = np.empty(len(user), dtype=np.int64)
    others = np.empty(len(user), dtype=np.int64)
    place = np.empty(n_items, dtype=np.int64)
    for row, ranking in enumerate(ids):
        ranking = ranking[ranking >= 0]
        start, stop = relevant.indptr[row : row + 2]
        wanted = relevant.indices[start:stop]
        is_wanted = np.isin(ranking, wanted)
        others[start:stop] = (~is_wanted).sum()
        place[wanted] = others[start:stop]
        place[ranking] = np.cumsum(~is_wanted)
        above[start:stop] = place[wanted]
    return user, above, others


def sampled_hit_rate(
    above: np.ndarray, others: np.ndarray, k: int, n_negatives: int = NEGATIVES
) -> np.ndarray:
    """Return the chance that a relevant item is among the first k of itself and sampled others.

    Args:
        above: how many of the others stand above it.
        others: how many there are to draw from; at least ``n_negatives``.
        k: cut-off, at least 1.
        n_negatives: how many are drawn, without replacement.

    Raises:
        ValueError: if there are fewer others than are to be drawn.
    """
    _check(others, k, n_negatives)
    return stats.hypergeom.cdf(k - 1, others, above, n_negatives)


def sampled_ndcg(
    above: np.ndarray, others: np.ndarray, k: int, n_negatives: int = NEGATIVES
) -> np.ndarray:
    """Return the expected NDCG@k of a relevant item among itself and sampled others.

    With one relevant item NDCG@k is 1 / log2(rank + 1) if the rank is at most k, else 0; rank - 1
    of those drawn are above it. Arguments and errors: see :func:`sampled_hit_rate`.
    """
    _check(others, k, n_negatives)
    better = np.arange(min(k, n_negatives + 1))
    chances = stats.hypergeom.pmf(
        better, np.asarray(others)[..., None], np.asarray(above)[..., None], n_negatives
    )
    return chances @ (1 / np.log2(better + 2))


def _check(others: np.ndarray, k: int, n_negatives: int) -> None:
    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k}")
    if np.min(others, initial=n_negatives) < n_negatives:
        raise ValueError(f"{np.min(others)} others are too few to draw {n_negatives} from")
