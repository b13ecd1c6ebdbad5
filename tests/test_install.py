"""What `make` does before anything is installed; uv, Python and pip are stand-ins."""

import os
import shutil
import subprocess
import sys
import tomllib

import pytest

from nexttrack import project

MIRROR = "https://mirror.example/simple"
# What pip leaves where it is told to put uv, and what uv leaves where it installs the project.
PIP = "mkdir -p .uv/packages/bin; echo from pip > .uv/packages/bin/uv"
SITE = ".venv/lib/python3.11/site-packages"
LOCK = """
[[package]]
name = "alone"
version = "1.0"
wheels = [{ url = "https://a.example/alone-1.0-py3-none-any.whl", size = 2000000 }]

[[package]]
name = "elsewhere"
version = "2"
wheels = [{ url = "https://a.example/elsewhere-2-cp311-cp311-plan9_mips.whl", size = 70000000 }]
"""
# What uv asked for the requirements says, of which one is for another system.
REQUIREMENTS = "alone==1.0 --hash=x\\nelsewhere==2 ; os_name == 'plan9'"
UV = f"""case "$1" in export) echo "{REQUIREMENTS}" ;; esac
echo "$@" "index=${{UV_DEFAULT_INDEX:-}}" "config=${{UV_NO_CONFIG:-}}" >> log
mkdir -p {SITE}; echo /abs/é/src > {SITE}/_editable_impl_nexttrack.pth"""


@pytest.fixture
def clone(tmp_path):
    """A clone with what installs, and an empty folder of programs beside it."""
    shutil.copytree(project.root() / "install", tmp_path / "clone" / "install")
    (tmp_path / "clone" / "pyproject.toml").write_text("[build-system]\n")
    (tmp_path / "clone" / "uv.lock").write_text(LOCK)
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


def run_packages(clone, *options, **environment):
    program(clone / ".uv" / "bin" / "uv", UV)
    return subprocess.run(
        ["/bin/sh", "install/packages.sh", ".", sys.executable, *options],
        cwd=clone,
        env={"PATH": "/usr/bin:/bin", "HOME": str(clone), "PIP_CONFIG_FILE": os.devnull}
        | environment,
        capture_output=True,
        text=True,
    )


def install(clone, *options, **environment):
    """Run packages.sh and return what uv was asked."""
    done = run_packages(clone, *options, **environment)
    assert done.returncode == 0, done.stderr
    return (clone / "log").read_text().splitlines()


def verbs(asked):
    return [" ".join(line.split()[:2]) for line in asked]


def test_one_line_says_how_much_comes_counting_what_is_for_this_machine(clone):
    done = run_packages(clone)
    assert done.stderr == "Installing 1 packages, at most 2 MB to get, into .venv\n"


def test_without_a_mirror_the_lock_is_synced_whatever_else_is_set(clone):
    (clone / ".config" / "uv").mkdir(parents=True)
    (clone / ".config" / "uv" / "uv.toml").write_text('exclude-newer = "2020-01-01"\n')
    _, asked = install(clone, "--extra", "book", UV_EXTRA_INDEX_URL=MIRROR)
    assert asked.startswith("sync --quiet --locked ") and asked.endswith(" index= config=1")
    assert " --extra book " in asked


def test_a_group_alone_comes_with_the_code(clone):
    asked = install(clone, "--only-group", "render")
    assert verbs(asked) == ["export --quiet", "sync --quiet", "pip install"]
    assert all(" --only-group render " in line for line in asked[:2])
    assert " --no-deps --editable . " in asked[2]


def test_a_mirror_gives_the_files_that_the_lock_names_by_their_hashes(clone):
    asked = install(clone, "--extra", "book", UV_INDEX_URL=MIRROR)
    assert verbs(asked) == ["export --quiet", "venv --quiet", "pip sync", "pip install"]
    assert "--locked" in asked[0] and " --extra book " in asked[0]
    assert " index= " in asked[0]  # of the lock as it is
    assert "--require-hashes" in asked[2]
    assert all(f" index={MIRROR} config=1" in line for line in asked[2:])


def test_the_way_to_the_code_does_not_hang_on_the_letters_of_the_clones_path(clone):
    install(clone)
    path = clone / SITE / "_editable_impl_nexttrack.pth"
    assert (path.parent / path.read_text(encoding="ascii").strip()).resolve() == clone / "src"


def check_python(clone, name, versions, goals="book"):
    """Return what is said of a Python, where there are some on the PATH, each with its version."""
    programs = clone.parent / "programs"
    for program_name, version in versions.items():
        fits = version in ("3.11", "3.12", "3.13")
        answer = f"case $1 in -c) exit {int(not fits)} ;; *) echo Python {version} ;; esac"
        program(programs / program_name, answer)
    (programs / "head").symlink_to("/usr/bin/head")
    return subprocess.run(
        ["/bin/sh", "install/python.sh", name],
        cwd=clone,
        env={"PATH": str(programs), "GOALS": goals},
        capture_output=True,
        text=True,
    )


NEEDED = "and this needs Python 3.11 to 3.13"


@pytest.mark.parametrize(
    ("name", "versions", "line"),
    [
        (
            "python3",
            {"python3": "3.10", "python3.12": "3.12", "python3.11": "3.11"},
            f"python3 is Python 3.10, {NEEDED}; type: make PYTHON=python3.12 book "
            "(here too: python3.11)",
        ),
        (
            "python3.14",
            {"python3.14": "3.14", "python3": "3.13"},
            f"python3.14 is Python 3.14, {NEEDED}; type: make PYTHON=python3 book",
        ),
        (
            "python3",
            {"python3": "3.14"},
            f"python3 is Python 3.14, {NEEDED}; "
            "install one, then type: make PYTHON=/path/to/python book",
        ),
        (
            "python3",
            {},
            f"there is no python3, {NEEDED}; "
            "install one, then type: make PYTHON=/path/to/python book",
        ),
    ],
)
def test_a_python_that_does_not_fit_is_answered_by_what_to_type(clone, name, versions, line):
    done = check_python(clone, name, versions)
    assert (done.returncode, done.stderr) == (1, f"error: {line}\n")


def test_one_that_fits_is_passed_over_in_silence(clone):
    done = check_python(clone, "python3", {"python3": "3.12"})
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_versions_that_fit_are_those_of_the_project():
    text = (project.root() / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["requires-python"] == ">=3.11,<3.14"
    script = (project.root() / "install" / "python.sh").read_text(encoding="utf-8")
    assert "(3, 11) <= sys.version_info < (3, 14)" in script


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
