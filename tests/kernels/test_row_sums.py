"""Sums of dense rows in vector registers against the sparse product of SciPy."""

import numpy as np
import pytest
from numba import njit
from scipy.sparse import random as random_sparse

from nexttrack.kernels.row_sums import WIDTH, aligned, row_sums


@njit
def _all_sums(ptr, ids, weights, rows, out):
    for k in range(len(out)):
        row_sums(ids, weights, ptr[k], ptr[k + 1], rows, out[k])


@pytest.mark.parametrize("n_rows", [1, 7, 300])
def test_sums_are_the_product_of_scipy(n_rows):
    weights = random_sparse(50, n_rows, 0.3, format="csr", dtype=np.float32, random_state=1)
    rows = aligned((n_rows, WIDTH))
    rows[:] = np.random.default_rng(2).normal(size=rows.shape)
    out = np.full((50, WIDTH), np.nan, dtype=np.float32)
    _all_sums(weights.indptr, weights.indices, weights.data, rows, out)
    np.testing.assert_allclose(out, weights @ rows, rtol=1e-5, atol=1e-5)


def test_the_sum_of_no_rows_is_0():
    out = np.full((1, WIDTH), np.nan, dtype=np.float32)
    nothing = np.zeros(0, dtype=np.int32)
    _all_sums(np.zeros(2, np.int32), nothing, nothing.astype(np.float32), aligned((3, WIDTH)), out)
    assert (out == 0).all()


def test_rows_that_are_not_aligned_give_the_same_sums():
    rows = np.random.default_rng(3).normal(size=(9, WIDTH)).astype(np.float32)
    shifted = np.empty(rows.size + 1, dtype=np.float32)[1:].reshape(rows.shape)
    lined = aligned(rows.shape)
    lined[:] = shifted[:] = rows
    ids, weights = np.array([8, 0, 3], np.int32), np.array([1.5, -2, 0.25], np.float32)
    results = np.empty((2, 1, WIDTH), dtype=np.float32)
    for values, out in zip((shifted, lined), results, strict=True):
        _all_sums(np.array([0, 3]), ids, weights, values, out)
    assert (results[0] == results[1]).all()


@pytest.mark.parametrize("shape", [(1,), (3, WIDTH), (2, 5, 7)])
def test_aligned_zeros_begin_with_a_line_of_the_cache(shape):
    zeros = aligned(shape)
    assert zeros.shape == shape and zeros.dtype == np.float32 and not zeros.any()
    assert zeros.ctypes.data % 64 == 0
