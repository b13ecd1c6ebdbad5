"""Whether clusters are what people already call things: genres and artists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import adjusted_mutual_info_score

from nexttrack.clustering.checks import checked_labels


@dataclass(frozen=True)
class Agreement:
    """How far clusters and names agree.

    Attributes:
        ami: adjusted mutual information, 0 on average for unrelated labels, 1 for identical.
        spread: its standard deviation over the draws of names; 0 if each row has one name.
        n_rows: number of rows with a name.
    """

    ami: float
    spread: float
    n_rows: int


def agreement_with_names(
    labels: ArrayLike, names: Sequence[object], *, seed: int = 0, n_draws: int = 20
) -> Agreement:
    """Return the adjusted mutual information (Vinh, Epps & Bailey 2010) of clusters and names.

    A row may have several names (genres), one (artist) or none. AMI is defined for one, so each row
    draws one of its names at random, and the mean over draws is returned. Every row then counts
    once, as the correction for chance assumes. Counting a row once for each name would count rows
    with many names more. The price: where rows have several names even perfect clusters
    stay below 1. Rows without a name (None, NaN, an empty list) are left out. Rows in no cluster
    (−1) are one group.

    Args:
        labels: whole numbers of at least −1, one a row.
        names: for each row a name, or a list, tuple, set or array of distinct names.
        seed: the seed of the draws.
        n_draws: number of draws; a single one is made if no row has two names.

    Raises:
        ValueError: if the lengths differ, no row is in a cluster or has a name, or n_draws < 1.
    """
    if n_draws < 1:
        raise ValueError("n_draws must be 1 or more")
    labels, _ = checked_labels(labels, len(names))
    sets = [_names(name) for name in names]
    sizes = np.array([len(one) for one in sets])
    if not (named := sizes > 0).any():
        raise ValueError("no row has a name")
    codes = pd.factorize(pd.Series([name for one in sets for name in one], dtype=object))[0]
    sizes, first = sizes[named], (np.cumsum(sizes) - sizes)[named]
    rng = np.random.default_rng(seed)
    draws = [
        adjusted_mutual_info_score(codes[first + rng.integers(sizes)], labels[named])
        for _ in range(n_draws if sizes.max() > 1 else 1)
    ]
    return Agreement(float(np.mean(draws)), float(np.std(draws)), int(named.sum()))


def _names(name: object) -> list:
    """Return the names of one row, in an order that does not depend on the run."""
    if isinstance(name, Collection | np.ndarray) and not isinstance(name, str):
        return sorted(set(name), key=str)
    return [] if pd.isna(name) else [name]
