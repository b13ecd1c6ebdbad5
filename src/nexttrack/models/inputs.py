"""What a recommender takes: weights to learn from, and the question that a call asks."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, spmatrix

from nexttrack.kernels.arguments import whole_number
from nexttrack.kernels.interactions import as_interactions


def checked_user_items(
    user_items: spmatrix,
    n_items: int | None = None,
    name: str = "user_items",
    axes: tuple[str, str] = ("user", "item"),
) -> csr_matrix:
    """Return interactions as every model takes them, or say what is wrong with them.

    Args:
        user_items: sparse matrix of any format and numeric type, users x items; values are weights.
            Pairs stored twice are added up. It may be read-only.
        n_items: the number of items that the model knows, if it knows one.
        name: what to call the matrix in a message.
        axes: what its rows and columns are.

    Returns:
        ``csr_matrix`` of float32 in canonical form: columns sorted, no pair twice, no stored zero.
        It shares memory with the argument only where nothing had to be changed.

    Raises:
        ValueError: if it is not sparse, its columns are not the model's items, or a weight is
            negative, NaN or infinite; the line names the user and the item.
    """
    matrix = as_interactions(user_items, name, axes=axes)
    if n_items is not None:
        check_n_items(matrix, n_items, name, axes)
    parts = matrix.data, matrix.indices, matrix.indptr
    # Compiled code would be compiled again for arrays that are read-only.
    return matrix if all(part.flags.writeable for part in parts) else matrix.copy()


def check_n_items(
    matrix: csr_matrix, n_items: int, name: str, axes: tuple[str, str] = ("user", "item")
) -> None:
    """Refuse a matrix whose columns cannot be the items that a model knows.

    Raises:
        ValueError: the line says if it looks transposed.
    """
    n_rows, n_columns = matrix.shape
    if n_columns != n_items:
        turned = f"; it looks transposed: give {name}.T.tocsr()" if n_rows == n_items else ""
        raise ValueError(
            f"{name} has {n_columns} {axes[1]}s, the model {n_items}"
            + (turned or f"; its columns must be the {axes[1]}s that fit was given")
        )


def training_matrix(user_items: spmatrix) -> csr_matrix:
    """Return what a model is fitted on, as :func:`checked_user_items` gives it.

    Raises:
        ValueError: as there, or if no user has any item.
    """
    matrix = checked_user_items(user_items)
    if not matrix.nnz:
        raise ValueError("user_items is empty: no user has an item, there is nothing to learn from")
    return matrix


def asked_rows(user_items: Any, n_users: int, n_items: int) -> csr_matrix:
    """Return the rows of the users that a call asks about, as :func:`checked_user_items` does.

    Args:
        user_items: ``csr_matrix`` or ``csr_array`` with a row for each user.
        n_users: number of users that the call asks about.
        n_items: number of items that the model knows.

    Raises:
        ValueError: if it is not CSR, has not one row for each user or not the model's items, or a
            weight is negative, NaN or infinite.
    """
    kind = getattr(user_items, "format", type(user_items).__name__)
    if kind != "csr":
        raise ValueError(
            f"user_items must be a CSR matrix with 1 row for every user, not {kind}; "
            "scipy.sparse.csr_matrix(user_items) makes one"
        )
    if user_items.shape[0] != n_users:
        raise ValueError(
            f"user_items must contain 1 row for every user in userid: it has {user_items.shape[0]} "
            f"for {n_users}; give user_items[userid]"
        )
    return checked_user_items(user_items, n_items)


def positions(chosen: ArrayLike, name: str, n: int | None = None) -> np.ndarray:
    """Return positions of users or items, int64, in the order in which they are given.

    Args:
        chosen: a position or a one-dimensional list of them.
        name: what to call them in a message.
        n: how many there are; None if any position of 0 or more will do.

    Raises:
        ValueError: if they are not whole numbers, or of more than one dimension.
        IndexError: if one is negative, or n or more.
    """
    if type(chosen) is int and 0 <= chosen < (np.inf if n is None else n):
        return np.array([chosen], dtype=np.int64)
    array = np.atleast_1d(np.asarray(chosen))
    if array.ndim > 1:
        raise ValueError(f"{name} has {array.ndim} dimensions; give one position or a list of them")
    if not array.size:
        return np.zeros(0, dtype=np.int64)
    if array.dtype == bool:
        raise ValueError(f"{name} is a mask, not positions; np.flatnonzero({name}) gives them")
    if array.dtype.kind not in "iu":
        raise ValueError(f"{name} must be positions, whole numbers from 0, not {array.dtype}")
    least, largest = array.min(), array.max()
    if least < 0 or (n is not None and largest >= n):
        wrong, known = (least if least < 0 else largest), "" if n is None else f", which has {n}"
        raise IndexError(f"{wrong} in {name} is not in the model{known}")
    return array.astype(np.int64, copy=False)


def allowed(
    n: int,
    left_out: ArrayLike | None = None,
    only: ArrayLike | None = None,
    names: tuple[str, str] = ("filter_items", "items"),
) -> np.ndarray:
    """Return which items, or users, a list may hold: a boolean array.

    Args:
        n: how many the model knows.
        left_out: those to leave out: positions in any order, or a mask, boolean of length n.
        only: the only ones to rank, likewise.
        names: what to call these two in a message.

    Raises:
        ValueError: if both are given, or one is neither positions nor a mask of that length.
        IndexError: if a position is none of the model's.
    """
    if left_out is not None and only is not None:
        raise ValueError(f"Can't specify both {names[0]} and {names[1]}")
    if left_out is None and only is None:
        return np.ones(n, dtype=bool)
    chosen, name = (left_out, names[0]) if only is None else (only, names[1])
    mask = np.array(chosen)
    if mask.dtype != bool:
        mask = np.zeros(n, dtype=bool)
        mask[positions(chosen, name, n)] = True  # type: ignore[arg-type]
    elif mask.shape != (n,):
        raise ValueError(f"{name} is a mask of shape {mask.shape}, not ({n},) as the model's")
    return ~mask if only is None else mask


def length_of_list(N: Any) -> int:
    """Return the length of a list that is asked for.

    Raises:
        ValueError: if it is not a whole number of 0 or more.
    """
    return whole_number(N, "N")
