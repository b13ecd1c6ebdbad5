"""Angles and points, for quantities that come back to where they began."""

from collections.abc import Iterable, Sequence

import numpy as np


def points_at(angles: np.ndarray, radius: float | np.ndarray = 1.0) -> np.ndarray:
    """Angles of rows x columns to points of rows x (2 * columns): cosine, sine, cosine, ..."""
    points = np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=2)
    return points.reshape(len(angles), -1)


def angles_of(points: np.ndarray) -> np.ndarray:
    """Points of rows x (2 * columns) to angles of rows x columns, from -pi to pi."""
    return np.arctan2(points[:, 1::2], points[:, ::2])


def point_names(names: Iterable[str], coordinates: Sequence[str]) -> np.ndarray:
    """Return ``<name>_<coordinate>`` for every coordinate of every name, an array of objects."""
    return np.array([f"{name}_{axis}" for name in names for axis in coordinates], dtype=object)
