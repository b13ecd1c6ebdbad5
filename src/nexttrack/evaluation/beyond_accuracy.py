"""What lists are like besides right: popular, new, diverse, true to the profile, spread out.

Each of the first part takes :class:`RankedLists` and gives one value for each user; an empty place
(-1) counts for nothing, and a list that has nothing to say has the value NaN. Popularity lift is of
groups of users; the last two describe all lists together. No metric here looks at what is relevant.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numba import njit
from scipy.sparse import csr_matrix

from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.interactions import as_interactions


def popularity(user_items: csr_matrix) -> np.ndarray:
    """Return the share of users who have each item, float64; users without any item count.

    Raises:
        ValueError: if it is no sparse matrix of users x items, or has no user.
    """
    user_items = as_interactions(user_items)
    if not user_items.shape[0]:
        raise ValueError("user_items has no user: no item has a share of them")
    return np.bincount(user_items.indices, minlength=user_items.shape[1]) / user_items.shape[0]


def long_tail(popularity: np.ndarray, head: float = 0.2) -> np.ndarray:
    """Tell which items are of the long tail: all but the share ``head`` of most popular items.

    Items as popular as the last of the head belong to the head (Celma 2010, chapter 4, on where to
    draw the line).

    Raises:
        ValueError: if head is not between 0 and 1.
    """
    if not 0 < head < 1:
        raise ValueError("head is a share of the items, between 0 and 1")
    n_head = max(1, round(head * len(popularity)))
    return popularity < np.partition(popularity, -n_head)[-n_head]


def mean_popularity_at_k(lists: RankedLists, k: int, popularity: np.ndarray) -> np.ndarray:
    """Average popularity: the mean share of users who have an item of the list.

    Args:
        lists: what was recommended.
        k: cut-off.
        popularity: of each item, float64, as :func:`popularity` returns it from training data.
    """
    return _mean_of_listed(lists, k, popularity)


def popularity_lift_at_k(
    lists: RankedLists,
    k: int,
    popularity: np.ndarray,
    groups: Sequence | np.ndarray | pd.Categorical | None = None,
) -> pd.DataFrame:
    """Popularity lift of groups of users = (GAP of their lists - of their profiles) / of profiles.

    GAP, the group average popularity, is the mean over the users of a group of the mean popularity
    of the items (Abdollahpouri, Mansoury, Burke & Mobasher 2020, RecSys; they call it delta GAP in
    2019). A lift of 0 is as popular as what the users have, 1 twice as popular. It is a ratio of
    means: the mean of users' own ratios is carried by the few with the least popular profiles.

    Args:
        lists: what was recommended, with ``seen``.
        k: cut-off.
        popularity: of each item, float64, as :func:`popularity` returns it from training data.
        groups: of each user, such as :func:`nexttrack.evaluation.strata.taste_groups` returns; all
            are one group if None. Users in none, without list or profile are left out.

    Returns:
        ``users``, ``profile`` and ``listed`` (GAP of both) and ``lift``, indexed by group.
    """
    table = pd.DataFrame(
        {
            "profile": _mean_of_seen(lists, popularity[:, None])[:, 0],
            "listed": _mean_of_listed(lists, k, popularity),
        }
    ).dropna()
    groups = ["all"] * len(lists.ids) if groups is None else groups
    by_group = table.groupby(pd.Series(groups)[table.index], observed=True)
    found = by_group.mean().rename_axis("group")
    found.insert(0, "users", by_group.size())
    return found.assign(lift=found["listed"] / found["profile"] - 1)


def long_tail_share_at_k(lists: RankedLists, k: int, is_tail: np.ndarray) -> np.ndarray:
    """Return the share of the list's items that are of the long tail; see :func:`long_tail`."""
    return _mean_of_listed(lists, k, is_tail.astype(np.float64))


def novelty_at_k(lists: RankedLists, k: int, popularity: np.ndarray, n_users: int) -> np.ndarray:
    """Novelty = mean of -log2(popularity) over the list, in bits (Vargas & Castells 2011).

    An item that no user has counts as if one had it: it is not infinitely new.

    Args:
        lists: what was recommended.
        k: cut-off.
        popularity: share of users who have each item.
        n_users: of how many users it is the share.
    """
    return _mean_of_listed(lists, k, -np.log2(np.maximum(popularity, 1 / n_users)))


def intra_list_diversity_at_k(lists: RankedLists, k: int, features: np.ndarray) -> np.ndarray:
    """Intra-list diversity = mean of 1 - cosine over the pairs of the list (Ziegler et al. 2005).

    With unit vectors x of n items, the mean cosine of their pairs is (|sum x|^2 - n) / (n (n - 1)):
    no pair is looked at. Items whose features are missing (NaN) or all 0 are left out; NaN where
    fewer than two remain.

    Args:
        lists: what was recommended.
        k: cut-off.
        features: items x dimensions, float64, centred where the sign of a cosine is to mean much.
    """
    lengths = np.linalg.norm(features, axis=1)
    known = lengths > 0  # False for NaN as well
    units = np.zeros(features.shape)
    units[known] = features[known] / lengths[known, None]
    total, n = _sum_of_listed(lists, k, units, known)
    squares = np.einsum("ud,ud->u", total, total)
    pairs = n * (n - 1)
    return np.divide(pairs - (squares - n), pairs, out=np.full(len(n), np.nan), where=pairs > 0)


