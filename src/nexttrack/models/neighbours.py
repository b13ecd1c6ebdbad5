"""Neighbours by co-occurrence: what the same users have."""

import numpy as np
from implicit.nearest_neighbours import (
    ItemItemRecommender,
    NearestNeighboursScorer,
    bm25_weight,
    tfidf_weight,
)
from implicit.utils import check_csr
from numba import njit
from scipy.sparse import csr_matrix

from nexttrack.threads import in_chunks

WEIGHTINGS = ("cosine", "tfidf", "bm25")


class ItemKNN(ItemItemRecommender):
    """Item-to-item nearest neighbours (Deshpande & Karypis 2004) with shrinkage.

    With x_i the weighted row of users of item i, the similarity of two items is
    ``x_i . x_j / (|x_i| |x_j| + shrinkage)``; for ``"bm25"`` it is ``x_i . x_j``. Each item keeps
    its K most similar items, itself among them. The score of an item for a user is the sum of its
    similarities to the user's items times their values.

    Shrinkage (Koren & Bell 2011) mistrusts similarities that rest on few users: two items with the
    same single user have cosine 1.

    Args:
        K: neighbours kept for each item, at least 1.
        weighting: ``"cosine"`` (values as they are), ``"tfidf"`` or ``"bm25"`` (K1 1.2, B 0.75),
            the last two as implicit defines them.
        shrinkage: at least 0; with ``"bm25"`` 0.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for another weighting, shrinkage or K.
    """

    def __init__(self, K=20, weighting="cosine", shrinkage=0.0, num_threads=0):
        super().__init__(K=K, num_threads=num_threads)
        if weighting not in WEIGHTINGS:
            raise ValueError(f"weighting is {weighting!r}; it can be {', '.join(WEIGHTINGS)}")
        if K < 1 or shrinkage < 0 or (shrinkage and weighting == "bm25"):
            raise ValueError("K must be 1 or more, shrinkage 0 or more, and 0 with bm25")
        self.weighting = weighting
        self.shrinkage = shrinkage

    def fit(self, user_items, show_progress=True, callback=None):
        """Find each item's neighbours.

        Args:
            user_items: ``csr_matrix`` of users x items, values above 0.
            show_progress: ignored; this takes seconds.
            callback: ignored, there are no epochs.
        """
        item_users = self._weighted(check_csr(user_items).T.tocsr())
        users = item_users.T.tocsr()
        norms = np.sqrt(item_users.multiply(item_users).sum(axis=1)).A1
        n_items = item_users.shape[0]
        ids = np.full((n_items, min(self.K, n_items)), -1, dtype=np.int32)
        similarities = np.zeros(ids.shape)

        def fill(start, stop):
            _top_k(
                start,
                stop,
                item_users.indptr,
                item_users.indices,
                item_users.data,
                users.indptr,
                users.indices,
                users.data,
                norms,
                self.weighting != "bm25",
                float(self.shrinkage),
                ids,
                similarities,
            )

        in_chunks(fill, n_items, self.num_threads)
        kept = ids >= 0
        indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
        self.similarity = csr_matrix(
            (similarities[kept], ids[kept], indptr), shape=(n_items, n_items)
        )
        self.scorer = NearestNeighboursScorer(self.similarity)

    def _weighted(self, item_users):
        if self.weighting == "tfidf":
            item_users = tfidf_weight(item_users).tocsr()
        elif self.weighting == "bm25":
            item_users = bm25_weight(item_users, K1=1.2, B=0.75).tocsr()
        return item_users.astype(np.float64)

    def recommend(
        self,
        userid,
        user_items,
        N=10,
        filter_already_liked_items=True,
        filter_items=None,
        recalculate_user=False,
        items=None,
    ):
        """Rank by the sum of similarities; see implicit's ``RecommenderBase.recommend``.

        A user is the row of ``user_items``, known or not, so ``recalculate_user`` changes nothing.
        Items without any similarity to the profile are not recommended: the lists of a batch are
        padded with the id -1, the list of a single user is short.
        """
        if not isinstance(user_items, csr_matrix):
            raise ValueError("user_items needs to be a CSR sparse matrix")
        if user_items.shape[0] != np.size(userid):
            raise ValueError("user_items must contain 1 row for every user in userids")
        if filter_items is not None and items is not None:
            raise ValueError("Can't specify both filter_items and items")
        n_items = self.similarity.shape[0]
        allowed = np.full(n_items, items is None)
        if items is not None:
            items = np.asarray(items)
            if items.size and (items.max() >= n_items or items.min() < 0):
                raise IndexError("Some of selected itemids are not in the model")
            allowed[items] = True
        if filter_items is not None:
            allowed[np.asarray(filter_items)] = False
        ids = np.full((user_items.shape[0], N), -1, dtype=np.int32)
        scores = np.full(ids.shape, -np.finfo(np.float32).max, dtype=np.float64)
        values = user_items.data.astype(np.float64)

        def fill(start, stop):
            _recommend(
                start,
                stop,
                user_items.indptr,
                user_items.indices,
                values,
                self.similarity.indptr,
                self.similarity.indices,
                self.similarity.data,
                allowed,
                bool(filter_already_liked_items),
                ids,
                scores,
            )

        if N:
            in_chunks(fill, len(ids), self.num_threads)
        if np.isscalar(userid):
            return ids[0][ids[0] >= 0], scores[0][ids[0] >= 0]
        return ids, scores

    def explain(self, user_items, itemid, N=3):
        """Return what in a user's profile speaks for an item.

        Args:
            user_items: ``csr_matrix`` of 1 x items, the profile.
            itemid: the recommended item.
            N: number of reasons.

        Returns:
            Tuple of (item ids, shares of the score), largest first; the shares of the whole
            profile sum to 1. Both are empty where nothing speaks for the item.
        """
        profile = csr_matrix(user_items)
        to_item = self.similarity[profile.indices][:, [itemid]].toarray()[:, 0]
        part = to_item * profile.data
        best = np.argsort(-part, kind="stable")[:N]
        best = best[part[best] > 0]
        return profile.indices[best], part[best] / (part.sum() or 1)


