"""The baselines that every other recommender has to beat: chance, popularity, the same artists."""

from typing import Any, ClassVar

import numpy as np
from numba import njit
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.ranking import NO_SCORE, rows_of
from nexttrack.kernels.streams import STEP, below, start_of, stream
from nexttrack.models.factor_model import FactorModel
from nexttrack.models.inputs import checked_user_items
from nexttrack.models.recommender import Recommender
from nexttrack.models.similarity import SimilarityModel
from nexttrack.models.space import Range, Space


class Popularity(FactorModel):
    """Recommend to everyone what most users have, leaving out what they have already.

    The score of an item is its number of users. It is a factor model with one factor: every user
    has the factor 1 and every item its count; so all are alike to it, and none is similar.
    """

    _COMPARES = ()

    def _fit(self, user_items, show_progress, callback):
        self._keep_scores(self._scores(user_items), user_items.shape[0])

    def _scores(self, user_items: csr_matrix) -> np.ndarray:
        return np.bincount(user_items.indices, minlength=user_items.shape[1])

    def _keep_scores(self, scores: np.ndarray, n_users: int) -> None:
        self.item_factors = scores.astype(np.float32)[:, None]
        self.user_factors = np.ones((n_users, 1), dtype=np.float32)

    def recalculate_user(self, userid: ArrayLike, user_items: csr_matrix) -> np.ndarray:
        """Return the factor 1 for each of the given users, known or not."""
        return np.ones((np.size(userid), 1), dtype=np.float32)


class RecentPopularity(Popularity):
    """Popularity in which a user counts the less the longer ago it was.

    The score of an item is the sum over its users of ``2^(-age / half_life)``, the age being the
    days from the user's date to the latest date in the training data.

    Args:
        dates: ``csr_matrix`` of users x items with the day of each pair, counted from 1970-01-01
            and above 0 (:meth:`nexttrack.data.dataset.Dataset.days`). It may hold more pairs than
            ``fit`` is given; the dates of others are not looked at.
        half_life: days in which a user's weight falls to a half, above 0; may be infinite, which is
            :class:`Popularity`.

    Raises:
        ValueError: for another half-life.
    """

    _STATE = ("item_factors", "user_factors", "half_life")

    search_space: ClassVar[Space] = {
        "half_life": Range(1, 1000, log=True),
    }

    def __init__(
        self, dates: csr_matrix | None = None, half_life: float = 90.0, num_threads: int = 0
    ) -> None:
        super().__init__(num_threads=num_threads)
        if not half_life > 0:
            raise ValueError(f"half_life must be above 0 days, not {half_life}")
        self.dates = dates
        self.half_life = half_life

    def _scores(self, user_items):
        if self.dates is None or self.dates.shape != user_items.shape:
            shape = None if self.dates is None else self.dates.shape
            raise ValueError(f"dates have shape {shape}, user_items {user_items.shape}")
        users = np.repeat(np.arange(user_items.shape[0]), np.diff(user_items.indptr))
        days = np.asarray(self.dates[users, user_items.indices], dtype=np.float64).ravel()
        if not (days > 0).all():
            place = np.flatnonzero(~(days > 0))[0]
            raise ValueError(f"no date for user {users[place]}, item {user_items.indices[place]}")
        weights = 0.5 ** ((days.max(initial=0) - days) / self.half_life)
        return np.bincount(user_items.indices, weights=weights, minlength=user_items.shape[1])


