"""What a recommender takes: weights to learn from, and the question that a call asks."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix, issparse, spmatrix


def checked_user_items(user_items: spmatrix, n_items: int | None = None) -> csr_matrix:
    """Return interactions as every model takes them, or say what is wrong with them.

    Args:
        user_items: sparse matrix of any format and numeric type, users x items; values are weights.
            Pairs stored twice are added up.
        n_items: the number of items that the model knows, if it knows one.

    Returns:
        ``csr_matrix`` of float32 in canonical form: columns sorted, no pair twice, no stored zero.
        It shares no memory with the argument where anything had to be changed.

    Raises:
        ValueError: if it is not sparse, its columns are not the model's items, or a weight is
            negative, NaN or infinite; the line names the user and the item.
    """
    if not issparse(user_items):
        raise ValueError(
            f"user_items must be a sparse matrix of users x items, not {type(user_items).__name__}"
        )
    if n_items is not None and user_items.shape[1] != n_items:
        raise ValueError(f"user_items has {user_items.shape[1]} items, the model {n_items}")
    matrix = csr_matrix(user_items, dtype=np.float32)
    if not matrix.has_canonical_format or not matrix.data.all():
        matrix = matrix.copy()
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
    wrong = np.flatnonzero(~(np.isfinite(matrix.data) & (matrix.data >= 0)))
    if len(wrong):
        place = wrong[0]
        user = np.searchsorted(matrix.indptr, place, side="right") - 1
        raise ValueError(
            "weights in user_items must be finite and 0 or more, not "
            f"{matrix.data[place]} (user {user}, item {matrix.indices[place]})"
        )
    return matrix


def training_matrix(user_items: spmatrix) -> csr_matrix:
    """Return what a model is fitted on, as :func:`checked_user_items` gives it.

    Raises:
        ValueError: as there, or if no user has any item.
    """
    matrix = checked_user_items(user_items)
    if not matrix.nnz:
        raise ValueError("user_items is empty: no user has an item, there is nothing to learn from")
    return matrix


def asked_users(userid: ArrayLike, user_items: csr_matrix, N: int, n_items: int) -> np.ndarray:
    """Return the users that a call of ``recommend`` asks for, as an array of positions.

    Args:
        userid: position of a user, or array of positions.
        user_items: ``csr_matrix`` with one row for each of them.
        N: length of the lists.
        n_items: number of items that the model knows.

    Raises:
        ValueError: if ``user_items`` is not CSR, has not one row for each user or not the model's
            items, or N is not a whole number of at least 0.
    """
    users = np.atleast_1d(userid)
    if not isinstance(user_items, csr_matrix):
        raise ValueError("user_items needs to be a CSR sparse matrix")
    if user_items.shape[0] != len(users):
        raise ValueError("user_items must contain 1 row for every user in userids")
    if user_items.shape[1] != n_items:
        raise ValueError(f"user_items has {user_items.shape[1]} items, the model {n_items}")
    if not isinstance(N, int | np.integer) or N < 0:
        raise ValueError(f"N must be a whole number of 0 or more, not {N}")
    return users


def allowed_items(
    n_items: int, filter_items: ArrayLike | None = None, items: ArrayLike | None = None
) -> np.ndarray:
    """Return which items a call of ``recommend`` may give, a boolean array.

    Args:
        n_items: number of items that the model knows.
        filter_items: positions of items to leave out.
        items: positions of the only items to rank.

    Raises:
        ValueError: if both are given.
        IndexError: if a position is outside the catalogue.
    """
    if filter_items is not None and items is not None:
        raise ValueError("Can't specify both filter_items and items")
    chosen = items if items is not None else filter_items if filter_items is not None else ()
    chosen = np.asarray(chosen, dtype=np.int64)
    if chosen.size and (chosen.min() < 0 or chosen.max() >= n_items):
        raise IndexError(f"Some of selected itemids are not in the model, which has {n_items}")
    allowed = np.full(n_items, items is None)
    allowed[chosen] = items is not None
    return allowed
