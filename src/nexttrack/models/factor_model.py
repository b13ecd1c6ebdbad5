"""What all models have in common whose score is the product of a user's and an item's factors."""

from typing import ClassVar

import numpy as np
from implicit.cpu.matrix_factorization_base import MatrixFactorizationBase

from nexttrack.kernels.ranking import product, top_n
from nexttrack.models.model_file import check_array
from nexttrack.models.recommender import Recommender, check_known


class FactorModel(Recommender, MatrixFactorizationBase):
    """implicit's base class of factor models, with lists that end where there is no more to say.

    implicit's own ranking fills a list that asks for more items than there are with item 0 at
    score 0 and with items that the call filtered out; here such places have the id -1. Items and
    users are similar by the cosine of their factors.

    Attributes:
        item_factors: float32 of items x factors.
        user_factors: float32 of users x factors.
    """

    _STATE: tuple[str, ...] = ("item_factors", "user_factors")
    _BY_ROW = False
    _COMPARES: ClassVar[tuple[str, ...]] = ("items", "users")

    @property
    def n_items(self) -> int:
        """Return the number of items that the model knows."""
        return len(self.item_factors)

    @property
    def n_users(self) -> int:
        """Return the number of users that the model knows."""
        return len(self.user_factors)

    def _fitted(self):
        self._user_norms = self._item_norms = None

    def _loaded(self):
        n_factors = np.shape(self.item_factors)[-1]
        check_array("item_factors", self.item_factors, (self.n_items, n_factors), np.float32)
        check_array("user_factors", self.user_factors, (self.n_users, n_factors), np.float32)

    def _ranked(self, users, user_items, N, hidden, may, recalculate_user):
        factors, known = self._factors_of(users, user_items, recalculate_user), self._known_items()
        return top_n(
            lambda start, stop: product(factors[start:stop], self.item_factors.T),
            len(users),
            N,
            hidden=hidden,
            allowed=may if known is None else may & known,
            num_threads=self.num_threads,
        )

    def _factors_of(self, users, user_items, recalculate_user):
        if recalculate_user:
            return np.atleast_2d(self.recalculate_user(users, user_items))
        check_known(users, self.n_users)
        return self.user_factors[users]

    def _known_items(self) -> np.ndarray | None:
        """Return which items the model has learned enough about to recommend, or None for all."""
        return None

    def _similar_items(self, items, N, may, placed):
        asked = self.item_factors[items] if placed is None else placed
        return self._by_cosine(asked, self.item_factors, self.item_norms, N, may)

    def _similar_users(self, users, N, may):
        return self._by_cosine(self.user_factors[users], self.user_factors, self.user_norms, N, may)

    def _by_cosine(self, asked, factors, norms, N, may):
        lengths = np.linalg.norm(asked, axis=1, keepdims=True)
        unit = asked / np.where(lengths > 0, lengths, 1)
        return top_n(
            lambda start, stop: product(unit[start:stop], factors.T) / norms,
            len(unit),
            N,
            hidden=None,
            allowed=may,
            num_threads=self.num_threads,
        )
