"""Recommend by sound alone: the items that sound most like what a user has."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import diags

from nexttrack.kernels.ranking import NO_SCORE, product, top_n
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.model_file import check_array
from nexttrack.models.recommender import Recommender, check_known
from nexttrack.models.space import OneOf, Range, Space

SCALES = ("normal scores", "z-scores")
METRICS = ("cosine", "euclidean")
ROWS = 512  # items of profiles whose similarities to all others are made at once
LEAST = np.float32(-80.0)  # the exponential of less is too small for float32


class AudioKNN(Recommender):
    """Nearest neighbours in the space of audio features, from the centre of a profile to its items.

    Features are put on one scale over the items that have them all: as normal scores
    (:class:`nexttrack.features.NormalScores`), so that no long tail rules a distance, or as
    z-scores. The similarity of two items i and j with p features is, by ``metric``, their cosine or
    ``-|x_i - x_j|^2 / (2 p)``. Both lose 1 on average from an item to a stranger.

    The score of item j for a user who has the items i with weights w is the soft maximum of their
    similarities, ``log(sum_i w_i exp(c s_ij) / sum_i w_i) / c``, with c the ``concentration``: a
    kernel density estimate with the kernel of von Mises and Fisher, or of Gauss (Hall, Watson &
    Cabrera 1987, Biometrika 74(4)). With c = 0 it is the mean of the similarities, which ranks as
    the similarity to the centroid of the profile does; with c large it is the largest of them, the
    similarity to the nearest item. Exponents below -80 count as -80.

    Items with a missing feature are never recommended, and add nothing to a profile; a user
    without any item that has features gets an empty list (ids -1). A known user has what they had
    in ``fit``. ``fit`` raises a ValueError if the features are not one row for each item, or no
    item has them all.

    Args:
        features: array of items x features, any unit; NaN where unknown.
        scale: ``"normal scores"`` or ``"z-scores"``.
        metric: ``"cosine"`` or ``"euclidean"``.
        concentration: c, at least 0.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.

    Attributes:
        vectors: float32 of items x features; of length 1 for the cosine, over the root of their
            number for the other; zeros where one is unknown.
        known: which items have them all, boolean.
        user_items: float32 of users x items, the profiles of the users of ``fit``.

    Raises:
        ValueError: for another scale, metric or concentration.
    """

    _STATE: tuple[str, ...] = ("vectors", "known", "user_items", "scale", "metric", "concentration")
    _BY_ROW = False
    _COMPARES = ("items",)
    _WITHOUT_EVIDENCE = float(NO_SCORE)  # of no known sound: a similarity may be below 0

    search_space: ClassVar[Space] = {
        "scale": OneOf(SCALES),
        "metric": OneOf(METRICS),
        "concentration": Range(0.1, 100, log=True),
    }

    def __init__(
        self,
        features: ArrayLike | None = None,
        scale: str = "normal scores",
        metric: str = "cosine",
        concentration: float = 0.0,
        num_threads: int = 0,
    ) -> None:
        super().__init__()
        _check_scale(scale)
        if metric not in METRICS or not 0 <= concentration < np.inf:
            raise ValueError(
                f"metric must be one of {', '.join(METRICS)}, not {metric!r}; concentration a "
                f"number of 0 or more, not {concentration}"
            )
        self.features = features
        self.scale = scale
        self.metric = metric
        self.concentration = concentration
        self.num_threads = num_threads
        self.vectors: Any = None
        self.user_items: Any = None

    @property
    def n_items(self) -> int:
        """Return the number of items that the model knows."""
        return len(self.vectors)

    @property
    def n_users(self) -> int:
        """Return the number of users that the model knows."""
        return self.user_items.shape[0]

    def _fit(self, user_items, show_progress, callback):
        self.vectors, self.known = self._placed(user_items)
        self.user_items = user_items.copy()

    def _placed(self, user_items):
        """Return the vectors of the items, and which have one."""
        scaled, known = scaled_features(self.features, user_items.shape[1], self.scale)
        if self.metric == "cosine":
            return unit_length(scaled).astype(np.float32), known
        return (scaled / np.sqrt(scaled.shape[1])).astype(np.float32), known

    def _loaded(self):
        check_array("vectors", self.vectors, (self.n_items, np.shape(self.vectors)[-1]), np.float32)
        check_array("known", self.known, (self.n_items,), bool)
        self.user_items = checked_user_items(self.user_items, self.n_items)

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        if not recalculate_user:
            check_known(users, self.n_users)
            user_items = self.user_items[users]
        known = np.flatnonzero(self.known)
        rows, vectors = user_items[:, known], self.vectors[known]
        total = np.asarray(rows.sum(axis=1), dtype=np.float64).ravel()
        shares = (diags(1 / np.where(total > 0, total, 1)) @ rows).tocsr().astype(np.float32)

        def scores(start, stop):
            part = shares[start:stop]
            mean = self._mean if self.concentration == 0 else self._soft_maximum
            found = mean(part, vectors)
            found[total[start:stop] == 0] = -np.inf
            return found

        ids, values = top_n(
            scores,
            len(users),
            min(N, len(known)),
            hidden=None if hidden is None else hidden[:, known],
            allowed=may[known],
            num_threads=self.num_threads,
        )
        ids = np.where(ids >= 0, known[ids], -1).astype(np.int32)
        room = ((0, 0), (0, N - ids.shape[1]))
        return (
            np.pad(ids, room, constant_values=-1),
            np.pad(values, room, constant_values=NO_SCORE),
        )

    def _contributions(self, profile, item, user_weights):
        if self.concentration > 0:
            raise NotImplementedError("scores have parts only with concentration=0")
        shares = profile.data * (self.known[profile.indices] & self.known[item])
        shares /= max(shares.sum(), np.finfo(np.float32).tiny)
        asked = self.vectors[item : item + 1]
        return shares * self._similarity(self.vectors[profile.indices], asked)[:, 0]

    def _similarity(self, left, right):
        """Return the similarities of some vectors (rows) to others (columns), float32."""
        found = product(left, right.T)
        if self.metric == "euclidean":
            found -= _half_square(left)[:, None]
            found -= _half_square(right)
        return found

    def _mean(self, shares, vectors):
        found = product(shares @ vectors, vectors.T)
        if self.metric == "euclidean":
            found -= (shares @ _half_square(vectors))[:, None]
            found -= _half_square(vectors)
        return found

    def _soft_maximum(self, shares, vectors):
        """Sum the kernels of a profile's items, some items at a time."""
        most = np.float32(self.metric == "cosine")  # of an item with itself
        c = np.float32(self.concentration)
        items = np.unique(shares.indices)
        weights = shares[:, items]
        sums = np.zeros((shares.shape[0], len(vectors)), dtype=np.float32)
        for first in range(0, len(items), ROWS):
            kernel = self._similarity(vectors[items[first : first + ROWS]], vectors)
            kernel -= most
            kernel *= c
            np.maximum(kernel, LEAST, out=kernel)
            sums += weights[:, first : first + ROWS] @ np.exp(kernel, out=kernel)
        with np.errstate(divide="ignore"):  # a user without a place has sums of 0
            return np.log(sums, out=sums) / c + most

    def _similar_items(self, items, N, may, placed):
        return top_n(
            lambda start, stop: self._similarity(self.vectors[items[start:stop]], self.vectors),
            len(items),
            N,
            hidden=None,
            allowed=may & self.known,
            num_threads=self.num_threads,
        )


