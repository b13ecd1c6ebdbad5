"""Neighbours by co-occurrence: what the same users have, and who has the same items."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix

from nexttrack.kernels.interactions import as_interactions
from nexttrack.kernels.ranking import NO_SCORE
from nexttrack.models.recommender import Recommender
from nexttrack.models.similarity import SimilarityModel, nearest_rows, weighted_sums, without_self
from nexttrack.models.space import OneOf, Range, Space

WEIGHTINGS = ("cosine", "tfidf", "bm25")


class ItemKNN(SimilarityModel):
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

    _STATE: tuple[str, ...] = ("similarity", "K", "weighting", "shrinkage")

    # Shrinkage is in the unit of the norms; those of tf-idf rows are some ten times as long.
    search_space: ClassVar[Space] = {
        "K": Range(10, 1000, log=True, whole=True),
        "weighting": OneOf(("cosine", "tfidf", "bm25")),
        "shrinkage": Range(0.1, 1000, log=True),
    }

    def __init__(
        self, K: int = 20, weighting: str = "cosine", shrinkage: float = 0.0, num_threads: int = 0
    ) -> None:
        super().__init__(K=K, num_threads=num_threads)
        _check_settings(K, weighting, shrinkage)
        self.weighting = weighting
        self.shrinkage = shrinkage

    def _fit(self, user_items, show_progress, callback):
        items = user_items.T.tocsr().astype(np.float64)
        items = Weighting.of(items, self.weighting).apply(items)
        norms = _norms(items, self.weighting)
        self._keep(
            nearest_rows(
                items, items.T.tocsr(), self.K, norms, norms, self.shrinkage, self.num_threads
            )
        )


class UserKNN(Recommender):
    """User-to-user nearest neighbours (Herlocker, Konstan, Borchers & Riedl 1999) with shrinkage.

    With x_u the weighted row of user u, the similarity of two users is
    ``x_u . x_v / (|x_u| |x_v| + shrinkage)``; for ``"bm25"`` it is ``x_u . x_v``. The score of an
    item is the sum, over the K users of the training data who are most similar, of the similarity
    times that user's value of the item; items that no neighbour has are not recommended.

    A user is the row of ``user_items``; the neighbours are looked for when lists are asked for. A
    user known from ``fit`` is not a neighbour of their own, unless ``recalculate_user`` says that
    the row is of somebody else.

    Args:
        K: neighbours of each user, at least 1.
        weighting: ``"cosine"`` (values as they are), ``"tfidf"`` or ``"bm25"`` (K1 1.2, B 0.75),
            as implicit defines them for the rows of a matrix, here the users.
        shrinkage: at least 0; with ``"bm25"`` 0.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for another weighting, shrinkage or K.
    """

    _STATE = ("user_items", "K", "weighting", "shrinkage")
    _COMPARES = ("users",)

    # Shrinkage is in the unit of the norms; those of tf-idf rows are some ten times as long.
    search_space: ClassVar[Space] = {
        "K": Range(10, 1000, log=True, whole=True),
        "weighting": OneOf(("cosine", "tfidf", "bm25")),
        "shrinkage": Range(0.1, 1000, log=True),
    }

    def __init__(
        self, K: int = 100, weighting: str = "cosine", shrinkage: float = 0.0, num_threads: int = 0
    ) -> None:
        _check_settings(K, weighting, shrinkage)
        self.K = K
        self.weighting = weighting
        self.shrinkage = shrinkage
        self.num_threads = num_threads
        self.user_items: Any = None

    def _fit(self, user_items, show_progress, callback):
        self.user_items = user_items.astype(np.float64)
        self._loaded()

    def _loaded(self):
        self.user_items = as_interactions(self.user_items, dtype=np.float64)
        self._weights = Weighting.of(self.user_items, self.weighting)
        weighted = self._weights.apply(self.user_items)
        self._item_users = weighted.T.tocsr()
        self._user_norms = _norms(weighted, self.weighting)

    @property
    def n_items(self) -> int:
        """Return the number of items that the model knows."""
        return self.user_items.shape[1]

    @property
    def n_users(self) -> int:
        """Return the number of users that the model knows."""
        return self.user_items.shape[0]

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        return weighted_sums(
            self._neighbours(user_items, None if recalculate_user else users),
            self.user_items,
            N,
            hidden=hidden,
            allowed=may,
            num_threads=self.num_threads,
        )

    def _similar_users(self, users, N, may):
        K = N if may.all() else self.n_users
        near = self._neighbours(self.user_items[users], K=max(K, 1))
        ids = np.full((len(users), N), -1, dtype=np.int32)
        scores = np.full(ids.shape, NO_SCORE, dtype=np.float64)
        for row, (start, stop) in enumerate(pairwise(near.indptr)):
            kept = np.flatnonzero(may[near.indices[start:stop]])[:N] + start
            ids[row, : len(kept)] = near.indices[kept]
            scores[row, : len(kept)] = near.data[kept]
        return ids, scores

    def _neighbours(self, rows, users=None, K=None):
        """Return the similarities of rows to the K nearest known users, float64 of rows x users."""
        rows = self._weights.apply(rows.astype(np.float64))
        K, norms = K or self.K, _norms(rows, self.weighting)
        near = nearest_rows(
            rows,
            self._item_users,
            K if users is None else K + 1,
            norms,
            self._user_norms,
            self.shrinkage,
            self.num_threads,
        )
        return near if users is None else without_self(near, users, K)


class RP3beta(SimilarityModel):
    """Random walks of three steps, with popular items held back (Paudel et al. 2017, TiiS 7(1)).

    From an item to one of its users, to one of that user's items: with p_iu and p_uj the
    probabilities of the two steps, each the value over the sum of its row,
    ``W_ij = (sum over u of p_iu^alpha p_uj^alpha) / n_j^beta``, n_j the sum of item j's values.
    Each item keeps its K largest; the score is the sum of W over the user's items times their
    values. With beta 0 it is P3alpha (Cooper et al. 2014).

    Args:
        K: entries kept for each item, at least 1.
        alpha: power of the probabilities of a step, above 0.
        beta: how far popular items are held back, at least 0.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for another K, alpha or beta.
    """

    _STATE = ("similarity", "K", "alpha", "beta")

    search_space: ClassVar[Space] = {
        "K": Range(100, 2000, log=True, whole=True),
        "alpha": Range(0.2, 2),
        "beta": Range(0, 1),
    }

    def __init__(
        self, K: int = 100, alpha: float = 1.0, beta: float = 0.5, num_threads: int = 0
    ) -> None:
        super().__init__(K=K, num_threads=num_threads)
        if not (K >= 1 and alpha > 0 and beta >= 0):
            raise ValueError("K must be 1 or more, alpha above 0, beta 0 or more")
        self.alpha = alpha
        self.beta = beta

    def _fit(self, user_items, show_progress, callback):
        users = user_items.astype(np.float64)
        items = users.T.tocsr()
        held_back = items.sum(axis=1).A1 ** self.beta
        self._keep(
            nearest_rows(
                _steps(items, self.alpha),
                _steps(users, self.alpha),
                self.K,
                right_scale=held_back,
                num_threads=self.num_threads,
            )
        )


@dataclass(frozen=True)
class Weighting:
    """Weights of the entries of a row, as implicit defines them.

    Attributes:
        name: one of ``WEIGHTINGS``.
        idf: ``log(n_rows) - log(1 + rows that have the column)`` of each column.
        mean_length: mean sum of a row.
    """

    name: str
    idf: np.ndarray
    mean_length: float

    @classmethod
    def of(cls, rows: csr_matrix, name: str) -> "Weighting":
        """Learn the weights from rows, float64 without stored zeros."""
        counts = np.bincount(rows.indices, minlength=rows.shape[1])
        idf = np.log(max(rows.shape[0], 1)) - np.log1p(counts)
        return cls(name, idf, rows.sum() / max(rows.shape[0], 1))

    def apply(self, rows: csr_matrix) -> csr_matrix:
        """Return rows with their entries weighted, float64."""
        if self.name == "cosine":
            return rows
        weighted = rows.copy()
        if self.name == "tfidf":
            weighted.data = np.sqrt(rows.data) * self.idf[rows.indices]
            return weighted
        K1, B = 1.2, 0.75
        lengths = np.repeat(rows.sum(axis=1).A1, np.diff(rows.indptr))
        longer = (1 - B) + B * lengths / (self.mean_length or 1)
        weighted.data = rows.data * (K1 + 1) / (K1 * longer + rows.data) * self.idf[rows.indices]
        return weighted


def _check_settings(K, weighting, shrinkage):
    if weighting not in WEIGHTINGS:
        raise ValueError(f"weighting is {weighting!r}; it can be {', '.join(WEIGHTINGS)}")
    if not (K >= 1 and shrinkage >= 0) or (shrinkage and weighting == "bm25"):
        raise ValueError("K must be 1 or more, shrinkage 0 or more, and 0 with bm25")


def _norms(rows: csr_matrix, weighting: str) -> np.ndarray | None:
    """Return the length of each row, or None for a weighting that does not divide by it."""
    return None if weighting == "bm25" else np.sqrt(rows.multiply(rows).sum(axis=1)).A1


def _steps(rows: csr_matrix, alpha: float) -> csr_matrix:
    """Return the probabilities of a step from each row, to the power of alpha."""
    sums = rows.sum(axis=1).A1
    steps = rows.copy()
    steps.data = (rows.data / np.repeat(sums, np.diff(rows.indptr))) ** alpha
    return steps
