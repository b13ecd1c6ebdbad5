"""Recommend by sound alone: the items nearest to the centre of what a user has."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from nexttrack.kernels.ranking import NO_SCORE
from nexttrack.models.factor_model import FactorModel
from nexttrack.models.inputs import checked_user_items


class AudioKNN(FactorModel):
    """Nearest neighbours in the space of audio features, with a centroid as the user's profile.

    The features are standardised (mean 0, spread 1 over the items that have them) and scaled to
    unit length; a user is the sum of the vectors of the user's items, weighted by the values in
    ``user_items``, scaled to unit length. The score is the cosine between user and item.

    Items with a missing feature are never recommended, and add nothing to a profile; a user
    without any item that has features gets an empty list (ids -1). ``fit`` raises a ValueError if
    the features are not one row for each item, or no item has them all.

    Args:
        features: array of items x features, any unit; NaN where unknown.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.
    """

    _STATE = ("item_factors", "user_factors", "features")
    _WITHOUT_EVIDENCE = float(NO_SCORE)  # of no known sound: a cosine may be below 0

    def __init__(self, features: ArrayLike | None = None, num_threads: int = 0) -> None:
        super().__init__(num_threads=num_threads)
        self.features = features

    def _fit(self, user_items, show_progress, callback):
        self.item_factors, _ = standardised_vectors(self.features, user_items.shape[1])
        self.user_factors = self.recalculate_user(np.arange(user_items.shape[0]), user_items)

    def _loaded(self):
        super()._loaded()
        features = np.asarray(self.features)
        if features.ndim != 2 or len(features) != self.n_items or features.dtype.kind not in "fiu":
            raise ValueError(f"features are not a row of numbers for each of {self.n_items} items")

    def recalculate_user(self, userid: ArrayLike, user_items: csr_matrix) -> np.ndarray:
        """Return the profiles of users from their rows, float32 of users x features."""
        rows = checked_user_items(user_items, len(self.item_factors))
        return _unit_length(rows @ self.item_factors).astype(np.float32)

    def _factors_of(self, users, user_items, recalculate_user):
        # NaN stands for a user without a place: no score of theirs is a number.
        factors = super()._factors_of(users, user_items, recalculate_user)
        return np.where(factors.any(axis=1, keepdims=True), factors, np.float32(np.nan))

    def _known_items(self):
        return np.isfinite(self.features).all(axis=1)


def standardised_vectors(features: ArrayLike | None, n_items: int) -> tuple[np.ndarray, np.ndarray]:
    """Return audio features as vectors whose products are cosines.

    Args:
        features: array of items x features, any unit; NaN where unknown.
        n_items: number of items that there should be.

    Returns:
        float32 of items x features, standardised over the items that have them all and of length 1;
        zeros for the others; and which items have them all, boolean.

    Raises:
        ValueError: if the features are not one row for each item, or none is complete.
    """
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or len(features) != n_items:
        raise ValueError(
            f"features have shape {features.shape}, not one row for each of {n_items} items"
        )
    known = np.isfinite(features).all(axis=1)
    if not known.any():
        raise ValueError("no item has all its features")
    spread = features[known].std(axis=0)
    standardised = (features - features[known].mean(axis=0)) / np.where(spread > 0, spread, 1)
    vectors = _unit_length(np.where(known[:, None], standardised, 0)).astype(np.float32)
    return vectors, known


def _unit_length(vectors):
    """Scale each row to length 1; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)
