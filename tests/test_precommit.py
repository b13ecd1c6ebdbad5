"""The checks before a commit let sound files through, and stop others (with this clone's tools)."""

import shlex
import subprocess
import sys

import nbformat
import yaml

from nexttrack import project


def hooks():
    text = (project.root() / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    repos = yaml.safe_load(text)["repos"]
    assert [repo["repo"] for repo in repos] == ["local"], "nothing is brought from elsewhere"
    return {hook["id"]: shlex.split(hook["entry"]) for hook in repos[0]["hooks"]}


def run(name, *paths):
    """Run a hook on files, by the interpreter that runs the tests."""
    tool, *arguments = hooks()[name]
    assert tool == ".venv/bin/python"
    command = [sys.executable, *arguments, *map(str, paths)]
    return subprocess.run(command, cwd=project.root(), capture_output=True, text=True)


def test_a_stored_chapter_passes_and_one_that_has_not_run_in_order_is_stopped(tmp_path):
    cells = [nbformat.v4.new_code_cell("1 + 1", execution_count=count) for count in (None, 2)]
    path = tmp_path / "one.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    result = run("chapters", project.root() / "index.ipynb", path)
    assert result.returncode == 1
    assert result.stderr.strip() == f"{path}, cell 1: execution count is None, not 1"


def test_a_large_file_is_stopped(tmp_path):
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(2_000_001))
    result = run("file-size", project.root() / "index.ipynb", path)
    assert result.returncode == 1
    assert result.stderr.strip() == f"{path}: over 2 MB"
