"""The command line, before any of its commands."""

import os
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from nexttrack import cli, project
from nexttrack.dependencies import Code
from nexttrack.errors import UserError

SHOW = """import sys
from nexttrack import cli
cli.app = lambda: print(sys.getfilesystemencoding(), sys.argv[1:])
cli.main()"""


def test_paths_are_utf8_whatever_the_locale_is():
    outside = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", SHOW, "é", "b c"]
    done = subprocess.run(command, env=outside, capture_output=True, check=True)
    assert done.stdout.decode() == "utf-8 ['é', 'b c']\n", done.stderr


NONE_BUT = """
import sys
from importlib.metadata import packages_distributions

class Hiding:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        of = packages.get(name.partition(".")[0], [])
        if of and not any(one.lower().replace("_", "-") in allowed for one in of):
            return None
        return self.finder.find_spec(name, path, target)

packages, allowed = packages_distributions(), set(sys.argv.pop(1).split())
sys.meta_path[:] = [Hiding(finder) for finder in sys.meta_path]
from nexttrack import cli
cli.main()
"""


def brought(*wanted: str) -> set[str]:
    """Return the names of distributions, and of all that these need in turn."""
    found, ahead = set(), [Requirement(line) for line in wanted]
    while ahead:
        one = ahead.pop()
        name = canonicalize_name(one.name)
        if name not in found:
            found.add(name)
            needs = map(Requirement, requires(name) or [])
            ahead += [n for n in needs if not n.marker or n.marker.evaluate({"extra": ""})]
    return found


def project_table():
    return tomllib.loads((project.root() / "pyproject.toml").read_text(encoding="utf-8"))


def with_only(allowed, *arguments):
    command = [sys.executable, "-c", NONE_BUT, " ".join({*allowed, "nexttrack"}), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_rendering_imports_nothing_beyond_what_a_readers_environment_has(tmp_path):
    render = brought(*project_table()["dependency-groups"]["render"])
    assert not render & {"numba", "scipy", "jupyterlab", "matplotlib", "pytest"}
    arguments = ("book", "render", "--preview", "--output", str(tmp_path / "book"))
    done = with_only(render, *arguments)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "book" / "index.html").exists()
    refused = with_only(render, "tune", "lastfm-2k")
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1
    assert refused.stderr.endswith("which is not installed here; run: make setup\n")


def test_each_module_that_the_core_does_not_bring_is_known_with_its_extra():
    core = brought(*project_table()["project"]["dependencies"])
    code = Code(project.root())
    imported = {p for name in code.modules for p in code.of_module(name).packages}
    bring = packages_distributions()
    known = {
        canonicalize_name(bring[module][0]) for modules in cli.EXTRAS.values() for module in modules
    }
    assert known == imported - core


@pytest.mark.parametrize(
    ("module", "advice"),
    [("matplotlib.pyplot", "pip install 'nexttrack[book]'"), ("numba", "pip install nexttrack")],
)
def test_outside_of_a_clone_a_missing_package_is_answered_by_what_to_install(
    monkeypatch, module, advice
):
    def none():
        raise UserError("there is no clone")

    monkeypatch.setattr(project, "root", none)
    refused = pytest.raises(UserError, match="which is not installed here")
    with refused as said, cli.what_is_not_installed():
        raise ModuleNotFoundError(name=module)
    assert str(said.value).endswith(f"run: {advice}")


def test_a_module_of_ours_that_is_missing_is_a_fault():
    with pytest.raises(ModuleNotFoundError), cli.what_is_not_installed():
        raise ModuleNotFoundError(name="nexttrack.gone")
