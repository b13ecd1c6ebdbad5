import re
from base64 import b64encode
from io import BytesIO

import nbformat
import numpy as np
import pytest
from matplotlib.image import imsave
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from typer.testing import CliRunner

from nexttrack import project
from nexttrack.book.edition import SAYS_WHICH_DATA
from nexttrack.data import editions
from nexttrack.press.commands import book_app
from nexttrack.press.execute import read, write
from nexttrack.press.freshness import check_chapter, compare_outputs, compare_text, needed
from nexttrack.press.numerals import Tolerance

TABLE = """| model | NDCG@10 |
|:--|--:|
| iALS | {0} |
| popularity | {1} |
"""


def shown(**data):
    return new_output("display_data", {key.replace("_", "/"): text for key, text in data.items()})


def printed(text):
    return new_output("stream", name="stdout", text=text)


def test_equal_outputs_do_not_differ():
    outputs = [
        printed("a 1\n"),
        shown(text_markdown="*b* 2"),
        shown(image_png="xyz", text_plain="f"),
    ]
    assert list(compare_outputs(outputs, outputs)) == []


def test_what_says_which_data_is_no_result():
    banner = shown(text_markdown="Other data") | {"metadata": {**SAYS_WHICH_DATA}}
    assert list(compare_outputs([printed("a")], [banner, printed("a")])) == []
    assert list(compare_outputs([printed("a")], [banner, printed("b")])) == [("'a'", "'b'")]


def test_table_cells_are_compared_one_by_one():
    stored = shown(text_markdown=TABLE.format("0.300", "0.100"))
    assert (
        list(compare_outputs([stored], [shown(text_markdown=TABLE.format("0.301", "0.1"))])) == []
    )
    new = shown(text_markdown=TABLE.format("0.300", "0.125"))
    assert list(compare_outputs([stored], [new])) == [
        ("'0.100' (row popularity, NDCG@10)", "'0.125'")
    ]


def test_a_second_table_has_its_own_heading():
    text = TABLE.format("0.3", "0.1") + "\n| year | plays |\n|--:|--:|\n| 2019 | {} |\n"
    (difference,) = compare_text(text.format("1,000"), text.format("2,000"))
    assert difference == ("'1,000' (row 2019, plays)", "'2,000'")


@pytest.mark.parametrize(
    ("stored", "new", "difference"),
    [
        ([], [printed("x")], ("no output", "stdout")),
        ([printed("x")], [], ("stdout", "no output")),
        (
            [shown(image_png="a"), shown(image_png="b")],
            [shown(image_png="a")],
            ("image/png, image/png", "image/png"),
        ),
        ([shown(image_png="a")], [shown(text_markdown="a")], ("image/png", "text/markdown")),
        ([shown(text_plain="1")], [printed("1")], ("text/plain", "stdout")),
    ],
)
def test_outputs_that_are_missing_or_new_are_differences(stored, new, difference):
    assert list(compare_outputs(stored, new)) == [difference]


def painted(red, green, blue):
    """A picture of one colour, as it is stored."""
    file = BytesIO()
    imsave(file, np.full((24, 24, 3), (red, green, blue)))
    return b64encode(file.getvalue()).decode()


def test_pictures_are_compared_by_their_look():
    stored = shown(image_png=painted(0.5, 0.5, 0.5), text_plain="<Figure 1>")
    alike = shown(image_png=painted(0.5, 0.55, 0.5), text_plain="<Figure 2>")
    other = shown(image_png=painted(0.5, 0.5, 0.7))
    assert list(compare_outputs([stored], [alike])) == []
    ((kind, seen),) = compare_outputs([stored], [other])
    assert kind == "a picture"
    assert seen.startswith("another look in 4 of 4 squares, the most by 0.20")
    assert list(compare_outputs([stored], [other], [Tolerance.read("25%")])) == []
    assert list(compare_outputs([stored], [other], [Tolerance.read("25% in iALS")])) != []


def test_drawings_are_compared_as_text():
    stored, other = (shown(**{"image_svg+xml": f'<path id="{n}" d="{n}"/>'}) for n in (1, 90))
    assert list(compare_outputs([stored], [stored])) == []
    assert list(compare_outputs([stored], [other])) != []


