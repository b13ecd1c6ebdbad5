"""One way to fit any model and to ask it; what is given is checked here and nowhere else."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from implicit.recommender_base import RecommenderBase
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, spmatrix

from nexttrack.kernels.ranking import NO_SCORE
from nexttrack.models.inputs import (
    allowed,
    asked_rows,
    checked_user_items,
    length_of_list,
    positions,
    training_matrix,
)
from nexttrack.models.model_file import ModelFile
from nexttrack.models.settings import check_again, check_arguments
from nexttrack.models.space import Space

Lists = tuple[np.ndarray, np.ndarray]
"""Positions and scores: 1-d for one that was asked about, else 2-d and padded with -1."""


class Recommender(ModelFile, RecommenderBase):
    """Gives a model implicit's interface, once it can learn and rank.

    What a model defines need check nothing:

    - ``_fit(user_items, show_progress, callback)``, with a matrix in canonical form;
    - ``n_items``, the number of items that it knows;
    - ``_ranked(users, user_items, N, hidden, may, recalculate_user) -> (ids, scores)``: users is an
      integer array, user_items has a row for each (or is None, see ``_BY_ROW``), hidden is a
      ``csr_matrix`` whose stored items are left out of the lists (or None), ``may`` a boolean
      array of the items that a list may hold. Lists are padded with -1 and ``NO_SCORE``;
    - if it ``_COMPARES`` items, ``_similar_items(items, N, may, placed)``, with rows that
      ``recalculate_item`` returned or None; if it compares users, ``_similar_users(users, N, may)``
      and ``n_users``;
    - if its score is a sum over a profile, ``_contributions(profile, item, user_weights)``.

    Attributes:
        search_space: what a search may try for each setting, for all instances of a class.
    """

    search_space: ClassVar[Space] = {}
    _BY_ROW: ClassVar[bool] = True
    """Whether it takes a user for the row of ``user_items``, so that there must be one."""
    _COMPARES: ClassVar[tuple[str, ...]] = ()
    _ITERATES: ClassVar[bool] = False
    """Whether ``_fit`` calls back after each iteration."""
    _WITHOUT_EVIDENCE: ClassVar[float] = 0.0
    """The score of an item that is in no list because nothing speaks for it."""

    if TYPE_CHECKING:  # an attribute in some models, a property in others

        @property
        def n_items(self) -> int: ...
        @property
        def n_users(self) -> int: ...
        def _fit(self, user_items, show_progress, callback): ...
        def _ranked(self, users, user_items, N, hidden, may, recalculate_user): ...
        def _similar_items(self, items, N, may, placed): ...
        def _similar_users(self, users, N, may): ...

    def __new__(cls, *args: Any, **keywords: Any) -> Self:
        """Refuse settings that no model can have (:func:`nexttrack.models.settings`)."""
        check_arguments(cls, args, keywords)
        return super().__new__(cls)

    def fit(
        self,
        user_items: spmatrix,
        show_progress: bool = True,
        callback: Callable[..., object] | None = None,
    ) -> None:
        """Learn from what users have, from a fresh start.

        Args:
            user_items: sparse matrix or array of users x items, any format and number type; values
                are weights, finite and of at least 0. A stored 0 counts as unobserved, pairs stored
                twice are added up. It is not changed and may be read-only.
            show_progress: whether to show iterations where there is a terminal, for a model that
                has some.
            callback: called after each iteration as implicit calls it: with its number, from 0, its
                seconds, and what the model has to tell, :class:`IALS` None for the loss, and
                :class:`BPR` how many pairs it ordered right and how many it skipped.

        Raises:
            ValueError: if no user has an item, or a weight is negative, NaN or infinite; or if what
                the model was made with, or set to since, is wrong or does not fit the matrix.
            NotImplementedError: for a callback, if there are no iterations to call it after.
        """
        if callback is not None and not self._ITERATES:
            raise NotImplementedError(
                f"{type(self).__name__}.fit has no iterations to call back after; give no callback"
            )
        check_again(self)
        self._fit(training_matrix(user_items), show_progress, callback)
        self._fitted()

    def _fitted(self) -> None:
        """Forget what was made from an earlier fit, and refuse what cannot be used."""

    def recommend(
        self,
        userid: ArrayLike,
        user_items: csr_matrix | None,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: ArrayLike | None = None,
        recalculate_user: bool = False,
        items: ArrayLike | None = None,
    ) -> Lists:
        """Return the best items of users; see implicit's ``RecommenderBase.recommend``.

        The lists of a batch are padded with the id -1, the list of a single user is short. Of equal
        scores the smaller position comes first. A model that takes a user for the row of
        ``user_items`` has lists for unknown users too; ``recalculate_user`` changes nothing there.

        Args:
            userid: position of a user, or positions.
            user_items: ``csr_matrix`` or ``csr_array`` with a row for each of them. None will do
                for a model that knows users by factors, without filter and ``recalculate_user``.
            N: length of the lists, 0 or more.
            filter_already_liked_items: whether to leave out what a user has.
            filter_items: items to leave out: positions, or a mask, boolean of length ``n_items``.
            recalculate_user: whether to take users for their rows, though they were in ``fit``.
            items: the only items to rank, likewise. Without ``filter_already_liked_items`` all of
                them are in the list: those for which nothing speaks come last, in their order.

        Raises:
            NotFittedError: if there is nothing to recommend from.
            ValueError: if ``user_items`` is not CSR with a row for each user and the model's items,
                a weight is negative, NaN or infinite, N is no whole number of 0 or more, both
                ``items`` and ``filter_items`` are given, or positions are no whole numbers.
            IndexError: for an item outside the catalogue or a negative user; or, if the model knows
                users by factors, for a user whom it does not know, unless ``recalculate_user``.
        """
        self._check_fitted()
        users, N = positions(userid, "userid"), length_of_list(N)
        may = allowed(self.n_items, filter_items, items)
        if self._BY_ROW or filter_already_liked_items or recalculate_user or user_items is not None:
            user_items = asked_rows(user_items, len(users), self.n_items)
        hidden = user_items if filter_already_liked_items else None
        n = min(N, self.n_items)
        ids, scores = self._ranked(users, user_items, n, hidden, may, recalculate_user)
        if items is not None and hidden is None:
            _append_the_rest(ids, scores, may, self._WITHOUT_EVIDENCE)
        return _as_asked(userid, ids, scores, N)

    def similar_items(
        self,
        itemid: ArrayLike,
        N: int = 10,
        recalculate_item: bool = False,
        item_users: csr_matrix | None = None,
        filter_items: ArrayLike | None = None,
        items: ArrayLike | None = None,
    ) -> Lists:
        """Return the items most similar to items, each itself first.

        After itself, of which the similarity is 1 where the model keeps none, similarities fall.
        The lists of a batch are padded with the id -1, that of a single item is short.

        Args:
            itemid: position of an item, or positions.
            N: length of the lists, 0 or more.
            recalculate_item: whether to place items by ``item_users``, though they were in ``fit``;
                they are not put first then.
            item_users: ``csr_matrix`` of items x users, a row for each.
            filter_items: items to leave out: positions, or a mask, boolean of length ``n_items``.
            items: the only items to rank, likewise; all of them are in the list, as in
                :meth:`recommend`.

        Raises:
            NotFittedError: if nothing was learned.
            NotImplementedError: if the model has no similarity between items, or for
                ``recalculate_item``, if it places none.
            ValueError, IndexError: as :meth:`recommend`.
        """
        self._check_compares("items")
        N, placed = length_of_list(N), None
        asked = positions(itemid, "itemid", None if recalculate_item else self.n_items)
        may = allowed(self.n_items, filter_items, items)
        if recalculate_item:
            placed = np.atleast_2d(self.recalculate_item(asked, item_users))
        ids, scores = self._similar_items(asked, min(N, self.n_items), may, placed)
        if not recalculate_item:
            ids, scores = _own_first(asked, self._own_similarity(asked), ids, scores, may)
        if items is not None:
            _append_the_rest(ids, scores, may)
        return _as_asked(itemid, ids, scores, N)

    def similar_users(
        self,
        userid: ArrayLike,
        N: int = 10,
        filter_users: ArrayLike | None = None,
        users: ArrayLike | None = None,
    ) -> Lists:
        """Return the users of ``fit`` most similar to some of them, each themself first.

        Args, what is returned, and errors: as :meth:`similar_items`, for users.
        """
        self._check_compares("users")
        N, asked = length_of_list(N), positions(userid, "userid", self.n_users)
        may = allowed(self.n_users, filter_users, users, ("filter_users", "users"))
        ids, scores = self._similar_users(asked, min(N, self.n_users), may)
        ids, scores = _own_first(asked, np.ones(len(asked)), ids, scores, may)
        if users is not None:
            _append_the_rest(ids, scores, may)
        return _as_asked(userid, ids, scores, N)

    def explain(
        self,
        userid: int,
        user_items: csr_matrix,
        itemid: int,
        user_weights: Any = None,
        N: int = 10,
    ) -> tuple[float, list[tuple[int, float]], Any]:
        """Return what each item of a user's row adds to the score of an item, as implicit does.

        Where a model can, its score is exactly the sum of what the items of the row add. For a
        model that knows users by factors it is the score of ``recalculate_user=True``.

        Args:
            userid: position of the user's row in ``user_items``; no matter if that has one row.
            user_items: ``csr_matrix`` of users x items.
            itemid: position of the item whose score is asked about.
            user_weights: what an earlier call for the same user and row returned, to save its work.
            N: how many contributions to list, 0 or more.

        Returns:
            (score, contributions, user_weights): the contributions are pairs of an item's position
            and what it adds, which may be below 0, the largest first; nothing is listed that adds
            0. All of them sum to the score.

        Raises:
            NotFittedError: if nothing was learned.
            NotImplementedError: if the model's score has no such parts.
            ValueError, IndexError: as :meth:`recommend`; also for a user without a row.
        """
        self._check_fitted()
        rows = checked_user_items(user_items, self.n_items)
        row = 0 if rows.shape[0] == 1 else positions(userid, "userid", rows.shape[0])[0]
        profile = self._profile(rows[row])
        item, N = positions(itemid, "itemid", self.n_items)[0], length_of_list(N)
        if user_weights is None:
            user_weights = self._user_weights(profile)
        parts = np.asarray(self._contributions(profile, item, user_weights), dtype=np.float64)
        order = np.argsort(-parts, kind="stable")
        order = order[parts[order] != 0][:N]
        listed = zip(profile.indices[order].tolist(), parts[order].tolist(), strict=True)
        return float(parts.sum()), list(listed), user_weights

    def _profile(self, row: csr_matrix) -> csr_matrix:
        """Return a user's row as the score takes it."""
        return row

    def _user_weights(self, profile: csr_matrix) -> Any:
        """Return what :meth:`_contributions` needs of a user, whatever the item."""
        return None

    def _contributions(self, profile: csr_matrix, item: int, user_weights: Any) -> np.ndarray:
        """Return what each stored item of a row adds to the score of an item."""
        raise NotImplementedError(
            f"{type(self).__name__} has no score that is a sum over a profile"
        )

    def recalculate_item(self, itemid: ArrayLike, item_users: csr_matrix | None) -> np.ndarray:
        """Not defined, but where a model says so: its items were all learned at once."""
        raise NotImplementedError(f"{type(self).__name__} places no new items; fit it again")

    def _check_compares(self, what: str) -> None:
        if what not in self._COMPARES:
            raise NotImplementedError(f"{type(self).__name__} has no similarity between {what}")
        self._check_fitted()

    def _own_similarity(self, items: np.ndarray) -> np.ndarray:
        """Return the similarities of items to themselves, for those that are not in their list."""
        return np.ones(len(items))


