"""How playlists are ordered: runs of one artist, and what the track that comes next is."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.splits import Split

KINDS = ("artist of the last track", "artist of an earlier one", "other, known", "other, new")
"""What the next track can be: whose it is, and whether another list has it."""


def by_distance(
    order: csr_matrix, artists: csr_matrix, distances: range, *, seed: int
) -> pd.DataFrame:
    """Return how often two tracks of a list, so many places apart, have an artist in common.

    Args:
        order: lists x items whose values rise along each list, none twice in a row.
        artists: items x artists.
        distances: places apart, from 1.
        seed: of the bootstrap.

    Returns:
        One row for each distance (the index): ``mean`` over the lists that are long enough, each
        with the share of its pairs; ``low`` and ``high`` (95 %, bootstrap over lists).
    """
    row, item = _along(order)
    rows = {}
    for distance in distances:
        same = row[distance:] == row[:-distance]
        first, second = item[:-distance][same], item[distance:][same]
        shares = _means(row[distance:][same], _common(artists, first, second))
        low, high = interval(bootstrap_means(shares, n_draws=2_000, seed=seed))
        rows[distance] = (shares.mean(), low[0], high[0])
    return pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "low", "high"])


def in_any_order(order: csr_matrix, artists: csr_matrix) -> float:
    """Return how often any two tracks of a list have an artist in common: the mean over lists.

    It is what each distance would have, were lists in random order.
    """
    shares = []
    for start, stop in zip(order.indptr, order.indptr[1:], strict=False):
        of_list = artists[order.indices[start:stop]]
        n = stop - start
        if n > 1:
            common = np.count_nonzero((of_list @ of_list.T).toarray())
            alone = np.count_nonzero(np.diff(of_list.indptr))
            shares.append((common - alone) / (n * (n - 1)))
    return float(np.mean(shares))


def kinds_of_next(parts: Split, artists: csr_matrix) -> pd.Series:
    """Return what the track to be found is for each list, one of :data:`KINDS`, by position.

    Args:
        parts: a split whose test holds one track of each list (``last_k`` with k of 1).
        artists: items x artists.
    """
    users = np.flatnonzero(np.diff(parts.test_out.indptr))
    wanted = parts.test_out[users].indices
    row, item = _along(parts.test_in[users])
    last = item[np.cumsum(np.bincount(row, minlength=len(users))) - 1]
    near = _common(artists, last, wanted)
    there = _common(artists, item, wanted[row])
    earlier = np.bincount(row, weights=there, minlength=len(users)) > 0
    known = np.bincount(parts.test_train.indices, minlength=artists.shape[0])[wanted] > 0
    kinds = np.select([near, earlier, known], KINDS[:3], KINDS[3])
    return pd.Series(kinds, index=pd.Index(users, name="user"), name="kind")


def _along(order: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Return row and item of each entry, row by row in the order of the values."""
    row = np.repeat(np.arange(order.shape[0]), np.diff(order.indptr))
    return row, order.indices[np.lexsort((order.data, row))]


def _common(artists: csr_matrix, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Tell for pairs of items whether they have an artist in common."""
    return np.asarray(artists[first].multiply(artists[second]).sum(axis=1)).ravel() > 0


def _means(row: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the mean of the values of each row that has any."""
    n = np.bincount(row)
    return (np.bincount(row, weights=values) / np.maximum(n, 1))[n > 0]
