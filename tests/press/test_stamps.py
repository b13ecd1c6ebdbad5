"""A chapter is fresh as long as nothing that it depends on has changed, and no longer."""

import json
import shutil
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from typer.testing import CliRunner

import nexttrack
from nexttrack import dependencies, project
from nexttrack.data import editions
from nexttrack.errors import UserError
from nexttrack.press import stamps
from nexttrack.press.commands import book_app
from nexttrack.press.execute import read, write

PACKAGE = Path(nexttrack.__file__).parent
SOURCES = {
    "index": "def late():\n    from nexttrack.evaluation import ndcg_at_k as f\nprint(1)",
    "01-costs": "def late():\n    import pandas as pd\nname = 'model-costs.csv'\nprint(1)",
    "02-models": "def late():\n    from nexttrack.models import EASE\n    return EASE\nprint(1)",
}


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of three stamped chapters, with a package, results and data of its own."""
    for folder in ("chapters", "results"):
        (tmp_path / folder).mkdir()
    shutil.copytree(PACKAGE, tmp_path / "nexttrack", ignore=shutil.ignore_patterns("__pycache__"))
    names = ["index.ipynb", *(f"chapters/{name}.ipynb" for name in list(SOURCES)[1:])]
    (tmp_path / "_quarto.yml").write_text(f"book:\n  chapters: [{', '.join(names)}]\n")
    (tmp_path / "results" / "model-costs.csv").write_text("seconds\n1\n")
    (tmp_path / "processed").mkdir()
    (tmp_path / "processed" / "ledger.parquet").write_text("")
    (tmp_path / "fingerprint").write_text("0123abcd")
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setattr(project, "edition", lambda: "published")
    monkeypatch.setattr(project, "processed_dir", lambda edition: tmp_path / "processed")
    monkeypatch.setattr(stamps, "processed_dir", lambda edition: tmp_path / "processed")
    monkeypatch.setattr(
        stamps, "fingerprint", lambda edition: (tmp_path / "fingerprint").read_text()
    )
    monkeypatch.setattr(
        stamps, "package_code", lambda root: dependencies.Code(root, root / "nexttrack")
    )
    monkeypatch.setattr(editions, "missing_sources", lambda edition: [])
    for name, path in zip(SOURCES, names, strict=True):
        cell = new_code_cell(SOURCES[name], execution_count=1)
        cell.outputs = [new_output("stream", name="stdout", text="1\n")]
        write(new_notebook(cells=[new_markdown_cell("# Title"), cell]), tmp_path / path)
    for name in names:
        began = stamps.state(read(tmp_path / name), stamps.package_code(tmp_path))
        stamps.stamp(tmp_path / name, tmp_path, began)
    return tmp_path


def command(*arguments):
    result = CliRunner().invoke(book_app, list(arguments))
    if result.exception and not isinstance(result.exception, UserError | SystemExit):
        raise result.exception
    return result


def stale(book):
    lines = [line.split(maxsplit=1) for line in command("status").stdout.splitlines()]
    assert [name for name, _ in lines] == ["index.ipynb", "01-costs.ipynb", "02-models.ipynb"]
    said = {name.removesuffix(".ipynb"): text for name, text in lines}
    return {name: text.removeprefix("stale: ") for name, text in said.items() if text != "fresh"}


def edit(path):
    path.write_text(path.read_text() + "\n")


def test_what_was_executed_is_fresh_and_is_left_out(book):
    stamps.stamps_file(book).unlink()
    assert stale(book) == dict.fromkeys(SOURCES, "never stamped")
    assert command("execute").stdout == "executed 3 chapters\n"
    assert stale(book) == {}
    assert command("execute").stdout == "executed 0 chapters\n"
    said = command("check").stdout.splitlines()
    assert said[0] == "index: fresh, left out: nothing that it depends on has changed"
    assert said[-1] == "0 chapters are as stored"


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ("nexttrack/evaluation/metrics.py", {"index": "nexttrack.evaluation.metrics"}),
        ("nexttrack/models/linear.py", {"02-models": "nexttrack.models.linear"}),
        ("nexttrack/models/__init__.py", {}),
        ("nexttrack/models/ials.py", {}),
        ("nexttrack/press/render.py", {}),
        ("results/model-costs.csv", {"01-costs": "results/model-costs.csv"}),
        ("fingerprint", dict.fromkeys(SOURCES, "the data")),
    ],
)
def test_an_edit_makes_stale_just_what_depends_on_it(book, edited, expected):
    edit(book / edited)
    assert stale(book) == expected


def test_a_module_that_two_need_makes_two_stale(book):
    edit(book / "nexttrack" / "evaluation" / "ranked_lists.py")
    assert stale(book) == {"index": "nexttrack.evaluation.ranked_lists"}
    edit(book / "nexttrack" / "kernels" / "ranking.py")
    assert set(stale(book)) == {"index", "02-models"}


def test_a_new_version_of_a_package_makes_stale_who_imports_it(book, monkeypatch):
    before = dependencies._version("pandas")
    versions = dependencies._version
    monkeypatch.setattr(
        dependencies, "_version", lambda name: "99.0" if name == "pandas" else versions(name)
    )
    found = stale(book)
    assert found["01-costs"] == f"pandas {before} -> 99.0"
    assert "index" not in found


def test_a_change_of_code_or_outputs_is_seen_and_one_of_text_needs_no_run(book):
    path = book / "index.ipynb"
    stored = read(path)
    stored.cells[0].source = "# Another title"
    write(stored, path)
    assert stale(book) == {}
    stored.cells[1].outputs[0].text = "2\n"
    write(stored, path)
    assert stale(book) == {"index": "its outputs"}
    stored.cells[1].source += "\nprint(2)"
    write(stored, path)
    assert stale(book) == {"index": "its code; its outputs"}


def test_without_data_they_count_as_those_that_were_stamped(book):
    (book / "processed" / "ledger.parquet").unlink()
    *lines, last = command("status").stdout.splitlines()
    assert all(line.endswith(" fresh") for line in lines)
    assert last == "without the real data at hand, they count as those that were stamped"


def test_only_what_is_stale_is_checked_and_stamped_when_it_holds(book):
    edit(book / "nexttrack" / "models" / "linear.py")
    stored = (book / "chapters" / "02-models.ipynb").read_bytes()
    result = command("check")
    assert "02-models: as stored" in result.stdout
    assert result.stdout.endswith("1 chapters are as stored\n")
    assert stale(book) == {"02-models": "nexttrack.models.linear"}
    command("check", "--stamp")
    assert stale(book) == {}
    assert (book / "chapters" / "02-models.ipynb").read_bytes() == stored


def test_what_does_not_hold_is_not_stamped(book):
    path = book / "index.ipynb"
    stored = read(path)
    stored.cells[1].outputs[0].text = "9\n"
    write(stored, path)
    assert command("check", "--stamp").exit_code == 1
    assert stale(book) == {"index": "its outputs"}


def test_all_and_named_chapters_are_run_though_they_are_fresh(book):
    assert command("check", "--all").stdout.endswith("3 chapters are as stored\n")
    assert command("check", "index").stdout.endswith("1 chapters are as stored\n")
    assert command("execute", "--all").stdout == "executed 3 chapters\n"


def test_what_is_edited_while_a_chapter_runs_makes_it_stale(book):
    path = book / "chapters" / "02-models.ipynb"
    stored = read(path)
    edited = str(book / "nexttrack" / "models" / "linear.py")
    stored.cells[
        1
    ].source += f"\nwith open({edited!r}, 'a') as file:\n    file.write('# later\\n');"
    write(stored, path)
    command("execute", "02-models")
    assert stale(book) == {"02-models": "nexttrack.models.linear"}


def test_what_was_executed_beside_a_chapter_that_fails_is_fresh(book):
    for name, more in ("index", "1 / 0"), ("chapters/02-models", "import time; time.sleep(3)"):
        stored = read(book / f"{name}.ipynb")
        stored.cells[1].source += f"\n{more}"
        write(stored, book / f"{name}.ipynb")
    assert command("execute").exit_code == 1
    assert stale(book) == {"index": "its code"}


def test_simulated_outputs_get_no_stamp(book):
    for name in ("index", "chapters/01-costs", "chapters/02-models"):
        stored = read(book / f"{name}.ipynb")
        stored.cells[1].outputs = []
        write(stored, book / f"{name}.ipynb")
    before = stamps.stamps_file(book).read_bytes()
    assert command("execute", "--edition", "sample").stdout == "executed 3 chapters\n"
    assert stamps.stamps_file(book).read_bytes() == before


def test_simulated_outputs_do_not_take_the_place_of_real_ones(book, tmp_path):
    chapter, costs = book / "index.ipynb", book / "chapters" / "01-costs.ipynb"
    stored = chapter.read_bytes(), costs.read_bytes()
    result = command("execute", "index", "01-costs", "--edition", "sample")
    assert isinstance(result.exception, UserError)
    assert str(result.exception).startswith("index, 01-costs: what is stored is of the real data")
    assert "--output FOLDER" in str(result.exception)
    copies = tmp_path / "elsewhere" / "copies"
    result = command("execute", "01-costs", "--edition", "sample", "--output", str(copies))
    assert result.stdout == "executed 1 chapters\n"
    assert (chapter.read_bytes(), costs.read_bytes()) == stored
    assert read(copies / "chapters" / "01-costs.ipynb").cells[1].outputs[0].text == "1\n"
    assert command("execute", "01-costs", "--output", str(copies)).exit_code == 0
    assert stamps.stamps_file(book).exists()
    assert costs.read_bytes() == stored[1]


def test_a_chapter_that_is_gone_loses_its_stamp(book):
    (book / "chapters" / "01-costs.ipynb").unlink()
    (book / "_quarto.yml").write_text("book:\n  chapters: [index.ipynb]\n")
    command("execute", "index")
    assert set(json.loads(stamps.stamps_file(book).read_text())) == {"index", "02-models"}


@pytest.mark.parametrize("text", ["[]", "{", "1"])
def test_stamps_that_cannot_be_read_are_named(book, text):
    stamps.stamps_file(book).write_text(text)
    result = command("status")
    assert result.exit_code == 1
    assert "stamps.json: " in str(result.exception)
    assert "delete it and run: make check-all" in str(result.exception)
