"""What is given to a plan or an analysis, checked: one line that says what is wrong."""

import numpy as np
from numpy.typing import ArrayLike


def number(value: float, what: str) -> float:
    """Return a finite number.

    Raises:
        ValueError: that says ``what`` it is, if it is none.
    """
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        found = np.nan
    if not np.isfinite(found):
        raise ValueError(f"{what} is a finite number, not {value!r}")
    return found


def above(value: float, least: float, what: str) -> float:
    """Return a number above ``least``; errors as :func:`number`."""
    found = number(value, what)
    if not found > least:
        raise ValueError(f"{what} is above {least:g}, not {value}")
    return found


def between(value: float, low: float, high: float, what: str) -> float:
    """Return a number above ``low`` and below ``high``; errors as :func:`number`."""
    found = number(value, what)
    if not low < found < high:
        raise ValueError(f"{what} lies between {low:.3g} and {high:g}, not at {value}")
    return found


def numbers(values: ArrayLike, what: str) -> np.ndarray:
    """Return a flat float64 array of values.

    Raises:
        ValueError: that says ``what`` they are, if they are not a list of numbers.
    """
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.empty((0, 0))
    if found.ndim != 1:
        raise ValueError(f"{what} are a list of numbers, not {values!r}")
    return found


def shown(values: np.ndarray) -> str:
    """Return the first few of some numbers, for a message."""
    some = ", ".join(f"{value:g}" for value in values[:6])
    return f"[{some}{', …' if len(values) > 6 else ''}]"
