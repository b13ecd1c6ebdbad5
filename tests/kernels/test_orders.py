"""Steps before the end of a row, beside the plain definition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from nexttrack.kernels.orders import steps_ago


@given(st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), max_size=5))
def test_it_is_the_number_of_larger_values_in_the_row(rows):
    order = csr_matrix(np.array(rows, dtype=np.float32).reshape(-1, 6))
    expected = [
        len({other for other in row if other > value}) for row in rows for value in row if value
    ]
    assert steps_ago(order).tolist() == expected
