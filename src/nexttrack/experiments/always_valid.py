"""Tests that may be looked at after every observation, and stopped whenever one likes.

A mixture of likelihood ratios is, where the hypothesis holds, a non-negative martingale that starts
at 1: the chance that it ever reaches ``1 / alpha`` is at most alpha (Ville 1939). What it has not
rejected is a confidence sequence (Robbins 1970, Ann. Math. Stat. 41; Howard et al. 2021, Ann. Stat.
49). Its intervals hold at all times together; the newest needs no knowledge of those before.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import betaln, xlogy

from nexttrack.experiments.inputs import above, between, number

UNIFORM = (1.0, 1.0)


def preference_interval(
    wins: int, losses: int, alpha: float = 0.05, prior: tuple[float, float] = UNIFORM
) -> tuple[float, float]:
    """Return the always-valid interval of a preference: the chance that A wins a decided round.

    It holds the shares p at which the beta-binomial mixture ``B(a + wins, b + losses) / B(a, b) /
    (p^wins (1 - p)^losses)`` is below ``1 / alpha``; its ends are found by root finding. A tie is
    no decided round.

    Args:
        wins, losses: rounds that A and B won, whole numbers from 0.
        alpha: chance that an interval ever misses the preference, however often one looks.
        prior: a and b of the mixture's beta distribution, above 0. More of both gives narrower
            intervals near 1/2 and wider ones elsewhere. They are valid with any that was chosen
            before the first round.

    Returns:
        (low, high); (0, 1) before the first round.

    Raises:
        ValueError: if counts, alpha or the prior are not as said.
    """
    (won, lost), (a, b) = _counts(wins, losses), _prior(prior)
    alpha = between(alpha, 0, 1, "alpha")
    if won.ndim:
        raise ValueError("an interval is of one number of wins and one of losses")
    low = _lowest(float(won), float(lost), alpha, a, b)
    return low, 1 - _lowest(float(lost), float(won), alpha, b, a)


def always_valid_p_value(
    wins: ArrayLike,
    losses: ArrayLike,
    share: float = 0.5,
    prior: tuple[float, float] = UNIFORM,
) -> np.ndarray:
    """Return p-values, valid whenever one stops, that A wins this share of the decided rounds.

    One over the mixture of :func:`preference_interval`, at most 1: below alpha if the share is not
    in the interval. Over rounds the smallest so far is valid too, and never grows.

    Args:
        wins, losses: whole numbers from 0, or arrays of them, of one shape.
        share: between 0 and 1.
        prior: see :func:`preference_interval`.

    Returns:
        float64 array of that shape.

    Raises:
        ValueError: if an argument is not as said.
    """
    (won, lost), (a, b) = _counts(wins, losses), _prior(prior)
    share = between(share, 0, 1, "share")
    evidence = betaln(a + won, b + lost) - betaln(a, b) - xlogy(won, share) - xlogy(lost, 1 - share)
    return np.exp(-np.maximum(evidence, 0))


def mean_interval(
    mean: float, n: int, variance: float, mixing_variance: float, alpha: float = 0.05
) -> tuple[float, float]:
    """Return the always-valid interval of a normal mean: the mSPRT of Johari et al. (2022).

    For two groups of n listeners, ``mean`` is the difference of their means and ``variance`` the
    sum of their variances.

    Args:
        mean: of n observations.
        n: whole number from 1.
        variance: of one observation, known, above 0.
        mixing_variance: of the effects that are expected (tau squared), above 0, chosen before;
            intervals are narrowest when n is some multiples of ``variance / mixing_variance``.
        alpha: chance that an interval ever misses the mean.

    Returns:
        (low, high).

    Raises:
        ValueError: if an argument is not as said.
    """
    mean, (size, variance, mixing) = number(mean, "mean"), _sizes(n, variance, mixing_variance)
    alpha = between(alpha, 0, 1, "alpha")
    spread = variance + size * mixing
    half = np.sqrt(
        variance * spread / (size**2 * mixing) * (np.log(spread / variance) - 2 * np.log(alpha))
    )
    return float(mean - half), float(mean + half)


def mean_p_value(
    mean: float, n: int, variance: float, mixing_variance: float, expected: float = 0.0
) -> float:
    """Return the p-value, valid whenever one stops, that a normal mean is ``expected``.

    Below alpha if it is not in :func:`mean_interval`, which tells the arguments and errors.
    """
    mean, (size, variance, mixing) = number(mean, "mean"), _sizes(n, variance, mixing_variance)
    spread, away = variance + size * mixing, mean - number(expected, "expected")
    evidence = (size * away) ** 2 * mixing / (2 * variance * spread) - np.log(spread / variance) / 2
    return float(np.exp(-max(evidence, 0.0)))


def _lowest(won: float, lost: float, alpha: float, a: float, b: float) -> float:
    """Return the smallest share that wins and losses do not reject."""
    if won == 0:
        return 0.0
    best = won / (won + lost)
    # Against the best share: at most none. Against others the divergence of the counts comes to it.
    evidence = betaln(a + won, b + lost) - betaln(a, b) - xlogy(won, best) - xlogy(lost, 1 - best)

    def excess(share: float) -> float:
        divergence = won * np.log(best / share)
        if lost:
            divergence += lost * np.log((1 - best) / (1 - share))
        return evidence + divergence + np.log(alpha)

    least = 1e-300
    return brentq(excess, least, best, xtol=1e-15) if excess(least) > 0 else 0.0


def _counts(wins: ArrayLike, losses: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of rounds as float64 arrays of one shape."""
    found = []
    for name, given in (("wins", wins), ("losses", losses)):
        try:
            counts = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            counts = np.array(np.nan)
        if not ((counts >= 0) & (counts == np.floor(counts)) & np.isfinite(counts)).all():
            raise ValueError(f"{name} are whole numbers from 0, not {given!r}")
        found.append(counts)
    if found[0].shape != found[1].shape:
        shapes = " and ".join(str(counts.shape) for counts in found)
        raise ValueError(f"wins and losses have the shapes {shapes}: give as many of both")
    return found[0], found[1]


def _prior(prior: tuple[float, float]) -> tuple[float, float]:
    try:
        a, b = prior
    except (TypeError, ValueError):
        raise ValueError(f"prior is two numbers above 0, not {prior!r}") from None
    return above(a, 0, "the prior's first number"), above(b, 0, "the prior's second number")


def _sizes(n: int, variance: float, mixing_variance: float) -> tuple[float, float, float]:
    size = above(n, 0, "n")
    if size != int(size):
        raise ValueError(f"n is a whole number from 1, not {n}")
    return size, above(variance, 0, "variance"), above(mixing_variance, 0, "mixing_variance")
