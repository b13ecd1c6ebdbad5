"""The arithmetic that stored numbers are computed with, the same on every x86 of ten years.

A sum of many numbers ends on other last bits when it is added up in another order, and that order
hangs on the width of the processor's vectors and on the number of threads: OpenBLAS, NumPy and
Numba each choose their instructions by the processor that they find. Where what follows is discrete
(a rank, a cluster, a cut) a last bit now and then turns over a printed digit. So chapters are
executed, and models tuned, by one *target*, set in the environment of a new process, before these
libraries are loaded.
"""

import os
import platform
import sys
from collections.abc import Mapping

from nexttrack.errors import UserError

STORED = "haswell"
"""The target of all that is stored: AVX2 and FMA, which Intel has since 2013 and AMD since 2015."""

TARGETS = {
    STORED: "kernels for AVX2, on one thread: what the stored numbers are computed with",
    "x86-64": "kernels for SSE, which every x86 has, on one thread",
    "host": "what the libraries choose on this machine, or are told by the environment",
}
"""The targets, and what they are, for messages."""

_THREADS = "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS"
_KERNELS = {STORED: ("Haswell", "haswell"), "x86-64": ("Prescott", "generic")}
_AVX512 = ("X86_V4", "AVX512")  # how the names of NumPy's features beyond AVX2 begin


def environment(target: str = STORED, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of a process that computes by a target.

    Args:
        target: one of :data:`TARGETS`. On a machine that cannot have it (another architecture, or
            no AVX2) the libraries choose their kernels; the threads are as in the target.
        given: the environment to start from; it is not changed.

    Raises:
        UserError: if there is no such target.
    """
    if target not in TARGETS:
        raise UserError(f"target {target!r}: give {', '.join(TARGETS)}")
    if target == "host":
        return {**given}
    # The order of a set of texts, too, is then the same in all processes.
    made = {**given, **dict.fromkeys(_THREADS, "1"), "PYTHONHASHSEED": "0"}
    if not possible(target):
        return made
    blas, processor = _KERNELS[target]
    return made | {
        "OPENBLAS_CORETYPE": blas,
        "NPY_DISABLE_CPU_FEATURES": " ".join(_beyond(target)),
        "NUMBA_CPU_NAME": processor,
        "NUMBA_CPU_FEATURES": "",  # those of the processor named, not of the one at hand
    }


def possible(target: str) -> bool:
    """Tell whether this machine's processor has the instructions of a target."""
    if target == "host":
        return True
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    return target != STORED or {"AVX2", "FMA3"} <= set(_features())


def run_again(target: str = STORED) -> None:
    """Replace the running process by the same command, computing by a target; if it does not yet.

    For commands that compute what is stored, to be called before anything is computed.
    """
    wanted = environment(target)
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wanted)


def told() -> list[str | None]:
    """Return what this process was told of the kernels to take; tables are kept apart by it."""
    names = "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"
    return [os.environ.get(name) for name in names]


def arithmetic() -> str:
    """Return what this process computes with, as its libraries tell: for a chapter's last cell.

    The libraries that are loaded are asked and not the environment, so that a chapter that was run
    by other means says what it had.
    """
    import numba
    import scipy.linalg  # noqa: F401 (it loads its own OpenBLAS)
    from llvmlite import binding
    from threadpoolctl import threadpool_info

    pools = threadpool_info()
    libraries = {
        f"{pool['internal_api']} {pool.get('architecture') or ''}".strip()
        for pool in pools
        if pool["user_api"] == "blas"
    }
    threads = max([numba.get_num_threads(), *(pool["num_threads"] for pool in pools)])
    dispatched = [name for name in _dispatched() if name in _features()]
    return ", ".join(
        [
            *(name.replace("openblas", "OpenBLAS") for name in sorted(libraries)),
            f"NumPy {' '.join(dispatched) or 'baseline'}",
            f"Numba {numba.config.CPU_NAME or binding.get_host_cpu_name()}",
            "1 thread" if threads == 1 else f"{threads} threads",
        ]
    )


def _beyond(target: str) -> list[str]:
    """Return the features of NumPy's that a target goes without."""
    every = _dispatched()
    return [name for name in every if target != STORED or name.startswith(_AVX512)]


def _dispatched() -> list[str]:
    from numpy._core._multiarray_umath import __cpu_dispatch__

    return list(__cpu_dispatch__)


def _features() -> list[str]:
    """Return the features that NumPy found on this processor and was not told to go without."""
    from numpy._core._multiarray_umath import __cpu_features__

    return [name for name, found in __cpu_features__.items() if found]
