"""Neighbours by co-occurrence: what the same users have."""

from contextlib import contextmanager

import numpy as np
from implicit.nearest_neighbours import (
    ItemItemRecommender,
    NearestNeighboursScorer,
    bm25_weight,
    tfidf_weight,
)
from implicit.utils import check_csr
from numba import get_num_threads, njit, prange, set_num_threads
from scipy.sparse import csr_matrix

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
        with _threads(self.num_threads) as threads:
            ids, similarities = _top_k(
                item_users.indptr,
                item_users.indices,
                item_users.data,
                users.indptr,
                users.indices,
                users.data,
                norms,
                self.weighting != "bm25",
                float(self.shrinkage),
                min(self.K, item_users.shape[0]),
                8 * threads,
            )
        kept = ids >= 0
        indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
        shape = (item_users.shape[0], item_users.shape[0])
        self.similarity = csr_matrix((similarities[kept], ids[kept], indptr), shape=shape)
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
        with _threads(self.num_threads) as threads:
            ids, scores = _recommend(
                user_items.indptr,
                user_items.indices,
                user_items.data.astype(np.float64),
                self.similarity.indptr,
                self.similarity.indices,
                self.similarity.data,
                allowed,
                filter_already_liked_items,
                N,
                8 * threads,
            )
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


@contextmanager
def _threads(n):
    """Let numba use n threads, 0 for all; yields how many these are."""
    usual = get_num_threads()
    set_num_threads(min(n or usual, usual))
    try:
        yield get_num_threads()
    finally:
        set_num_threads(usual)


@njit(cache=True)
def _best(total, candidates, K):
    """Return the ids of the K candidates with the highest totals; of equals, the smaller id."""
    if len(candidates) > K:
        least = -np.partition(-total[candidates], K - 1)[K - 1]
        candidates = candidates[total[candidates] >= least]
    candidates = np.sort(candidates)
    return candidates[np.argsort(-total[candidates], kind="mergesort")[:K]]


@njit(parallel=True, cache=True)
def _top_k(
    item_ptr,
    item_ids,
    item_data,
    user_ptr,
    user_ids,
    user_data,
    norms,
    cosine,
    shrinkage,
    K,
    n_chunks,
):
    """Return for each item the ids (int32) and similarities (float64) of its K nearest, -1 padded.

    Row by row of the Gram matrix: the row is summed up sparsely in one dense buffer for each
    thread, in the order of users, so the sums do not depend on the number of threads.
    """
    n_items = len(item_ptr) - 1
    ids = np.full((n_items, K), -1, dtype=np.int32)
    similarities = np.zeros((n_items, K))
    for chunk in prange(n_chunks):
        total = np.zeros(n_items)
        touched = np.empty(n_items, dtype=np.int32)
        for item in range(chunk, n_items, n_chunks):
            n = 0
            for p in range(item_ptr[item], item_ptr[item + 1]):
                user = item_ids[p]
                for q in range(user_ptr[user], user_ptr[user + 1]):
                    other = user_ids[q]
                    if total[other] == 0.0:
                        touched[n] = other
                        n += 1
                    total[other] += item_data[p] * user_data[q]
            near = touched[:n]
            if cosine:
                for other in near:
                    total[other] /= norms[item] * norms[other] + shrinkage
            best = _best(total, near, K)
            ids[item, : len(best)] = best
            similarities[item, : len(best)] = total[best]
            total[near] = 0.0
    return ids, similarities


@njit(parallel=True, cache=True)
def _recommend(
    user_ptr, user_ids, user_data, near_ptr, near_ids, near_data, allowed, hide_own, N, n_chunks
):
    """Return ids (int32) and scores (float64), users x N, -1 padded, as ``_top_k`` sums them up."""
    n_users, n_items = len(user_ptr) - 1, len(near_ptr) - 1
    ids = np.full((n_users, N), -1, dtype=np.int32)
    scores = np.full((n_users, N), -np.finfo(np.float32).max)
    for chunk in prange(n_chunks):
        total = np.zeros(n_items)
        touched = np.empty(n_items, dtype=np.int32)
        for user in range(chunk, n_users, n_chunks):
            own = user_ids[user_ptr[user] : user_ptr[user + 1]]
            n = 0
            for p in range(user_ptr[user], user_ptr[user + 1]):
                item = user_ids[p]
                for q in range(near_ptr[item], near_ptr[item + 1]):
                    other = near_ids[q]
                    if total[other] == 0.0:
                        touched[n] = other
                        n += 1
                    total[other] += user_data[p] * near_data[q]
            near = touched[:n].copy()
            if hide_own:
                total[own] = 0.0
            best = _best(total, near[(total[near] > 0.0) & allowed[near]], N)
            ids[user, : len(best)] = best
            scores[user, : len(best)] = total[best]
            total[near] = 0.0
    return ids, scores
