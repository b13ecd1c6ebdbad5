"""Musical key and mode as a point on the circle of fifths."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from nexttrack.features.audio import AudioTransformer
from nexttrack.features.circle import angles_of, point_names, points_at

FIFTH = 7  # semitones; going up by it visits all twelve keys
RELATIVE_MAJOR = 3  # semitones from a minor key up to the major key with the same notes


class CircleOfFifths(AudioTransformer):
    """Keys on the circle of fifths: majors on a ring of radius 1, minors on one within.

    Neighbours on the circle share six of seven notes, where C and C sharp, neighbours by number,
    share two. The key of pitch class ``k`` is at the angle ``2 pi (7 k) / 12``; a minor key stands
    at the angle of its relative major ``k + 3``, which has the same notes, on the inner ring
    (Krumhansl 1990, "Cognitive Foundations of Musical Pitch", has the distances between keys as
    listeners hear them). Raising every key by a fifth turns every point by a twelfth of the circle.

    In: columns of pitch classes (0 is C, 1 C sharp, ... 11 B), and last a column with the mode (1
    major, 0 minor); NaN where unknown, and a row without a mode has no point. Out: float64 of rows
    x (2 * (columns - 1)), named ``<column>_x, <column>_y``; NaN where unknown.

    Args:
        minor_radius: radius of the inner ring, above 0 and below 1.
        handle_unknown: "missing" or "error": what a pitch class other than 0..11, or a mode other
            than 0 and 1, is (the service writes a key of -1 for "no key").

    Raises:
        ValueError: for fewer than two columns, an infinity, a parameter out of range, and, by
            ``handle_unknown``, a value that is no key or no mode.
    """

    _min_columns = 2

    def __init__(self, minor_radius: float = 0.5, handle_unknown: str = "missing") -> None:
        self.minor_radius = minor_radius
        self.handle_unknown = handle_unknown

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the parameters and columns, and keep the columns' names; see the class."""
        if not 0 < self.minor_radius < 1:
            raise ValueError(f"minor_radius is between 0 and 1, not {self.minor_radius}")
        if self.handle_unknown not in ("missing", "error"):
            raise ValueError(f"handle_unknown is missing or error, not {self.handle_unknown!r}")
        return super().fit(X, y)

    def _validated(self, X: Any, reset: bool = False) -> np.ndarray:
        X = super()._validated(X, reset)
        keys = _known(X[:, :-1], range(12), "a key is a pitch class 0..11", self.handle_unknown)
        modes = _known(X[:, -1:], (0, 1), "a mode is 0 or 1", self.handle_unknown)
        return np.hstack([keys, modes])

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Keys and their mode to points."""
        check_is_fitted(self)
        X = self._validated(X)
        keys, major = X[:, :-1], X[:, -1:]
        majors = keys + RELATIVE_MAJOR * (1 - major)
        angles = 2 * np.pi * (FIFTH * majors % 12) / 12
        return points_at(angles, np.where(major == 0, self.minor_radius, 1.0))

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Points to keys, and last the mode: the nearest key on the nearest ring.

        With several key columns, the mode is read from the first.
        """
        X = self._to_invert(X)
        fifths = np.round(angles_of(X) * 12 / (2 * np.pi))
        radius = np.hypot(X[:, :1], X[:, 1:2])
        major = np.where(np.isnan(radius), np.nan, radius > (1 + self.minor_radius) / 2)
        # 7 is its own inverse modulo 12, so the way back from fifths is the way there.
        keys = (FIFTH * fifths - RELATIVE_MAJOR * (1 - major)) % 12
        return np.hstack([keys, major])

    def get_feature_names_out(
        self, input_features: Sequence[str] | np.ndarray | None = None
    ) -> np.ndarray:
        """Return the names of the columns of the output, an array of objects."""
        check_is_fitted(self)
        return point_names(_check_feature_names_in(self, input_features)[:-1], ("x", "y"))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        return tags


def _known(values, allowed, rule, handle_unknown):
    """Return the values with NaN for those that are not allowed, or raise."""
    foreign = ~(np.isin(values, list(allowed)) | np.isnan(values))
    if handle_unknown == "error" and foreign.any():
        raise ValueError(f"{rule} or NaN, not {values[foreign][0]:g}")
    return np.where(foreign, np.nan, values)
