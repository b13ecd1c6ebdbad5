"""The step after rendering that writes the pages shown in frames."""

import json
import os
import subprocess
import sys
from functools import partial

import pytest

from nexttrack.apps.sound_map import framed_pages
from nexttrack.apps.sound_map.framed_pages import (
    MAP_PAGE,
    MAP_TYPE,
    FramedPageError,
    draw_elsewhere,
    write_framed_pages,
)
from nexttrack.press.preview.pages import draw_map


@pytest.fixture
def content(make_map):
    """Return the content of a map."""
    return make_map(edition="sample", most=9)


@pytest.fixture
def book(tmp_path, content):
    """Return the folder of a book with a map in one chapter, rendered to its folder ``out``."""
    (tmp_path / "out" / "chapters").mkdir(parents=True)
    (tmp_path / "chapters").mkdir()
    for name, outputs in {"one": [], "two": [{"data": {MAP_TYPE: content}}]}.items():
        cells = [{"source": "# Title"}, {"source": "x", "outputs": outputs}]
        (tmp_path / "chapters" / f"{name}.ipynb").write_text(json.dumps({"cells": cells}))
        (tmp_path / "out" / "chapters" / f"{name}.html").write_text("<p>page")
    return tmp_path


def test_a_map_is_written_beside_its_chapter_over_what_was_there(book, content):
    target = book / "out" / "chapters" / MAP_PAGE
    target.write_text("the analyst's own, with every recording")
    write_framed_pages(book, book / "out", lambda given: repr(given).encode())
    assert target.read_text() == repr(content)
    assert [p.name for p in (book / "out").rglob(MAP_PAGE)] == [MAP_PAGE]


def test_a_second_map_in_a_folder_is_an_error_and_nothing_is_written(book):
    notebook = (book / "chapters" / "two.ipynb").read_text()
    (book / "chapters" / "one.ipynb").write_text(notebook)
    with pytest.raises(FramedPageError, match=r"chapters/two\.ipynb: a second map in its folder"):
        write_framed_pages(book, book / "out", draw_map)
    assert not list(book.rglob(MAP_PAGE))


def test_quarto_runs_the_file_and_gets_the_page_that_the_preview_has(book, content):
    environment = {
        **os.environ, "QUARTO_PROJECT_DIR": str(book), "QUARTO_PROJECT_OUTPUT_DIR": "out",
    }  # fmt: skip
    subprocess.run([sys.executable, framed_pages.__file__], env=environment, check=True)
    assert (book / "out" / "chapters" / MAP_PAGE).read_bytes() == draw_map(content)


def test_a_python_without_bokeh_uses_that_of_the_clone(
    book, content, program, tmp_path, monkeypatch
):
    program(tmp_path / ".venv" / "bin" / "python", f'exec {sys.executable} "$@"')
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "bare" / "python", "exit 1")))
    assert draw_elsewhere(book, content).startswith(b"<!doctype html>")


def test_without_bokeh_one_line_says_what_to_do(book, content, program, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(program(tmp_path / "bare" / "python", "exit 1")))
    with pytest.raises(FramedPageError, match=r"needs Bokeh, .* run make book, or set QUARTO_PY"):
        draw_elsewhere(book, content)


def test_without_a_map_no_bokeh_is_needed(book):
    (book / "chapters" / "two.ipynb").write_text('{"cells": []}')
    write_framed_pages(book, book / "out", lambda content: pytest.fail("there is nothing to draw"))


def test_content_of_another_version_is_one_line_in_both_renderers(book, content):
    content["format"] = 0
    for draw in (draw_map, partial(draw_elsewhere, book)):
        with pytest.raises(FramedPageError, match=r"could not be drawn: .*execute its chapter"):
            draw(content)
