"""A block of ranked lists beside what each user was found to want: what every metric looks at."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import csr_matrix

from nexttrack.kernels.arguments import whole_number
from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.interactions import as_interactions


class Hits(NamedTuple):
    """Every relevant item that was recommended, user by user, the best rank first.

    Attributes:
        user: int64, the row of the list.
        rank: int64, the place in the list, from 1.
        nth: int64, which of the user's hits it is, from 1.
    """

    user: np.ndarray
    rank: np.ndarray
    nth: np.ndarray


@dataclass(frozen=True, eq=False)
class RankedLists:
    """What was recommended to some users, what they were to be recommended, and what they had.

    Relevance is binary: an item is relevant if ``relevant`` stores a weight above 0. Both matrices
    may be given in any sparse format (:func:`nexttrack.kernels.interactions.as_interactions`).

    Attributes:
        ids: integer array of users x list length, item positions, the best first; -1 stands for
            nothing, wherever it is, and never hits.
        relevant: ``csr_matrix`` of users x items, row for row with ``ids``.
        seen: ``csr_matrix`` of users x items, the profiles that the lists were made from; needed
            only by metrics that compare a list with the profile.

    Raises:
        ValueError: if a matrix is none of users x items, the rows do not agree, or an item is
            outside the catalogue or twice in a list; the message names the first such user (row)
            and item.
    """

    ids: np.ndarray
    relevant: csr_matrix
    seen: csr_matrix | None = None

    def __post_init__(self):
        object.__setattr__(self, "ids", np.ascontiguousarray(self.ids, dtype=np.int64))
        if self.ids.ndim != 2:
            raise ValueError("ids must be an array of users x list length")
        for name in ("relevant", "seen"):
            matrix = getattr(self, name)
            if matrix is None and name == "seen":
                continue
            matrix = as_interactions(matrix, name)
            object.__setattr__(self, name, matrix)
            if matrix.shape[0] != len(self.ids):
                raise ValueError(f"{len(self.ids)} lists for {matrix.shape[0]} users in {name}")
            if matrix.shape[1] != self.n_items:
                raise ValueError(f"{self.n_items} items in relevant, {matrix.shape[1]} in {name}")
        self._found  # noqa: B018 - what is wrong with a list is said at once

    @property
    def n_items(self) -> int:
        """Return the size of the catalogue."""
        return self.relevant.shape[1]

    @cached_property
    def n_relevant(self) -> np.ndarray:
        """Return how many items are relevant to each user, int64."""
        return np.diff(self.relevant.indptr).astype(np.int64)

    @cached_property
    def hits(self) -> Hits:
        """Return where the relevant items are."""
        user, place = np.divmod(np.flatnonzero(self._found), max(1, self.ids.shape[1]))
        n_before = np.cumsum(np.bincount(user, minlength=len(self.ids)))
        first = np.concatenate([[0], n_before[:-1]])
        return Hits(user, place + 1, np.arange(1, len(user) + 1) - first[user])

    def n_hits(self, k: int) -> np.ndarray:
        """Return how many hits each user has among the first k, int64.

        Raises:
            ValueError: if k is below 1 or beyond the end of the lists.
        """
        if k not in self._n_hits:
            self.first(k)
            inside = self.hits.user[self.hits.rank <= k]
            self._n_hits[k] = np.bincount(inside, minlength=len(self.ids))
        return self._n_hits[k]

    @cached_property
    def _n_hits(self) -> dict[int, np.ndarray]:
        return {}  # several metrics look at the same first k

    def first(self, k: int) -> np.ndarray:
        """Return the first k places of the lists.

        Raises:
            ValueError: if k is below 1 or beyond the end of the lists.
        """
        if not 1 <= whole_number(k, "k") <= self.ids.shape[1]:
            raise ValueError(f"k is {k}, but the lists have {self.ids.shape[1]} places")
        return self.ids[:, :k]

    @cached_property
    def _found(self) -> np.ndarray:
        relevant, n = self.relevant, len(self.ids)
        found = np.zeros(self.ids.shape, dtype=bool)
        wrong = np.full(n, -1, dtype=np.int64)
        parts = self.ids, relevant.indptr, relevant.indices, self.n_items, found, wrong
        in_chunks(lambda start, stop: _find(start, stop, *parts), n)
        bad = np.flatnonzero(wrong >= 0)
        if len(bad):
            user = bad[0]
            item = self.ids[user, wrong[user]]
            inside = -1 <= item < self.n_items
            what = "is there twice" if inside else "is outside the catalogue"
            raise ValueError(f"list of user {user}: item {item} {what}")
        return found


@njit(nogil=True, cache=True)
def _find(start, stop, ids, ptr, relevant, n_items, found, wrong):
    """Mark the relevant items in the lists start..stop; note the place of what may not be there."""
    wanted = np.full(n_items, -1, dtype=np.int64)
    listed = np.full(n_items, -1, dtype=np.int64)
    for user in range(start, stop):
        for p in range(ptr[user], ptr[user + 1]):
            wanted[relevant[p]] = user
        for place in range(ids.shape[1]):
            item = ids[user, place]
            if item == -1:
                continue
            if item < -1 or item >= n_items or listed[item] == user:
                wrong[user] = place
                break
            listed[item] = user
            found[user, place] = wanted[item] == user
