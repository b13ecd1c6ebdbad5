"""What comes next in an ordered list: chains, neighbours of the list, and profiles that fade.

To these models the values of ``user_items`` are *when*, not how much: they rise along a list, as
1, 2, 3 (:meth:`nexttrack.data.dataset.Dataset.order`), and only their order within a row counts.
Equal values are one step: in a row of ones nothing comes before anything.
"""

from typing import Any, ClassVar

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags, identity, vstack

from nexttrack.kernels.interactions import as_interactions
from nexttrack.kernels.orders import steps_ago
from nexttrack.models.neighbours import ItemKNN
from nexttrack.models.recommender import Recommender
from nexttrack.models.similarity import (
    SimilarityModel,
    nearest_rows,
    weighted_sums,
    without_self,
)
from nexttrack.models.space import Range, Space

BLOCK = 128  # users whose neighbours' lists are looked at together


def recency_weights(order: csr_matrix, half_life: float) -> csr_matrix:
    """Return rows in which an item weighs the less the longer ago it was: ``2^(-ago / half_life)``.

    Args:
        order: ``csr_matrix`` of lists x items; values rise along a list.
        half_life: steps in which the weight falls to a half, 0 or more: with 0 only the last step
            counts, with infinity all count 1.

    Returns:
        float64, of the same shape, without zeros.

    Raises:
        ValueError: for another half-life.
    """
    weights = _halved(steps_ago(order), _checked("half_life", half_life))
    faded = csr_matrix((weights, order.indices, order.indptr), shape=order.shape, copy=True)
    faded.eliminate_zeros()
    return faded


class _FadingProfile(SimilarityModel):
    """Weighs a list's items by how long ago they were, whatever item speaks for what."""

    half_life: float

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        weights = self._profile(user_items)
        return super()._ranked(users, weights, N, hidden, may, recalculate_user)

    def _profile(self, row):
        return recency_weights(row, self.half_life)


class MarkovChain(_FadingProfile):
    """What followed the last items elsewhere: first-order Markov chain, and sequential rules.

    ``P_ij = sum over lists of 1 / d / (the same, summed over all j, + shrinkage)``, where j comes d
    steps after i in the list, d from 1 to ``steps``. With ``steps`` of 1 it is the maximum
    likelihood estimate of a first-order chain (Rendle, Freudenthaler & Schmidt-Thieme 2010, WWW),
    with more the sequential rules of Ludewig & Jannach (2018, UMUAI 28). The score of an item is
    the sum of its P over the list's items, each with its weight of :func:`recency_weights`: with
    the ``half_life`` 0, of the last step alone.

    Values are moments, see the module. What follows an item is not like it, so no items are
    similar.

    Args:
        steps: how far an item reaches, at least 1.
        half_life: in steps, of the weight of a list's items, 0 or more.
        shrinkage: mistrusts what rests on few lists, at least 0.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for other settings.
    """

    _STATE = ("similarity", "steps", "half_life", "shrinkage")
    _COMPARES: ClassVar[tuple[str, ...]] = ()

    search_space: ClassVar[Space] = {
        "steps": Range(1, 30, log=True, whole=True),
        "half_life": Range(0.2, 50, log=True),
        "shrinkage": Range(0.1, 30, log=True),
    }

    def __init__(
        self,
        steps: int = 1,
        half_life: float = 0.0,
        shrinkage: float = 0.0,
        num_threads: int = 0,
    ) -> None:
        super().__init__(num_threads=num_threads)
        if not (steps >= 1 and shrinkage >= 0):
            raise ValueError("steps must be 1 or more, shrinkage 0 or more")
        self.steps = steps
        self.half_life = _checked("half_life", half_life)
        self.shrinkage = shrinkage

    def _fit(self, user_items, show_progress, callback):
        moments, left = _by_moment(user_items)
        n_items = user_items.shape[1]
        follows = csr_matrix((n_items, n_items))
        for distance in range(1, self.steps + 1):
            before = np.flatnonzero(left >= distance)
            after = before + distance  # rows of one list are next to each other
            follows = follows + moments[before].T @ moments[after] / distance
        sums = follows.sum(axis=1).A1 + self.shrinkage
        self._keep((diags(1 / np.where(sums > 0, sums, 1)) @ follows).tocsr())


