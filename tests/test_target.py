"""What is stored is computed by one target, and simple models rank alike by every target."""

import os
import platform
import subprocess
import sys

import pytest

from nexttrack import target
from nexttrack.errors import UserError

on_x86 = pytest.mark.skipif(
    not target.possible(target.STORED), reason="needs an x86 processor with AVX2"
)


def printed(code, environment):
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_an_environment_is_made_and_the_one_given_stays():
    given = {"HOME": "/home", "OMP_NUM_THREADS": "8", "OPENBLAS_CORETYPE": "Prescott"}
    before = dict(given)
    made = target.environment(given=given)
    assert given == before
    assert (made["HOME"], made["OMP_NUM_THREADS"]) == ("/home", "1")
    assert target.environment("host", given) == given


def test_an_unknown_target_is_refused_in_one_line():
    with pytest.raises(UserError, match=r"^target 'sse': give haswell, x86-64, host$"):
        target.environment("sse")


@on_x86
def test_what_is_set_outside_does_not_change_the_stored_target():
    outside = {**os.environ, "OPENBLAS_CORETYPE": "Prescott", "NUMBA_CPU_NAME": "generic"}
    outside |= {"NPY_DISABLE_CPU_FEATURES": "X86_V3", "NUMBA_CPU_FEATURES": "-avx"}
    code = "from nexttrack.target import arithmetic; print(arithmetic())"
    said = printed(code, target.environment(given=outside))
    assert said == printed(code, target.environment())
    assert "OpenBLAS Haswell" in said and "Numba haswell, 1 thread" in said


@on_x86
def test_another_target_is_another_arithmetic():
    code = "from nexttrack.target import arithmetic; print(arithmetic())"
    said = printed(code, target.environment("x86-64"))
    assert "Haswell" not in said and "NumPy baseline, Numba generic, 1 thread" in said


def test_on_another_architecture_the_libraries_choose(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    made = target.environment(given={})
    assert not target.possible("haswell") and not target.possible("x86-64")
    assert "OPENBLAS_CORETYPE" not in made and made["OMP_NUM_THREADS"] == "1"


@on_x86
def test_a_command_runs_again_once_with_its_arguments():
    code = """import os, sys
print(os.environ.get("NUMBA_CPU_NAME"), flush=True)
from nexttrack.target import run_again
run_again()
print(sys.argv[1:])"""
    environment = {name: text for name, text in os.environ.items() if name != "NUMBA_CPU_NAME"}
    done = subprocess.run(
        [sys.executable, "-c", code, "a b", "--c"], env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["None", "haswell", "['a b', '--c']"], done.stderr


SIMPLE = """
import numpy as np
from scipy.sparse import csr_matrix
from nexttrack.evaluation import METRICS, evaluate, weak_generalization
from nexttrack.models import EASE, ItemKNN, Popularity

rng = np.random.default_rng(7)
taste, kind = rng.normal(size=(900, 6)), rng.normal(size=(700, 6))
wanted = taste @ kind.T + 3 * rng.pareto(3, 700) + rng.gumbel(size=(900, 700))
user_items = csr_matrix(wanted >= np.partition(wanted, -30, axis=1)[:, [-30]], dtype=np.float32)
parts = weak_generalization(user_items, seed=1)
for model in (Popularity(), ItemKNN(K=50, shrinkage=5), EASE(regularization=20)):
    model.fit(parts.test_in, show_progress=False)
    means = evaluate(model, parts.test_in, parts.test_out, METRICS, N=20).mean()
    print(type(model).__name__, *(f"{mean:.5f}" for mean in means))
"""


@on_x86
def test_the_simplest_models_agree_to_the_last_printed_digit_by_every_target():
    said = {name: printed(SIMPLE, target.environment(name)) for name in target.TARGETS}
    first = said[target.STORED]
    assert [line.split()[0] for line in first.splitlines()] == ["Popularity", "ItemKNN", "EASE"]
    assert float(first.splitlines()[1].split()[1]) > float(first.splitlines()[0].split()[1]) > 0
    assert set(said.values()) == {first}
