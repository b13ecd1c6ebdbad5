"""What the functions of this package accept as rows and as labels."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


class NoClusterError(ValueError):
    """A clustering with every row in no cluster: nothing is left to judge."""


def checked_rows(X: ArrayLike | pd.DataFrame, *, at_least: int = 2) -> np.ndarray:
    """Return rows as a float64 array of rows x columns, or say what is wrong with them.

    Nothing is filled in and nothing is left out: what to do about a missing value is a decision
    for the features, before any clustering.

    Args:
        X: array or DataFrame of rows x columns, numbers.
        at_least: the fewest *distinct* rows.

    Raises:
        ValueError: if X is not a table, a value is NaN or infinite, a column is constant, or there
            are too few distinct rows.
    """
    rows = np.ascontiguousarray(X, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise ValueError(f"expected rows x columns, got an array of shape {rows.shape}")
    if len(rows) < at_least:
        raise ValueError(f"{len(rows)} rows are too few: at least {at_least} are needed")
    names = list(X.columns) if isinstance(X, pd.DataFrame) else list(range(rows.shape[1]))
    if len(bad := np.argwhere(~np.isfinite(rows))):
        row, column = bad[0]
        n_bad = len(np.unique(bad[:, 0]))
        raise ValueError(
            f"rows with NaN or infinity: {n_bad}, the first is row {row}, "
            f"column {names[column]!r} ({rows[row, column]}): fill them in or leave them out"
        )
    if (constant := np.ptp(rows, axis=0) == 0).any():
        raise ValueError(f"column {names[int(constant.argmax())]!r} is constant: leave it out")
    if at_least > 2 and (n_distinct := len(np.unique(rows, axis=0))) < at_least:
        raise ValueError(f"{n_distinct} distinct rows are too few: at least {at_least} are needed")
    return rows


def checked_labels(labels: ArrayLike, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels as an int64 array, and the sorted labels of the clusters in it.

    A cluster is a label of 0 or more that some row has: a number that no row has is no cluster.
    Rows with −1 are in no cluster (the noise of HDBSCAN).

    Raises:
        ValueError: if there is not one whole number of at least −1 for each row.
        NoClusterError: if no row is in a cluster; it is a ValueError.
    """
    labels = np.asarray(labels)
    if labels.shape != (n_rows,):
        raise ValueError(f"expected {n_rows} labels, one a row; got shape {labels.shape}")
    if not np.issubdtype(labels.dtype, np.integer) or (labels < -1).any():
        raise ValueError("labels must be whole numbers of 0 or more, or −1 for no cluster")
    clusters = np.unique(labels[labels >= 0]).astype(np.int64)
    if len(clusters) == 0:
        raise NoClusterError("no row is in a cluster")
    return labels.astype(np.int64), clusters
