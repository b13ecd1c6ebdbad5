"""What comes after what in a row of a matrix whose values rise along a list."""

import numpy as np
from scipy.sparse import csr_matrix


def steps_ago(order: csr_matrix) -> np.ndarray:
    """Return how many steps before the end of its row each stored value is, int64.

    Equal values of a row are one step: the result is 0 for the largest, 1 for the next smaller, and
    0 for all where a row has ones only.

    Args:
        order: ``csr_matrix`` of lists x items, without stored zeros; only the order of the values
            within a row counts.

    Returns:
        One number for each of ``order.data``, in its order.
    """
    row = np.repeat(np.arange(order.shape[0]), np.diff(order.indptr))
    by_time = np.lexsort((-order.data, row))
    values, row = order.data[by_time], row[by_time]
    begins = np.ones(len(row), dtype=bool)
    begins[1:] = row[1:] != row[:-1]
    is_new = np.ones(len(row), dtype=bool)
    is_new[1:] = begins[1:] | (values[1:] != values[:-1])
    step = np.cumsum(is_new)
    ago = np.empty(len(row), dtype=np.int64)
    ago[by_time] = step - np.maximum.accumulate(np.where(begins, step, 0))
    return ago
