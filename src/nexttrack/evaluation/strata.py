"""Who is served, and with what: metrics by groups of users and by groups of items."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.evaluation.beyond_accuracy import long_tail, popularity
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.kernels.interactions import as_interactions

THIRDS = ("low", "middle", "high")
TASTES = ("niche", "diverse", "blockbuster")


def mainstreaminess(user_items: csr_matrix) -> np.ndarray:
    """Return how popular the items of each user are on average, float64 (Kowald et al. 2020, ECIR).

    The mean, over a user's items, of the share of all users who have the item; NaN for a user
    without items. The user is among those counted.
    """
    user_items = as_interactions(user_items)
    n = np.diff(user_items.indptr)
    share = popularity(user_items)[user_items.indices]
    total = np.bincount(np.repeat(np.arange(len(n)), n), share, minlength=len(n))
    return np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0)


def quantile_groups(values: np.ndarray, names: Sequence[str] = THIRDS) -> pd.Categorical:
    """Divide users into groups of equal size by a value; equal values share a group.

    Args:
        values: of each user; NaN is in no group.
        names: of the groups, from the smallest values to the largest.

    Raises:
        ValueError: if so many values are equal that a group would be empty.
    """
    inner = np.nanquantile(values, np.arange(1, len(names)) / len(names))
    group = np.searchsorted(inner, values, side="left")
    group = np.where(np.isnan(values), -1, group)
    empty = [name for place, name in enumerate(names) if not (group == place).any()]
    if empty:
        raise ValueError(f"no user is in the group {empty[0]!r}: too many values are equal")
    return pd.Categorical.from_codes(group, list(names), ordered=True)


def taste_groups(
    profiles: csr_matrix, popularity: np.ndarray, share: float = 0.2
) -> pd.Categorical:
    """Divide users by how much of what they have is popular (Abdollahpouri et al. 2019, RMSE).

    Popular are the fifth of the items with the most users. The fifth of the users with the smallest
    share of them in their profile are ``niche``, the fifth with the largest ``blockbuster``, the
    others ``diverse``. Of equal shares, the less popular profile on average is the smaller, then
    the first.

    Args:
        profiles: sparse matrix of users x items; users without any are in no group.
        popularity: share of users who have each item, in training data.
        share: of the users in either of the two groups, above 0 and at most 0.5.

    Raises:
        ValueError: if the share is not.
    """
    if not 0 < share <= 0.5:
        raise ValueError("the share of users in a group must be above 0 and at most 0.5")
    profiles = as_interactions(profiles)
    users = np.flatnonzero(np.diff(profiles.indptr))
    n = np.diff(profiles.indptr)[users]
    of_user = np.repeat(np.arange(len(users)), n)
    popular = np.bincount(of_user, ~long_tail(popularity)[profiles.indices], len(users)) / n
    mean = np.bincount(of_user, popularity[profiles.indices], len(users)) / n
    order, n_outer = np.lexsort((mean, popular)), round(share * len(users))
    group = np.full(profiles.shape[0], -1)
    group[users] = 1
    group[users[order[:n_outer]]] = 0
    group[users[order[len(users) - n_outer :]]] = 2
    return pd.Categorical.from_codes(group, list(TASTES), ordered=True)


def popularity_groups(popularity: np.ndarray, names: Sequence[str] = THIRDS) -> pd.Categorical:
    """Divide items into groups that have equal shares of all interactions.

    From the least popular up; the most popular group has the fewest items. Items in the order of
    popularity, of equals that of their position, so that each group has its share as near as it
    goes.

    Args:
        popularity: share of users who have each item, in training data.
        names: of the groups, from the least popular to the most.

    Raises:
        ValueError: if there is no interaction.
    """
    total = popularity.sum()
    if not total > 0:
        raise ValueError("no item has a user: nothing to divide")
    order = np.argsort(popularity, kind="stable")
    middle = np.cumsum(popularity[order]) - popularity[order] / 2  # of the item's own share
    group = np.empty(len(popularity), dtype=np.int64)
    group[order] = np.minimum((middle / total * len(names)).astype(int), len(names) - 1)
    return pd.Categorical.from_codes(group, list(names), ordered=True)


def recall_by_items(lists: RankedLists, k: int, groups: pd.Categorical) -> pd.DataFrame:
    """Return the recall@k of each user among the relevant items of each group of items.

    Args:
        lists: what was recommended.
        k: cut-off.
        groups: the group of each item.

    Returns:
        One row for each user, one column for each group: found items of the group / relevant items
        of the group, NaN where the user has no relevant one.
    """
    if len(groups) != lists.n_items:
        raise ValueError(f"groups of {len(groups)} items for {lists.n_items} items")
    user, rank, _ = lists.hits
    inside = rank <= lists.first(k).shape[1]
    item = lists.ids[user[inside], rank[inside] - 1]
    n_users, codes = len(lists.ids), groups.codes
    wanting = np.repeat(np.arange(n_users), lists.n_relevant)
    columns = {}
    for code, name in enumerate(groups.categories):
        found = np.bincount(user[inside][codes[item] == code], minlength=n_users)
        wanted = codes[lists.relevant.indices] == code
        n = np.bincount(wanting[wanted], minlength=n_users)
        columns[name] = np.divide(found, n, out=np.full(n_users, np.nan), where=n > 0)
    return pd.DataFrame(columns)
