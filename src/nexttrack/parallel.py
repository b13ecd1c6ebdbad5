"""Run work side by side: in two processes, or in threads, of one thread each."""

import os
import pickle
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config, wrap_non_picklable_objects
from joblib.parallel import BACKENDS
from threadpoolctl import threadpool_limits

from nexttrack.progress import steps

Job = TypeVar("Job")
Result = TypeVar("Result")

N_PROCESSES = 2  # of some 500 MB each


def in_processes(
    work: Callable, shared: tuple, tasks: Sequence[tuple], label: str | None = None
) -> list:
    """Return ``work(*shared, *task)`` of each task, in two processes of one thread each.

    Small models fit several times faster on one thread than on two that wait for each other, and
    their result does not depend on how many cores the machine has. A process that is done takes the
    next task, so those that take long should come first; what tasks share goes to each process
    once, and must not be changed by them. Where the system lets no processes work together (a
    read-only ``/dev/shm``), they are done one after the other here.

    Args:
        work: any function, also a lambda or one defined in another.
        shared: first arguments, the same for all tasks.
        tasks: the other arguments of each task.
        label: what to say beside a progress bar; none is shown without.

    Returns:
        The results in the order of the tasks. An error in a task is raised here.
    """
    tasks = list(tasks)
    waiting = steps(tasks, label) if label else tasks
    if "loky" not in BACKENDS:  # joblib has said why: there is no shared memory to be had
        with threadpool_limits(1):
            return [work(*shared, *task) for task in waiting]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        parallel_config(backend="loky", n_jobs=N_PROCESSES, inner_max_num_threads=1),
        warnings.catch_warnings(),
    ):
        # A process that has grown by 300 MB is replaced, which is right. loky warns of it in the
        # thread that hands out the tasks: as an error it would end that thread, and all would hang.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        path = Path(folder) / "work.pickle"
        path.write_bytes(
            pickle.dumps(wrap_non_picklable_objects((work, shared), keep_wrapper=False))
        )
        # Without memory maps: compiled code wants arrays that it might write to.
        run = Parallel(return_as="generator", batch_size=1, pre_dispatch="all", max_nbytes=None)
        results = run(delayed(_do)(path, task) for task in tasks)
        return [result for _, result in zip(waiting, results, strict=True)]


def on_one_thread(model: Any) -> Any:
    """Return a model that is to fit and rank on one thread, as work in a process here should."""
    if hasattr(model, "num_threads"):
        model.num_threads = 1
    return model


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


def _do(path: Path, task: tuple) -> Any:
    work, shared = _read(path)
    return work(*shared, *task)


@lru_cache(maxsize=1)
def _read(path: Path) -> tuple[Callable, tuple]:
    return pickle.loads(path.read_bytes())
