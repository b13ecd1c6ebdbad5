import asyncio
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from typer.testing import CliRunner

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.press.commands import book_app
from nexttrack.press.execute import (
    ExecutionError,
    chapters,
    chapters_named,
    execute,
    faults,
    read,
    run,
    write,
)

UNBROKEN = """
import os, sys
from IPython.display import Markdown, display
display(Markdown("| a |\\n|--:|\\n| 1 |"))
print(os.getcwd(), sys.executable, os.environ.get("NEXTTRACK_EDITION"))
"""


def notebook(*sources):
    return new_notebook(cells=[new_markdown_cell("# Title"), *map(new_code_cell, sources)])


def stored(path, *sources):
    write(notebook(*sources), path)
    return path


def outputs(path):
    return [cell.outputs for cell in read(path).cells if cell.cell_type == "code"]


def png(size):
    return new_output(
        "display_data", {"image/png": "A" * (size * 4 // 3), "text/plain": "<Figure>"}
    )


def test_a_chapter_is_executed_where_it_lies_by_this_interpreter(tmp_path):
    path = stored(tmp_path / "one.ipynb", UNBROKEN, "x = 2", "#| label: tbl-x\nprint(x)")
    execute(path, edition="sample")
    first, _, third = outputs(path)
    assert first[0].data["text/markdown"].startswith("| a |")
    assert first[1].text.split() == [str(tmp_path), sys.executable, "sample"]
    assert third[0].text == "2\n"
    assert [c.execution_count for c in read(path).cells if c.cell_type == "code"] == [1, 2, 3]
    assert faults(read(path), "one") == []


def test_a_second_execution_gives_the_same_bytes(tmp_path):
    path = stored(tmp_path / "one.ipynb", "print(1)\nprint(2)", "{1, 2}")
    execute(path)
    first = path.read_bytes()
    execute(path)
    assert path.read_bytes() == first
    cells = json.loads(first)["cells"]
    assert cells[1]["source"] == ["print(1)\n", "print(2)"]
    assert all(set(cell["metadata"]) == set() for cell in cells)


def test_metadata_say_nothing_of_the_machine_and_ids_stay(tmp_path):
    path = tmp_path / "one.ipynb"
    before = notebook("1 + 1")
    before.metadata = {"title": "kept", "kernelspec": {"name": "mine", "display_name": "Mine"}}
    before.cells[1].metadata = {"tags": ["kept"], "scrolled": True, "ExecuteTime": {"start": "1"}}
    write(before, path)
    execute(path)
    after = read(path)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    assert after.metadata.title == "kept"
    assert after.metadata.kernelspec.name == "python3"
    assert "version" not in after.metadata.language_info
    assert after.cells[1].metadata == {"tags": ["kept"]}


def test_a_chapter_is_executed_where_a_loop_is_running_too(tmp_path):
    async def caller():
        return run(read(stored(tmp_path / "one.ipynb", "1 + 1")), "one", folder=tmp_path)

    with ThreadPoolExecutor(1) as thread:  # other tests of this process may have a loop, too
        executed = thread.submit(lambda: asyncio.run(caller())).result()
    assert executed.cells[1].outputs[0].data["text/plain"] == "2"


def test_nothing_is_written_to_the_home_folder(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    execute(stored(tmp_path / "one.ipynb", "1 + 1"))
    assert list(home.iterdir()) == []


def test_a_failing_cell_is_named_and_the_stored_chapter_stays(tmp_path):
    path = stored(tmp_path / "bad.ipynb", "x = 1", "#| label: fig-x\nx / 0")
    before = path.read_bytes()
    with pytest.raises(ExecutionError) as caught:
        execute(path)
    assert str(caught.value) == "bad, cell 3 (fig-x): ZeroDivisionError: division by zero"
    assert "x / 0" in caught.value.details
    assert "\x1b" not in caught.value.details
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_kernel_that_dies_is_named(tmp_path):
    path = stored(tmp_path / "bad.ipynb", "import os", "os._exit(3)")
    with pytest.raises(ExecutionError, match=r"bad, cell 3: .*died"):
        execute(path)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import pandas as pd\npd.DataFrame({'a': [1]})", "an HTML output; .* book.table"),
        ("import sys; print('careful', file=sys.stderr)", "writes to standard error: careful"),
        ("object()", "shows an object's address"),
        (
            "from IPython.display import display\ndisplay({'text/latex': 'x'}, raw=True)",
            "an output of type text/latex",
        ),
        ("", "an empty code cell"),
    ],
)
def test_what_may_not_be_stored_is_refused(tmp_path, source, fault):
    path = stored(tmp_path / "bad.ipynb", source)
    before = path.read_bytes()
    with pytest.raises(UserError, match=rf"^bad, cell 2: {fault}"):
        execute(path)
    assert path.read_bytes() == before


def test_all_that_may_not_be_stored_is_listed(tmp_path):
    path = stored(tmp_path / "bad.ipynb", "object()", "object()")
    with pytest.raises(ExecutionError, match=r"^bad, cell 2: shows") as caught:
        execute(path)
    assert caught.value.details.startswith("bad, cell 3: shows an object's address")


def test_a_sound_notebook_has_no_faults_and_each_fault_is_found():
    sound = notebook("1", "2")
    for count, cell in enumerate(sound.cells[1:], 1):
        cell.execution_count = count
    sound.cells[1].outputs = [png(140_000)]
    assert faults(sound, "one") == []

    sound.cells[1].outputs = [png(160_000)]
    assert faults(sound, "one") == [
        "one, cell 2: an image of 160 kB; at most 150 kB are kept, draw less"
    ]
    sound.cells[1].outputs = [png(140_000) for _ in range(12)]
    assert faults(sound, "one") == ["one: 2.2 MB; at most 2 MB are kept, show less"]
    sound.cells[1].outputs = [new_output("error", ename="KeyError", evalue="x", traceback=[])]
    assert faults(sound, "one") == ["one, cell 2: a stored error, KeyError: x"]
    sound.cells[1].outputs = []
    sound.cells[2].execution_count = 7
    assert faults(sound, "one") == ["one, cell 3: execution count is 7, not 2"]


def test_a_skipped_cell_keeps_its_outputs(tmp_path):
    given = notebook("print('new')", "print('new')")
    given.cells[1].metadata["tags"] = ["skip-execution"]
    given.cells[1].outputs = [new_output("stream", text="old\n")]
    executed = run(given, "one", folder=tmp_path)
    assert [cell.outputs[0].text for cell in executed.cells[1:]] == ["old\n", "new\n"]
    assert given.cells[2].outputs == []


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = stored(tmp_path / "one.ipynb", "1")
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(notebook("2"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "one.ipynb: not a notebook"),
        ("[]", "one.ipynb: not a notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": 3, "metadata": {}}', "not a notebook"),
        (
            '{"nbformat": 4, "nbformat_minor": 2, "cells": [], "metadata": {}}',
            "not of notebook format 4.5",
        ),
        (
            '{"nbformat": 3, "nbformat_minor": 0, "worksheets": [], "metadata": {}}',
            "notebook format 4.5",
        ),
    ],
)
def test_what_is_no_notebook_gets_one_line(tmp_path, text, message):
    (tmp_path / "one.ipynb").write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path / "one.ipynb")
    assert "\n" not in str(caught.value)


