"""Any column of numbers on the axis of a standard normal variable, by its ranks."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from nexttrack.features.audio import AudioTransformer


class NormalScores(OneToOneFeatureMixin, AudioTransformer):
    """Columns as normal scores: how many standard deviations from the middle a value's rank is.

    With ``r`` the mid-rank of a value among the ``n`` known training values of its column, from 1
    for the smallest, the score is ``z = Phi^-1((r - 1/2) / n)``, ``Phi`` the distribution function
    of the standard normal (Beasley, Erickson & Allison 2009, Behavior Genetics 39(5), who give this
    choice of constant as the rankit of Bliss 1967, beside those of Blom, Tukey and van der
    Waerden). Only the order of the training values counts: any increasing map of a column gives
    the same scores. So no column rules a distance by its long tail.

    Equal values share one mid-rank, and so one score.
    :class:`sklearn.preprocessing.QuantileTransformer` instead puts the values at an end of the
    column, however many are equal there, at -5.2 or 5.2: where a third of a column is 0, these
    stand nearly five standard deviations from the next value.

    Between two training values scores are interpolated; beyond the extremes they are those of the
    extremes. The distinct training values are kept, so the memory is at most twice that of the
    training columns.

    In: numbers, rows x columns, NaN where unknown. Out: float64 of the same shape; NaN stays NaN,
    as does all of a column of which nothing is known in ``fit``.

    Attributes:
        values_: for each column the distinct training values, increasing.
        scores_: for each column their scores, increasing.

    Raises:
        ValueError: at an infinity.
    """

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Rank the known training values of each column; ``y`` is ignored."""
        X = self._validated(X, reset=True)
        self.values_, self.scores_ = [], []
        for column in X.T:
            values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
            # The mid-rank less a half: all that is below, and half of what is equal.
            below = np.cumsum(counts) - counts / 2
            self.values_.append(values)
            self.scores_.append(ndtri(below / max(counts.sum(), 1)))
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Values to scores, float64 of rows x columns."""
        check_is_fitted(self)
        return _interpolated(self._validated(X), self.values_, self.scores_)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Scores to values, float64 of rows x columns; beyond the extremes the extreme values."""
        return _interpolated(self._to_invert(X), self.scores_, self.values_)


def _interpolated(X, froms, tos):
    columns = [
        np.interp(column, at, to) if len(at) else np.full(len(column), np.nan)
        for column, at, to in zip(X.T, froms, tos, strict=True)
    ]
    return np.column_stack(columns)
