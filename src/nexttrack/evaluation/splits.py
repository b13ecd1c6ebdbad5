"""Ways to divide interactions into what a model learns from and what it is asked for.

The names are those of recpack (Michiels, Verachtert and Goethals 2022).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class Split:
    """The parts of a split; all matrices are users x items, float32, of the same shape.

    Attributes:
        validation_in: what a model may see while settings are chosen.
        validation_out: what it should then find.
        test_in: what the chosen model may see (for weak generalisation: validation_in and
            validation_out together).
        test_out: what it should find, looked at once.
    """

    validation_in: csr_matrix
    validation_out: csr_matrix
    test_in: csr_matrix
    test_out: csr_matrix


def weak_generalization(
    user_items: csr_matrix,
    *,
    seed: int,
    test_share: float = 0.2,
    validation_share: float = 0.2,
    min_items: int = 5,
) -> Split:
    """Hold out a random share of each user's items, first for the test, then for validation.

    Every user is in training. Users with fewer than ``min_items`` items are in training only. Of a
    user with n items, ``round(test_share * n)`` are held out for the test, at least one, and
    ``round(validation_share * n)``, at least one, for validation.

    Args:
        user_items: ``csr_matrix`` of users x items, one entry for each pair.
        seed: the seed of the draw. The draw of a user depends on no other user.
        test_share: share of a user's items held out for the test, in (0, 1).
        validation_share: the same for validation.
        min_items: the fewest items of a user who is asked about.

    Raises:
        ValueError: if the shares are not positive or leave a user nothing to learn from.
    """
    if not (test_share > 0 and validation_share > 0 and test_share + validation_share < 1):
        raise ValueError("test_share and validation_share must be above 0 and sum to less than 1")
    if min_items < 3:
        raise ValueError("min_items must be 3 or more: one item each to learn, choose and test")
    matrix = user_items.tocsr().astype(np.float32)
    matrix.sort_indices()
    n_items = np.diff(matrix.indptr)
    rank = _random_ranks(matrix, seed)
    n = np.repeat(n_items, n_items)
    asked = n >= min_items
    n_test = np.maximum(1, np.round(test_share * n)).astype(int)
    n_validation = np.maximum(1, np.round(validation_share * n)).astype(int)
    test = asked & (rank < n_test)
    validation = asked & ~test & (rank < n_test + n_validation)
    return Split(
        validation_in=_entries(matrix, ~test & ~validation),
        validation_out=_entries(matrix, validation),
        test_in=_entries(matrix, ~test),
        test_out=_entries(matrix, test),
    )


def _random_ranks(matrix: csr_matrix, seed: int) -> np.ndarray:
    """Return for each stored entry its place, from 0, in a random order of its row."""
    ranks = np.empty(matrix.nnz, dtype=np.int64)
    for user, (start, end) in enumerate(zip(matrix.indptr, matrix.indptr[1:], strict=False)):
        ranks[start:end] = np.random.default_rng((seed, user)).permutation(end - start)
    return ranks


def _entries(matrix: csr_matrix, kept: np.ndarray) -> csr_matrix:
    """Return the matrix with only the stored entries that are kept (mask over ``data``)."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[kept]
    return csr_matrix((matrix.data[kept], (rows, matrix.indices[kept])), shape=matrix.shape)
