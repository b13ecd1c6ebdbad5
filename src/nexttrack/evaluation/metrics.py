"""Ranking metrics: how much of what a user wanted is in the list, and how high.

Each takes :class:`RankedLists` and gives one value for each user, from the whole block at once. A
user with no relevant item has the value NaN, so that a mean over users cannot hide how many there
were. Below, R is the number of the user's relevant items and a hit is a relevant item in the list;
lists have no ties, as they are orders. A cut-off k beyond the end of the lists is an error.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numba import njit

from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.kernels.arguments import check_known, whole_number
from nexttrack.kernels.chunks import in_chunks


def recall_at_k(lists: RankedLists, k: int) -> np.ndarray:
    """Recall@k = hits among the first k / R, also where R exceeds k."""
    return _ratio(lists.n_hits(k), lists.n_relevant)


def precision_at_k(lists: RankedLists, k: int) -> np.ndarray:
    """Precision@k = hits among the first k / k, also where the list is shorter or R is below k."""
    return _ratio(lists.n_hits(k), np.where(lists.n_relevant > 0, k, 0))


def hit_rate_at_k(lists: RankedLists, k: int) -> np.ndarray:
    """HitRate@k = 1 if there is a hit among the first k, else 0."""
    return _ratio(lists.n_hits(k) > 0, np.minimum(lists.n_relevant, 1))


def ndcg_at_k(lists: RankedLists, k: int) -> np.ndarray:
    """NDCG@k = DCG / ideal DCG (Järvelin & Kekäläinen 2002), binary gains.

    DCG is the sum of 1 / log2(rank + 1) over the hits among the first k; the ideal has min(k, R)
    hits in the first places.
    """
    lists.first(k)
    ideal = np.concatenate([[0], np.cumsum(1 / np.log2(np.arange(2, k + 2)))])
    gains = _sum_over_hits(lists, k, 1 / np.log2(lists.hits.rank + 1))
    return _ratio(gains, ideal[np.minimum(lists.n_relevant, k)])


def average_precision_at_k(lists: RankedLists, k: int) -> np.ndarray:
    """AP@k = sum of Precision@rank over the hits among the first k / R; its mean is MAP@k.

    The denominator is R as in trec_eval, not min(R, k).
    """
    return _ratio(_sum_over_hits(lists, k, lists.hits.nth / lists.hits.rank), lists.n_relevant)


def reciprocal_rank_at_k(lists: RankedLists, k: int) -> np.ndarray:
    """RR@k = 1 / rank of the first hit, 0 if there is none among the first k; its mean is MRR."""
    first = _first_rank(lists)
    found = first <= lists.first(k).shape[1]
    return _ratio(np.where(found, 1 / first, 0), np.minimum(lists.n_relevant, 1))


AT_K: dict[str, Callable[..., np.ndarray]] = {
    "NDCG": ndcg_at_k,
    "Recall": recall_at_k,
    "Precision": precision_at_k,
    "HitRate": hit_rate_at_k,
    "MAP": average_precision_at_k,
    "MRR": reciprocal_rank_at_k,
}
"""Metrics that have a name with a cut-off, such as NDCG@10."""


def named_metric(name: str) -> tuple[Callable[[RankedLists], np.ndarray], int]:
    """Return the metric that a name such as NDCG@10 stands for, and its cut-off.

    Raises:
        ValueError: if there is none of that name (:data:`AT_K`), or no cut-off of 1 or more.
    """
    family, _, k = str(name).partition("@")
    check_known(family, AT_K, "metric")
    cut = whole_number(int(k) if k.isdecimal() else k, f"the cut-off of metric {name!r}", 1)
    return partial(AT_K[family], k=cut), cut


def r_precision(lists: RankedLists) -> np.ndarray:
    """R-precision = hits among the first R / R.

    Where R is more than the length of the list, what is beyond its end counts as missed.
    """
    user, rank, _ = lists.hits
    inside = rank <= lists.n_relevant[user]
    hits = np.bincount(user[inside], minlength=len(lists.ids))
    return _ratio(hits, lists.n_relevant)


def r_precision_with_artists(lists: RankedLists, artists: np.ndarray) -> np.ndarray:
    """R-precision with a quarter of a hit for an artist: of the RecSys Challenge 2018.

    (hits among the first R + artists in common / 4) / R, where the artists in common are the
    different artists of the first R items that are also an artist of a relevant item (Zamani,
    Schedl, Lamere & Chen 2019, ACM TIST 10(5)). It can be above 1.

    Args:
        lists: what was recommended.
        artists: integer array, the artist of each item; -1 where unknown, which matches nothing.

    Raises:
        ValueError: if there is not one artist for each item.
    """
    if len(artists) != lists.n_items:
        raise ValueError(f"{len(artists)} artists for {lists.n_items} items")
    artists = np.asarray(artists, dtype=np.int64)
    common = np.zeros(len(lists.ids), dtype=np.int64)
    relevant = lists.relevant.indptr, lists.relevant.indices
    parts = lists.ids, *relevant, artists, int(artists.max(initial=-1)) + 1, common
    in_chunks(lambda start, stop: _count_artists(start, stop, *parts), len(common))
    return r_precision(lists) + _ratio(common / 4, lists.n_relevant)


def clicks(lists: RankedLists, page: int = 10) -> np.ndarray:
    """Clicks = how often a user asks for the next page before a hit: of the RecSys Challenge 2018.

    floor((rank of the first hit - 1) / page); without any hit, length of the list / page + 1,
    which is 51 for the challenge's 500 (Zamani et al. 2019). Less is better.
    """
    first = _first_rank(lists)
    missed = lists.ids.shape[1] // page + 1
    clicked = np.where(np.isfinite(first), np.floor((first - 1) / page), missed)
    return np.where(lists.n_relevant > 0, clicked, np.nan)


def _sum_over_hits(lists: RankedLists, k: int, gain: np.ndarray) -> np.ndarray:
    """Return for each user the sum of the gains of the hits among the first k."""
    inside = lists.hits.rank <= lists.first(k).shape[1]
    return np.bincount(lists.hits.user[inside], gain[inside], minlength=len(lists.ids))


def _first_rank(lists: RankedLists) -> np.ndarray:
    """Return the rank of each user's first hit, infinity where there is none."""
    user, rank, _ = lists.hits
    first = np.full(len(lists.ids), np.inf)
    first[user[::-1]] = rank[::-1]  # of several the last assigned stays
    return first


def _ratio(value: np.ndarray, best: np.ndarray) -> np.ndarray:
    return np.divide(value, best, out=np.full(len(best), np.nan), where=best > 0)


@njit(nogil=True, cache=True)
def _count_artists(start, stop, ids, ptr, relevant, artists, n_artists, common):
    """Count the artists of the first R items who have a relevant item, for users start..stop."""
    wanted = np.full(n_artists, -1, dtype=np.int64)
    counted = np.full(n_artists, -1, dtype=np.int64)
    for user in range(start, stop):
        for p in range(ptr[user], ptr[user + 1]):
            if artists[relevant[p]] >= 0:
                wanted[artists[relevant[p]]] = user
        for place in range(min(ids.shape[1], ptr[user + 1] - ptr[user])):
            artist = artists[ids[user, place]] if ids[user, place] >= 0 else -1
            if artist >= 0 and wanted[artist] == user and counted[artist] != user:
                counted[artist] = user
                common[user] += 1
