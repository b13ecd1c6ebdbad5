"""Recommend what is like an item in the profile: in sound, by artist, by genre."""

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, diags, hstack, identity, vstack

from nexttrack.kernels.ranking import product, top_n
from nexttrack.models.audio import SCALES, scaled_features, unit_length
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.similarity import SimilarityModel, from_lists, nearest_rows, without_self
from nexttrack.models.space import OneOf, Range, Space

if TYPE_CHECKING:
    import pandas as pd


class ContentKNN(SimilarityModel):
    """Item-to-item nearest neighbours by content: audio features, and attributes such as artists.

    The similarity of two items is ``(1 - attribute_weight) cos(a_i, a_j) + attribute_weight
    cos(b_i, b_j)``: a are the audio features, on one scale over the items that have them all
    (:func:`nexttrack.models.audio.scaled_features`), b the attributes. A cosine with an item that
    has no features, or no attributes, is 0. Each item keeps the K most similar others with a
    similarity above 0.

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
        scale: of the features, ``"normal scores"`` or ``"z-scores"``.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for another weight, K, profile or scale.
    """

    _STATE = ("similarity", "K", "attribute_weight", "profile", "scale")

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
        scale: str = "normal scores",
        num_threads: int = 0,
    ) -> None:
        super().__init__(K=K, num_threads=num_threads)
        if not 0 <= attribute_weight <= 1 or K < 1 or profile not in ("max", "sum"):
            raise ValueError(
                "attribute_weight must be in [0, 1], K 1 or more, profile 'max' or 'sum'"
            )
        if scale not in SCALES:
            raise ValueError(f"scale must be one of {', '.join(SCALES)}, not {scale!r}")
        self.features = features
        self.attributes = attributes
        self.attribute_weight = attribute_weight
        self.profile = profile
        self.scale = scale

    @property
    def _by_max(self):
        return self.profile == "max"

    def _fit(self, user_items, show_progress, callback):
        n_items = user_items.shape[1]
        audio, names, heard = self._vectors(n_items)
        # Pairs without two sounds have names alone in common, most of them nothing: a sparse
        # product is enough.
        heard, rest = np.flatnonzero(heard), np.flatnonzero(~heard)
        columns = names.T.tocsr()
        near = nearest_rows(names[rest], columns, self.K + 1, num_threads=self.num_threads)
        near = without_self(near, rest, self.K)
        if len(heard):
            near = vstack([self._nearest_heard(audio[heard], names, heard, rest), near])
        self._keep(near.tocsr()[np.argsort(np.concatenate([heard, rest]))])

    def _nearest_heard(self, audio, names, heard, rest):
        """Return the nearest to the items that have features, float64 of these x items."""
        n_heard, n_items = len(heard), names.shape[0]
        own = names[heard]
        left, right = own.astype(np.float32), own.T.tocsr().astype(np.float32)

        def similarities(start, stop):
            block = product(audio[start:stop], audio.T)
            if left.nnz:
                block += (left[start:stop] @ right).toarray()
            return block

        ids, values = top_n(
            similarities,
            n_heard,
            min(self.K, n_heard),
            hidden=identity(n_heard, dtype=np.float32, format="csr"),
            allowed=np.ones(n_heard, dtype=bool),
            num_threads=self.num_threads,
        )
        ids = np.where(values > 0, heard[ids], -1)
        others = nearest_rows(own, names[rest].T.tocsr(), self.K, num_threads=self.num_threads)
        others = csr_matrix(
            (others.data, rest[others.indices], others.indptr), shape=(n_heard, n_items)
        )
        both = from_lists(ids, values.astype(np.float64), n_items) + others
        return nearest_rows(identity(n_heard, format="csr"), both, self.K)

    def _vectors(self, n_items):
        """Return audio vectors and attributes, so that the similarity is the sum of two products.

        The third is a boolean array: which items have features that count.
        """
        if self.features is None and self.attributes is None:
            raise ValueError("there are neither features nor attributes to compare items by")
        weight = self.attribute_weight
        if self.features is None or self.attributes is None:
            weight = float(self.features is None)
        audio, heard = np.zeros((n_items, 1)), np.zeros(n_items, dtype=bool)
        if self.features is not None:
            audio, heard = scaled_features(self.features, n_items, self.scale)
            heard = heard & (weight < 1)
        names = csr_matrix((n_items, 1), dtype=np.float64)
        if self.attributes is not None:
            if self.attributes.shape[0] != n_items:
                raise ValueError(
                    f"attributes have {self.attributes.shape[0]} rows, user_items {n_items} items"
                )
            given = checked_user_items(
                self.attributes, name="attributes", axes=("item", "attribute")
            )
            if weight > 0:
                names = _rows_of_length_one(given).astype(np.float64) * np.sqrt(weight)
        return unit_length(audio).astype(np.float32) * np.float32(np.sqrt(1 - weight)), names, heard


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
