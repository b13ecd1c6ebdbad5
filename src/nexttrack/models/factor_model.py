"""What all models have in common whose score is the product of a user's and an item's factors."""

import numpy as np
from implicit.cpu.matrix_factorization_base import MatrixFactorizationBase

from nexttrack.kernels.ranking import product, top_n
from nexttrack.models.inputs import allowed_items
from nexttrack.models.recommender import Recommender, single


class FactorModel(Recommender, MatrixFactorizationBase):
    """implicit's base class of factor models, with lists that end where there is no more to say.

    implicit's own ranking fills a list that asks for more items than there are with item 0 at
    score 0 and with items that the call filtered out; here such places have the id -1.

    Attributes:
        item_factors: float32 of items x factors.
        user_factors: float32 of users x factors.
    """

    _STATE: tuple[str, ...] = ("item_factors", "user_factors")

    @property
    def n_items(self) -> int:
        """Return the number of items that the model knows."""
        return len(self.item_factors)

    def _ranked(self, users, user_items, N, hidden, allowed, recalculate_user):
        factors = self._factors_of(users, user_items, recalculate_user)
        return top_n(
            lambda start, stop: product(factors[start:stop], self.item_factors.T),
            len(users),
            N,
            hidden=hidden,
            allowed=allowed & self._known_items(),
            num_threads=self.num_threads,
        )

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
