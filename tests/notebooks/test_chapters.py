"""Every chapter runs on the sample edition (nbval), and is stored as a chapter may be."""

import os
import subprocess
import sys

import pytest
from filelock import FileLock

from nexttrack import project, target
from nexttrack.press.execute import chapters, faults, read
from nexttrack.press.prose import typed_numbers

CHAPTERS = chapters(project.root())
every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """The environment of a kernel on the sample edition, made once for all workers of a run."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    environment = {
        **target.environment(),
        "NEXTTRACK_EDITION": "sample",
        "NEXTTRACK_DATA": str(shared / "data"),
        "IPYTHONDIR": str(shared / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(shared / "jupyter"),
    }
    environment.pop("MPLBACKEND", None)
    with FileLock(shared / "data.lock"):
        make = "from nexttrack.data.editions import ensure; ensure()"
        subprocess.run([sys.executable, "-c", make], env=environment, check=True)
    return environment


@every_chapter
def test_every_cell_runs_on_the_sample_edition(path, sample, tmp_path):
    # A pytest of its own: nbval makes a test of each cell, and its report names the cell.
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env"]
    command += ["--maxfail=1", "--quiet", "--no-header", "--color=no", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, f"--rootdir={path.parent}", f"--basetemp={tmp_path}", str(path)]
    result = subprocess.run(command, env=sample, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]


@every_chapter
def test_stored_outputs_are_whole_and_in_order(path):
    assert faults(read(path), path.stem) == []


@every_chapter
def test_prose_types_no_number_that_a_cell_computes(path):
    assert typed_numbers(path) == []


@every_chapter
def test_stored_outputs_are_those_of_the_real_data(path):
    *_, last = (cell for cell in read(path).cells if cell.cell_type == "code")
    assert "colophon" in last.metadata.get("tags", ())
    said = [output.get("data", {}).get("text/markdown", "") for output in last.outputs]
    assert any("**published** edition" in text for text in said), (
        "run: make rerun, on the real data"
    )


def test_every_notebook_is_a_chapter():
    notebooks = {*project.root().glob("*.ipynb"), *project.root().glob("chapters/*.ipynb")}
    assert notebooks == set(CHAPTERS)
