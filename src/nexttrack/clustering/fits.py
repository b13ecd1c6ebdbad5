"""Many fits of scikit-learn's estimators, seeded, the same on any number of threads."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, clone
from threadpoolctl import threadpool_limits

Job = TypeVar("Job")
Result = TypeVar("Result")


def seeded(estimator: BaseEstimator, seed: int, **parameters: Any) -> BaseEstimator:
    """Return an unfitted copy with these parameters and with every ``random_state`` set.

    In a Pipeline the steps' are set too. An estimator without one (Ward, HDBSCAN) is just copied.
    """
    copy = clone(estimator).set_params(**parameters)
    return copy.set_params(**dict.fromkeys(seeds_of(copy), seed))


def seeds_of(estimator: BaseEstimator) -> list[str]:
    """Return the names of the parameters that seed an estimator."""
    names = estimator.get_params()
    return sorted(n for n in names if n == "random_state" or n.endswith("__random_state"))


def seed_of(*entropy: int) -> int:
    """Return a seed for scikit-learn (32 bits) that is a hash of whole numbers of at least 0."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])


def in_threads(
    work: Callable[[Job], Result], jobs: Iterable[Job], num_threads: int = 0
) -> list[Result]:
    """Return ``work(job)`` for each job, in order; jobs run side by side, each on one thread.

    Inside a fit OpenMP and BLAS add up in an order that depends on the number of threads, and the
    last bits with it; so each fit has one thread, and the cores are filled with fits.

    Args:
        work: must not share anything that it changes.
        jobs: what to call it with.
        num_threads: number of jobs at a time; 0 for as many as there are cores. An estimator that
            is not thread-safe (UMAP with numba's default threading layer) needs 1.
    """
    # OpenMP's limit holds for the thread that sets it, that of BLAS for the process.
    one_each = ThreadPoolExecutor(
        num_threads or os.cpu_count() or 1, initializer=lambda: threadpool_limits(1, "openmp")
    )
    with threadpool_limits(1), one_each as pool:
        return list(pool.map(work, jobs))