def test_texts_of_other_lengths_differ_where_they_part():
    assert list(compare_text("a\nb\nc", "a\nx")) == [("3 lines, from 'b'", "2 lines, from 'x'")]
    assert list(compare_text("a\nb", "a")) == [("2 lines, from 'b'", "1 lines, from 'the end'")]


def reads(source, *sources):
    """A cell whose tags name sources."""
    return new_code_cell(source, metadata={"tags": [f"needs={name}" for name in sources]})


def test_a_cell_needs_the_sources_of_its_tags_and_those_behind_its_variables():
    book = new_notebook(
        cells=[
            new_code_cell("import duckdb"),
            reads("years = table('century_years')", "spotify-century"),
            new_markdown_cell("the playlist archive"),
            reads("items = load('playlists')", "playlists"),
            new_code_cell("both = combine(years, items)"),
            new_code_cell("years = 3"),
            new_code_cell("print(years)"),
            new_code_cell("both.plot()"),
            reads("both = count()", "spotify-tracks", "playlist-archive"),
        ]
    )
    playlists = {"playlists", "spotify-tracks"}
    assert needed(book) == [
        set(),
        {"spotify-century"},
        set(),
        playlists,
        {"spotify-century"} | playlists,
        set(),
        set(),
        {"spotify-century"} | playlists,
        {"spotify-tracks", "playlist-archive"},
    ]


@pytest.mark.parametrize(
    ("second", "third", "needs"),
    [
        ("x = 1", "x", False),
        ("x += 1", "x", True),
        ("y = [x for x in range(3)]", "y", False),
        ("for x in range(3):\n    print(x)", "1", False),
        ("z = {}\nz['a'] = x", "z", True),
        ("z = 1\nx = z\nprint(x)", "x", False),
        ("def f():\n    return x", "f()", True),
        ("x = 1\ny = x", "y", False),
    ],
)
def test_needs_follow_the_variables_of_plain_python(second, third, needs):
    cells = [reads("x = 1", "spotify-century"), new_code_cell(second), new_code_cell(third)]
    assert needed(new_notebook(cells=cells))[2] == ({"spotify-century"} if needs else set())


def test_what_a_cell_imports_is_not_there_if_it_is_left_out():
    cells = [reads("import a.b\nfrom c import d as e", "spotify-century")]
    cells += [new_code_cell(code) for code in ("a.b.f()", "e()", "d")]
    century = {"spotify-century"}
    assert needed(new_notebook(cells=cells)) == [century, century, century, set()]


def test_what_is_known_of_artists_is_filled_in_from_every_source_of_recordings():
    (needs,) = needed(new_notebook(cells=[reads("1", "lastfm-2k")]))
    assert needs == set(editions.SOURCES) - {"spotify-century"}


