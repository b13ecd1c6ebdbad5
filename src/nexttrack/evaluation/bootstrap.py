"""Intervals from resampling users with replacement (Efron & Tibshirani 1993, chapter 13)."""

import numpy as np

# Draws x users held at once, in bytes: keeps a block within a processor's cache share.
BLOCK_BYTES = 64_000_000


def bootstrap_means(values: np.ndarray, *, n_draws: int = 10_000, seed: int) -> np.ndarray:
    """Return the means of bootstrap samples of users.

    All columns are resampled together, so differences between columns (models) are paired.

    Args:
        values: float array of users x columns, without NaN.
        n_draws: number of bootstrap samples.
        seed: the seed.

    Returns:
        float64 array of n_draws x columns.

    Raises:
        ValueError: if there is no user, or a value is not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    n_users = len(values)
    if n_users == 0 or not np.isfinite(values).all():
        raise ValueError("values must be finite, with at least one user")
    rng = np.random.default_rng(seed)
    block = max(1, BLOCK_BYTES // (8 * n_users))
    means = np.empty((n_draws, values.shape[1]))
    for start in range(0, n_draws, block):
        drawn = means[start : start + block]
        # How often each user is in a sample of n users with replacement is multinomial.
        counts = rng.multinomial(n_users, np.full(n_users, 1 / n_users), size=len(drawn))
        drawn[:] = counts @ values / n_users
    return means


def interval(draws: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the percentile interval of bootstrap draws, column by column, as (low, high)."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high
