"""The two baselines that every other recommender has to beat: chance and popularity."""

import numpy as np
from implicit.cpu.matrix_factorization_base import MatrixFactorizationBase
from implicit.recommender_base import RecommenderBase
from implicit.utils import check_csr


class Popularity(MatrixFactorizationBase):
    """Recommend to everyone what most users have, leaving out what they have already.

    The score of an item is its number of users. It is a factor model with one factor: every user
    has the factor 1 and every item its count, so implicit's compiled top-N ranks it.
    """

    def fit(self, user_items, show_progress=True, callback=None):
        """Count the users of each item.

        Args:
            user_items: ``csr_matrix`` of users x items; an entry above 0 counts as one user.
            show_progress: ignored, there is nothing to wait for.
            callback: ignored, there are no epochs.
        """
        user_items = check_csr(user_items)
        users = np.bincount(user_items.indices[user_items.data > 0], minlength=user_items.shape[1])
        self.item_factors = users.astype(np.float32)[:, None]
        self.user_factors = np.ones((user_items.shape[0], 1), dtype=np.float32)

    def recalculate_user(self, userid, user_items):
        """Return the factor 1 for each of the given users, known or not."""
        return np.ones((np.size(userid), 1), dtype=np.float32)

    def save(self, file):
        """Write the model as ``.npz``."""
        np.savez(file, item_factors=self.item_factors, user_factors=self.user_factors)


class Random(RecommenderBase):
    """Recommend to each user a uniform random sample of the catalogue.

    The list of a user depends on the seed and on the user's id alone: not on the other users of
    the batch, nor on the number of threads.

    Args:
        random_state: the seed, a whole number of at least 0.
    """

    def __init__(self, random_state=0):
        self.random_state = random_state
        self.n_items = None

    def fit(self, user_items, show_progress=True, callback=None):
        """Keep the size of the catalogue; nothing is learned."""
        self.n_items = user_items.shape[1]

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
        """Draw N items without replacement; the scores fall from 1 towards 0 with the rank.

        Args and result are those of :meth:`implicit.recommender_base.RecommenderBase.recommend`;
        short lists are padded with the id -1.
        """
        if filter_items is not None and items is not None:
            raise ValueError("Can't specify both filter_items and items")
        candidates = np.arange(self.n_items) if items is None else np.unique(items)
        if candidates.size and (candidates[0] < 0 or candidates[-1] >= self.n_items):
            raise IndexError("Some of selected itemids are not in the model")
        if filter_items is not None:
            candidates = np.setdiff1d(candidates, filter_items)
        users = np.atleast_1d(userid)
        ids = np.full((len(users), N), -1, dtype=np.int32)
        for row, user in enumerate(users):
            seen = user_items[row].indices if filter_already_liked_items else ()
            ids[row] = self._draw(user, candidates, seen, N)
        scores = np.broadcast_to(1 - np.arange(N, dtype=np.float32) / max(N, 1), ids.shape)
        scores = np.where(ids >= 0, scores, -np.finfo(np.float32).max)
        return (ids[0], scores[0]) if np.isscalar(userid) else (ids, scores)

    def _draw(self, user, candidates, seen, N):
        rng = np.random.default_rng((self.random_state, int(user)))
        drawn = rng.choice(candidates, size=min(N + len(seen), len(candidates)), replace=False)
        drawn = drawn[~np.isin(drawn, seen)][:N]
        return np.pad(drawn, (0, N - len(drawn)), constant_values=-1)

    def similar_users(self, userid, N=10, filter_users=None, users=None):
        """Not defined: chance knows no similarity."""
        raise NotImplementedError("Random has no similarity between users")

    def similar_items(
        self, itemid, N=10, recalculate_item=False, item_users=None, filter_items=None, items=None
    ):
        """Not defined: chance knows no similarity."""
        raise NotImplementedError("Random has no similarity between items")

    def save(self, file):
        """Write the model as ``.npz``."""
        np.savez(file, random_state=self.random_state, n_items=self.n_items)
