"""Intervals from resampling users with replacement (Efron & Tibshirani 1993, chapter 13)."""

import numpy as np
from numba import njit

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.streams import STEP, below, start_of, stream


def bootstrap_means(values: np.ndarray, *, n_draws: int = 10_000, seed: int) -> np.ndarray:
    """Return the means of bootstrap samples of users.

    All columns are resampled together, so differences between columns (models) are paired. Each
    draw has a random stream of its own: the result does not depend on the number of threads.

    Args:
        values: float array of users x columns, without NaN.
        n_draws: number of bootstrap samples.
        seed: the seed, a whole number of at least 0.

    Returns:
        float64 array of n_draws x columns.

    Raises:
        ValueError: if there is no user, or a value is not finite.
    """
    start, values = start_of(seed), by_user(values, "values")
    means = np.zeros((n_draws, values.shape[1]))
    in_chunks(lambda first, last: _resample(first, last, values, start, means), n_draws)
    return means


def by_user(values: np.ndarray, what: str) -> np.ndarray:
    """Return values as a contiguous float64 array of users x columns, one column if they have one.

    Args:
        values: array of users, or of users x columns.
        what: what they are, for the message.

    Raises:
        ValueError: if there is no user, or a value is not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    values = np.ascontiguousarray(values[:, None] if values.ndim == 1 else values)
    if len(values) == 0 or not np.isfinite(values).all():
        raise ValueError(f"{what} must be finite, with at least one user")
    return values


def interval(draws: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile interval of bootstrap draws, column by column, as (low, high)."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high


@njit(nogil=True, cache=True)
def _resample(first, last, values, start, means):
    """Fill in the means of the draws first..last."""
    n_users, n_columns = values.shape
    for draw in range(first, last):
        state = stream(start, draw)
        for _ in range(n_users):
            state += STEP
            user = below(state, n_users)
            for column in range(n_columns):
                means[draw, column] += values[user, column]
        for column in range(n_columns):
            means[draw, column] /= n_users