class RecentItemKNN(_FadingProfile, ItemKNN):
    """Item-to-item neighbours in which the last items of a list count most.

    :class:`ItemKNN` of ones, with an item's weight of :func:`recency_weights` in place of its value
    (Ding & Li 2005, CIKM, who count days where steps are counted here). With an infinite half-life,
    or for rows of ones, it is :class:`ItemKNN`. Values are moments, see the module.

    Args:
        K, weighting, shrinkage, num_threads: see :class:`ItemKNN`.
        half_life: in steps, 0 or more.

    Raises:
        ValueError: for other settings.
    """

    _STATE = (*ItemKNN._STATE, "half_life")

    search_space: ClassVar[Space] = {
        **ItemKNN.search_space,
        "half_life": Range(0.2, 100, log=True),
    }

    def __init__(
        self,
        K: int = 20,
        weighting: str = "cosine",
        shrinkage: float = 0.0,
        half_life: float = 10.0,
        num_threads: int = 0,
    ) -> None:
        super().__init__(K=K, weighting=weighting, shrinkage=shrinkage, num_threads=num_threads)
        self.half_life = _checked("half_life", half_life)

    def _fit(self, user_items, show_progress, callback):
        super()._fit(_ones(user_items), show_progress, callback)


class RecentContentKNN(_FadingProfile):
    """Neighbours by attributes, such as artists, in which the last items of a list count most.

    The similarity of two items is the cosine of their attributes. Each item keeps its K most
    similar ones, itself among them; the score of an item is the sum of its similarities to the
    list's items, each with its weight of :func:`recency_weights`. With the ``half_life`` 0 and
    artists as attributes it recommends the artists of the last track. Values are moments, see the
    module. Of the matrix ``fit`` looks only at the number of items; it raises a ValueError if the
    attributes are not one row for each.

    Args:
        attributes: ``csr_matrix`` of items x attributes, weights of at least 0.
        K: neighbours kept for each item, at least 1; of equals the smaller position.
        half_life: in steps, 0 or more.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for other settings.
    """

    _STATE = ("similarity", "K", "half_life")

    search_space: ClassVar[Space] = {
        "K": Range(20, 500, log=True, whole=True),
        "half_life": Range(0.2, 100, log=True),
    }

    def __init__(
        self,
        attributes: csr_matrix | None = None,
        K: int = 100,
        half_life: float = 10.0,
        num_threads: int = 0,
    ) -> None:
        super().__init__(K=K, num_threads=num_threads)
        if K < 1:
            raise ValueError("K must be 1 or more")
        self.attributes = attributes
        self.half_life = _checked("half_life", half_life)

    def _fit(self, user_items, show_progress, callback):
        if self.attributes is None or self.attributes.shape[0] != user_items.shape[1]:
            n = 0 if self.attributes is None else self.attributes.shape[0]
            raise ValueError(f"attributes have {n} rows, user_items {user_items.shape[1]} items")
        names = as_interactions(self.attributes, "attributes", np.float64, ("item", "attribute"))
        norms = np.sqrt(names.multiply(names).sum(axis=1)).A1
        columns = names.T.tocsr()
        self._keep(nearest_rows(names, columns, self.K, norms, norms, num_threads=self.num_threads))


