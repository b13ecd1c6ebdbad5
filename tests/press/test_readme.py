"""The README shows what the stored preface computed, and nothing else."""

import re

import pytest

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.press import readme
from nexttrack.press.execute import read, write

ROOT = project.root()


def test_the_readme_shows_the_stored_answer():
    shown, figure = readme.study_shown(ROOT)
    text = (ROOT / "README.md").read_text("utf-8")
    assert readme.with_study(text, shown) == text, "run: nexttrack book readme"
    assert (ROOT / readme.FIGURE).read_bytes() == figure, "run: nexttrack book readme"


def test_every_link_of_the_readme_leads_somewhere():
    text = (ROOT / "README.md").read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


def test_the_readmes_example_runs():
    """As a user would paste it; the data are those of the tests."""
    text = (ROOT / "README.md").read_text("utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    compile(example, "README.md", "exec")
    names = re.findall(r"^from (\S+) import (.+)$", example, re.MULTILINE)
    for module, imported in names:
        found = __import__(module, fromlist=["*"])
        for name in imported.split(", "):
            assert hasattr(found, name), f"{module} has no {name}"


def test_a_preface_of_the_sample_does_not_reach_the_readme(tmp_path):
    notebook = read(ROOT / "index.ipynb")
    for cell in notebook.cells:
        if "colophon" in cell.metadata.get("tags", []):
            shown = cell.outputs[0]["data"]
            shown["text/markdown"] = shown["text/markdown"].replace("published", "sample")
    write(notebook, tmp_path / "index.ipynb")
    with pytest.raises(UserError, match="simulated or other data"):
        readme.study_shown(tmp_path)


def test_a_readme_without_the_marks_is_left_alone():
    with pytest.raises(UserError, match="lacks the marks"):
        readme.with_study("# Mine", "table")
