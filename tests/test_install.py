"""What `make` does before anything is installed; uv, Python and pip are stand-ins."""

import os
import shutil
import subprocess
import sys

import pytest

from nexttrack import project

MIRROR = "https://mirror.example/simple"
# What pip leaves where it is told to put uv, and what uv leaves where it installs the project.
PIP = "mkdir -p .uv/packages/bin; echo from pip > .uv/packages/bin/uv"
SITE = ".venv/lib/python3.11/site-packages"
UV = f"""echo "$@" "index=${{UV_DEFAULT_INDEX:-}}" "config=${{UV_NO_CONFIG:-}}" >> log
mkdir -p {SITE}; echo /abs/é/src > {SITE}/_editable_impl_nexttrack.pth"""


@pytest.fixture
def clone(tmp_path):
    """A clone with what installs, and an empty folder of programs beside it."""
    shutil.copytree(project.root() / "install", tmp_path / "clone" / "install")
    (tmp_path / "clone" / "pyproject.toml").write_text("[build-system]\n")
    (tmp_path / "programs").mkdir()
    return tmp_path / "clone"


def program(path, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


LACKING = "echo No module named it >&2; exit 1"


def python(clone, *, pip, venv):
    """Make a Python whose modules pip and venv do what is given."""
    cases = f'"-m pip"*) {pip} ;; "-m venv"*) {venv} ;;'
    program(clone.parent / "programs" / "python3", f'case "$*" in {cases} esac')


def get_uv(clone):
    programs = clone.parent / "programs"
    return subprocess.run(
        ["/bin/sh", "install/uv.sh", "python3", "9.9"],
        cwd=clone,
        env={"PATH": f"{programs}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )


def test_a_uv_on_the_path_is_used_where_the_project_accepts_it(clone):
    program(clone.parent / "programs" / "uv", "exit 0")
    assert get_uv(clone).returncode == 0
    assert (clone / ".uv" / "bin" / "uv").resolve() == clone.parent / "programs" / "uv"


def test_one_that_is_too_old_is_passed_over_for_pip(clone):
    program(clone.parent / "programs" / "uv", "exit 2")
    python(clone, pip=PIP, venv=LACKING)
    assert get_uv(clone).returncode == 0
    assert (clone / ".uv" / "bin" / "uv").read_text() == "from pip\n"


def test_without_pip_that_of_a_new_environment_is_used(clone):
    body = f'case "$*" in *install*) {PIP} ;; esac'
    made = "mkdir -p .uv/venv/bin; cp ../programs/pip-of-venv .uv/venv/bin/python"
    program(clone.parent / "programs" / "pip-of-venv", body)
    python(clone, pip=LACKING, venv=made)
    done = get_uv(clone)
    assert done.returncode == 0, done.stderr
    assert (clone / ".uv" / "bin" / "uv").read_text() == "from pip\n"


def test_without_either_one_line_says_what_to_install(clone):
    python(clone, pip=LACKING, venv=LACKING)
    done = get_uv(clone)
    assert done.returncode == 1
    assert done.stderr.startswith("error: python3 has neither pip nor venv")
    assert "apt install python3-venv" in done.stderr and done.stderr.count("\n") == 1


def test_what_was_cut_off_is_not_taken_as_ready(clone):
    python(clone, pip=f'case "$*" in *install*) {PIP}; exit 1 ;; esac', venv=LACKING)
    assert get_uv(clone).returncode == 1
    assert not os.path.lexists(clone / ".uv" / "bin" / "uv")


def install(clone, **environment):
    """Run packages.sh and return what uv was asked."""
    program(clone / ".uv" / "bin" / "uv", UV)
    done = subprocess.run(
        ["/bin/sh", "install/packages.sh", ".", sys.executable],
        cwd=clone,
        env={"PATH": "/usr/bin:/bin", "HOME": str(clone), "PIP_CONFIG_FILE": os.devnull}
        | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return (clone / "log").read_text().splitlines()


def test_without_a_mirror_the_lock_is_synced_whatever_else_is_set(clone):
    (clone / ".config" / "uv").mkdir(parents=True)
    (clone / ".config" / "uv" / "uv.toml").write_text('exclude-newer = "2020-01-01"\n')
    (asked,) = install(clone, UV_EXTRA_INDEX_URL=MIRROR)
    assert asked.startswith("sync --quiet --locked ") and asked.endswith(" index= config=1")


def test_a_mirror_gives_the_files_that_the_lock_names_by_their_hashes(clone):
    asked = install(clone, UV_INDEX_URL=MIRROR)
    assert [" ".join(line.split()[:2]) for line in asked] == [
        "venv --quiet",
        "export --quiet",
        "pip sync",
        "pip install",
    ]
    assert "--locked" in asked[1] and " index= " in asked[1]  # of the lock as it is
    assert "--require-hashes" in asked[2]
    assert all(f" index={MIRROR} config=1" in line for line in asked[2:])


def test_the_way_to_the_code_does_not_hang_on_the_letters_of_the_clones_path(clone):
    install(clone)
    path = clone / SITE / "_editable_impl_nexttrack.pth"
    assert (path.parent / path.read_text(encoding="ascii").strip()).resolve() == clone / "src"


@pytest.mark.parametrize(
    ("environment", "settings", "found"),
    [
        ({}, "", ""),
        ({}, 'prerelease = "allow"\n[[index]]\nurl = "https://more.example"\n', ""),
        ({"UV_DEFAULT_INDEX": MIRROR}, 'index-url = "https://other.example"\n', MIRROR),
        ({"UV_INDEX_URL": MIRROR}, "", MIRROR),
        ({}, f'[[index]]\nurl = "{MIRROR}"\ndefault = true\n', MIRROR),
        ({}, f'index-url = "{MIRROR}"\n', MIRROR),
        ({"PIP": f"global.index-url='{MIRROR}'"}, "", MIRROR),
        ({"PIP": f":env:.index-url='{MIRROR}'\nglobal.index-url='https://b.example'"}, "", MIRROR),
        ({"PIP": "global.extra-index-url='https://b.example'\nglobal.cert='/x=y'"}, "", ""),
    ],
)
def test_a_mirror_is_found_where_uv_or_pip_is_set_to_it(tmp_path, environment, settings, found):
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "uv.toml").write_text(settings)
    (tmp_path / "pip.py").write_text("import os; print(os.environ.get('PIP', ''))")
    places = {"XDG_CONFIG_HOME": str(tmp_path), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(project.root() / "install" / "mirror.py")],
        env=environment | places,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == found
