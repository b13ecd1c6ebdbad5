"""Chunks cover every row once, whatever the number of threads."""

import numpy as np
import pytest

from nexttrack.kernels.chunks import in_chunks


@pytest.mark.parametrize("n_rows", [0, 1, 5, 16, 1001])
@pytest.mark.parametrize("threads", [0, 1, 3])
def test_every_row_once(n_rows, threads):
    visits = np.zeros(n_rows, dtype=int)

    def visit(start, stop):
        visits[start:stop] += 1

    in_chunks(visit, n_rows, threads)
    assert (visits == 1).all()


def test_an_error_in_a_chunk_is_not_lost():
    def fail(start, stop):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        in_chunks(fail, 4)
