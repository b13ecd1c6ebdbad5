"""What a search may try for a setting, as the class of a model says it: ``search_space``."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """All numbers from ``low`` to ``high``; drawn on a log scale, and whole, if it says so."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


@dataclass(frozen=True)
class OneOf:
    """One of some values."""

    choices: tuple[str, ...]


Space = Mapping[str, Range | OneOf]
"""The range of each setting by its name; empty if there is nothing to tune."""
