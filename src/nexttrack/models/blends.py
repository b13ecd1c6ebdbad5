"""Several models in one list: weighted sums of their scores on one scale, or of ranks."""

import io
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from scipy.sparse import csr_matrix

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.ranking import NO_SCORE
from nexttrack.models.recommender import Recommender

SCALES = ("z-scores", "reciprocal ranks")
RANK_CONSTANT = 60  # of Cormack et al.
BLOCK = 2048  # users asked about at a time


class Standardised(NamedTuple):
    """What one model says to some users, on the scale of a blend.

    Attributes:
        ids: int32 of users x candidates, -1 where there are no more.
        values: float32 of the same shape.
        floor: float32 of users: the value of every item that is not among the candidates.
    """

    ids: np.ndarray
    values: np.ndarray
    floor: np.ndarray


class Blend(Recommender):
    """Rank by the weighted sum of what several models say (Fox & Shaw 1994, "CombSUM").

    With ``"z-scores"`` a model's scores of a user are shifted and scaled to mean 0 and spread 1
    over all items that the list may hold, so that no model weighs more for its unit. An item for
    which nothing speaks has the model's score of 0; where a model does not know an item at all
    (no sound), the mean. With ``"reciprocal ranks"`` an item of rank r counts 1 / (60 + r)
    (Cormack, Clarke & Büttcher 2009, SIGIR).

    With ``candidates`` each model names its best so many items only: mean and spread are then those
    of the named, and an item that a model does not name has the lowest value that it gave. That is
    the two-stage form for large catalogues: its cost grows with candidates, not with items.

    A list holds only items that some model names. Of equal sums the smaller position comes first.

    Args:
        models: one or more, of this package; fitted already, or by :meth:`fit`, all on the same
            matrix.
        weights: one for each, at least 0, and not all 0; all alike if not given.
        scale: ``"z-scores"`` or ``"reciprocal ranks"``.
        candidates: items that each model names, at least 1; None for all.
        num_threads: threads for summing up; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for settings that are not as said.
    """

    _STATE = ("n_items", "weights", "scale", "candidates", "names", "sizes", "content")

    def __init__(
        self,
        models: Sequence[Recommender] = (),
        weights: Sequence[float] | None = None,
        scale: str = "z-scores",
        candidates: int | None = None,
        num_threads: int = 0,
    ) -> None:
        if scale not in SCALES:
            raise ValueError(f"scale must be one of {', '.join(SCALES)}, not {scale!r}")
        if candidates is not None and candidates < 1:
            raise ValueError(f"candidates must be 1 or more, or None for all, not {candidates}")
        self.models = list(models)
        self.weights = _checked(weights, len(self.models))
        self.scale = scale
        self.candidates = candidates
        self.num_threads = num_threads

    @property
    def n_items(self) -> Any:
        """Return the number of items that the models know, None as long as one is not fitted."""
        sizes = [_n_items(model) for model in self.models]
        known = {size for size in sizes if size is not None}
        if len(known) > 1:
            raise ValueError(f"the models know {sorted(known)} items: not one catalogue")
        return known.pop() if known and None not in sizes else None

    @n_items.setter
    def n_items(self, value: int) -> None:
        """Take what a file says, which :meth:`_loaded` looks into."""

    def _fit(self, user_items, show_progress, callback):
        for model in self.models:
            model.fit(user_items, show_progress=show_progress)

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        ids = np.full((len(users), N), -1, dtype=np.int32)
        scores = np.full((len(users), N), NO_SCORE, dtype=np.float32)
        for start in range(0, len(users), BLOCK):
            block = slice(start, start + BLOCK)
            rows = user_items[block]
            parts = [
                standardised(
                    *(model, users[block], rows),
                    filter_already_liked_items=hidden is not None,
                    may=may,
                    scale=self.scale,
                    candidates=self.candidates,
                    recalculate_user=recalculate_user,
                )
                for model in self.models
            ]
            ids[block], scores[block] = combined(parts, self.weights, N, self.num_threads)
        return ids, scores

    @property
    def names(self) -> np.ndarray:
        """Return the classes of the models."""
        return np.array([type(model).__name__ for model in self.models])

    @names.setter
    def names(self, value: np.ndarray) -> None:
        self._names = value

    @property
    def sizes(self) -> np.ndarray:
        """Return the lengths of the models' files, one after the other in :attr:`content`."""
        return np.array([len(part) for part in self._files()], dtype=np.int64)

    @sizes.setter
    def sizes(self, value: np.ndarray) -> None:
        self._sizes = value

    @property
    def content(self) -> np.ndarray:
        """Return the models' files as bytes, compressed: no archive stands in another."""
        return np.frombuffer(zlib.compress(b"".join(self._files()), 1), dtype=np.uint8)

    @content.setter
    def content(self, value: np.ndarray) -> None:
        self._content = value

    def _files(self) -> list[bytes]:
        files = []
        for model in self.models:
            model.save(file := io.BytesIO())
            files.append(file.getvalue())
        return files

    def _loaded(self):
        from nexttrack import models  # which load each what they are asked for

        names, sizes = np.atleast_1d(self._names).tolist(), np.atleast_1d(self._sizes)
        try:
            content = zlib.decompress(self._content.tobytes())
        except zlib.error as error:
            raise ValueError(f"the models' files: {error}") from None
        if len(names) != len(sizes) or sizes.sum() != len(content):
            raise ValueError("the models' files are not as long as it says")
        if unknown := set(names) - set(models.__all__):
            raise ValueError(f"no model is called {min(unknown)}")
        ends = np.cumsum(sizes)
        self.models = [
            getattr(models, name).load(io.BytesIO(content[end - size : end]))
            for name, size, end in zip(names, sizes, ends, strict=True)
        ]
        self.weights = _checked(np.atleast_1d(self.weights), len(self.models))
        if self.n_items is None:
            raise ValueError("there is no model in it")


