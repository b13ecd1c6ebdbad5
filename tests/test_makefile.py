"""The Makefile explains itself, and CI's script ends as it should (make and data are stand-ins)."""

import re
import shutil
import subprocess
import tomllib

import pytest

from nexttrack import project

LEAKS = """
UV_PRERELEASE UV_PROJECT_ENVIRONMENT UV_NO_BUILD PIP_TARGET PIP_USER PYTHONPATH PYTHONHOME
PYTHONSTARTUP VIRTUAL_ENV CONDA_PREFIX MATPLOTLIBRC MPLBACKEND JUPYTER_PATH IPYTHONDIR
QUARTO_PROFILE
"""
CLOSING = "======= 12 passed, 1 skipped in 75.02s (0:01:15) ======="


def makefile():
    return (project.root() / "Makefile").read_text(encoding="utf-8")


def test_help_lists_every_target_that_is_for_people():
    phony = re.search(r"^\.PHONY: (.*)$", makefile(), re.MULTILINE)[1].split()
    command = ["make", "--no-print-directory", "help"]
    listed = subprocess.run(command, cwd=project.root(), capture_output=True, text=True).stdout
    assert re.findall(r"^  make ([\w-]+) +\S", listed, re.MULTILINE) == phony


def test_every_target_is_one_line():
    recipes = re.findall(r"^\.?[\w/.-]+:(?!=).*\n((?:\t.*\n)*)", makefile(), re.MULTILINE)
    assert recipes
    assert all(recipe.count("\n") <= 1 and "\\\n" not in recipe for recipe in recipes)


def test_api_shows_the_rooms_that_may_be_copied():
    rooms = re.search(r"^LIBRARY = (.*)$", makefile(), re.MULTILINE)[1].split()
    settings = tomllib.loads((project.root() / "pyproject.toml").read_text(encoding="utf-8"))
    (library,) = (
        contract["source_modules"]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["name"].startswith("The library may be copied")
    )
    assert [f"nexttrack.{name}" for name in rooms] == library


def test_clean_and_git_know_the_folder_of_the_pages():
    folder = re.search(r"--output-directory (\w+) ", makefile())[1]
    (recipe,) = re.findall(r"^clean:.*\n\t(.*)", makefile(), re.MULTILINE)
    assert folder in recipe.split()
    ignored = (project.root() / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert f"/{folder}/" in ignored


@pytest.fixture
def clone(tmp_path):
    """A clone that holds CI's script only, and programs that print what they are asked to do."""
    (tmp_path / "clone" / ".ci").mkdir(parents=True)
    shutil.copy2(project.root() / ".ci" / "run", tmp_path / "clone" / ".ci" / "run")
    program(tmp_path / "bin" / "make", f"echo make $@; echo '{CLOSING}'")
    program(tmp_path / "bin" / "chromium", "")
    program(tmp_path / "clone" / ".venv" / "bin" / "nexttrack", "echo nexttrack $@")
    program(tmp_path / "clone" / ".venv" / "bin" / "python", "echo python $@")
    return tmp_path / "clone"


def program(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run(clone):
    return subprocess.run(
        [clone / ".ci" / "run"],
        env={"PATH": f"{clone.parent / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )


def test_ci_tests_and_without_data_stops_there(clone):
    result = run(clone)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == ["make test", CLOSING, "", CLOSING]


def test_ci_checks_the_published_edition_where_the_data_are(clone):
    (clone.parent / "shared" / "data" / "raw").mkdir(parents=True)
    result = run(clone)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "make test",
        CLOSING,
        "nexttrack data import ../shared/data/raw",
        "nexttrack data clean",
        "nexttrack book check",
        "python -m pytest "
        + " ".join(
            f"tests/data/{name}.py"
            for name in ("test_cleaning", "test_simulator", "raw/test_sources")
        ),
        "",
        CLOSING,
    ]


def test_ci_fails_where_a_test_fails(clone):
    program(clone.parent / "bin" / "make", "echo '== 1 failed, 11 passed in 2.00s =='; exit 2")
    result = run(clone)
    assert result.returncode != 0
    assert result.stdout.splitlines()[-1] == "== 1 failed, 11 passed in 2.00s =="


def test_ci_fails_where_a_stored_number_is_stale(clone):
    (clone.parent / "shared" / "data" / "raw").mkdir(parents=True)
    program(clone / ".venv" / "bin" / "nexttrack", 'test "$2" != check')
    assert run(clone).returncode != 0


def test_of_what_is_set_outside_only_where_packages_come_from_is_heeded(tmp_path):
    (tmp_path / "show.mk").write_text("show:\n\t@env\n")
    leaks = dict.fromkeys(LEAKS.split(), "leaked")
    heeded = {"UV_DEFAULT_INDEX": "a", "UV_CACHE_DIR": "b", "PIP_INDEX_URL": "c", "PIP_CERT": "d"}
    done = subprocess.run(
        ["make", "--silent", "-f", "Makefile", "-f", tmp_path / "show.mk", "show"],
        cwd=project.root(),
        env={"PATH": "/usr/bin:/bin"} | leaks | heeded,
        capture_output=True,
        text=True,
    )
    seen = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert "leaked" not in seen.values()
    assert heeded.items() <= seen.items()


def test_clean_removes_all_that_was_made_and_never_data(tmp_path):
    shutil.copy(project.root() / "Makefile", tmp_path)
    made = (
        *(".cache/tables", ".pytest_cache", ".hypothesis", ".venv/bin", "_book", "_book.x"),
        *("src/nexttrack/__pycache__", "chapters/.ipynb_checkpoints"),
    )
    kept = ("data/raw", "data/listener", "src/nexttrack", "tests", "benchmarks", "install")
    for folder in (*made, *kept):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for page in ("sound-map.html", "try-it.html"):
        (tmp_path / "chapters" / page).touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True)
    assert not [folder for folder in made if (tmp_path / folder).exists()]
    assert all((tmp_path / folder).is_dir() for folder in kept)
    assert not list((tmp_path / "chapters").iterdir())
