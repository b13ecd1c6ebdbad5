"""What *has* means everywhere: a user has an item if a weight above 0 is stored for the pair."""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import DTypeLike
from scipy.sparse import csr_matrix, issparse


def as_interactions(
    matrix: Any,
    name: str = "user_items",
    dtype: DTypeLike = np.float32,
    axes: tuple[str, str] = ("user", "item"),
) -> csr_matrix:
    """Return a matrix of users x items in the one form that models and metrics take.

    Every weight that is stored and not zero says that the user has the item, however the matrix
    holds it. The argument is never changed, and may be read-only; a matrix in form is returned as
    it is, after one look at each stored number.

    Args:
        matrix: SciPy sparse matrix or array of any format and number type. Pairs stored twice are
            added up, then zeros are dropped.
        name: what to call the matrix in a message.
        dtype: float type of the weights.
        axes: what a row and a column are.

    Returns:
        ``csr_matrix`` whose items rise in each row, without zeros; int32 positions, unless there
        are too many for them. It may share memory with the argument.

    Raises:
        ValueError: if it is not sparse, not of numbers, stores an item outside its shape, or a
            weight is negative, NaN, infinite or beyond what ``dtype`` holds; the line names the
            first user and item.
    """
    if not issparse(matrix) or matrix.ndim != 2:
        raise ValueError(
            f"{name} must be a sparse matrix of {axes[0]}s x {axes[1]}s, not"
            f" {type(matrix).__name__}; {_how_to_convert(matrix, name, axes)}"
        )
    if matrix.dtype.kind not in "biuf":
        raise ValueError(
            f"weights in {name} must be numbers, not {matrix.dtype};"
            f" {name}.astype('float32') makes them so if it can"
        )
    if matrix.format != "csr":
        wide = matrix.astype(np.promote_types(matrix.dtype, dtype))  # sums of bytes overflow
        if hasattr(wide, "check_format"):
            wide.check_format(full_check=True)
        matrix = wide.tocsr()
    indptr, indices = _native(matrix.indptr), _native(matrix.indices)
    with np.errstate(over="ignore", under="ignore"):  # what does not fit is refused
        data = np.ascontiguousarray(matrix.data, dtype=dtype)
    parts, limits = (indptr, indices, data), (matrix.shape[1], np.finfo(data.dtype).max)
    in_form, row, place = _look(*map(_read_only, parts), *limits)
    if row < 0 and data is not matrix.data:
        lost = np.flatnonzero((data == 0) & (matrix.data != 0))
        if len(lost):
            row, place = np.searchsorted(indptr, lost[0], side="right") - 1, lost[0]
    if row >= 0:
        raise ValueError(_fault(name, matrix, data.dtype, axes, row, place))
    given = matrix.indptr, matrix.indices, matrix.data
    kept = all(part is old for part, old in zip(parts, given, strict=True))
    if in_form and kept and isinstance(matrix, csr_matrix):
        return matrix
    made = csr_matrix((data, indices, indptr), shape=matrix.shape, copy=not in_form)
    if in_form:
        made.has_sorted_indices = made.has_canonical_format = True
        return made
    made.sum_duplicates()
    made.eliminate_zeros()
    return as_interactions(made, name, dtype, axes)  # sums may be beyond all numbers


def _how_to_convert(matrix: Any, name: str, axes: tuple[str, str]) -> str:
    """Return how a sparse matrix is made of what was given in its place."""
    of_lists = f"scipy.sparse.csr_matrix((weights, ({axes[0]}s, {axes[1]}s)), shape)"
    if hasattr(matrix, "columns"):  # a table, of pandas or another library
        return (
            f"make one with scipy.sparse.csr_matrix(frame) where a row is a {axes[0]}, with"
            f" Dataset.from_frame(frame, ...) where a row is one {axes[0]} and one {axes[1]}"
        )
    if getattr(matrix, "ndim", 0) == 2:
        return f"make one with scipy.sparse.csr_matrix({name})"
    return f"make one with {of_lists}"


def _native(positions: np.ndarray) -> np.ndarray:
    kind = positions.dtype if positions.dtype in (np.int32, np.int64) else np.int64
    return np.ascontiguousarray(positions, dtype=kind)


def _read_only(array: np.ndarray) -> np.ndarray:
    """Return a view that may not be written to: compiled code takes it for one type, not two."""
    view = array.view()
    view.flags.writeable = False
    return view


def _fault(
    name: str, matrix: Any, dtype: np.dtype, axes: tuple[str, str], row: int, place: int
) -> str:
    user, item = axes
    if place < 0:
        return f"{name} is damaged: indptr does not fit {len(matrix.data)} entries ({user} {row})"
    column, weight = matrix.indices[place], matrix.data[place]
    where = f"({user} {row}, {item} {column})"
    if not 0 <= column < matrix.shape[1]:
        return f"{name} has {matrix.shape[1]} {item}s, but stores another {where}"
    if np.isfinite(weight) and weight > 0:
        return f"weights in {name} must fit {dtype}, and {weight} does not {where}; scale them"
    return f"weights in {name} must be finite and 0 or more, not {weight} {where}"


@njit(nogil=True, cache=True)
def _look(indptr, indices, data, n_items, largest):
    """Look at each entry: return whether all is in form, and row and entry of a fault, or -1."""
    in_form = len(data) == indptr[-1] and len(indices) == indptr[-1]
    for row in range(len(indptr) - 1):
        start, stop, previous = indptr[row], indptr[row + 1], -1
        if not 0 <= start <= stop <= min(len(data), len(indices)):
            return False, row, -1
        for p in range(start, stop):
            item = indices[p]
            if not (0 <= item < n_items and 0 <= data[p] <= largest):
                return False, row, p
            in_form &= (item > previous) & (data[p] > 0)
            previous = item
    return in_form, -1, -1
