"""Which models chapter 08 compares, and over which settings each of them is tuned."""

import pandas as pd

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.comparison import Candidate
from nexttrack.models.space import OneOf, Range
from nexttrack.study.registry import MODELS

COMPARED = (
    *("BPR", "SLIM", "Logistic MF", "NMF", "iALS", "EASE", "User kNN", "Item kNN", "RP3beta"),
    *("PureSVD", "Content kNN", "Audio kNN", "Recent popularity", "Popularity", "Random"),
)
"""Those that take long first."""


def tunables(dataset: Dataset) -> dict[str, Candidate]:
    """Return the models that chapter 08 compares on a data set, those that take long first.

    Without dates there is no recent popularity; items that are artists have no artists to compare.
    """
    found = {}
    for name in COMPARED:
        space = dict(MODELS[name].space)
        if name == "Recent popularity" and dataset.dates is None:
            continue
        if name == "Content kNN" and "artists" not in dataset.tracks:
            space["names"] = OneOf(("genres",))
        found[name] = Candidate(MODELS[name].on(dataset), space=space)
    return found


def space_table(tunables: dict[str, Candidate]) -> pd.DataFrame:
    """Return what is tuned, to be printed: one row for each setting of each model."""
    rows = [
        {"model": name, "setting": setting, "range": _words(range_)}
        for name, tunable in tunables.items()
        for setting, range_ in tunable.space.items()
    ]
    return pd.DataFrame(rows, columns=["model", "setting", "range"])


def _words(range_: Range | OneOf) -> str:
    if isinstance(range_, OneOf):
        return ", ".join(range_.choices)
    scale = ", log scale" if range_.log else ""
    kind = "whole, " if range_.whole else ""
    return f"{kind}{range_.low:g} to {range_.high:g}{scale}"