def test_the_place_of_the_answer_needs_what_the_answer_needs():
    cells = [new_code_cell("book.place_answer()"), reads("x = 1", "spotify-century")]
    cells += [new_code_cell("book.answer((f'{x}', lambda: x > 0))")]
    assert needed(new_notebook(cells=cells)) == [{"spotify-century"}] * 3


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of two chapters as stored, whose data are one number in each table."""
    data, root = tmp_path / "data", tmp_path / "book"
    (root / "chapters").mkdir(parents=True)
    (root / "_quarto.yml").write_text("book:\n  chapters: [index.ipynb, chapters/01-one.ipynb]\n")
    monkeypatch.setattr(project, "root", lambda: root)
    monkeypatch.setenv("NEXTTRACK_DATA", str(data))
    monkeypatch.setattr(editions, "ensure", project.processed_dir)  # these are no real tables
    for table in editions.SOURCES.values():
        (data / "processed" / "published").mkdir(parents=True, exist_ok=True)
        (data / "processed" / "published" / table).write_text("100.0")
    index = [(RECORDINGS, ""), ("print(f'{x} recordings')", "100.0 recordings\n"), (PID, "1\n")]
    one = [(RECORDINGS, ""), (ITEMS, ""), ("print(y)", "100.0\n"), (PID, "1\n")]
    for cells, path in ((index, "index.ipynb"), (one, "chapters/01-one.ipynb")):
        write(executed(cells), root / path)
    return root


RECORDINGS = """from pathlib import Path
import os
folder = Path(os.environ["NEXTTRACK_DATA"], "processed", "published")
x = float((folder / "recordings.parquet").read_text())"""
ITEMS = "y = float((folder / 'playlist_items.parquet').read_text())"
PID = "print(os.getpid())"  # never twice the same: stands in the cell that is not compared
TAGS = {RECORDINGS: ["needs=spotify-tracks"], ITEMS: ["needs=playlists"], PID: ["colophon"]}


def executed(cells):
    """A notebook as it is stored after an execution, from pairs of source and printed text."""
    notebook = new_notebook()
    for count, (source, text) in enumerate(cells, 1):
        cell = new_code_cell(source, execution_count=count, outputs=[printed(text)] if text else [])
        cell.metadata["tags"] = TAGS.get(source, [])
        notebook.cells.append(cell)
    return notebook


def published(book):
    return project.processed_dir("published")


def command(*arguments):
    return CliRunner().invoke(book_app, ["check", *arguments])


def after_each(result):
    """The lines that are printed after those that say how each chapter went."""
    return [line for line in result.stdout.splitlines() if not re.search(r", \d+:\d\d$", line)]


def test_an_unchanged_book_is_fresh_and_untouched(book):
    before = {path: path.read_bytes() for path in book.rglob("*.ipynb")}
    result = command()
    assert result.exit_code == 0, result.output
    *each, last = re.sub(r"0:\d\d", "m:ss", result.stdout).splitlines()
    assert sorted(each) == ["01-one: as stored, m:ss", "index: as stored, m:ss"]
    assert last == "2 chapters are as stored"
    assert {path: path.read_bytes() for path in book.rglob("*.ipynb")} == before


def test_a_changed_number_is_named_with_chapter_cell_stored_and_new(book):
    (published(book) / "recordings.parquet").write_text("101.5")
    result = command()
    assert result.exit_code == 1
    assert "index: 1 value not as stored, " in result.stdout
    assert after_each(result) == [
        "index, cell 2: stored '100.0 recordings', new '101.5 recordings'"
    ]
    assert str(result.exception) == "1 of 2 chapters are not as stored; run: make rerun"


def test_a_change_within_the_tolerance_passes(book):
    (published(book) / "recordings.parquet").write_text("100.9")
    assert command("index").exit_code == 0


def test_a_tolerance_that_a_cell_states_is_held_and_what_it_allows_is_printed(book):
    stored = read(book / "index.ipynb")
    stored.cells[1].metadata["tags"] = ["tolerance=5%"]
    write(stored, book / "index.ipynb")
    (published(book) / "recordings.parquet").write_text("104.5")
    result = command("index")
    assert result.exit_code == 0
    assert after_each(result) == [
        "index, cell 2: stored '100.0 recordings', new '104.5 recordings' (within 5%)",
        "1 chapters are as stored",
    ]
    (published(book) / "recordings.parquet").write_text("105.5")
    assert command("index").exit_code == 1


def test_a_tolerance_for_some_lines_loosens_no_other():
    loose = [Tolerance.read("20% or 0.05 in iALS")]
    stored = TABLE.format("0.10", "0.100")
    assert list(compare_text(stored, TABLE.format("0.14", "0.100"), loose)) == []
    assert list(compare_text(stored, TABLE.format("0.16", "0.100"), loose)) != []
    assert list(compare_text(stored, TABLE.format("0.10", "0.110"), loose)) != []
    assert list(compare_text("iALS has 77", "iALS has 85", loose)) == []
    assert list(compare_text("EASE has 77", "EASE has 85", loose)) != []


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("tolerance=some", "'some': state a tolerance as 5%"),
        ("needs=lastfm", "needs lastfm; there are spotify-tracks, "),
    ],
)
def test_a_tag_that_says_nothing_is_a_fault(book, tag, said):
    stored = read(book / "index.ipynb")
    stored.cells[1].metadata["tags"] = [tag]
    write(stored, book / "index.ipynb")
    (fault,) = check_chapter(book / "index.ipynb").faults
    assert fault.startswith(f"index, cell 2: {said}")


def test_the_check_computes_by_the_target_it_is_given(book):
    (book / "index.ipynb").unlink()
    code = "import os; print(os.environ['NUMBA_CPU_NAME'])"
    write(executed([(code, "generic\n")]), book / "index.ipynb")
    assert command("index", "--target", "x86-64").exit_code == 0
    assert "stored 'generic', new 'haswell'" in command("index").stdout
    assert str(command("index", "--target", "z80").exception).startswith("target 'z80': give")


def test_long_lines_are_shown_where_they_part():
    words = [f"word{n}" for n in "abcdefghijklmnopqrstuvwxyz"]
    new = [*words[:13], "5", *words[14:]]
    assert list(compare_text(" ".join(words), " ".join(new))) == [
        (
            "'… wordj wordk wordl wordm wordn wordo wordp wordq wordr …'",
            "'… wordj wordk wordl wordm 5 wordo wordp wordq wordr …'",
        )
    ]


def test_a_cell_that_finds_out_that_data_are_not_there_is_left_out_with_what_follows(book):
    lacks = "from IPython.display import display\ny = 7\n"
    lacks += 'display(y, metadata={"nexttrack": "not there"})'
    cells = [(lacks, "100.0\n"), ("z = y", ""), ("print(z)", "100.0\n"), ("print(2)", "2\n")]
    write(executed(cells), book / "index.ipynb")
    verdict = check_chapter(book / "index.ipynb", missing={"playlists"})
    assert verdict.unchecked == ["cell 1", "cell 2", "cell 3"]
    assert verdict.differences == verdict.faults == []
    verdict = check_chapter(book / "index.ipynb")  # where all are there it is no excuse
    assert [difference.cell for difference in verdict.differences] == ["cell 1", "cell 3"]


def test_a_chapter_that_fails_is_named_and_the_others_are_checked(book):
    path = book / "index.ipynb"
    stored = read(path)
    stored.cells[1].source = "1 / 0"
    write(stored, path)
    (published(book) / "playlist_items.parquet").write_text("7")
    result = command()
    assert sorted(after_each(result)) == [
        "01-one, cell 3: stored '100.0', new '7.0'",
        "index, cell 2: ZeroDivisionError: division by zero",
    ]
    assert result.exit_code == 1


def test_faults_of_the_stored_notebook_are_named(book):
    path = book / "index.ipynb"
    stored = read(path)
    stored.cells[1].execution_count = 5
    write(stored, path)
    assert check_chapter(path).faults == ["index, cell 2: execution count is 5, not 2"]


def test_a_missing_source_is_named_with_the_chapters_that_need_it(book):
    (published(book) / "playlist_items.parquet").unlink()
    result = command()
    assert result.exit_code == 1
    assert "01-one needs playlists; import them" in str(result.exception)
    assert command("index").exit_code == 0


def test_with_available_the_cells_that_need_a_missing_source_are_left_out_and_listed(book):
    (published(book) / "playlist_items.parquet").unlink()
    result = command("--available")
    assert result.exit_code == 0, result.output
    assert after_each(result) == [
        "01-one: not checked for want of data: cell 2, cell 3",
        "2 chapters are as stored, but for what was not checked",
    ]
    (published(book) / "recordings.parquet").write_text("7")
    assert command("--available").exit_code == 1


def test_without_a_published_edition_nothing_passes(tmp_path, monkeypatch):
    (tmp_path / "_quarto.yml").write_text("book:\n  chapters: []\n")
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path / "data"))
    for options in ([], ["--available"]):
        result = command(*options)
        assert result.exit_code == 1
        assert "the real data are not in" in str(result.exception)


def test_the_kernel_runs_on_the_published_edition(tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTTRACK_EDITION", "sample")
    cell = new_code_cell("import os; print(os.environ['NEXTTRACK_EDITION'])", execution_count=1)
    cell.outputs = [printed("published\n")]
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "one.ipynb")
    assert check_chapter(tmp_path / "one.ipynb").differences == []
