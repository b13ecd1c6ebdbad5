"""Recommend by sound alone: the items nearest to the centre of what a user has."""

import numpy as np
from implicit.cpu.matrix_factorization_base import MatrixFactorizationBase
from implicit.utils import check_csr
from scipy.sparse import csr_matrix

# Added to the score of an item without features: beyond any cosine, and exact in float32.
UNKNOWN = np.float32(-1e6)


class AudioKNN(MatrixFactorizationBase):
    """Nearest neighbours in the space of audio features, with a centroid as the user's profile.

    The features are standardised (mean 0, spread 1 over the items that have them) and scaled to
    unit length; a user is the sum of the vectors of the user's items, weighted by the values in
    ``user_items``, scaled to unit length. The score is the cosine between user and item.

    Items with a missing feature are never recommended, and add nothing to a profile; a user
    without any item that has features gets an empty list (ids -1).

    Args:
        features: array of items x features, any unit; NaN where unknown.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.
    """

    def __init__(self, features=None, num_threads=0):
        super().__init__(num_threads=num_threads)
        self.features = features

    def fit(self, user_items, show_progress=True, callback=None):
        """Standardise the features and place every user.

        Args:
            user_items: ``csr_matrix`` of users x items; the values are weights of at least 0.
            show_progress: ignored, there is nothing to wait for.
            callback: ignored, there are no epochs.

        Raises:
            ValueError: if the features are not one row for each item, or none is complete.
        """
        user_items = check_csr(user_items)
        features = np.asarray(self.features, dtype=np.float64)
        if features.shape[0] != user_items.shape[1]:
            raise ValueError(
                f"features have {features.shape[0]} rows, user_items {user_items.shape[1]} items"
            )
        known = np.isfinite(features).all(axis=1)
        if not known.any():
            raise ValueError("no item has all its features")
        spread = features[known].std(axis=0)
        standardised = (features - features[known].mean(axis=0)) / np.where(spread > 0, spread, 1)
        vectors = _unit_length(np.where(known[:, None], standardised, 0)).astype(np.float32)
        # The last column carries the penalty of items without features; every user has 1 there.
        penalty = np.where(known, np.float32(0), UNKNOWN)[:, None]
        self.item_factors = np.hstack([vectors, penalty])
        self.user_factors = self.recalculate_user(np.arange(user_items.shape[0]), user_items)

    def recalculate_user(self, userid, user_items):
        """Return the profiles of users from their rows, float32 of users x (features + 1)."""
        profile = _unit_length(csr_matrix(user_items) @ self.item_factors[:, :-1])
        return np.hstack([profile, np.ones((profile.shape[0], 1))]).astype(np.float32)

    def recommend(self, userid, user_items, N=10, *args, **kwargs):
        """Rank by cosine; see :meth:`implicit.recommender_base.RecommenderBase.recommend`."""
        ids, scores = super().recommend(userid, user_items, N, *args, **kwargs)
        recalculate = kwargs.get("recalculate_user", args[2] if len(args) > 2 else False)
        profile = np.atleast_2d(self._user_factor(userid, user_items, recalculate))[:, :-1]
        placed = profile.any(axis=1) if ids.ndim == 2 else profile.any()
        keep = (scores > UNKNOWN / 2) & (placed[:, None] if ids.ndim == 2 else placed)
        return np.where(keep, ids, -1), np.where(keep, scores, -np.finfo(np.float32).max)

    def save(self, file):
        """Write the model as ``.npz``."""
        np.savez(
            file,
            features=self.features,
            item_factors=self.item_factors,
            user_factors=self.user_factors,
        )


def _unit_length(vectors):
    """Scale each row to length 1; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)
