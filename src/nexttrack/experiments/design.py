"""How large an experiment has to be, and whether its groups are as they were planned."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri
from scipy.stats import chisquare

from nexttrack.experiments.inputs import above, between, number, numbers


def listeners_for_rates(
    base: float, other: float, power: float = 0.8, alpha: float = 0.05, pooled: bool = False
) -> float:
    """Return the listeners of each of two groups for a two-sided z-test of two rates.

    ``(z_alpha sqrt(s0) + z_power sqrt(s1))^2 / (p - q)^2``, with ``s1 = p (1 - p) + q (1 - q)`` of
    the rates p and q, and s0 the same, or ``2 r (1 - r)`` of their mean r if the test pools them
    (Fleiss, Levin & Paik 2003, chapter 4).

    Args:
        base, other: rates without and with the effect, between 0 and 1.
        power: chance that the effect is found, between alpha / 2 and 1.
        alpha: chance that an effect is found where there is none.
        pooled: whether the test's variance is that of both groups together.

    Returns:
        A number of listeners, not yet rounded up.

    Raises:
        ValueError: if an argument is not as said, or the rates are the same.
    """
    base, other = between(base, 0, 1, "base rate"), between(other, 0, 1, "other rate")
    if base == other:
        raise ValueError("an effect of 0 is found by no number of listeners: give another rate")
    alpha = between(alpha, 0, 1, "alpha")
    power, mean = between(power, alpha / 2, 1, "power"), (base + other) / 2
    spread = base * (1 - base) + other * (1 - other)
    at_none = 2 * mean * (1 - mean) if pooled else spread
    root = -ndtri(alpha / 2) * np.sqrt(at_none) + ndtri(power) * np.sqrt(spread)
    return float((root / (base - other)) ** 2)


def detectable_difference(
    n: float, variance: float, power: float = 0.8, alpha: float = 0.05
) -> float:
    """Return the minimum detectable effect: the least difference of means that groups of n find.

    ``(z_alpha + z_power) sqrt(2 variance / n)``; for a rate p, ``variance`` is ``p (1 - p)``.

    Raises:
        ValueError: if n or the variance is not above 0, or alpha or the power not between 0 and 1.
    """
    alpha = between(alpha, 0, 1, "alpha")
    power = between(power, alpha / 2, 1, "power")
    n, variance = above(n, 0, "n"), above(variance, 0, "variance")
    return float((ndtri(power) - ndtri(alpha / 2)) * np.sqrt(2 * variance / n))


def design_effect(size: float, correlation: float) -> float:
    """Return by how much more is needed where observations come in groups: ``1 + (m - 1) ICC``.

    Args:
        size: m, mean observations of a listener, such as sessions; from 1.
        correlation: of observations of one listener (intraclass), from 0 to 1.

    Raises:
        ValueError: if an argument is not as said (Kish 1965).
    """
    size, correlation = number(size, "size"), number(correlation, "correlation")
    if size < 1 or not 0 <= correlation <= 1:
        raise ValueError(f"size is from 1, correlation from 0 to 1, not {size} and {correlation}")
    return 1 + (size - 1) * correlation


def sample_ratio_p(counts: ArrayLike, shares: ArrayLike | None = None) -> float:
    """Return the p-value that groups have the sizes that were planned (Pearson's chi-square).

    A small one, below .001 say, means that assignment or logging is broken, and no result is to be
    believed (Fabijan et al. 2019, KDD).

    Args:
        counts: listeners of each group, whole numbers; two groups or more.
        shares: planned parts of the groups, above 0, in any unit; equal ones if not given.

    Raises:
        ValueError: if counts or shares are not as said, or nobody is in the experiment.
    """
    found = numbers(counts, "counts")
    planned = np.ones(len(found)) if shares is None else numbers(shares, "shares")
    if len(found) < 2 or not (np.isfinite(found) & (found >= 0) & (found == found.round())).all():
        raise ValueError("counts are whole numbers from 0, of two groups or more")
    if len(planned) != len(found) or not (np.isfinite(planned) & (planned > 0)).all():
        raise ValueError(f"shares are numbers above 0, one for each of {len(found)} groups")
    if found.sum() == 0:
        raise ValueError("nobody is in the experiment: all counts are 0")
    return float(chisquare(found, found.sum() * planned / planned.sum()).pvalue)
