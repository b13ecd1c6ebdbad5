"""The library says the types of its public functions, to its readers and to their type checkers."""

import ast
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from nexttrack import project

COMPILED = ("njit", "intrinsic")  # numba finds the types of these by itself


def checked_files() -> list[Path]:
    """Return the modules that ``make lint`` gives to mypy."""
    settings = tomllib.loads((project.root() / "pyproject.toml").read_text(encoding="utf-8"))
    places = [project.root() / name for name in settings["tool"]["mypy"]["files"]]
    return [
        path for place in places for path in ([place] if place.is_file() else place.glob("*.py"))
    ]


def functions(node: ast.AST) -> Iterator[ast.FunctionDef]:
    """Yield functions and methods, but none within another function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield child
        else:
            yield from functions(child)


def untyped(source: str) -> list[str]:
    """Return the public functions that lack a type, of an argument or of what they return."""
    names = []
    for function in functions(ast.parse(source)):
        decorators = " ".join(ast.unparse(one) for one in function.decorator_list)
        is_public = function.name == "__init__" or not function.name.startswith("_")
        if not is_public or any(word in decorators for word in COMPILED):
            continue
        given = function.args
        arguments = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
        types = [one.annotation for one in arguments if one and one.arg not in ("self", "cls")]
        if None in (*types, function.returns):
            names.append(function.name)
    return names


def test_every_public_function_of_the_library_says_its_types():
    files = checked_files()
    assert len(files) > 50
    found = {path: untyped(path.read_text(encoding="utf-8")) for path in files}
    assert not {str(path): names for path, names in found.items() if names}


@pytest.mark.parametrize(
    "source",
    [
        "def f(x) -> int: ...",
        "def f(x: int): ...",
        "class A:\n    def f(self, *args) -> int: ...",
        "class A:\n    def __init__(self): ...",
    ],
)
def test_a_missing_type_is_found(source):
    assert untyped(source)


@pytest.mark.parametrize(
    "source", ["@njit\ndef f(x): ...", "def _f(x): ...", "def f() -> None: ..."]
)
def test_what_needs_no_type_is_let_through(source):
    assert not untyped(source)


def test_the_package_tells_type_checkers_that_it_has_types():
    assert (resources.files("nexttrack") / "py.typed").is_file()
