"""What a caller gives beside data: whole numbers, numbers, seeds and names, each checked once."""

from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

import numpy as np


def whole_number(value: Any, name: str, least: int = 0) -> int:
    """Return a whole number that is given as an argument.

    Raises:
        ValueError: if it is none (10.5, "10", True, None), or below ``least``; the line names it.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} must be a whole number of {least} or more, not {value!r}")
    return int(value)


def number(value: Any, name: str) -> float:
    """Return a number that is given as an argument; it may be infinite.

    Raises:
        ValueError: if it is none, or NaN; the line names it.
    """
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real) or value != value:
        raise ValueError(f"{name} must be a number, not {value!r}")
    return float(value)


def check_known(name: Any, known: Iterable[str], what: str) -> None:
    """Refuse a name that stands for nothing.

    Raises:
        ValueError: the line lists the names that are known, those most like it first.
    """
    known = list(known)
    if isinstance(name, str) and name in known:
        return
    alike = {one.casefold(): one for one in known}
    near = [alike[one] for one in get_close_matches(str(name).casefold(), alike, n=3, cutoff=0.5)]
    listed = ", ".join([*near, *(one for one in known if one not in near)])
    raise ValueError(f"there is no {what} {name!r}; known: {listed}")
