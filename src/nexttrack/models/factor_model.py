"""What all models have in common whose score is the product of a user's and an item's factors."""

import numpy as np
from implicit.cpu.matrix_factorization_base import MatrixFactorizationBase

from nexttrack.models.inputs import allowed_items, asked_users
from nexttrack.models.model_file import ModelFile
from nexttrack.models.ranking import product, single, top_n


class FactorModel(ModelFile, MatrixFactorizationBase):
    """implicit's base class of factor models, with lists that end where there is no more to say.

    implicit's own ranking fills a list that asks for more items than there are with item 0 at
    score 0 and with items that the call filtered out; here such places have the id -1 (and the list
    of a single user is short). Of equal scores the smaller position comes first.

    Attributes:
        item_factors: float32 of items x factors.
        user_factors: float32 of users x factors.
    """

    _STATE: tuple[str, ...] = ("item_factors", "user_factors")

    def recommend(
        self,
        userid,
        user_items,
        N=10,
        filter_already_liked_items=True,
        filter_items=None,
        recalculate_user=False,
        items=None,
    ):
        """Rank by the product of factors; see implicit's ``RecommenderBase.recommend``.

        Raises:
            ValueError: if ``user_items`` is not a CSR matrix with a row for each user and the
                model's items, N is below 0, or both ``items`` and ``filter_items`` are given.
            IndexError: for an item outside the catalogue, or a user whom the model does not know,
                unless ``recalculate_user``.
        """
        self._check_fitted()
        n_items = len(self.item_factors)
        users = asked_users(userid, user_items, N, n_items)
        allowed = allowed_items(n_items, filter_items, items) & self._known_items()
        factors = self._factors_of(users, user_items, recalculate_user)
        ids, scores = top_n(
            lambda start, stop: product(factors[start:stop], self.item_factors.T),
            len(users),
            N,
            hidden=user_items if filter_already_liked_items else None,
            allowed=allowed,
            num_threads=self.num_threads,
        )
        return single(userid, ids, scores)

    def _factors_of(self, users, user_items, recalculate_user):
        if recalculate_user:
            return np.atleast_2d(self.recalculate_user(users, user_items))
        if len(users) and (users.min() < 0 or users.max() >= len(self.user_factors)):
            raise IndexError(
                f"a user is not in the model, which has {len(self.user_factors)}; "
                "recalculate_user=True places a new one by the row in user_items"
            )
        return self.user_factors[users]

    def _known_items(self) -> np.ndarray:
        """Return which items the model has learned enough about to recommend, boolean."""
        return np.ones(len(self.item_factors), dtype=bool)

    def _get_similarity_score(self, factor, norm, factors, norms, N, filter_items=None):
        """Rank by cosine, for implicit's ``similar_items`` and ``similar_users``."""
        asked = np.atleast_2d(factor) / np.atleast_1d(norm)[:, None]
        ids, scores = top_n(
            lambda start, stop: product(asked[start:stop], factors.T) / norms,
            len(asked),
            N,
            hidden=None,
            allowed=allowed_items(len(factors), filter_items=filter_items),
            num_threads=self.num_threads,
        )
        return single(0 if np.ndim(factor) == 1 else [0], ids, scores)
