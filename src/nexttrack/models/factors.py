"""What the models with learned factors share besides their ranking."""

import numpy as np
from implicit.recommender_base import ModelFitError
from numpy.typing import ArrayLike

from nexttrack.models.factor_model import FactorModel


class LearnedFactors(FactorModel):
    """A factor model that forgets earlier fits, and is not fitted if its factors are no numbers."""

    def _fitted(self):
        super()._fitted()
        if not (np.isfinite(self.user_factors).all() and np.isfinite(self.item_factors).all()):
            raise ModelFitError(
                f"{type(self).__name__}: factors grew beyond all numbers; fit with a smaller "
                "learning rate or more regularisation"
            )


def one_or_all(userid: ArrayLike, factors: np.ndarray) -> np.ndarray:
    """Return rows of factors as implicit does: the row itself for a single user, else all.

    Raises:
        ValueError: if there is not one row for each user.
    """
    if np.size(userid) != len(factors):
        raise ValueError(f"{len(factors)} rows for {np.size(userid)} users: one row for each")
    return factors[0] if np.ndim(userid) == 0 else factors