def scaled_features(
    features: ArrayLike | None, n_items: int, scale: str = "normal scores"
) -> tuple[np.ndarray, np.ndarray]:
    """Return audio features on one scale.

    Args:
        features: array of items x features, any unit; NaN where unknown.
        n_items: number of items that there should be.
        scale: ``"normal scores"``, of the ranks among the items that have all features, or
            ``"z-scores"``, with mean 0 and spread 1 over them.

    Returns:
        float64 of items x features, zeros for the items that lack one; and which items have them
        all, boolean.

    Raises:
        ValueError: for another scale, if the features are not one row for each item, or if none is
            complete.
    """
    _check_scale(scale)
    features = np.asarray(features, dtype=np.float64)
    if features.ndim != 2 or len(features) != n_items:
        raise ValueError(
            f"features have shape {features.shape}, not one row for each of {n_items} items"
        )
    known = np.isfinite(features).all(axis=1)
    if not known.any():
        raise ValueError("no item has all its features")
    scaled = np.zeros(features.shape)
    if scale == "normal scores":
        from nexttrack.features.normal_scores import NormalScores  # scikit-learn takes a second

        scaled[known] = NormalScores().fit_transform(features[known])
    else:
        spread = features[known].std(axis=0)
        scaled[known] = (features[known] - features[known].mean(axis=0)) / np.where(
            spread > 0, spread, 1
        )
    return scaled, known


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Scale each row to length 1; rows of zeros stay."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def _check_scale(scale):
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}, not {scale!r}")


def _half_square(vectors):
    return np.einsum("ij,ij->i", vectors, vectors) / 2
