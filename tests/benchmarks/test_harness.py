"""The measuring, on small commands: what is kept, never how long something takes."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.harness import LONG, Command, exponent, in_turn, keep, measure, reported, takes_long
from nexttrack.errors import UserError

SLEEP = "import time; x = bytearray({size}); time.sleep({seconds})"


def python(script, folder, **environment):
    return Command([sys.executable, "-c", script], folder, environment)


def test_time_and_memory_are_those_of_the_process(tmp_path):
    command = python(SLEEP.format(size=200_000_000, seconds=0.3), folder=tmp_path)
    cost = measure(command)
    assert cost.seconds > 0.3
    assert 200 < cost.megabytes < 400


def test_a_command_runs_in_its_folder_with_its_environment(tmp_path):
    script = "import os; assert os.environ['A'] == 'b'; open('here', 'w')"
    command = python(script, A="b", folder=tmp_path)
    measure(command)
    assert (tmp_path / "here").exists()


def test_a_command_that_fails_is_an_error_with_its_last_line(tmp_path):
    command = python("import sys; print('first'); sys.exit('it broke')", folder=tmp_path)
    with pytest.raises(UserError, match=r"ended with 1: it broke$"):
        measure(command)


def test_a_process_is_given_the_place_of_its_report():
    script = "import json, sys; json.dump({'said': sys.argv[1:3]}, open(sys.argv[3], 'w'))"
    report = reported([sys.executable, "-c", script], "one", 2)
    assert report["said"] == ["one", "2"]
    assert report["peak_mb"] > 1


def test_sides_take_turns_until_there_are_enough():
    ran = []
    sides = {name: lambda name=name: ran.append(name) or len(ran) for name in "ab"}
    assert in_turn(sides, 2) == {"a": [1, 3], "b": [2, 4]}
    assert ran == list("abab")
    assert in_turn(sides, 3, lambda found: found["b"][0] == 6) == {"a": [5], "b": [6]}


@pytest.mark.parametrize(("seconds", "long"), [(LONG, False), (LONG + 1, True)])
def test_the_first_run_tells_whether_there_are_others(seconds, long):
    reports = [{"fit": 1, "top": seconds}, {"fit": LONG * 9, "top": 1}]
    assert takes_long(reports, "fit", "top") == long


@given(st.floats(0.1, 3), st.floats(1e-9, 1e3))
def test_the_exponent_of_a_power_is_found(b, a):
    sizes = [100, 300, 5_000]
    assert exponent(sizes, [a * n**b for n in sizes]) == pytest.approx(b)


def test_one_size_has_no_exponent():
    assert np.isnan(exponent([100], [1.0]))


def test_the_order_of_the_table_is_that_of_the_fits(tmp_path):
    path = tmp_path / "table.csv"
    keep([{"fit": "b", "n": 1}, {"fit": "b", "n": 2}], path, ["a", "b"])
    keep([{"fit": "gone", "n": 3}], path, ["a", "b"])
    keep([{"fit": "a", "n": 4, "more": "x"}], path, ["a", "b"])
    assert path.read_text() == "fit,n,more\na,4,x\nb,1,\nb,2,\ngone,3,\n"
