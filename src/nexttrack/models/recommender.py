"""One way to ask any model for its lists; what is asked is checked here and nowhere else."""

from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from nexttrack.models.inputs import allowed_items, asked_users
from nexttrack.models.model_file import ModelFile
from nexttrack.models.space import Space


class Recommender(ModelFile):
    """Gives a model implicit's ``recommend``, once it can rank items for a batch of users.

    A model has ``n_items``, the number of items that it knows, and ``_ranked(users, user_items, N,
    hidden, allowed, recalculate_user) -> (ids, scores)``, which need check nothing: users is an
    integer array, user_items has a row for each, hidden is a ``csr_matrix`` whose stored items are
    left out of the lists (or None), allowed a boolean array of items. Lists are padded with -1.

    Attributes:
        search_space: what a search may try for each setting, for all instances of a class.
    """

    search_space: ClassVar[Space] = {}

    def recommend(
        self,
        userid: ArrayLike,
        user_items: csr_matrix,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: ArrayLike | None = None,
        recalculate_user: bool = False,
        items: ArrayLike | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the best items of users; see implicit's ``RecommenderBase.recommend``.

        The lists of a batch are padded with the id -1, the list of a single user is short. Of equal
        scores the smaller position comes first. A model that takes a user for the row of
        ``user_items`` has lists for unknown users too; ``recalculate_user`` changes nothing there.

        Raises:
            NotFittedError: if there is nothing to recommend from.
            ValueError: if ``user_items`` is not a CSR matrix with a row for each user and the
                model's items, N is below 0, or both ``items`` and ``filter_items`` are given.
            IndexError: for an item outside the catalogue; or, if the model knows users by factors,
                for a user whom it does not know, unless ``recalculate_user``.
        """
        self._check_fitted()
        users = asked_users(userid, user_items, N, self.n_items)  # type: ignore[attr-defined]
        hidden = user_items if filter_already_liked_items else None
        allowed = allowed_items(self.n_items, filter_items, items)  # type: ignore[attr-defined]
        ids, scores = self._ranked(users, user_items, N, hidden, allowed, recalculate_user)  # type: ignore[attr-defined]
        return single(userid, ids, scores)


def single(userid: ArrayLike, ids: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return lists as implicit does: without padding for a single user, all for an array."""
    if np.isscalar(userid):
        return ids[0][ids[0] >= 0], scores[0][ids[0] >= 0]
    return ids, scores
