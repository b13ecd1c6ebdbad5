"""What code depends on is found: no more, and above all no less."""

import ast
import sys
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nexttrack
from nexttrack import dependencies, project
from nexttrack.dependencies import Code, gathered_names, key, read_source

PACKAGE = Path(nexttrack.__file__).parent
LOOK_AROUND = {"nexttrack.project", "nexttrack.dependencies", "nexttrack.scratch"}
LOOK_AROUND |= {"nexttrack.press.rendered"}
"""Modules that look for folders and not for what a file says."""


def code(folder):
    return Code(folder, folder / "nexttrack")


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


ROOMS = ("models", "study", "data")
FORMS = (
    "from nexttrack.{room}.{module} import value",
    "import nexttrack.{room}.{module}",
    "import nexttrack.{room}.{module} as other\nother.value",
    "from nexttrack.{room} import {module}",
    "def late():\n    from nexttrack.{room}.{module} import value\n    return value",
    "if True:\n    from nexttrack.{room} import value_{module} as v",
    "from nexttrack.{room} import (\n    value_{module},\n)",
    "import nexttrack.{room} as {room}\n{room}.value_{module}",
)


@st.composite
def worlds(draw):
    """A package of modules that import earlier ones in many ways, and who reads which files."""
    n = draw(st.integers(3, 9))
    modules = [(draw(st.sampled_from(ROOMS)), f"m{i}") for i in range(n)]
    edges = {
        i: draw(st.lists(st.tuples(st.integers(0, i - 1), st.sampled_from(FORMS)), max_size=3))
        if i
        else []
        for i in range(n)
    }
    reads = {i: draw(st.sampled_from([None, "table.csv", "rules", "draw.js"])) for i in range(n)}
    outside = {i: draw(st.sampled_from([None, "numpy", "scipy", "json"])) for i in range(n)}
    return modules, edges, reads, outside


def built(folder, world):
    modules, edges, reads, outside = world
    facades = dict.fromkeys(ROOMS, '"""A room."""\n')
    for i, (room, module) in enumerate(modules):
        lines = [f"value = value_{module} = {i}"]
        lines += [form.format(room=modules[j][0], module=modules[j][1]) for j, form in edges[i]]
        lines += [f"FILE = {reads[i]!r}"] if reads[i] else []
        lines += [f"import {outside[i]}.sub"] if outside[i] else []
        write(folder, {f"nexttrack/{room}/{module}.py": "\n".join(lines) + "\n"})
        facades[room] += f"from nexttrack.{room}.{module} import value_{module}\n"
    write(folder, {f"nexttrack/{room}/__init__.py": text for room, text in facades.items()})
    write(folder, {"nexttrack/__init__.py": "", "results/table.csv": "1"})
    write(folder, {"nexttrack/data/rules/a.sql": "1", "nexttrack/study/draw.js": "1"})


def reached(world, start):
    """The modules that one depends on, by the edges that were drawn."""
    found, ahead = {start}, deque([start])
    while ahead:
        for j, _ in world[1][ahead.popleft()]:
            if j not in found:
                found.add(j)
                ahead.append(j)
    return found


@given(world=worlds(), data=st.data())
def test_an_edit_changes_the_keys_of_just_those_who_depend_on_it(tmp_path_factory, world, data):
    folder = tmp_path_factory.mktemp("world")
    built(folder, world)
    modules, _, reads, _ = world
    names = [f"nexttrack.{room}.{module}" for room, module in modules]
    before = {i: keyed(folder, name) for i, name in enumerate(names)}
    edited = data.draw(st.sampled_from([*range(len(modules)), "table.csv", "rules", "draw.js"]))
    path = {
        "table.csv": "results/table.csv",
        "rules": "nexttrack/data/rules/a.sql",
        "draw.js": "nexttrack/study/draw.js",
    }.get(edited) or "nexttrack/{}/{}.py".format(*modules[edited])
    (folder / path).write_text((folder / path).read_text() + "\n# edited\n")
    changed = {i for i, name in enumerate(names) if keyed(folder, name) != before[i]}
    expected = {
        i
        for i in range(len(modules))
        for j in reached(world, i)
        if j == edited or reads[j] == edited
    }
    assert changed == expected


@given(world=worlds(), package=st.sampled_from(["numpy", "scipy", "fastapi"]))
def test_a_new_version_changes_the_keys_of_just_those_who_import_it(
    tmp_path_factory, world, package
):
    folder = tmp_path_factory.mktemp("world")
    built(folder, world)
    names = [f"nexttrack.{room}.{module}" for room, module in world[0]]
    before = [keyed(folder, name) for name in names]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dependencies, "_version", lambda name: "9" if name == package else "1")
        fixed = [keyed(folder, name) for name in names]
        patch.setattr(dependencies, "_version", lambda name: "1")
        changed = {i for i, name in enumerate(names) if keyed(folder, name) != fixed[i]}
    assert changed == {
        i for i in range(len(names)) for j in reached(world, i) if world[3][j] == package
    }
    assert [keyed(folder, name) for name in names] == before


