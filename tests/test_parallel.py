"""Work side by side: in order, elsewhere, on one thread, with its errors."""

import builtins
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from threadpoolctl import threadpool_info

from nexttrack import parallel
from nexttrack.parallel import N_PROCESSES, in_processes, in_threads


def doubled(base, number):
    return base + 2 * number, os.getpid()


def test_tasks_come_back_in_order_from_other_processes():
    results = in_processes(doubled, (100,), [(number,) for number in range(5)])
    assert [value for value, _ in results] == [100, 102, 104, 106, 108]
    assert os.getpid() not in {pid for _, pid in results}


def test_a_function_without_a_name_works_too_and_a_label_changes_nothing():
    power = 3
    assert in_processes(lambda x: x**power, (), [(1,), (2,)], "Powers") == [1, 8]


def test_there_may_be_nothing_to_do():
    assert in_processes(doubled, (100,), []) == []


def test_the_next_call_does_not_see_what_the_one_before_shared():
    for base in (1, 2):
        assert in_processes(doubled, (base,), [(0,)])[0][0] == base


def test_each_process_has_one_thread_for_arithmetic():
    def threads():
        np.ones((2, 2)) @ np.ones((2, 2))
        return [pool["num_threads"] for pool in threadpool_info()]

    (found,) = in_processes(threads, (), [()])
    assert found and set(found) == {1}


def test_large_arrays_may_be_written_to():
    def writable(array, other):
        return array.flags.writeable and other.flags.writeable

    assert in_processes(writable, (np.zeros(500_000),), [(np.zeros(500_000),)]) == [True]


def test_an_error_in_a_task_is_raised():
    with pytest.raises(ZeroDivisionError):
        in_processes(lambda x: 1 / x, (), [(1,), (0,), (2,)])


def test_without_shared_memory_tasks_are_done_one_after_the_other_here(monkeypatch):
    monkeypatch.delitem(parallel.BACKENDS, "loky")

    def who(base, number):
        return base + number, os.getpid()

    assert in_processes(who, (10,), [(1,), (2,)]) == [(11, os.getpid()), (12, os.getpid())]


def test_a_process_that_has_grown_is_replaced_without_a_word():
    def grown(number):
        builtins.held = [*getattr(builtins, "held", []), np.ones(40_000_000)]
        time.sleep(1.05)  # loky looks at most once a second
        return number

    assert in_processes(grown, (), [(number,) for number in range(5)]) == list(range(5))


def test_threads_give_results_in_the_order_of_the_jobs_and_errors_come_out():
    assert in_threads(lambda job: job * 2, range(20), 3) == list(range(0, 40, 2))
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda job: 1 / job, [1, 0], 2)


SLOW = """
import os
import time
from nexttrack.parallel import in_processes

def slow(number):
    os.write(1, b"started\\n")  # at once: two processes write to one pipe
    time.sleep(60)

if __name__ == "__main__":
    in_processes(slow, (), [(number,) for number in range(12)])
"""


@pytest.mark.parametrize("ended_by", ["Ctrl-C", "SIGINT", "SIGTERM", "SIGKILL"])
def test_no_process_is_left_and_no_helper_says_a_word(tmp_path, ended_by):
    (tmp_path / "slow.py").write_text(SLOW)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "slow.py")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    for _ in range(N_PROCESSES):  # one that is still starting might say a word
        assert process.stdout.readline() == "started\n"
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    if ended_by == "Ctrl-C":  # a terminal sends it to all
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.Signals[ended_by])
    _, left = psutil.wait_procs(children, timeout=30)
    for child in left:
        child.kill()
    said = process.communicate()[1]
    assert not left
    if ended_by in ("Ctrl-C", "SIGINT"):
        assert said.count("Traceback") == 1 and said.endswith("KeyboardInterrupt\n")
