"""Where things are: in the clone, where the user says, or in the user's folders."""

from pathlib import Path

import pytest

from nexttrack import project
from nexttrack.errors import UserError


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """The package as it is installed elsewhere, and the home folder of its user."""
    site = tmp_path / "lib" / "python" / "site-packages" / "nexttrack" / "project.py"
    monkeypatch.setattr(project, "__file__", str(site))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("NEXTTRACK_DATA", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def test_in_a_clone_all_lies_in_the_clone(monkeypatch):
    monkeypatch.delenv("NEXTTRACK_DATA", raising=False)
    root = Path(__file__).parents[1]
    assert project.root() == root
    assert (project.data_dir(), project.cache_dir()) == (root / "data", root / ".cache")


def test_elsewhere_data_and_tables_go_to_the_users_folders(alone):
    for folder in project.data_dir(), project.cache_dir():
        assert folder.name == "nexttrack" and alone in folder.parents
    assert project.data_dir() != project.cache_dir()


def test_elsewhere_what_needs_the_clone_says_so_in_one_line(alone):
    with pytest.raises(UserError, match=r"needs the whole project.*clone the repository"):
        project.root()


def test_the_users_own_choice_comes_first(alone, monkeypatch, tmp_path):
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path / "mine"))
    assert project.data_dir() == tmp_path / "mine"
