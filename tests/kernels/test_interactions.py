"""One form for what users have, whatever the matrix that says so."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array, coo_matrix, csc_array, csr_array, csr_matrix, dok_array

from nexttrack.kernels.interactions import as_interactions

FORMS = {
    "csr_array": csr_array,
    "csc": csc_array,
    "coo": coo_matrix,
    "dok": dok_array,
    "int64 positions": lambda m: _with_int64(csr_array(m)),
    "float64": lambda m: csr_matrix(m, dtype=np.float64),
    "unsorted, twice, with zeros": lambda m: _disordered(csr_matrix(m)),
    "read-only": lambda m: _locked(csr_matrix(m)),
    "strided": lambda m: _strided(csr_matrix(m)),
}


def _with_int64(matrix):
    matrix.indices, matrix.indptr = (
        part.astype(np.int64) for part in (matrix.indices, matrix.indptr)
    )
    return matrix


def _disordered(matrix):
    """Return the same weights: in halves, each row backwards, and with a stored 0 everywhere."""
    n_users, n_items = matrix.shape
    halves = matrix.toarray() / 2
    weights = np.concatenate([halves, np.zeros_like(halves), halves], axis=1)[:, ::-1]
    items = np.tile(np.arange(n_items), 3)[::-1]
    indptr = np.arange(n_users + 1) * 3 * n_items
    return csr_matrix((weights.ravel(), np.tile(items, n_users), indptr), shape=matrix.shape)


def _locked(matrix):
    for part in (matrix.data, matrix.indices, matrix.indptr):
        part.flags.writeable = False
    return matrix


def _strided(matrix):
    data = np.repeat(matrix.data, 2)[::2]
    return csr_matrix((data, np.repeat(matrix.indices, 2)[::2], matrix.indptr), matrix.shape)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.sampled_from([0, 0, 1, 2, 5]), min_size=n, max_size=n), min_size=1
        )
    ),
    st.sampled_from(sorted(FORMS)),
)
def test_every_form_of_a_matrix_says_the_same_and_stays_as_it_was(rows, form):
    dense = np.array(rows, dtype=np.float32)
    matrix = FORMS[form](dense)
    stored = matrix.nnz
    found = as_interactions(matrix)
    assert type(found) is csr_matrix
    assert (found.dtype, found.indices.dtype, found.indptr.dtype) == (np.float32, *["int32"] * 2)
    np.testing.assert_array_equal(found.toarray(), dense)
    assert found.nnz == (dense > 0).sum()
    parts = found.data, found.indices, found.indptr
    assert csr_matrix(parts, shape=found.shape).has_canonical_format
    assert matrix.nnz == stored
    np.testing.assert_array_equal(matrix.toarray(), dense)


def test_a_matrix_in_form_is_given_back_and_one_nearly_so_shares_what_it_can():
    matrix = csr_matrix(np.eye(3, dtype=np.float32))
    assert as_interactions(matrix) is matrix
    assert np.shares_memory(as_interactions(csr_array(matrix)).data, matrix.data)
    doubles = as_interactions(matrix, dtype=np.float64)
    assert doubles.dtype == np.float64
    assert np.shares_memory(doubles.indices, matrix.indices)


def test_small_integers_are_added_up_beyond_their_own_range():
    twice = coo_matrix((np.uint8([200, 200]), ([0, 0], [1, 1])), shape=(1, 2))
    assert as_interactions(twice)[0, 1] == 400
    assert as_interactions(coo_array(twice)).nnz == 1


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (-3.0, r"relevant must be finite and 0 or more, not -3.0 \(user 2, item 2\)"),
        (np.nan, r"must be finite and 0 or more, not nan \(user 2, item 2\)"),
        (np.inf, r"must be finite and 0 or more, not inf \(user 2, item 2\)"),
        (1e39, r"must fit float32, and 1e\+39 does not \(user 2, item 2\); scale them"),
        (1e-60, r"must fit float32, and 1e-60 does not \(user 2, item 2\); scale them"),
        (1j, "must be numbers, not complex128"),
    ],
)
@pytest.mark.parametrize("form", [csr_matrix, csr_array, coo_matrix, csc_array])
def test_a_wrong_weight_is_named_where_it_stands(weight, said, form):
    matrix = csr_matrix(np.diag([1.0, 1.0, weight, 1.0]))
    with pytest.raises(ValueError, match=said):
        as_interactions(form(matrix), "relevant")


def test_sums_beyond_all_numbers_are_refused():
    most = np.finfo(np.float32).max
    twice = csr_matrix((np.array([most, most]), [0, 0], [0, 2]), shape=(1, 1))
    with pytest.raises(ValueError, match="not inf"):
        as_interactions(twice)


@pytest.mark.parametrize("wrong", [np.eye(3), [[1, 0]], None, coo_array(np.ones(3))])
def test_what_is_no_sparse_matrix_is_refused_with_the_way_to_one(wrong):
    with pytest.raises(ValueError, match=r"must be a sparse matrix .* make one with scipy.sparse"):
        as_interactions(wrong)


def test_positions_that_compiled_code_would_trust_are_looked_at():
    outside = csr_matrix(np.eye(3))
    outside.indices[1] = 7
    with pytest.raises(ValueError, match=r"has 3 items, but stores another \(user 1, item 7\)"):
        as_interactions(outside)
    torn = csr_matrix(np.eye(3))
    torn.indptr[1] = 9
    with pytest.raises(ValueError, match=r"indptr does not fit 3 entries \(user 0\)"):
        as_interactions(torn)
    column = csr_matrix(np.eye(3)).tocsc()
    column.indices[0] = 1000
    with pytest.raises(ValueError, match="indices must be < 3"):
        as_interactions(column)


def test_what_is_not_sparse_is_answered_by_how_to_make_it_so():
    for wrong, says in (
        (pd.DataFrame(np.eye(2)), r"csr_matrix\(frame\) .* Dataset.from_frame\(frame, "),
        (np.eye(2), r"not ndarray; make one with scipy.sparse.csr_matrix\(matrix\)"),
        ([[1, 0]], r"not list; make one with scipy.sparse.csr_matrix\(\(weights, "),
    ):
        with pytest.raises(ValueError, match=says):
            as_interactions(wrong, "matrix")
