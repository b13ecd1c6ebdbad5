"""Lists of names as matrices: which row has which genre or artist."""

from collections.abc import Collection, Hashable, Iterable, Sequence
from itertools import chain

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix


def incidence(lists: Sequence[Iterable] | pd.Series, names: Collection) -> csr_matrix:
    """Say which row has which name.

    Args:
        lists: one list of names for each row.
        names: the names that count; others are left out.

    Returns:
        ``csr_matrix`` of float64, rows x names: 1 where the row has the name, however often.
    """
    position = {name: i for i, name in enumerate(names)}
    found = [sorted({position[name] for name in row if name in position}) for row in lists]
    indptr = np.cumsum([0, *map(len, found)])
    indices = np.fromiter(chain.from_iterable(found), dtype=np.int32, count=indptr[-1])
    return csr_matrix((np.ones(len(indices)), indices, indptr), shape=(len(lists), len(names)))


def averaging(rows_names: csr_matrix) -> csr_matrix:
    """Divide each row of an incidence by its sum; rows of zeros stay."""
    sums = np.asarray(rows_names.sum(axis=1)).ravel()
    each = np.repeat(1 / np.where(sums > 0, sums, 1), np.diff(rows_names.indptr))
    data = rows_names.data * each
    return csr_matrix((data, rows_names.indices, rows_names.indptr), shape=rows_names.shape)


def names_of_rows(
    X: pd.Series | pd.DataFrame | np.ndarray | Sequence,
) -> tuple[list[list], Hashable | None]:
    """Return a list of lists of names, and the name of the column or None."""
    if isinstance(X, pd.DataFrame):
        if X.shape[1] != 1:
            raise ValueError(f"one column of lists of names is wanted, not {X.shape[1]} columns")
        X = X.iloc[:, 0]
    if isinstance(X, np.ndarray) and X.ndim == 2 and X.shape[1] == 1:
        X = X[:, 0]
    name = X.name if isinstance(X, pd.Series) else None
    return [_names(value, row) for row, value in enumerate(X)], name


def _names(value, row):
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return list(value)
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return []
    raise ValueError(f"row {row} is {value!r}, not a list of names")


def names_incidence(lists: pd.Series) -> csr_matrix:
    """Return rows x names, 1 where the row's list has the name; names are sorted.

    A row without a list (None, NaN) has no names.
    """
    lists = lists.map(lambda names: names if isinstance(names, list | np.ndarray) else [])
    return incidence(lists, sorted({name for names in lists for name in names}))
