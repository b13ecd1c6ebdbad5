"""``environment.yml`` gives conda users what ``pyproject.toml`` gives everyone else."""

import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from nexttrack import project

# What conda-forge calls by another name than the package index.
CONDA_NAMES = {
    "duckdb": "python-duckdb",
    "matplotlib": "matplotlib-base",
    "playwright": "playwright-python",
    "pypandoc-binary": "pypandoc",
}
# The index only has a package that downloads Quarto; conda-forge has Quarto itself.
QUARTO = "quarto-cli"


def declared() -> dict[str, SpecifierSet]:
    content = tomllib.loads((project.root() / "pyproject.toml").read_text(encoding="utf-8"))
    lines = content["project"]["dependencies"] + content["dependency-groups"]["dev"]
    for extra in content["project"]["optional-dependencies"].values():
        lines += extra
    packages = {line.name: line.specifier for line in map(Requirement, lines)}
    return packages | {"python": SpecifierSet(content["project"]["requires-python"])}


def environment() -> tuple[dict[str, SpecifierSet], dict[str, SpecifierSet]]:
    """Return what comes from conda-forge and what from the package index."""
    content = yaml.safe_load((project.root() / "environment.yml").read_text(encoding="utf-8"))
    *conda, from_index = content["dependencies"]
    return specifiers(conda), specifiers(from_index["pip"])


def specifiers(lines: list[str]) -> dict[str, SpecifierSet]:
    matches = [re.fullmatch(r"([\w.-]+?)\s*([<>=!~].*)?", line) for line in lines]
    assert len({match[1] for match in matches}) == len(lines), "a package is named twice"
    return {match[1]: SpecifierSet(match[2] or "") for match in matches}


def test_both_name_the_same_packages_in_the_same_ranges():
    conda, from_index = environment()
    wanted = {CONDA_NAMES.get(name, name): spec for name, spec in declared().items()}
    del wanted[QUARTO], conda["quarto"]
    assert conda.pop("pip") == SpecifierSet("")  # conda's own tool for the list from the index
    assert conda | from_index == wanted
    assert not set(conda) & set(from_index)


def test_conda_gives_the_quarto_that_the_project_pins():
    (pin,) = declared()[QUARTO]
    conda, _ = environment()
    assert conda["quarto"].contains(pin.version)


def test_the_workflow_uses_the_same_quarto():
    (pin,) = declared()[QUARTO]
    workflow = (project.root() / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    assert f'QUARTO_VERSION: "{pin.version}"' in workflow


@pytest.mark.parametrize("line", ["numpy >=2.2,<3", "numpy>=2.2,<3", "numpy >=2.2, <3"])
def test_versions_are_read_however_they_are_spaced(line):
    assert specifiers([line]) == {"numpy": SpecifierSet("<3,>=2.2")}


def test_the_whole_environment_holds_all_that_a_readers_has():
    content = tomllib.loads((project.root() / "pyproject.toml").read_text(encoding="utf-8"))
    parts = content["project"]
    whole = {*parts["dependencies"], *parts["optional-dependencies"]["book"]}
    assert set(content["dependency-groups"]["render"]) <= whole


def test_what_the_book_is_made_with_is_there_by_name():
    needed = {"jupyterlab", "pandas", "seaborn", "matplotlib", "scikit-learn", "implicit"}
    assert declared().keys() >= needed | {"umap-learn", "quarto-cli", "nbval"}
