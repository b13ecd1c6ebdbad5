"""Which renderer is used, and what happens when one fails."""

import sys

import pytest

from nexttrack.errors import UserError
from nexttrack.press import render
from nexttrack.press.notebook_links import link_notebooks


@pytest.fixture(autouse=True)
def without_quarto(monkeypatch, tmp_path):
    """Hide the Quarto and the uv of this machine."""
    monkeypatch.delenv("QUARTO", raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def test_quarto_is_found_in_the_variable_then_on_the_path_then_in_the_clone(
    program, tmp_path, monkeypatch
):
    assert render.find_quarto(tmp_path) is None
    here = program(tmp_path / render.FOLDER / "bin" / "quarto", "true")
    assert render.find_quarto(tmp_path) == str(here)
    on_path = program(tmp_path / "path" / "quarto", "true")
    monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
    assert render.find_quarto(tmp_path) == str(on_path)
    asked = program(tmp_path / "mine", "true")
    monkeypatch.setenv("QUARTO", str(asked))
    assert render.find_quarto(tmp_path) == str(asked)
    monkeypatch.setenv("QUARTO", str(tmp_path / "none"))
    with pytest.raises(UserError, match=r"QUARTO is .*none, which is not a program"):
        render.find_quarto(tmp_path)


@pytest.fixture
def quarto(program, minibook, monkeypatch):
    """Return a function that makes a Quarto, which writes one page and then does as told."""
    write = 'while [ "$1" != --output-dir ]; do shift; done; mkdir -p "$2/site_libs"'

    def make(after: str) -> None:
        script = f'{write}; echo new > "$2/index.html"; {after}'
        monkeypatch.setenv("QUARTO", str(program(minibook.folder / "quarto", script)))

    return make


def test_the_output_of_quarto_takes_the_place_of_the_old(minibook, quarto):
    quarto("exit 0")
    minibook.output.mkdir()
    (minibook.output / "site_libs").mkdir()
    (minibook.output / "old.html").write_text("old")
    assert render.render_book(root=minibook.folder) == minibook.output / "index.html"
    assert sorted(p.name for p in minibook.output.iterdir()) == [
        ".rendered.json",
        "index.html",
        "site_libs",
    ]


@pytest.mark.parametrize(
    "after", ["echo 'ERROR: no' >&2; exit 1", "echo 'WARN: Unable to resolve crossref @x' >&2"]
)
def test_a_failure_or_warning_of_quarto_leaves_the_old_pages(minibook, quarto, capsys, after):
    quarto(after)
    (minibook.output / "site_libs").mkdir(parents=True)
    (minibook.output / "index.html").write_text("old")
    with pytest.raises(UserError, match="Quarto did not render the book"):
        render.render_book(root=minibook.folder)
    assert (minibook.output / "index.html").read_text() == "old"
    assert capsys.readouterr().err.strip()
    assert not list(minibook.folder.glob("_book.*"))


def test_any_other_warning_of_quarto_is_shown_and_no_failure(minibook, quarto, capsys):
    quarto("echo 'WARN: old' >&2")
    assert render.render_book(root=minibook.folder).read_text() == "new\n"
    assert "WARN: old" in capsys.readouterr().err


def test_preview_is_used_when_asked_for_though_quarto_is_there(minibook, quarto, capsys):
    quarto("exit 1")
    index = render.render_book(root=minibook.folder, preview=True)
    assert "preview" in index.read_text(encoding="utf-8")
    assert capsys.readouterr().out == f"rendered the preview: {index}\n"


def test_a_folder_that_holds_something_else_is_refused(minibook, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "only-copy.txt").write_text("precious")
    for folder in (tmp_path / "thesis", minibook.folder, minibook.folder.parent):
        with pytest.raises(UserError, match="give another folder"):
            render.render_book(root=minibook.folder, preview=True, output=folder)
    assert (tmp_path / "thesis" / "only-copy.txt").read_text() == "precious"


def test_a_notebook_is_linked_once_however_often_it_is_asked(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "one.ipynb").write_text("{}")
    page = '<header id="title-block-header"><h1>One</h1></header><p>Text</p>'
    (tmp_path / "out" / "one.html").write_text(page)
    (tmp_path / "out" / "other.html").write_text(page)
    for _ in range(2):
        link_notebooks(tmp_path, tmp_path / "out")
    assert (tmp_path / "out" / "one.html").read_text().count('href="one.ipynb"') == 1
    assert (tmp_path / "out" / "one.ipynb").read_text() == "{}"
    assert (tmp_path / "out" / "other.html").read_text() == page


@pytest.fixture
def times(minibook, quarto, tmp_path):
    """Return a function that renders and says how often Quarto has been run by then."""
    log = tmp_path / "times.txt"
    quarto(f"echo once >> {log}")

    def rendered(**options) -> int:
        render.render_book(root=minibook.folder, **options)
        return len(log.read_text().splitlines())

    return rendered


def test_a_book_that_is_as_rendered_is_not_rendered_again_unless_forced(times, capsys):
    assert [times(), times()] == [1, 1]
    assert "the book is up to date" in capsys.readouterr().out
    assert times(force=True) == 2


def test_it_is_rendered_again_after_a_change_of_what_it_is_made_of(minibook, times):
    assert times() == 1
    changed = ("_quarto.yml", "references.bib", "index.ipynb", "chapters/one.ipynb", "results/a")
    changed += ("src/nexttrack/press/theme/book.css", "data/README.md")
    for count, name in enumerate(changed, start=2):
        path = minibook.folder / name
        path.parent.mkdir(exist_ok=True)
        before = path.read_text() if path.exists() else ""
        path.write_text(before + "\n")
        assert [times(), times()] == [count, count], name


@pytest.mark.parametrize("name", ["index.html", ".rendered.json"])
@pytest.mark.parametrize("content", [None, ""])
def test_it_is_rendered_again_where_a_page_or_the_note_is_lost_or_cut_off(
    minibook, times, name, content
):
    assert times() == 1
    path = minibook.output / name
    path.unlink() if content is None else path.write_text(content)
    assert [times(), times()] == [2, 2]


def test_the_preview_is_not_taken_for_the_book_nor_one_quarto_for_another(minibook, times):
    assert times() == 1
    render.render_book(root=minibook.folder, preview=True)
    assert times() == 2
    (minibook.folder / "quarto").touch()
    assert times() == 3
