"""Neighbours by co-occurrence: what the same users have."""

import numpy as np
from implicit.nearest_neighbours import (
    ItemItemRecommender,
    bm25_weight,
    normalize,
    tfidf_weight,
)
from implicit.utils import check_csr
from scipy.sparse import csr_matrix

WEIGHTINGS = {
    "cosine": normalize,
    "tfidf": lambda item_users: normalize(tfidf_weight(item_users)),
    "bm25": lambda item_users: bm25_weight(item_users, K1=1.2, B=0.75),
}


class ItemKNN(ItemItemRecommender):
    """Item-to-item nearest neighbours (Deshpande & Karypis 2004), on implicit's kernel.

    The similarity of two items is the inner product of their rows of users after weighting; each
    item keeps its K most similar items (itself among them), and the score of an item for a user is
    the sum of its similarities to the user's items, times their values.

    Args:
        K: neighbours kept for each item.
        weighting: ``"cosine"``, ``"tfidf"`` (cosine after tf-idf) or ``"bm25"`` (K1 1.2, B 0.75),
            as implicit defines them.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for another weighting.
    """

    def __init__(self, K=20, weighting="cosine", num_threads=0):
        super().__init__(K=K, num_threads=num_threads)
        if weighting not in WEIGHTINGS:
            raise ValueError(f"weighting is {weighting!r}; it can be {', '.join(WEIGHTINGS)}")
        self.weighting = weighting

    def fit(self, user_items, show_progress=True, callback=None):
        """Find each item's neighbours.

        Args:
            user_items: ``csr_matrix`` of users x items, values above 0.
            show_progress: whether to show implicit's progress bar.
            callback: not supported by implicit's neighbour models.
        """
        item_users = check_csr(user_items).T
        super().fit(WEIGHTINGS[self.weighting](item_users).T.tocsr(), show_progress, callback)

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
