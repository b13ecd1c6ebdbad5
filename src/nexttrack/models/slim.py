"""SLIM: each item is predicted from few others, by elastic nets without negative weights."""

import warnings
from typing import ClassVar

import numpy as np

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.elastic_nets import elastic_nets
from nexttrack.models.similarity import SimilarityModel, from_lists
from nexttrack.models.space import Range, Space


class SLIM(SimilarityModel):
    """Sparse linear model by elastic net, weights of at least 0 (Ning & Karypis 2011, ICDM).

    The weights w of item j minimise ``|x_j - X w|^2 / 2 + l1 |w|_1 + l2 |w|^2 / 2`` with w_j = 0
    and no weight below 0; x_j are the values of item j. As values are not below 0 either, an item
    whose product with x_j is not above l1 has the weight 0, and only the others enter: no item is
    left out for speed. The solution is found by cyclic coordinate descent (Friedman, Hastie &
    Tibshirani 2010, JSS 33(1)) to within ``tolerance``, whatever the values.

    With ``candidates`` it is fsSLIM, the paper's faster variant with feature selection: only so
    many items may have a weight, those of the largest cosines with x_j.

    Args:
        l1: at least 0: the larger, the fewer weights.
        l2: above 0.
        K: the largest weights kept for each predicted item, at least 1.
        tolerance: no item's weights w, before all but K are dropped, are further than this from the
            exact ones (Euclidean distance), above 0.
        max_passes: largest number of passes over all items that may have a weight, and between
            two of these over those that have one. Raw play counts may need more:
            ``fit`` then gives a RuntimeWarning.
        candidates: at least 1; None for all items.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for settings that are not as said.
    """

    _STATE = ("similarity", "K", "l1", "l2", "tolerance", "max_passes", "candidates")

    search_space: ClassVar[Space] = {
        "l1": Range(0.05, 20, log=True),
        "l2": Range(1, 500, log=True),
    }

    def __init__(
        self,
        l1: float = 1.0,
        l2: float = 10.0,
        K: int = 200,
        tolerance: float = 1e-3,
        max_passes: int = 50,
        candidates: int | None = None,
        num_threads: int = 0,
    ) -> None:
        super().__init__(K=K, num_threads=num_threads)
        if not (l1 >= 0 and l2 > 0 and K >= 1 and tolerance > 0 and max_passes >= 1):
            raise ValueError(
                "l1 must be 0 or more, l2 and tolerance above 0, K and max_passes 1 or more"
            )
        if candidates is not None and not candidates >= 1:
            raise ValueError(f"candidates must be 1 or more, or None for all, not {candidates}")
        self.l1 = l1
        self.l2 = l2
        self.tolerance = tolerance
        self.max_passes = max_passes
        self.candidates = candidates

    def _fit(self, user_items, show_progress, callback):
        users = user_items.astype(np.float64)
        items = users.T.tocsr()
        n_items = items.shape[0]
        ids = np.full((n_items, min(self.K, n_items)), -1, dtype=np.int32)
        weights, off = np.zeros(ids.shape), np.zeros(n_items)
        by_item, by_user = ((rows.indptr, rows.indices, rows.data) for rows in (items, users))
        n_nearest = n_items if self.candidates is None else int(self.candidates)
        exactness = float(self.tolerance), int(self.max_passes)
        settings = float(self.l1), float(self.l2), *exactness, n_nearest

        def fill(start, stop):
            elastic_nets(start, stop, by_item, by_user, settings, ids, weights, off)

        in_chunks(fill, n_items, self.num_threads)
        short = off > self.tolerance
        if short.any():
            warnings.warn(
                f"SLIM: the weights of {short.sum()} of {n_items} items may be up to"
                f" {off.max():.2g} from exact after max_passes={self.max_passes}; scale large"
                " values (log1p), or raise l2 or max_passes",
                RuntimeWarning,
                stacklevel=3,
            )
        self._keep(from_lists(ids, weights, n_items).T.tocsr())