def standardised(
    model: Recommender,
    users: np.ndarray,
    user_items: csr_matrix,
    *,
    filter_already_liked_items: bool = True,
    may: np.ndarray | None = None,
    scale: str = "z-scores",
    candidates: int | None = None,
    recalculate_user: bool = False,
) -> Standardised:
    """Return what a fitted model says to users, on the scale of :class:`Blend`.

    Args:
        model: of this package.
        users: positions, as ``recommend`` takes them.
        user_items: a row for each.
        filter_already_liked_items, recalculate_user: as of ``recommend``.
        may: which items a list may hold, boolean; None for all.
        scale, candidates: see :class:`Blend`.
    """
    n_items = user_items.shape[1]
    may = np.ones(n_items, dtype=bool) if may is None else may
    n = min(candidates or n_items, n_items)
    ids, scores = model.recommend(
        users,
        user_items,
        N=n,
        filter_already_liked_items=filter_already_liked_items,
        filter_items=None if may.all() else ~may,
        recalculate_user=recalculate_user,
    )
    named = ids >= 0
    if scale == "reciprocal ranks":
        values = np.where(named, 1 / (RANK_CONSTANT + 1 + np.arange(n)), 0)
        return Standardised(ids, values.astype(np.float32), np.zeros(len(ids), dtype=np.float32))
    listed = named.sum(axis=1)
    allowed = np.full(len(ids), may.sum())
    if filter_already_liked_items:
        allowed = allowed - _owned(user_items, may)
    scores = np.where(named, scores, 0).astype(np.float64)
    # A list that ends early leaves items of which it says nothing: 0, if that is a score.
    silent = np.where(listed < np.minimum(n, allowed), allowed - listed, 0)
    zeros = silent if model._WITHOUT_EVIDENCE == 0 else np.zeros_like(silent)
    count = np.maximum(listed + zeros, 1)
    mean = scores.sum(axis=1) / count
    square = (np.where(named, scores - mean[:, None], 0) ** 2).sum(axis=1) + zeros * mean**2
    spread = np.sqrt(square / count)
    spread = np.where(spread > 0, spread, 1)
    values = np.where(named, (scores - mean[:, None]) / spread[:, None], 0)
    lowest = np.where(named, values, np.inf).min(axis=1, initial=np.inf)
    floor = np.where(np.isfinite(lowest), lowest, 0)
    floor = np.where(silent > 0, np.where(zeros > 0, -mean / spread, 0), floor)
    return Standardised(ids, values.astype(np.float32), floor.astype(np.float32))


def combined(
    parts: Sequence[Standardised], weights: Sequence[float], N: int, num_threads: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return the N items of the largest weighted sums, among those that some model names.

    Args:
        parts: of each model for the same users.
        weights: one for each.
        N: length of the lists.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Returns:
        (ids, scores): int32 and float32 of users x N, padded with -1 and ``NO_SCORE``.
    """
    n_users = len(parts[0].ids)
    ids = np.full((n_users, N), -1, dtype=np.int32)
    scores = np.full((n_users, N), NO_SCORE, dtype=np.float32)
    used = [(part, weight) for part, weight in zip(parts, weights, strict=True) if weight > 0]
    n_items = 1 + max(int(part.ids.max(initial=-1)) for part, _ in used)
    lists = np.concatenate([part.ids for part, _ in used], axis=1)
    gains = np.concatenate(
        [np.float32(weight) * (part.values - part.floor[:, None]) for part, weight in used], axis=1
    )
    base = sum(np.float32(weight) * part.floor for part, weight in used)

    def fill(start, stop):
        _sum_up(start, stop, lists, gains, base, n_items, ids, scores)

    in_chunks(fill, n_users, num_threads)
    return ids, scores


def _owned(user_items: csr_matrix, may: np.ndarray) -> np.ndarray:
    """Return how many of the items that may be listed each user has."""
    row = np.repeat(np.arange(user_items.shape[0]), np.diff(user_items.indptr))
    return np.bincount(row[may[user_items.indices]], minlength=user_items.shape[0])


def _n_items(model: Recommender) -> int | None:
    try:
        model._check_fitted()
    except ValueError:  # which a NotFittedError is
        return None
    return model.n_items


def _checked(weights, n_models):
    weights = np.ones(n_models) if weights is None else np.asarray(weights, dtype=np.float64)
    if not n_models:  # they come with a file
        return weights
    if weights.shape != (n_models,):
        raise ValueError(f"{np.size(weights)} weights for {n_models} models: one for each")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError("weights must be 0 or more, finite, and not all 0")
    return weights


@njit(nogil=True, cache=True)
def _sum_up(start, stop, lists, gains, base, n_items, ids, scores):
    """Fill in the lists of the users start..stop."""
    sums = np.zeros(n_items, dtype=np.float32)
    met = np.zeros(n_items, dtype=np.bool_)
    touched = np.empty(lists.shape[1], dtype=np.int32)
    for row in range(start, stop):
        n = 0
        for k in range(lists.shape[1]):
            item = lists[row, k]
            if item < 0:
                continue
            if not met[item]:
                met[item] = True
                touched[n] = item
                n += 1
            sums[item] += gains[row, k]
        items = np.sort(touched[:n])
        order = np.argsort(-sums[items], kind="mergesort")[: ids.shape[1]]
        for place, k in enumerate(order):
            ids[row, place] = items[k]
            scores[row, place] = base[row] + sums[items[k]]
        for item in items:
            sums[item] = 0
            met[item] = False
