"""How a track sounds, one measured quantity at a time, on axes where a distance means something."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_array,
    check_is_fitted,
    validate_data,
)

from nexttrack.features.circle import angles_of, point_names, points_at

MINUTE = 60_000.0  # milliseconds


class AudioTransformer(TransformerMixin, BaseEstimator):
    """Input shared by the transformers of audio columns: numbers, NaN where unknown.

    Nothing is learnt but the number of columns and their names, so nothing can leak. A subclass
    that learns more says so.
    """

    _positive = False
    _min_columns = 1

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the columns and keep their names.

        Args:
            X: numbers, rows x columns; NaN where unknown.
            y: ignored.

        Raises:
            ValueError: at an infinity, or a value that the quantity cannot have.
        """
        self._validated(X, reset=True)
        return self

    def _validated(self, X: Any, reset: bool = False) -> np.ndarray:
        X = validate_data(
            self,
            X,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_features=self._min_columns if reset else 0,
        )
        if self._positive and (X < 0).any():
            name, least = type(self).__name__, np.nanmin(X)
            raise ValueError(f"Negative values in data passed to {name}: {least:g} is the least")
        return X

    def _to_invert(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = check_array(X, dtype=np.float64, ensure_all_finite="allow-nan")
        expected = len(self.get_feature_names_out())
        if X.shape[1] != expected:
            raise ValueError(f"X has {X.shape[1]} columns, transform gives {expected}")
        return X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.positive_only = self._positive
        return tags


class LogDuration(OneToOneFeatureMixin, AudioTransformer):
    """Durations as the base-2 logarithm of minutes: 0 is one minute, and 1 more is twice as long.

    In: milliseconds, of at least 0, rows x columns; NaN, and a duration of 0, which is no duration,
    are unknown. Out: float64 of the same shape, NaN where unknown.

    Raises:
        ValueError: at a negative duration or an infinity.
    """

    _positive = True

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Milliseconds to log2 of minutes, float64 of rows x columns."""
        check_is_fitted(self)
        X = self._validated(X)
        return np.log2(np.where(X > 0, X, np.nan) / MINUTE)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Log2 of minutes to milliseconds, float64 of rows x columns."""
        return MINUTE * np.exp2(self._to_invert(X))


class Loudness(OneToOneFeatureMixin, AudioTransformer):
    """Loudness as decibels above a floor. Decibels are a logarithm already: no other is taken.

    The service gives loudness relative to full scale, "typically between -60 and 0 dB" (Spotify
    Web API reference, audio features). What is below the floor is as silent as the floor, so that a
    recording of silence is no outlier; what is above 0 dB was measured, and stays.

    In: decibels, rows x columns, NaN where unknown. Out: decibels above the floor, float64 of the
    same shape, at least 0.

    Args:
        floor: decibels that count as silence.

    Raises:
        ValueError: at an infinity.
    """

    def __init__(self, floor: float = -60.0) -> None:
        self.floor = floor

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Decibels relative to full scale to decibels above the floor."""
        check_is_fitted(self)
        return np.maximum(self._validated(X) - self.floor, 0)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Decibels above the floor to decibels relative to full scale."""
        return self._to_invert(X) + self.floor


class TempoOctaves(AudioTransformer):
    """Tempo on a base-2 axis, as a line of octaves or folded to a circle of one octave.

    Beat trackers confuse a tempo with its double and its half (Gouyon et al. 2006, "An experimental
    comparison of audio tempo induction algorithms", IEEE TASLP 14(5)). On the line,
    ``log2(tempo / reference)``, doubling is a step of exactly 1. On the circle, the point at the
    angle ``2 pi log2(tempo / reference)``, doubling comes back to the same point.

    In: beats per minute, of at least 0, rows x columns; NaN, and a tempo of 0, which is no tempo,
    are unknown. Out: float64, NaN where unknown; on the line rows x columns, under the columns'
    names; on the circle rows x (2 * columns), named ``<column>_cos, <column>_sin``.

    Args:
        fold: fold octaves into one another.
        reference: beats per minute at 0 on the line and at angle 0 on the circle.

    Raises:
        ValueError: at a negative tempo or an infinity, or a reference that is not positive.
    """

    _positive = True

    def __init__(self, fold: bool = False, reference: float = 120.0) -> None:
        self.fold = fold
        self.reference = reference

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Beats per minute to octaves, or to points on the circle."""
        check_is_fitted(self)
        X = self._validated(X)
        octaves = np.log2(np.where(X > 0, X, np.nan) / self.reference)
        return points_at(2 * np.pi * (octaves % 1)) if self.fold else octaves

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Octaves or points to beats per minute, float64 of rows x columns.

        The octave is gone from a folded tempo: it comes back as the one nearest to the reference,
        from ``reference / sqrt(2)`` to ``reference * sqrt(2)``.
        """
        X = self._to_invert(X)
        octaves = angles_of(X) / (2 * np.pi) if self.fold else X
        return self.reference * np.exp2(octaves)

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the columns and keep their names; see the class."""
        if not self.reference > 0:
            raise ValueError(f"reference is a tempo above 0, not {self.reference}")
        return super().fit(X, y)

    def get_feature_names_out(
        self, input_features: Sequence[str] | np.ndarray | None = None
    ) -> np.ndarray:
        """Return the names of the columns of the output, an array of objects."""
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return point_names(names, ("cos", "sin")) if self.fold else names


class SentinelsAsMissing(OneToOneFeatureMixin, AudioTransformer):
    """Say NaN where a raw column says "unknown" with a number.

    The service's analysis writes a tempo, danceability, speechiness, valence or time signature of
    0 where it found no beat. The processed tables have no such zeros. Follow it with
    ``SimpleImputer(add_indicator=True)``, which fills the gaps and says where they were.

    In: numbers, rows x columns. Out: float64 of the same shape and names.

    Args:
        sentinel: the number that says "unknown".

    Raises:
        ValueError: at an infinity.
    """

    def __init__(self, sentinel: float = 0.0) -> None:
        self.sentinel = sentinel

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Sentinels to NaN."""
        check_is_fitted(self)
        X = self._validated(X)
        return np.where(np.equal(X, self.sentinel), np.nan, X)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """NaN to sentinels."""
        X = self._to_invert(X)
        return np.where(np.isnan(X), self.sentinel, X)