def keyed(folder, name):
    # Anew each time, as each command reads the code anew.
    here = code(folder)
    return key(here.parts(here.of_module(name)))


def test_a_facade_that_does_more_than_gather_is_a_module_like_others(tmp_path):
    write(
        tmp_path,
        {
            "nexttrack/__init__.py": "",
            "nexttrack/a/__init__.py": "from nexttrack.a.one import x\nprint('loaded')\n",
            "nexttrack/a/one.py": "x = 1\n",
            "nexttrack/a/two.py": "from nexttrack.a import x\n",
        },
    )
    assert gathered_names("print(1)") is None
    found = code(tmp_path).of_module("nexttrack.a.two").modules
    assert found == {"nexttrack.a.two", "nexttrack.a", "nexttrack.a.one"}


def test_names_that_are_loaded_late_are_followed(tmp_path):
    late = '_HOMES = {"x": "a.one", "y": "a.two"}\ndef __getattr__(name): ...\n'
    write(
        tmp_path,
        {
            "nexttrack/__init__.py": "",
            "nexttrack/a/__init__.py": late,
            "nexttrack/a/one.py": "x = 1\n",
            "nexttrack/a/two.py": "y = 1\n",
        },
    )
    here = code(tmp_path)
    assert here.of_source("import nexttrack.a as a\na.x").modules == {"nexttrack.a.one"}
    assert here.of_source("from nexttrack.a import y").modules == {"nexttrack.a.two"}
    every = {"nexttrack.a", "nexttrack.a.one", "nexttrack.a.two"}
    assert here.of_source("import nexttrack.a as a\nprint(a)").modules == every


@pytest.mark.parametrize("source", ["from . import x", "from nexttrack.models import *"])
def test_an_import_that_does_not_say_what_it_takes_is_refused(source):
    with pytest.raises(ValueError, match="line 1: import by full module and name"):
        read_source(source)


def test_an_import_that_is_never_used_counts():
    here = Code(project.root())
    assert here.of_source("import pandas as pd").packages == {"pandas"}


def test_a_module_that_is_not_there_is_an_error(tmp_path):
    write(tmp_path, {"nexttrack/__init__.py": ""})
    with pytest.raises(LookupError, match=r"^nexttrack\.gone: no module"):
        code(tmp_path).of_source("from nexttrack.gone import x")


def test_every_module_of_the_package_is_read_and_every_room_is_a_facade():
    here = Code(project.root())
    for name, path in here.modules.items():
        here.of_module(name)
        if path.name == "__init__.py":
            assert gathered_names(path.read_text()) is not None, f"{name} does more than gather"


def test_modules_import_nothing_that_reading_them_does_not_show():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        dynamic = "import_module(" in text or "__import__(" in text
        assert not dynamic or gathered_names(text), path


def test_the_imports_are_those_that_grimp_sees_but_for_facades():
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph("nexttrack", cache_dir=None)
    here = Code(project.root())
    assert graph.modules == here.modules.keys()
    rooms = {name for name, path in here.modules.items() if path.name == "__init__.py"}
    # Names that a room loads late are imports that grimp cannot see.
    late = {name for room in rooms for name, _ in gathered_homes(here.modules[room])}
    late |= {one for name in late for one in graph.find_upstream_modules(name)}
    for name in sorted(graph.modules - rooms):
        direct = graph.find_modules_directly_imported_by(name)
        followed = {one for one in direct if (name, one) not in dependencies.NOT_FOLLOWED}
        found = here.of_module(name).modules
        assert followed - rooms <= found, name
        assert found <= graph.find_upstream_modules(name) | late | {name}, name


def gathered_homes(path):
    text = path.read_text()
    return gathered_names(text).values() if "_HOMES" in text else []


def test_packages_are_those_that_bring_the_modules():
    here = Code(project.root())
    found = here.of_source("import sklearn.base, numpy, json, umap").packages
    assert found == {"scikit-learn", "numpy", "umap-learn"}
    assert here.of_source(f"import {sorted(sys.stdlib_module_names)[9]}").packages == frozenset()


def test_files_of_the_package_are_read_by_name():
    """Each place that looks for files beside the code says the name of a file or folder there."""
    here = Code(project.root())
    for name, path in here.modules.items():
        tree = ast.parse(path.read_text())
        spots = [n for n in ast.walk(tree) if ast.unparse(n) in ("__file__", "resources.files")]
        if spots and name not in LOOK_AROUND:
            texts = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)}
            assert texts & here.files.keys() or texts & {"simulator"}, name