class SameArtist(SimilarityModel):
    """Recommend what else there is by the artists that a user has, the popular before the rare.

    The score of item j is ``w_uj (n_j + 1)^q``: ``w_uj`` is the sum of the user's weights of items
    that have an artist in common with j, ``n_j`` the number of users who have j, q the exponent. At
    q = 0 only the user's own artists count, below 0 the rarest come first. An item that nobody has
    counts too, if its artists are known; one by other artists is not recommended.

    ``fit`` raises a ValueError if ``by_artist`` is not one row for each item.

    Every pair of items by one artist is kept: 12 bytes each, for 30 tracks each by 3,000 artists 32
    MB.

    Args:
        by_artist: ``csr_matrix`` of items x artists, above 0 where the item is by the artist.
        popularity_exponent: q, finite.
        num_threads: threads for ranking; 0 for all cores. The result does not depend on it.

    Raises:
        ValueError: for another exponent.
    """

    _STATE = ("similarity", "popularity_exponent")

    search_space: ClassVar[Space] = {
        "popularity_exponent": Range(0, 1),
    }

    def __init__(
        self,
        by_artist: csr_matrix | None = None,
        popularity_exponent: float = 1.0,
        num_threads: int = 0,
    ) -> None:
        super().__init__(num_threads=num_threads)
        if not np.isfinite(popularity_exponent):
            raise ValueError(f"popularity_exponent must be finite, not {popularity_exponent}")
        self.by_artist = by_artist
        self.popularity_exponent = popularity_exponent

    def _fit(self, user_items, show_progress, callback):
        n_items = user_items.shape[1]
        if self.by_artist is None or self.by_artist.shape[0] != n_items:
            rows = "no" if self.by_artist is None else self.by_artist.shape[0]
            raise ValueError(f"by_artist has {rows} rows, user_items {n_items} items")
        artists = checked_user_items(self.by_artist, name="by_artist", axes=("item", "artist"))
        n_users = np.bincount(user_items.indices, minlength=n_items)
        shared = (artists @ artists.T).tocsr().astype(np.float64)
        shared.data = ((n_users + 1.0) ** self.popularity_exponent)[shared.indices]
        self._keep(shared)


class Random(Recommender):
    """Recommend to each user a uniform random sample of the catalogue.

    Items are drawn without replacement; the scores fall from 1 towards 0 with the rank.
    The list of a user depends on the seed and on the user's id alone: not on the other users of
    the batch, nor on the number of threads.

    Args:
        random_state: the seed, a whole number of at least 0.
        num_threads: threads; 0 for all cores.
    """

    _STATE = ("n_items", "random_state")
    _BY_ROW = False
    n_items: Any

    def __init__(self, random_state: int = 0, num_threads: int = 0) -> None:
        self.random_state = random_state
        self.num_threads = num_threads
        self.n_items = None

    def _fit(self, user_items, show_progress, callback):
        self.n_items = user_items.shape[1]

    def _loaded(self):
        if not isinstance(self.n_items, int) or self.n_items < 0:
            raise ValueError(f"n_items must be a whole number of 0 or more, not {self.n_items}")

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        candidates = np.flatnonzero(may)
        ids = np.full((len(users), N), -1, dtype=np.int32)
        indptr, indices = rows_of(hidden, len(users))
        start = start_of(self.random_state)

        def fill(first, last):
            _draw(first, last, start, users, candidates, indptr, indices, ids)

        in_chunks(fill, len(users), self.num_threads)
        scores = np.broadcast_to(1 - np.arange(N, dtype=np.float32) / max(N, 1), ids.shape)
        return ids, np.where(ids >= 0, scores, np.float32(NO_SCORE))


@njit(nogil=True, cache=True)
def _draw(first, last, start, users, candidates, hidden_ptr, hidden_ids, ids):
    """Fill in the lists of the users first..last: the head of a shuffle (Fisher & Yates 1938)."""
    N, n = ids.shape[1], len(candidates)
    deck = candidates.copy()
    swapped = np.empty(n, dtype=np.int64)
    hidden = np.zeros(max(candidates.max() + 1 if n else 0, 1), dtype=np.bool_)
    for row in range(first, last):
        for p in range(hidden_ptr[row], hidden_ptr[row + 1]):
            if hidden_ids[p] < len(hidden):
                hidden[hidden_ids[p]] = True
        state = stream(start, users[row])
        place = kept = 0
        while kept < N and place < n:
            state += STEP
            swapped[place] = other = place + np.int64(below(state, n - place))
            deck[place], deck[other] = deck[other], deck[place]
            if not hidden[deck[place]]:
                ids[row, kept] = deck[place]
                kept += 1
            place += 1
        while place > 0:  # the next user gets the deck in order, so nothing depends on this one
            place -= 1
            other = swapped[place]
            deck[place], deck[other] = deck[other], deck[place]
        for p in range(hidden_ptr[row], hidden_ptr[row + 1]):
            if hidden_ids[p] < len(hidden):
                hidden[hidden_ids[p]] = False
