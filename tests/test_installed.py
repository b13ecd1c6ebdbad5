"""The built wheel works outside of a clone: it has all files, and writes nothing beside them."""

import contextlib
import os
import subprocess
import sys
import zipfile

import pytest
from hatchling.build import build_wheel

from nexttrack import project

USE = """
from pathlib import Path

import numpy as np

import nexttrack.clustering, nexttrack.evaluation, nexttrack.features, nexttrack.models
from nexttrack.data import editions
from nexttrack.data.dataset import Dataset

editions.SAMPLE.update(n_tracks=1_000, n_listeners=50, seed=3)
data = Dataset.load("lastfm-2k")
split = nexttrack.evaluation.weak_generalization(data.binary(), seed=1)
model = nexttrack.models.ItemKNN(K=20)
model.fit(split.test_in, show_progress=False)
lists, _ = model.recommend(np.arange(3), split.test_in[:3], N=4)
print(Path(nexttrack.__file__).parent, lists.shape)
"""


@pytest.fixture(scope="module")
def outside(tmp_path_factory):
    """The environment of processes that find the wheel's content before this clone."""
    folder = tmp_path_factory.mktemp("outside")
    with contextlib.chdir(project.root()):
        wheel = build_wheel(str(folder))
    with zipfile.ZipFile(folder / wheel) as content:
        content.extractall(folder / "site-packages")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NEXTTRACK_", "XDG_", "MPL"))
    }
    here = {"PYTHONPATH": str(folder / "site-packages"), "HOME": str(folder / "home")}
    return kept | here | {"NUMBA_DISABLE_JIT": "1"}  # compiling takes longer than all the rest


def run(outside, *arguments):
    command = [sys.executable, *arguments]
    folder = os.path.dirname(outside["HOME"])  # noqa: PTH120
    return subprocess.run(command, cwd=folder, env=outside, capture_output=True, text=True)


def command(outside, *arguments):
    return run(outside, "-c", "from nexttrack.cli import main; main()", *arguments)


def test_the_library_and_the_sample_edition_work_and_data_are_the_users(outside):
    site, home = outside["PYTHONPATH"], outside["HOME"]
    before = files(site)
    done = run(outside, "-c", USE)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{site}/nexttrack (3, 4)\n" and done.stderr == ""
    assert files(site) == before
    assert any(name.endswith("sample/ledger.parquet") for name in files(home))


def files(folder):
    return {
        os.path.join(where, name)  # noqa: PTH118
        for where, _, names in os.walk(folder)
        if "__pycache__" not in where
        for name in names
    }


def test_the_data_commands_work(outside):
    listed = command(outside, "data", "list")
    assert listed.returncode == 0, listed.stderr
    assert "playlist-archive: " in listed.stdout


def test_what_needs_the_clone_says_so_in_one_line(outside):
    done = command(outside, "book", "status")
    assert done.returncode == 1
    assert done.stderr.startswith("error: this needs the whole project") and done.stdout == ""
    assert done.stderr.count("\n") == 1
