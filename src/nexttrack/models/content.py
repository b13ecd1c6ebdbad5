"""Recommend what is like an item in the profile: in sound, by artist, by genre."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, diags, hstack, identity

from nexttrack.kernels.ranking import product, top_n
from nexttrack.models.audio import standardised_vectors
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.similarity import SimilarityModel, from_lists
from nexttrack.models.space import OneOf, Range, Space

if TYPE_CHECKING:
    import pandas as pd


class ContentKNN(SimilarityModel):
    """Item-to-item nearest neighbours by content: audio features, and attributes such as artists.

    The similarity of two items is ``(1 - attribute_weight) cos(a_i, a_j) + attribute_weight
    cos(b_i, b_j)``: a are the audio features, standardised over the items that have them all, b the
    attributes. A cosine with an item that has no features, or no attributes, is 0. Each item keeps
    the K most similar others with a similarity above 0.

    The score of an item is its largest similarity to an item of the profile (``profile="max"``), or
    the sum of its similarities times the user's values (``"sum"``). By the maximum, the best N of a
    user with n items are exact where K is at least N + n.

    Of the matrix ``fit`` looks only at the number of items. It raises a ValueError if the features
    or attributes are not one row for each item, or if there are neither.

    Args:
        features: array of items x features, any unit; NaN where unknown. None for no audio.
        attributes: ``csr_matrix`` of items x attributes, weights of at least 0. None for none.
        attribute_weight: in [0, 1]; without features 1 is taken, without attributes 0.
        K: neighbours kept for each item, at least 1.
        profile: ``"max"`` or ``"sum"``.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for another weight, K or profile.
    """

    _STATE = ("similarity", "K", "attribute_weight", "profile")

    search_space: ClassVar[Space] = {
        "attribute_weight": Range(0, 1),
        "K": Range(20, 500, log=True, whole=True),
        "profile": OneOf(("max", "sum")),
    }

    def __init__(
        self,
        features: ArrayLike | None = None,
        attributes: csr_matrix | None = None,
        attribute_weight: float = 0.5,
        K: int = 100,
        profile: str = "max",
        num_threads: int = 0,
    ) -> None:
        super().__init__(K=K, num_threads=num_threads)
        if not 0 <= attribute_weight <= 1 or K < 1 or profile not in ("max", "sum"):
            raise ValueError(
                "attribute_weight must be in [0, 1], K 1 or more, profile 'max' or 'sum'"
            )
        self.features = features
        self.attributes = attributes
        self.attribute_weight = attribute_weight
        self.profile = profile

    @property
    def _by_max(self):
        return self.profile == "max"

    def _fit(self, user_items, show_progress, callback):
        n_items = user_items.shape[1]
        audio, names, known = self._vectors(n_items)
        columns = names.T.tocsr()

        def similarities(start, stop):
            block = product(audio[start:stop], audio.T)
            if names.nnz:
                block += (names[start:stop] @ columns).toarray()
            block[block <= 0] = -np.inf
            return block

        ids, values = top_n(
            similarities,
            n_items,
            min(self.K, n_items),
            hidden=identity(n_items, dtype=np.float32, format="csr"),
            allowed=known,
            num_threads=self.num_threads,
        )
        self._keep(from_lists(ids, values.astype(np.float64), n_items))

    def _vectors(self, n_items):
        """Return audio vectors and attributes, so that the similarity is the sum of two products.

        The third is a boolean array: which items have anything.
        """
        if self.features is None and self.attributes is None:
            raise ValueError("there are neither features nor attributes to compare items by")
        weight = self.attribute_weight
        if self.features is None or self.attributes is None:
            weight = float(self.features is None)
        audio, known = np.zeros((n_items, 1), dtype=np.float32), np.zeros(n_items, dtype=bool)
        if self.features is not None:
            audio, known = standardised_vectors(self.features, n_items)
        names = csr_matrix((n_items, 1), dtype=np.float32)
        if self.attributes is not None:
            if self.attributes.shape[0] != n_items:
                raise ValueError(
                    f"attributes have {self.attributes.shape[0]} rows, user_items {n_items} items"
                )
            names = checked_user_items(
                self.attributes, name="attributes", axes=("item", "attribute")
            )
            names = _rows_of_length_one(names)
            known = known | (np.diff(names.indptr) > 0)
        half = np.float32(np.sqrt(weight))
        return audio * np.float32(np.sqrt(1 - weight)), names * half, known


def artists_and_genres(tracks: "pd.DataFrame", artist_weight: float = 0.5) -> csr_matrix:
    """Return who made each item and what it is called, as attributes to compare items by.

    Names are weighted by their inverse document frequency, ``log(items / items with the name)``
    (Spärck Jones 1972), so that a rare genre says more than a common one. The artists of an item
    and its genres are each scaled to unit length before they are weighted.

    Args:
        tracks: items x columns with ``genres`` and, if they are tracks, ``artists``: lists of
            names, or NaN.
        artist_weight: the artists' share of a similarity between items that have both, in [0, 1].

    Returns:
        float32, items x (artists and genres), rows of length 1 or, with one of the two unknown, the
        square root of the other's share.
    """
    from nexttrack.features.names import names_incidence  # pandas takes a while to load

    shares = {"artists": artist_weight, "genres": 1 - artist_weight}
    blocks = []
    for column, share in shares.items():
        if column in tracks and share:
            incidence = names_incidence(tracks[column]).astype(np.float64)
            counts = np.maximum(incidence.sum(axis=0).A1, 1)
            weighted = incidence @ diags(np.log(len(tracks) / counts))
            blocks.append(_rows_of_length_one(weighted.tocsr()) * np.sqrt(share))
    return hstack(blocks, format="csr", dtype=np.float32)


def _rows_of_length_one(matrix: csr_matrix) -> csr_matrix:
    norms = np.sqrt(matrix.multiply(matrix).sum(axis=1)).A1
    scaled = matrix.copy()
    scaled.data = scaled.data / np.repeat(np.where(norms > 0, norms, 1), np.diff(matrix.indptr))
    return scaled.astype(np.float32)
