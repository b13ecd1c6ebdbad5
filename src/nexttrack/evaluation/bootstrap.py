"""Intervals from resampling users with replacement (Efron & Tibshirani 1993, chapter 13)."""

import numpy as np
from numba import njit, uint64

from nexttrack.threads import in_chunks


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
    values = np.asarray(values, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if len(values) == 0 or not np.isfinite(values).all():
        raise ValueError("values must be finite, with at least one user")
    start = np.random.SeedSequence(seed).generate_state(1, dtype=np.uint64)[0]
    values = np.ascontiguousarray(values)
    means = np.zeros((n_draws, values.shape[1]))
    in_chunks(lambda first, last: _resample(first, last, values, start, means), n_draws)
    return means


def interval(draws: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile interval of bootstrap draws, column by column, as (low, high)."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high


@njit(nogil=True, cache=True)
def _mix(state):
    """Return the output of SplitMix64 (Steele, Lea & Flood 2014) at a state, both uint64."""
    z = (state ^ (state >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit(nogil=True, cache=True)
def _resample(first, last, values, start, means):
    """Fill in the means of the draws first..last."""
    n_users, n_columns = values.shape
    step = uint64(0x9E3779B97F4A7C15)
    for draw in range(first, last):
        state = _mix(start ^ _mix(uint64(draw) * step))
        for _ in range(n_users):
            state += step
            # A user in [0, n) from 32 random bits; the bias is below n / 2^32 (Lemire 2019).
            user = ((_mix(state) >> uint64(32)) * uint64(n_users)) >> uint64(32)
            for column in range(n_columns):
                means[draw, column] += values[user, column]
        for column in range(n_columns):
            means[draw, column] /= n_users
