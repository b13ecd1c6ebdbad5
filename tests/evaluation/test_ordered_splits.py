"""What is asked comes after what is known, in every list, and nothing is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from nexttrack.evaluation import last_k


@st.composite
def orders(draw):
    """Return lists with moments, some of them equal."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dense = rng.integers(0, draw(st.integers(2, 30)), (draw(st.integers(1, 8)), 25))
    return csr_matrix(dense.astype(np.float32))


def test_the_last_is_for_the_test_and_the_one_before_for_validation():
    order = csr_matrix(np.array([[3, 1, 4, 2, 0], [2, 0, 1, 0, 0]], dtype=np.float32))
    split = last_k(order)
    assert split.test_out.toarray().tolist() == [[0, 0, 4, 0, 0], [0] * 5]
    assert split.validation_out.toarray().tolist() == [[3, 0, 0, 0, 0], [0] * 5]
    assert split.validation_in.toarray().tolist() == [[0, 1, 0, 2, 0], [2, 0, 1, 0, 0]]
    assert split.test_in.toarray().tolist() == [[3, 1, 0, 2, 0], [2, 0, 1, 0, 0]]


@given(orders(), st.integers(1, 4), st.integers(1, 3))
def test_nothing_of_the_future_is_in_training_and_nothing_is_lost(order, k, min_steps):
    split = last_k(order, k=k, min_steps=min_steps)
    assert abs(split.test_train + split.test_out - order).sum() == 0
    assert abs(split.validation_train + split.validation_out - split.test_train).sum() == 0
    for row in range(order.shape[0]):
        n_steps = len(set(order[row].data))
        train, validation, test = (
            set(part[row].data)
            for part in (split.validation_train, split.validation_out, split.test_out)
        )
        if n_steps < 2 * k + min_steps:
            assert (validation, test) == (set(), set())
            continue
        assert len(train) == n_steps - 2 * k
        assert len(validation) == len(test) == k
        assert max(train) < min(validation)
        assert max(validation) < min(test)


def test_what_is_held_out_says_nothing_to_training():
    rng = np.random.default_rng(0)
    order = csr_matrix(rng.permuted(np.tile(np.arange(9.0), (6, 1)), axis=1))
    other = order.copy()
    other.data[other.data > 6] = 15 - other.data[other.data > 6]  # the last two change places
    one, two = last_k(order), last_k(other)
    assert (one.validation_train != two.validation_train).nnz == 0
    assert (one.test_out != two.test_out).nnz > 0


@pytest.mark.parametrize("wrong", [{"k": 0}, {"min_steps": 0}])
def test_there_is_a_step_to_find_and_one_to_know_it_by(wrong):
    with pytest.raises(ValueError, match="k and min_steps must be 1 or more"):
        last_k(csr_matrix(np.ones((2, 3))), **wrong)