def test_a_long_temporary_folder_is_no_obstacle(tmp_path, monkeypatch):
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    path = stored(tmp_path / "one.ipynb", "print(1 + 1)")
    execute(path)
    assert outputs(path)[0][0].text == "2\n"


def test_what_is_set_outside_does_not_change_what_a_chapter_shows(tmp_path, monkeypatch):
    (tmp_path / "settings").write_text("font.size: 31")
    (tmp_path / "startup.py").write_text("print('started')")
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "settings"))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    path = stored(tmp_path / "one.ipynb", "import matplotlib; matplotlib.rcParams['font.size']")
    execute(path)
    (shown,) = outputs(path)[0]
    assert shown.data["text/plain"] == "10.0"


@pytest.fixture
def book(tmp_path, monkeypatch):
    (tmp_path / "chapters").mkdir()
    stored(tmp_path / "index.ipynb", "print('preface')")
    stored(tmp_path / "chapters" / "01-one.ipynb", "import os; print(os.getcwd())")
    stored(tmp_path / "chapters" / "not-a-chapter.ipynb", "1 / 0")
    (tmp_path / "chapters" / "references.qmd").write_text("# References\n")
    (tmp_path / "_quarto.yml").write_text(
        "book:\n  chapters:\n    - index.ipynb\n    - part: One\n      chapters:\n"
        "        - chapters/01-one.ipynb\n    - chapters/references.qmd\n"
    )
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    return tmp_path


def test_chapters_are_those_of_the_configuration_in_order(book):
    one = book / "chapters" / "01-one.ipynb"
    assert chapters(book) == [book / "index.ipynb", one]
    assert (
        chapters_named(book, ["01-one"]) == chapters_named(book, ["chapters/01-one.ipynb"]) == [one]
    )
    with pytest.raises(UserError, match=r"^nine: not a chapter; the chapters are index, 01-one$"):
        chapters_named(book, ["nine"])


def test_the_command_executes_every_chapter(book):
    result = CliRunner().invoke(book_app, ["execute"], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout == "executed 2 chapters\n"
    assert outputs(book / "index.ipynb")[0][0].text == "preface\n"
    shown = outputs(book / "chapters" / "01-one.ipynb")[0][0].text
    assert Path(shown.strip()) == book / "chapters"


def test_the_command_shows_the_end_of_the_traceback(book):
    stored(book / "index.ipynb", "1 / 0")
    result = CliRunner().invoke(book_app, ["execute", "index"])
    assert result.exit_code == 1
    assert str(result.exception) == "index, cell 2: ZeroDivisionError: division by zero"
    assert "1 / 0" in result.stderr


def test_an_unknown_edition_is_refused(book):
    result = CliRunner().invoke(book_app, ["execute", "--edition", "simple"])
    assert str(result.exception) == "--edition simple: give published or sample"
