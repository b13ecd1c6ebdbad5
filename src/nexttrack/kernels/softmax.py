"""Gradients of a softmax over a whole catalogue, in dense products of matrices."""

import numpy as np
from scipy.sparse import csr_matrix

from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.ranking import product

BLOCK = 2048  # items multiplied at a time: the same for any number of threads, and so are the sums
LEAST = np.finfo(np.float32).min
TINY = np.finfo(np.float32).tiny


def softmax_gradients(
    x: np.ndarray,
    y: np.ndarray,
    wanted: csr_matrix,
    weight: np.ndarray,
    *,
    hidden: csr_matrix | None = None,
    log_weight: np.ndarray | None = None,
    of_items: bool = True,
    num_threads: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of the users' weighted mean surprise, by x and by y.

    The loss of user u is ``weight[u]`` times the mean over the wanted items i of -ln p_ui, with ::

        p_ui = exp(x_u . y_i) / sum over all items j that are not hidden of v_j exp(x_u . y_j)

    and v_j = 1 unless ``log_weight`` has its logarithm. BLAS should be held to one thread.

    Args:
        x: float32 of users x factors.
        y: float32 of items x factors.
        wanted: ``csr_matrix`` of users x items, of ones; not hidden.
        weight: float32 of users; 0 for those who want nothing.
        hidden: ``csr_matrix`` of users x items that are no candidates, or None.
        log_weight: float32 of items, or None.
        of_items: whether the gradient by y is asked for.
        num_threads: threads; 0 for all cores. The result does not depend on it.

    Returns:
        float32 arrays of the shapes of x and y; the second is empty if it is not asked for.
    """
    starts = range(0, len(y), BLOCK)
    powers: list = [None] * len(starts)
    highest: np.ndarray = np.empty((len(starts), len(x)), dtype=np.float32)
    totals, parts = np.empty_like(highest), np.empty((len(starts), *x.shape), dtype=np.float32)
    out = None if hidden is None else _by_blocks(hidden, starts)

    def exponentials(first, last):
        for block in range(first, last):
            here = slice(starts[block], starts[block] + BLOCK)
            score = product(x, y[here].T)
            if log_weight is not None:
                score += log_weight[here]
            if out is not None:
                score[out[block]] = -np.inf
            highest[block] = score.max(axis=1, initial=LEAST)
            score -= highest[block][:, None]
            powers[block] = np.exp(score, out=score)
            totals[block] = score.sum(axis=1)
            parts[block] = product(score, y[here])

    in_chunks(exponentials, len(starts), num_threads)
    share = np.exp(highest - highest.max(axis=0))
    share *= weight / np.maximum((share * totals).sum(axis=0), TINY)
    own = (weight / np.maximum(np.diff(wanted.indptr), 1).astype(np.float32))[:, None]
    by_x = (share[:, :, None] * parts).sum(axis=0) - own * (wanted @ y)
    if not of_items:
        return by_x, np.empty((0, y.shape[1]), dtype=np.float32)
    by_y = np.empty_like(y)

    def products(first, last):
        for block in range(first, last):
            here = slice(starts[block], starts[block] + BLOCK)
            by_y[here] = product(powers[block].T, share[block][:, None] * x)

    in_chunks(products, len(starts), num_threads)
    by_y -= wanted.T @ (own * x)
    return by_x, by_y


def _by_blocks(hidden: csr_matrix, starts: range) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return rows and columns of the stored entries, those of each block of columns apart.

    Columns are counted from the start of their block.
    """
    order = np.argsort(hidden.indices, kind="stable")
    columns = hidden.indices[order]
    rows = np.repeat(np.arange(hidden.shape[0]), np.diff(hidden.indptr))[order]
    cuts = np.searchsorted(columns, starts[1:])
    return list(zip(np.split(rows, cuts), np.split(columns % BLOCK, cuts), strict=True))