def check_known(users: np.ndarray, n_users: int) -> None:
    """Refuse a user who was not in ``fit``.

    Raises:
        IndexError: the line says what to do.
    """
    if len(users) and users.max() >= n_users:
        raise IndexError(
            f"user {users.max()} is not in the model, which has {n_users}; "
            "recalculate_user=True places a new one by the row in user_items"
        )


def one_hot(items: np.ndarray, n_items: int) -> csr_matrix:
    """Return a row for each item, float32 of len(items) x n_items: 1 for itself."""
    ones = np.ones(len(items), dtype=np.float32)
    return csr_matrix((ones, items, np.arange(len(items) + 1)), shape=(len(items), n_items))


def _append_the_rest(
    ids: np.ndarray, scores: np.ndarray, may: np.ndarray, score: float = 0.0
) -> None:
    """Fill short lists, in place, with what they may hold and do not, in order of position."""
    if not ids.shape[1]:
        return
    for row in np.flatnonzero(ids[:, -1] < 0):
        n = np.count_nonzero(ids[row] >= 0)
        left = may.copy()
        left[ids[row, :n]] = False
        rest = np.flatnonzero(left)[: ids.shape[1] - n]
        ids[row, n : n + len(rest)] = rest
        scores[row, n : n + len(rest)] = score


