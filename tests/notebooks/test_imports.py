"""Chapters import the library, the data, the book, and their own study: nobody else's."""

import ast
import re

import nbformat
import pytest

from nexttrack import project
from nexttrack.press.execute import chapters

FOR_ALL = (
    *("features", "clustering", "models", "evaluation", "data.dataset", "book"),
    *("study.protocol", "study.search", "study.sound_space"),
)
STUDIES = {
    "index": "whole_game",
    "01": "whole_game",
    "04": "features",
    "05": "clusters",
    "06": "neighbours",
    "07": "factors",
    "08": "comparison",
    "09": "cold_start",
    "10": "leakage",
    "13": "try_it",
    "14": "next_track",
}
# 02 and 03 show the sources, and what the raw files hold; the preface, what 08 and 09 found.
BESIDES = {
    "index": ("study.comparison", "study.cold_start"),
    "02": ("data.raw.sources", "project"),
    "03": ("project",),
}


def imported(path):
    """Return the dotted names that a chapter's code cells import from this repository."""
    cells = (cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")
    nodes = [node for source in cells for node in ast.walk(ast.parse(source))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if re.match(r"(nexttrack|benchmarks)\b", name)]


@pytest.mark.parametrize("path", chapters(project.root()), ids=lambda path: path.stem)
def test_a_chapter_imports_what_it_may(path):
    number = path.stem.partition("-")[0]
    allowed = [*FOR_ALL, *BESIDES.get(number, ())]
    allowed += [f"study.{STUDIES[number]}"] if number in STUDIES else []
    pattern = rf"nexttrack\.({'|'.join(map(re.escape, allowed))})\b"
    assert [name for name in imported(path) if not re.match(pattern, name)] == []
