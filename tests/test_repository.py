"""What is committed: nothing large, and nothing that a command made."""

import shutil
import subprocess

import pytest

from nexttrack import project

LARGEST = 1_500_000  # bytes; a chapter with its figures


@pytest.fixture(scope="module")
def committed():
    """The files that git knows, by their path."""
    if shutil.which("git") is None or not (project.root() / ".git").exists():
        pytest.skip("this is no clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=project.root(), capture_output=True, check=True, text=True
    ).stdout.split("\0")
    return {path: project.root() / path for path in listed if path}


def test_no_file_is_large(committed):
    sizes = {path: file.stat().st_size for path, file in committed.items() if file.is_file()}
    assert [path for path, size in sizes.items() if size > LARGEST] == []


def test_of_what_commands_make_nothing_is_committed(committed):
    made = ("try-it.html", "sound-map.html", ".parquet", ".zip", ".pyc", ".npz")
    found = [path for path in committed if path.endswith(made)]
    assert [path for path in found if not path.endswith("apps/sound_map/sound-map.html")] == []
