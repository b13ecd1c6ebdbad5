"""Run work side by side: in two processes, or in threads, of one thread each."""

import atexit
import os
import pickle
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar

from joblib import Parallel, delayed, parallel_config, wrap_non_picklable_objects
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.backend import resource_tracker
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
        The results in the order of the tasks. An error in a task is raised here. Ctrl-C ends the
        processes too.
    """
    tasks = list(tasks)
    waiting = steps(tasks, label) if label else tasks
    if "loky" not in BACKENDS:  # joblib has said why: there is no shared memory to be had
        with threadpool_limits(1):
            return [work(*shared, *task) for task in waiting]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        parallel_config(
            backend="loky",
            n_jobs=N_PROCESSES,
            inner_max_num_threads=1,
            initializer=_set_up_process,
            initargs=(os.getpid(),),
        ),
        warnings.catch_warnings(),
    ):
        # A process that has grown by 300 MB is replaced, which is right. loky warns of it in the
        # thread that hands out the tasks: as an error it would end that thread, and all would hang.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        path = Path(folder) / "work.pickle"
        path.write_bytes(
            pickle.dumps(wrap_non_picklable_objects((work, shared), keep_wrapper=False))
        )
        # Without memory maps: compiled code wants arrays that it might write to. Handed out are no
        # more tasks than loky passes on at once: it cannot end well with others in its queue.
        run = Parallel(
            return_as="generator", batch_size=1, pre_dispatch=2 * N_PROCESSES, max_nbytes=None
        )
        try:
            # The processes, begun here, never hear of a Ctrl-C, which a terminal sends to all.
            # loky's tracker comes first: to start it lets signals through again.
            resource_tracker.ensure_running()
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            try:
                results = run(delayed(_do)(path, task) for task in tasks)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
            return [result for _, result in zip(waiting, results, strict=True)]
        except KeyboardInterrupt:
            get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)
            raise


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


def _set_up_process(parent: int) -> None:
    """Let a process end with the one that started it, however that ends."""
    over = Event()
    watch = Thread(target=_end_after, args=(parent, over), daemon=True)
    watch.start()

    # A process that has grown is replaced. A thread that lives on would keep DuckDB's objects,
    # which are then called leaks on standard error.
    def stop() -> None:
        over.set()
        watch.join()

    atexit.register(stop)


def _end_after(parent: int, over: Event) -> None:
    while not over.wait(1):
        if os.getppid() != parent:
            os._exit(1)


def _do(path: Path, task: tuple) -> Any:
    work, shared = _read(path)
    return work(*shared, *task)


@lru_cache(maxsize=1)
def _read(path: Path) -> tuple[Callable, tuple]:
    return pickle.loads(path.read_bytes())