class SessionKNN(Recommender):
    """Neighbours of an ordered list: session kNN, S-SKNN and STAN, by their settings.

    The similarity of a list s to one of the training data, n, is the sum, over the items of both,
    of their weights in s (:func:`recency_weights`, by ``half_life``), over ``sqrt(|s| |n|) +
    shrinkage``. The K most similar lists vote for their items. A vote counts the more

    - the nearer an item stands, in n, to the latest item of s that n has: ``2^(-distance /
      spread)``;
    - with ``latest``, the later that item is in s: its position over the length of s.

    With infinite ``half_life`` and ``spread`` it is the session kNN of Jannach & Ludewig (2017,
    RecSys), which is :class:`UserKNN` of ones; with ``latest`` their S-SKNN (Ludewig & Jannach
    2018, UMUAI 28). With finite ones it is STAN (Garg, Gupta, Malhotra, Vig & Shroff 2019, SIGIR),
    whose decay constants are ``half_life / ln 2`` and ``spread / ln 2``, without its third, which
    takes the dates of lists. Values are moments, see the module.

    A list known from ``fit`` is not a neighbour of its own, unless ``recalculate_user`` says that
    the row is of another.

    Args:
        K: neighbours of each list, at least 1.
        half_life: in steps of the list, 0 or more.
        spread: in steps of the neighbour, above 0.
        latest: whether a neighbour that shares late items counts more.
        shrinkage: at least 0.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for other settings.
    """

    _STATE = ("order", "K", "half_life", "spread", "latest", "shrinkage")

    search_space: ClassVar[Space] = {
        "K": Range(10, 500, log=True, whole=True),
        "half_life": Range(0.2, 100, log=True),
        "spread": Range(0.5, 100, log=True),
        "shrinkage": Range(0.1, 100, log=True),
    }

    def __init__(
        self,
        K: int = 100,
        half_life: float = np.inf,
        spread: float = np.inf,
        latest: bool = False,
        shrinkage: float = 0.0,
        num_threads: int = 0,
    ) -> None:
        if not (K >= 1 and spread > 0 and shrinkage >= 0):
            raise ValueError("K must be 1 or more, spread above 0, shrinkage 0 or more")
        self.K = K
        self.half_life = _checked("half_life", half_life)
        self.spread = spread
        self.latest = latest
        self.shrinkage = shrinkage
        self.num_threads = num_threads
        self.order: Any = None

    def _fit(self, user_items, show_progress, callback):
        self.order = user_items
        self._loaded()

    def _loaded(self):
        self.order = as_interactions(self.order)
        self._ago = steps_ago(self.order)
        self._item_lists = _ones(self.order).T.tocsr().astype(np.float64)
        self._lengths = np.sqrt(np.diff(self.order.indptr).astype(np.float64))

    @property
    def n_items(self) -> int:
        """Return the number of items that the model knows."""
        return self.order.shape[1]

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        near = self._neighbours(user_items, None if recalculate_user else users)
        votes = vstack(
            [
                self._votes(user_items[start : start + BLOCK], near[start : start + BLOCK])
                for start in range(0, max(len(users), 1), BLOCK)
            ],
            format="csr",
        )
        each = identity(len(users), format="csr")
        return weighted_sums(
            each, votes, N, hidden=hidden, allowed=may, num_threads=self.num_threads
        )

    def _neighbours(self, rows: csr_matrix, users: np.ndarray | None) -> csr_matrix:
        """Return the similarities of lists to the K nearest known ones, float64."""
        near = nearest_rows(
            recency_weights(rows, self.half_life),
            self._item_lists,
            self.K if users is None else self.K + 1,
            np.sqrt(np.diff(rows.indptr).astype(np.float64)),
            self._lengths,
            self.shrinkage,
            self.num_threads,
        )
        return near if users is None else without_self(near, users, self.K)

    def _votes(self, rows: csr_matrix, near: csr_matrix) -> csr_matrix:
        """Return the sum of the neighbours' votes for each item, float64 of rows x items."""
        row, neighbour = np.repeat(np.arange(rows.shape[0]), np.diff(near.indptr)), near.indices
        first, n = self.order.indptr[neighbour], np.diff(self.order.indptr)[neighbour]
        pair = np.repeat(np.arange(len(neighbour)), n)
        begin = np.cumsum(n) - n
        entry = np.arange(len(pair)) - begin[pair] + first[pair]
        item, ago = self.order.indices[entry], self._ago[entry]
        shared, far = _ago_of_all(rows), np.iinfo(np.int32).max
        # The latest item of both: of the smallest step in the row, then in the neighbour.
        both = (shared[row[pair], item] << 32) + np.minimum(ago, far)
        step, place = divmod(np.minimum.reduceat(both, begin) if len(begin) else both, 1 << 32)
        weight = near.data
        if self.latest:
            n_steps = np.where(shared < far, shared, -1).max(axis=1) + 1
            weight = weight * (1 - step / n_steps[row])
        votes = weight[pair] * _halved(np.abs(ago - place[pair]), self.spread)
        return coo_matrix((votes, (row[pair], item)), shape=rows.shape).tocsr()


def _by_moment(order: csr_matrix) -> tuple[csr_matrix, np.ndarray]:
    """Return a row of ones for each step of each list, in order, and how many come after it."""
    row = np.repeat(np.arange(order.shape[0]), np.diff(order.indptr))
    ago = steps_ago(order)
    n_steps = np.zeros(order.shape[0], dtype=np.int64)
    np.maximum.at(n_steps, row, ago + 1)
    end = np.cumsum(n_steps)
    moment = end[row] - 1 - ago
    shape = (int(end[-1]), order.shape[1])
    left = np.repeat(end, n_steps) - 1 - np.arange(shape[0])
    return csr_matrix((np.ones(len(row)), (moment, order.indices)), shape=shape), left


def _ago_of_all(rows: csr_matrix) -> np.ndarray:
    """Return how many steps ago each row had each item, int64 of rows x items; far if never."""
    ago = np.full(rows.shape, np.iinfo(np.int32).max, dtype=np.int64)
    ago[np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr)), rows.indices] = steps_ago(rows)
    return ago


def _halved(steps: np.ndarray, half_life: float) -> np.ndarray:
    """Return ``2^(-steps / half_life)``, with a half-life of 0 1 for no step and 0 for others."""
    if half_life == 0:
        return (steps == 0).astype(np.float64)
    return 0.5 ** (steps / half_life)


def _ones(user_items: csr_matrix) -> csr_matrix:
    parts = np.ones_like(user_items.data), user_items.indices, user_items.indptr
    return csr_matrix(parts, shape=user_items.shape)


def _checked(name: str, half_life: float) -> float:
    if not half_life >= 0:
        raise ValueError(f"{name} must be 0 steps or more, not {half_life}")
    return half_life
