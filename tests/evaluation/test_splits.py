"""A split loses nothing, leaks nothing, and is the same again for the same seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, random_array

from nexttrack.evaluation import weak_generalization


@st.composite
def matrices(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.floats(0, 0.9))
    shape = draw(st.tuples(st.integers(1, 15), st.integers(1, 30)))
    return csr_matrix(random_array(shape, density=density, rng=rng, dtype=np.float32))


def stored(matrix):
    return set(zip(*map(np.ndarray.tolist, matrix.nonzero()), strict=True))


@given(matrices(), st.integers(0, 1000))
def test_parts_are_disjoint_and_complete(user_items, seed):
    split = weak_generalization(user_items, seed=seed)
    parts = [stored(p) for p in (split.validation_in, split.validation_out, split.test_out)]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])
    assert parts[0] | parts[1] | parts[2] == stored(user_items)
    assert stored(split.test_in) == parts[0] | parts[1]


@given(matrices(), st.integers(0, 1000))
def test_shares_are_rounded_per_user(user_items, seed):
    split = weak_generalization(user_items, seed=seed)
    n = np.diff(user_items.indptr)
    expected = np.where(n >= 5, np.maximum(1, np.round(0.2 * n)), 0)
    for part in (split.test_out, split.validation_out):
        np.testing.assert_array_equal(np.diff(part.indptr), expected)
    assert (np.diff(split.validation_in.indptr)[n > 0] > 0).all()


@given(matrices())
def test_values_are_kept_and_the_seed_decides(user_items):
    one, two = (weak_generalization(user_items, seed=4) for _ in range(2))
    assert (one.test_out != two.test_out).nnz == 0
    assert abs(one.test_in + one.test_out - user_items).sum() == 0


def test_a_users_draw_depends_on_no_other_user():
    user_items = csr_matrix(np.ones((6, 20), dtype=np.float32))
    alone = weak_generalization(user_items[:3], seed=9).test_out
    together = weak_generalization(user_items, seed=9).test_out
    assert (alone != together[:3]).nnz == 0


@pytest.mark.parametrize(
    "arguments",
    [{"test_share": 0.0}, {"test_share": 0.6, "validation_share": 0.4}, {"min_items": 2}],
)
def test_impossible_shares_are_refused(arguments):
    with pytest.raises(ValueError, match="must be"):
        weak_generalization(csr_matrix((2, 3)), seed=0, **arguments)