def _own_first(
    asked: np.ndarray, own: np.ndarray, ids: np.ndarray, scores: np.ndarray, may: np.ndarray
) -> Lists:
    """Return lists of the same length that begin with those that are asked about, if they may.

    Args:
        own: their similarities to themselves, where their lists do not have them.
    """
    if not ids.size:
        return ids, scores
    is_own = ids == asked[:, None]
    listed = np.where(is_own, scores, -np.inf).max(axis=1)
    own = np.where(is_own.any(axis=1), listed, own)
    last = np.column_stack([~may[asked], is_own])
    order = np.argsort(last, axis=1, kind="stable")[:, :-1]
    ids = np.column_stack([asked.astype(ids.dtype), ids])
    scores = np.column_stack([own.astype(scores.dtype), scores])
    return np.take_along_axis(ids, order, axis=1), np.take_along_axis(scores, order, axis=1)


def _as_asked(asked: ArrayLike, ids: np.ndarray, scores: np.ndarray, N: int) -> Lists:
    """Return lists as implicit does: a single one without padding, more of them of length N."""
    if np.ndim(asked) == 0:
        return ids[0][ids[0] >= 0], scores[0][ids[0] >= 0]
    room = ((0, 0), (0, N - ids.shape[1]))
    if not room[1][1]:
        return ids, scores
    return np.pad(ids, room, constant_values=-1), np.pad(scores, room, constant_values=NO_SCORE)
