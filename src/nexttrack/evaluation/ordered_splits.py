"""Divide ordered lists: learn from the beginning of each, find what comes next."""

import numpy as np
from scipy.sparse import csr_matrix

from nexttrack.evaluation.splits import Split
from nexttrack.kernels.arguments import whole_number
from nexttrack.kernels.interactions import as_interactions
from nexttrack.kernels.orders import steps_ago


def last_k(order: csr_matrix, *, k: int = 1, min_steps: int = 1) -> Split:
    """Hold out the last k steps of each list for the test, and the k before for validation.

    With k of 1 it is the leave-one-out of sequential recommendation (Kang & McAuley 2018, ICDM). A
    step is all that a list has at one moment: one item where the values in a row are different. The
    parts keep the values of ``order``, so that what a model sees has its order too; every list is
    in training, without what it is asked for and what comes after.

    The order is that within a list. No clock goes through all lists, so a model may learn from one
    list what was put there after the end of another.

    Args:
        order: sparse matrix of lists x items whose values rise along each list; equal ones are one
            step (:meth:`nexttrack.data.dataset.Dataset.order`).
        k: steps to be found, at least 1.
        min_steps: the fewest steps before validation of a list that is asked about, at least 1.

    Raises:
        ValueError: if ``k`` or ``min_steps`` is below 1.
    """
    if whole_number(k, "k") < 1 or whole_number(min_steps, "min_steps") < 1:
        raise ValueError("k and min_steps must be 1 or more: a step to find, and one to know it by")
    matrix = as_interactions(order, "order", axes=("list", "item"))
    ago = steps_ago(matrix)
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    n_steps = np.zeros(matrix.shape[0], dtype=np.int64)
    np.maximum.at(n_steps, row, ago + 1)
    asked = (n_steps >= 2 * k + min_steps)[row]

    def part(kept: np.ndarray) -> csr_matrix:
        values = np.where(kept, matrix.data, 0)  # a weight of 0 is no pair
        return csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape)

    return Split(
        validation_in=part(~asked | (ago >= 2 * k)),
        validation_out=part(asked & (ago >= k) & (ago < 2 * k)),
        test_in=part(~asked | (ago >= k)),
        test_out=part(asked & (ago < k)),
    )
