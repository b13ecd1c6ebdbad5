"""What is taken for interactions, and for a question."""

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_matrix

from nexttrack.models.inputs import (
    allowed,
    checked_user_items,
    positions,
    training_matrix,
)


def test_a_matrix_comes_out_sorted_summed_and_without_zeros():
    given = coo_matrix(([1, 2, 0, 4], ([0, 0, 1, 1], [2, 2, 0, 1])), shape=(3, 3))
    matrix = checked_user_items(given)
    assert isinstance(matrix, csr_matrix)
    assert matrix.dtype == np.float32
    assert matrix.has_canonical_format
    np.testing.assert_array_equal(matrix.toarray(), [[0, 0, 3], [0, 4, 0], [0, 0, 0]])
    assert matrix.nnz == 2


def test_a_matrix_in_form_is_not_copied():
    given = csr_matrix(np.eye(3, dtype=np.float32))
    assert np.shares_memory(checked_user_items(given).data, given.data)


@pytest.mark.parametrize("wrong", [np.eye(3), [[1, 0]], None])
def test_what_is_not_sparse_is_refused(wrong):
    with pytest.raises(ValueError, match="must be a sparse matrix of users x items"):
        checked_user_items(wrong)


def test_a_wrong_weight_is_found_where_it_stands():
    matrix = csr_matrix(np.eye(4))
    matrix.data[2] = -3
    with pytest.raises(ValueError, match=r"not -3.0 \(user 2, item 2\)"):
        checked_user_items(matrix)


def test_sizes_must_agree_and_something_be_there():
    with pytest.raises(ValueError, match="user_items has 4 items, the model 5"):
        checked_user_items(csr_matrix(np.eye(4)), 5)
    with pytest.raises(ValueError, match="nothing to learn from"):
        training_matrix(csr_matrix((2, 2)))
    assert checked_user_items(csr_matrix((2, 2))).nnz == 0


def test_items_are_chosen_or_left_out():
    np.testing.assert_array_equal(allowed(4), [True] * 4)
    np.testing.assert_array_equal(allowed(4, only=[2, 0]), [True, False, True, False])
    np.testing.assert_array_equal(allowed(4, only=[]), [False] * 4)
    np.testing.assert_array_equal(allowed(4, left_out=np.array([1])), [1, 0, 1, 1])


def test_positions_come_out_as_they_went_in():
    np.testing.assert_array_equal(positions(np.uint16(3), "userid"), [3])
    np.testing.assert_array_equal(positions([4, 0, 4], "items", 5), [4, 0, 4])
    assert positions([], "items", 5).dtype == np.int64
    with pytest.raises(IndexError, match="5 in items is not in the model, which has 5"):
        positions([1, 5], "items", 5)
