"""Every chapter runs on the sample edition (nbval), and is stored as a chapter may be."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

import nexttrack
from nexttrack import project, target
from nexttrack.dependencies import Code
from nexttrack.press.execute import chapters, faults, read, run
from nexttrack.press.findings import unbound
from nexttrack.press.freshness import compare_outputs
from nexttrack.press.prose import typed_numbers
from nexttrack.press.stamps import source_of

PACKAGE = Path(nexttrack.__file__).parent
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
    record = tmp_path / "opened.txt"
    record.touch()
    recorded = {
        "PYTHONPATH": str(Path(__file__).parent / "recorder"),
        "RECORD_UNDER": f"{PACKAGE}{os.pathsep}{project.root() / 'results'}",
        "RECORD_TO": str(record),
    }
    # A pytest of its own: nbval makes a test of each cell, and its report names the cell.
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env"]
    command += ["--maxfail=1", "--quiet", "--no-header", "--color=no", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, f"--rootdir={path.parent}", f"--basetemp={tmp_path / 'run'}"]
    result = subprocess.run(
        [*command, str(path)], env=sample | recorded, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    opened = {Path(line) for line in record.read_text().splitlines()}
    # Whether the simulated world is that of today's simulator is asked on this edition alone.
    opened = {path for path in opened if path.parent != PACKAGE / "data" / "simulator"}
    assert opened <= files_it_depends_on(path), "a file is read that no module names"


def files_it_depends_on(path):
    """The files besides modules that make a chapter stale when they change."""
    code = Code(project.root())
    wanted = code.of_source(source_of(read(path)))
    files = {PACKAGE / name for name in wanted.files}
    return files | {project.root() / "results" / name for name in wanted.results}


@pytest.mark.skipif(not target.possible(target.STORED), reason="needs an x86 with AVX2")
def test_the_first_chapter_prints_the_same_by_another_arithmetic(sample, monkeypatch):
    """The quick form of ``nexttrack book check --target x86-64``."""
    monkeypatch.setenv("NEXTTRACK_DATA", sample["NEXTTRACK_DATA"])
    (path,) = (path for path in CHAPTERS if path.stem == "01-whole-game")
    one, other = (
        run(read(path), path.stem, folder=path.parent, edition="sample", target=name)
        for name in (target.STORED, "x86-64")
    )
    *cells, last = (
        pair for pair in zip(one.cells, other.cells, strict=True) if pair[0].cell_type == "code"
    )
    assert [list(compare_outputs(a.outputs, b.outputs)) for a, b in cells] == [[]] * len(cells)
    assert list(compare_outputs(*(cell.outputs for cell in last)))  # which names the arithmetic


@every_chapter
def test_stored_outputs_are_whole_and_in_order(path):
    assert faults(read(path), path.stem) == []


@every_chapter
def test_prose_types_no_number_that_a_cell_computes(path):
    assert typed_numbers(path) == []


@every_chapter
def test_what_a_chapter_found_is_held_to_the_data(path):
    assert unbound(path) == []


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
