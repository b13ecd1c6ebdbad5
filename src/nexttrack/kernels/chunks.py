"""Run compiled row-by-row work on all cores."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np


def in_chunks(work: Callable[[int, int], None], n_rows: int, num_threads: int = 0) -> None:
    """Call ``work(start, stop)`` over chunks of rows that cover 0..n_rows, in threads.

    Meant for numba functions that release the interpreter's lock (``nogil=True``): they compile
    several times faster than with numba's own ``parallel=True``. A row's result must not depend on
    its chunk.

    Args:
        work: fills in the rows from start to before stop.
        n_rows: number of rows.
        num_threads: number of threads; 0 for as many as there are cores.
    """
    threads = num_threads or os.cpu_count() or 1
    bounds = np.unique(np.linspace(0, n_rows, 8 * threads + 1).astype(np.int64)).tolist()
    if len(bounds) <= 2:  # a thread costs more than the few rows
        for start, stop in pairwise(bounds):
            work(start, stop)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))