def miscalibration_at_k(
    lists: RankedLists, k: int, genres: np.ndarray, alpha: float = 0.01
) -> np.ndarray:
    """Miscalibration = Kullback-Leibler divergence from list to profile, in nats (Steck 2018).

    ``sum over genres of p log(p / q')``, where p is the mean of the genres of the profile's items,
    q of the list's and ``q' = (1 - alpha) q + alpha p``. 0 is a list with the genres of the
    profile. Items without a genre are left out; NaN where profile or list has no genre at all.

    Args:
        lists: what was recommended, with ``seen``.
        k: cut-off.
        genres: items x genres, float64, each row a distribution, or zeros where nothing is known.
        alpha: share of p that is mixed into q, above 0 and below 1.

    Raises:
        ValueError: if alpha is not, or a row does not sum to 0 or 1.
    """
    if not 0 < alpha < 1:
        raise ValueError("alpha must be above 0 and below 1")
    sums = genres.sum(axis=1)
    known = sums > 0
    if not np.allclose(sums[known], 1) or (genres < 0).any():
        raise ValueError("the genres of an item must be at least 0 and sum to 1, or all be 0")
    p = _mean_of_seen(lists, genres, known)
    total, n = _sum_of_listed(lists, k, genres, known)
    q = np.divide(total, n[:, None], out=np.full(total.shape, np.nan), where=n[:, None] > 0)
    mixed = (1 - alpha) * q + alpha * p
    ratio = np.divide(p, mixed, out=np.ones_like(p), where=p > 0)
    divergence = (p * np.log(ratio)).sum(axis=1)
    return np.where(np.isnan(q[:, 0]), np.nan, divergence)


def unexpectedness_at_k(lists: RankedLists, k: int, expected: np.ndarray) -> np.ndarray:
    """Unexpectedness = share of the list that a primitive model does not list (Ge et al. 2010).

    Args:
        lists: what was recommended.
        k: cut-off.
        expected: integer array of users x length, what the primitive model (as popularity) says to
            the same users; -1 is nothing.

    Raises:
        ValueError: if the rows do not agree.
    """
    if len(expected) != len(lists.ids):
        raise ValueError(f"{len(lists.ids)} lists, {len(expected)} expected ones")
    others = RankedLists(expected, csr_matrix((len(expected), lists.n_items)))  # checks them
    ids = lists.first(k)
    n, shared = (ids >= 0).sum(axis=1), np.zeros(len(ids), dtype=np.int64)
    parts = ids, others.ids, lists.n_items, shared
    in_chunks(lambda start, stop: _count_shared(start, stop, *parts), len(ids))
    return np.divide(n - shared, n, out=np.full(len(n), np.nan), where=n > 0)


def exposure_at_k(lists: RankedLists, k: int) -> np.ndarray:
    """Return in how many lists each item of the catalogue is among the first k, int64."""
    ids = lists.first(k)
    return np.bincount(ids[ids >= 0], minlength=lists.n_items)


def coverage(exposure: np.ndarray) -> float:
    """Catalogue coverage = share of the catalogue that is in any list (Herlocker et al. 2004)."""
    return float((exposure > 0).mean())


def gini(exposure: np.ndarray) -> float:
    """Gini index of exposure: 0 if all items are listed as often, (n - 1) / n if one is alone.

    ``sum_i (2 i - n - 1) x_i / (n sum x)`` with exposures x in rising order, i from 1. NaN if there
    is no exposure.
    """
    n, total = len(exposure), exposure.sum()
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float(weights @ np.sort(exposure) / (n * total)) if total else np.nan


def _mean_of_listed(lists: RankedLists, k: int, values: np.ndarray) -> np.ndarray:
    """Return the mean of a value of items over the first k of each list."""
    total, n = _sum_of_listed(lists, k, values[:, None])
    return np.divide(total[:, 0], n, out=np.full(len(n), np.nan), where=n > 0)


def _sum_of_listed(lists, k, values, known=None):
    """Return sums of items' values (users x columns) over the first k, and of how many items."""
    known = np.ones(len(values), dtype=bool) if known is None else known
    if len(values) != lists.n_items:
        raise ValueError(f"values of {len(values)} items for {lists.n_items} items")
    values = np.ascontiguousarray(values, dtype=np.float64)
    ids = lists.first(k)
    total, n = np.zeros((len(ids), values.shape[1])), np.zeros(len(ids), dtype=np.int64)
    in_chunks(lambda start, stop: _add_listed(start, stop, ids, values, known, total, n), len(ids))
    return total, n


def _mean_of_seen(lists, values, known=None):
    """Return the mean of items' values (users x columns) over the profiles, NaN for empty ones."""
    if lists.seen is None:
        raise ValueError("this metric compares lists with profiles: RankedLists needs seen")
    known = np.ones(len(values), dtype=bool) if known is None else known
    ones = csr_matrix(
        (np.ones(lists.seen.nnz), lists.seen.indices, lists.seen.indptr), shape=lists.seen.shape
    )
    total, n = ones @ np.where(known[:, None], values, 0), ones @ known
    return np.divide(total, n[:, None], out=np.full(total.shape, np.nan), where=n[:, None] > 0)


@njit(nogil=True, cache=True)
def _add_listed(start, stop, ids, values, known, total, n):
    for user in range(start, stop):
        for place in range(ids.shape[1]):
            item = ids[user, place]
            if item >= 0 and known[item]:
                n[user] += 1
                for column in range(values.shape[1]):
                    total[user, column] += values[item, column]


@njit(nogil=True, cache=True)
def _count_shared(start, stop, ids, others, n_items, shared):
    listed = np.full(n_items, -1, dtype=np.int64)
    for user in range(start, stop):
        for item in others[user]:
            if item >= 0:
                listed[item] = user
        for item in ids[user]:
            if item >= 0 and listed[item] == user:
                shared[user] += 1