@njit(nogil=True, cache=True)
def _keep_best(item, value, ids, values, n):
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
def _best_first(ids, values, n):
    """Order a heap of n from the best to the worst, in place."""
    while n > 1:
        n -= 1
        item, value = ids[n], values[n]
        ids[n], values[n] = ids[0], values[0]
        place = _gap(item, value, ids, values, n)
        ids[place], values[place] = item, value


@njit(nogil=True, cache=True)
def _add_row(row, weight, ptr, ids, data, total, touched, n, marks, mark):
    """Add a weighted sparse row to a dense total; note what it touched; return how many.

    What was touched before bears the mark: a sum may well be 0.
    """
    for q in range(ptr[row], ptr[row + 1]):
        column = ids[q]
        if marks[column] != mark:
            marks[column] = mark
            touched[n] = column
            n += 1
        total[column] += weight * data[q]
    return n


@njit(nogil=True, cache=True)
def _top_k(
    start,
    stop,
    item_ptr,
    item_ids,
    item_data,
    user_ptr,
    user_ids,
    user_data,
    norms,
    cosine,
    shrinkage,
    ids,
    similarities,
):
    """Fill in the nearest items, ids (int32) and similarities, for the items start..stop.

    Row by row of the Gram matrix, each summed up sparsely in the order of users.
    """
    n_items = len(item_ptr) - 1
    total = np.zeros(n_items)
    touched = np.empty(n_items, dtype=np.int32)
    marks = np.full(n_items, -1)
    for item in range(start, stop):
        n = 0
        for p in range(item_ptr[item], item_ptr[item + 1]):
            row = user_ptr, user_ids, user_data
            n = _add_row(item_ids[p], item_data[p], *row, total, touched, n, marks, item)
        kept = 0
        for t in range(n):
            other = touched[t]
            value = total[other]
            if cosine:
                scale = norms[item] * norms[other] + shrinkage
                value = value / scale if scale > 0.0 else 0.0  # an item of stored zeros only
            kept = _keep_best(other, value, ids[item], similarities[item], kept)
            total[other] = 0.0
        _best_first(ids[item], similarities[item], kept)


@njit(nogil=True, cache=True)
def _recommend(
    start,
    stop,
    user_ptr,
    user_ids,
    user_data,
    near_ptr,
    near_ids,
    near_data,
    allowed,
    hide_own,
    ids,
    scores,
):
    """Fill in the best items, ids (int32) and scores, for the users start..stop."""
    n_items = len(near_ptr) - 1
    total = np.zeros(n_items)
    touched = np.empty(n_items, dtype=np.int32)
    marks = np.full(n_items, -1)
    for user in range(start, stop):
        n = 0
        for p in range(user_ptr[user], user_ptr[user + 1]):
            row = near_ptr, near_ids, near_data
            n = _add_row(user_ids[p], user_data[p], *row, total, touched, n, marks, user)
        if hide_own:
            for p in range(user_ptr[user], user_ptr[user + 1]):
                total[user_ids[p]] = 0.0
        kept = 0
        for t in range(n):
            other = touched[t]
            if total[other] > 0.0 and allowed[other]:
                kept = _keep_best(other, total[other], ids[user], scores[user], kept)
            total[other] = 0.0
        _best_first(ids[user], scores[user], kept)
