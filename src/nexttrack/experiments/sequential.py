"""Group-sequential tests: bounds for looking several times, and what looking does to errors.

A test statistic is looked at when fractions ``t`` of the planned information are in. Its score
``B(t) = Z(t) sqrt(t)`` is a Brownian motion with drift ``E Z(1)``, and the test stops at the first
look where ``|Z|`` reaches its bound. The density of the score of those who have not stopped is
carried from look to look by numerical integration (Armitage, McPherson & Rowe 1969, JRSS A 132;
Jennison & Turnbull 2000, *Group Sequential Methods*, chapter 19), here with Gauss-Legendre nodes
that lie close beside the step between looks.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, roots_legendre

from nexttrack.experiments.inputs import between, number, numbers, shown

KINDS = ("pocock", "obrien-fleming", "lan-demets-pocock", "lan-demets-obrien-fleming")
MOST_LOOKS = 1_000
CLOSEST_LOOKS = 1e-4
"""Of the planned information. Closer looks would want more nodes than fit into memory."""

_REACH = 9.0  # standard deviations; beyond lies less than 1e-18
_NEVER = 1e-300  # an error below it is none, and its bound infinite

_Scores = tuple[np.ndarray, np.ndarray]  # nodes, and the probability at each of those on the way


def bounds(looks: ArrayLike, alpha: float = 0.05, kind: str = "pocock") -> np.ndarray:
    """Return the two-sided bounds of |Z| with which looking keeps the error at ``alpha``.

    Args:
        looks: a number of equal looks, or the fractions of the planned information at the looks:
            increasing, the last 1; at most 1,000 looks, each 1e-4 or more after the one before.
        alpha: chance that an experiment without an effect ever reaches a bound.
        kind: ``pocock``, the same bound at each look (Pocock 1977, Biometrika 64);
            ``obrien-fleming``, bounds that fall as ``1 / sqrt(t)`` (O'Brien & Fleming 1979,
            Biometrics 35); or what is like them by spending alpha over information, so that the
            times of later looks need not be known (Lan & DeMets 1983, Biometrika 70):
            ``lan-demets-pocock`` spends ``alpha log(1 + (e - 1) t)`` and
            ``lan-demets-obrien-fleming``, on each side, ``2 - 2 Phi(z / sqrt(t))`` with z the upper
            quantile of alpha / 4.

    Returns:
        float64 array, one bound for each look; infinite where less than 1e-300 is spent.

    Raises:
        ValueError: if the looks, alpha or the kind are not as said.
    """
    fractions = information(looks)
    alpha = between(alpha, 0, 1, "alpha")
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
    if kind == "lan-demets-pocock":
        return _spent(fractions, alpha * np.log1p((np.e - 1) * fractions))
    if kind == "lan-demets-obrien-fleming":
        return _spent(fractions, 4 * ndtr(ndtri(alpha / 4) / np.sqrt(fractions)))
    shape = np.ones(len(fractions)) if kind == "pocock" else 1 / np.sqrt(fractions)

    def excess(level: float) -> float:
        return np.log(_first_crossings(level * shape, fractions, 0, np.inf).sum() / alpha)

    # One look alone would err less than all do, and Bonferroni's bounds err more than needed.
    low, high = -ndtri(alpha / 2), -ndtri(alpha / 2 / len(fractions))
    return shape * brentq(excess, max(low - 1e-6, 0), high + 1e-6, xtol=1e-9)


def crossing_probability(
    bounds: ArrayLike, looks: ArrayLike | None = None, drift: float = 0.0
) -> float:
    """Return the chance that |Z| reaches its bound at some look, to 1e-8.

    Without drift it is the error of the test. With drift see also :func:`power`, which counts
    only what is reached on the side of the drift.

    Args:
        bounds: the bound of |Z| at each look, from 0; may be infinite.
        looks: as in :func:`bounds`; equal looks if not given.
        drift: expected Z when all information is in: effect / standard error at the end.

    Raises:
        ValueError: if bounds, looks or drift are not as said.
    """
    return float(min(first_crossings(bounds, looks, drift).sum(), 1.0))


def first_crossings(
    bounds: ArrayLike, looks: ArrayLike | None = None, drift: float = 0.0
) -> np.ndarray:
    """Return the chance that each look is the first where |Z| reaches its bound.

    Args, errors: see :func:`crossing_probability`.
    """
    bounds, fractions = _checked(bounds, looks)
    return _first_crossings(bounds, fractions, number(drift, "drift"), _REACH).sum(axis=0)


def power(bounds: ArrayLike, drift: float, looks: ArrayLike | None = None) -> float:
    """Return the chance that an effect is found: its bound is reached, and on the right side.

    Args, errors: see :func:`crossing_probability`.
    """
    bounds, fractions = _checked(bounds, looks)
    found = _first_crossings(bounds, fractions, abs(number(drift, "drift")), _REACH)[0].sum()
    return float(min(found, 1.0))


def inflation(bounds: ArrayLike, power: float = 0.8, looks: ArrayLike | None = None) -> float:
    """Return how much larger a test with looks is than one with the same error and power without.

    Args:
        bounds, looks: see :func:`crossing_probability`.
        power: chance that the effect is found, and on the right side.

    Returns:
        Planned information (so, listeners) of the test if it never stops early, as a multiple of
        that of a test that looks once, at the end.

    Raises:
        ValueError: if bounds and looks are not as said, the bounds are never or always reached, or
            the power does not lie between half of their error and 1.
    """
    bounds, fractions = _checked(bounds, looks)
    error = crossing_probability(bounds, fractions)
    if not _NEVER < error < 1:
        raise ValueError(f"without an effect these bounds are reached with chance {error:g}")
    power = between(power, error / 2, 1, "power, more than half of the error,")
    return float((_drift(bounds, fractions, power) / (ndtri(power) - ndtri(error / 2))) ** 2)


def expected_information(bounds: ArrayLike, drift: float, looks: ArrayLike | None = None) -> float:
    """Return the mean information at the decision, as a part of what is planned.

    Times the planned listeners or days it is what an experiment costs on average. Who reaches no
    bound decides at the last look.

    Args, errors: see :func:`crossing_probability`.
    """
    crossings = first_crossings(bounds, looks, drift)
    _, fractions = _checked(bounds, looks)
    going_on = 1 - np.concatenate([[0.0], np.cumsum(crossings)[:-1]])
    return float(np.diff(fractions, prepend=0) @ going_on)


def information(looks: ArrayLike) -> np.ndarray:
    """Return looks as fractions of the planned information.

    Raises:
        ValueError: if they do not increase from above 0 to 1, are too many or too close.
    """
    if isinstance(looks, int | np.integer) and not isinstance(looks, bool):
        if not 1 <= looks <= MOST_LOOKS:
            raise ValueError(f"the number of looks is from 1 to {MOST_LOOKS:,}, not {looks}")
        return np.arange(1, looks + 1) / looks
    fractions = numbers(looks, "looks that are no whole number")
    steps = np.diff(fractions, prepend=0)
    if not (0 < len(fractions) <= MOST_LOOKS and (steps > 0).all() and fractions[-1] == 1):
        raise ValueError(
            f"looks are fractions of the information that increase from above 0 to 1, at most "
            f"{MOST_LOOKS:,}, not {shown(fractions)}"
        )
    if steps.min() < CLOSEST_LOOKS * (1 - 1e-9):
        raise ValueError(f"looks are {CLOSEST_LOOKS:g} of the information apart, or more")
    return fractions


def _checked(bounds: ArrayLike, looks: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    """Return bounds and the fractions of information that belong to them."""
    bounds = numbers(bounds, "bounds")
    if not (len(bounds) and (bounds >= 0).all()):
        raise ValueError(f"bounds are one number from 0 for each look, not {shown(bounds)}")
    fractions = information(len(bounds) if looks is None else looks)
    if len(fractions) != len(bounds):
        raise ValueError(f"{len(bounds)} bounds for {len(fractions)} looks: give one for each")
    return bounds, fractions


def _drift(bounds: np.ndarray, fractions: np.ndarray, power: float) -> float:
    """Return the drift that is found with this chance."""

    def missing(drift: float) -> float:
        return _first_crossings(bounds, fractions, drift, _REACH)[0].sum() - power

    # With this much one of the looks alone finds it, but who was stopped below before.
    enough = ((bounds + ndtri(power)) / np.sqrt(fractions)).min() + 1e-6
    while missing(enough) < 0:
        enough *= 2
    return brentq(missing, 0, enough, xtol=1e-9)


def _first_crossings(
    bounds: np.ndarray, fractions: np.ndarray, drift: float, reach: float
) -> np.ndarray:
    """Return the chances of first crossing above and below, 2 x looks.

    Scores further than ``reach`` standard deviations from what is expected do not count.
    """
    edges, steps = bounds * np.sqrt(fractions), np.diff(fractions, prepend=0)
    scores, found = (np.zeros(1), np.ones(1)), np.empty((2, len(bounds)))
    for k, (edge, step) in enumerate(zip(edges, steps, strict=True)):
        found[:, k] = _beyond(scores, edge, step, drift)
        if k + 1 < len(bounds):
            middle, half = drift * fractions[k], reach * np.sqrt(fractions[k])
            within = max(-edge, middle - half), min(edge, middle + half)
            scores = _carried(scores, within, step, min(step, steps[k + 1]), drift)
    return found


def _spent(fractions: np.ndarray, spending: np.ndarray) -> np.ndarray:
    """Return bounds that are first reached with the chances by which ``spending`` grows."""
    steps, scores = np.diff(fractions, prepend=0), (np.zeros(1), np.ones(1))
    found = np.full(len(fractions), np.inf)
    for k, chance in enumerate(np.diff(spending, prepend=0)):
        root = np.sqrt(fractions[k])
        if chance > _NEVER:
            found[k] = brentq(_excess(scores, root, steps[k], chance), 0, 40, xtol=1e-10)
        if k + 1 < len(fractions):
            edge = min(found[k], 38.0) * root
            scores = _carried(scores, (-edge, edge), steps[k], min(steps[k : k + 2]), 0)
    return found


def _excess(scores: _Scores, root: float, step: float, chance: float) -> Callable[[float], float]:
    """Return how a bound at the next look errs, on a scale where tiny chances can be told apart."""
    return lambda z: np.log(max(_beyond(scores, z * root, step, 0).sum(), 5e-324) / chance)


def _beyond(scores: _Scores, edge: float, step: float, drift: float) -> np.ndarray:
    """Return the chances that scores go beyond an edge above, and below, in a step."""
    expected, width = scores[0] + drift * step, np.sqrt(step)
    return ndtr(np.stack([expected - edge, -edge - expected]) / width) @ scores[1]


def _carried(
    scores: _Scores, within: tuple[float, float], step: float, finest: float, drift: float
) -> _Scores:
    """Return the scores after a step, of those that it leaves ``within``.

    Args:
        finest: the smaller of this step and the next; nodes lie close enough for its density.
    """
    low, high = within
    if low >= high:
        return np.empty(0), np.empty(0)
    half, width = (high - low) / 2, np.sqrt(step)
    unit, weights = _nodes(16 * int(np.ceil((16 + 4 * half / np.sqrt(finest)) / 16)))
    nodes = (low + high) / 2 + half * unit
    away = (nodes[:, None] - (scores[0] + drift * step)) / width
    density = np.exp(-0.5 * away**2) @ scores[1] / (width * np.sqrt(2 * np.pi))
    return nodes, half * weights * density


@lru_cache(maxsize=64)
def _nodes(n: int) -> _Scores:
    """Return nodes and weights of Gauss and Legendre on (-1, 1)."""
    nodes, weights = roots_legendre(n)
    return nodes, weights
