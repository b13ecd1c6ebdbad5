"""Some pairs of a matrix of users and items, and not the others."""

from typing import TypeVar

import numpy as np
from scipy.sparse import csc_matrix, csr_matrix

Matrix = TypeVar("Matrix", csr_matrix, csc_matrix)


def only(matrix: Matrix, kept: np.ndarray) -> Matrix:
    """Return a matrix with only the stored entries that are kept (mask over ``data``)."""
    found = matrix.copy()
    found.data[~kept] = 0
    found.eliminate_zeros()
    return found
