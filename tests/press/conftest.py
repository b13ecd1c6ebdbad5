"""A small book with every construct that the chapters may use."""

import shutil
import struct
import textwrap
import zlib
from base64 import b64encode
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nexttrack import project
from nexttrack.apps.sound_map.framed_pages import MAP_TYPE
from nexttrack.apps.sound_map.sound_maps import FRAME, map_content
from nexttrack.press.outline import Outline, read_outline
from nexttrack.press.preview.pages import render_preview
from nexttrack.press.render import find_quarto, render_with_quarto

THEME = "src/nexttrack/press/theme"


def png() -> str:
    """Return a light grey picture, 640 by 400, as a notebook stores it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 640, 400, 8, 0, 0, 0, 0)
    pixel = zlib.compress((b"\x00" + b"\xe8" * 640) * 400)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel)
    return b64encode(picture + chunk(b"IEND", b"")).decode()


def code(source: str, *outputs: dict, **metadata: object):
    """Make an executed code cell."""
    return new_code_cell(source, outputs=list(outputs), execution_count=1, metadata=metadata)


def shows(form: str, content: str):
    """Make a display output, with the plain text that IPython stores beside it."""
    return new_output("display_data", {"text/plain": "<object>", form: content})


def prints(text: str, name: str = "stdout"):
    """Make the output of a print."""
    return new_output("stream", name=name, text=text)


def text(source: str):
    """Make a Markdown cell; the lines of the source may be indented."""
    return new_markdown_cell(textwrap.dedent(source))


def sound_map() -> dict:
    """Make the output of a map of two recordings."""
    recordings = pd.DataFrame(
        {
            "title": ["One", "Two"],
            "artists": [["A"], ["B", "C"]],
            "genres": [["folk"], ["jazz"]],
            "popularity": [2, 1],
        }
    )
    features = pd.DataFrame({"energy": [0.1, 0.9]})
    given = (recordings, [[0, 0], [1, 1]], ["quiet", "loud"], features)
    content = map_content(*given, edition="sample", fingerprint="0123456789ab", most=2)
    return new_output(
        "display_data", {"text/plain": "Map", "text/markdown": FRAME, MAP_TYPE: content}
    )


# The empty line keeps Quarto from taking the heading for a title without its class.
PREFACE = [
    text("""
        # Preface {.unnumbered}

        The answer is in @fig-bars, and in the [first chapter](chapters/one.ipynb#sec-deep).

        ## How to read it

        From front to back.""")
]
ONE = [
    text("""\
        # The *first* chapter {#sec-first}

        See @fig-bars, @tbl-scores, @tbl-typed, @eq-gain, @sec-deep and @sec-second;
        [@fig-bars; @fig-line] together, and number -@tbl-scores alone. The metric is due to
        @jarvelin2002cumulated, and sampling biases it [@krichene2020sampled, p. 2]. A note.[^1]

        [^1]: In the note, a word: rutabaga.

        It costs \\$5, and $a_i \\le b$ holds."""),
    code(
        "#| label: fig-bars\n"
        "#| fig-cap: 'Bars with *emphasis*, see @tbl-scores.'\n"
        "#| fig-alt: 'Two \"bars\" of unequal height'\n"
        "#| code-fold: true\n"
        "#| code-summary: Draw it\n"
        "import numpy as np\n\nfor k in range(3):  # a comment\n    print('text', k)",
        shows("image/png", png()),
    ),
    text("""\
        ## A *deep* part {#sec-deep}

        $$
        G = \\sum_{i=1}^k \\frac{r_i}{\\log_2(i+1)}
        $$ {#eq-gain}"""),
    code(
        "#| label: tbl-scores\n#| tbl-cap: Scores of two models.\n#| echo: false\nscores",
        shows(
            "text/markdown",
            "| model | NDCG |\n|:--|--:|\n| popularity | 0.1 |\n| ALS \\* | 0.2 |",
        ),
    ),
    code(
        "print('hello')\n1 + 1",
        prints("hello\n::: {.x} @fig-none $x$\n"),
        shows("text/plain", "2"),
    ),
    code("#| include: false\nsecret = 1", prints("never shown")),
    code("#| output: false\nquiet = 1", prints("never shown")),
    code("#| echo: false\nbook.say()", shows("text/markdown", "The best model scores **0.2**.")),
    code("book.sound_map(recordings, places, clusters, features)", sound_map()),
    text("""\
        ### Deeper

        ::: {.callout-note}
        ## Mind *this*

        A box with `code`.
        :::

        ::: {.callout-tip title="Short"}
        Another.
        :::

        ::: {.callout-warning}
        A third.
        :::

        | a | b |
        |---|---|
        | 1 | 2 |

        : Typed by hand. {#tbl-typed}

        - a list
        - of two

        > quoted

        ```python
        def f(x):
            return x
        ```

        <iframe src="page.html" title="A page of our own"></iframe>

        ## Not numbered {.unnumbered}

        End."""),
]
WIDE = "|" + "a column|" * 20 + "\n|" + "---|" * 20 + "\n|" + "a value|" * 20
TWO = [
    text("""\
        # Second {#sec-second}

        Back to @fig-bars, @sec-first; forward to @fig-line and @tbl-wide.

        ## Wide"""),
    code(
        "#| label: fig-line\n#| fig-cap: A line.\n#| fig-alt: A rising line\n#| echo: false\nf()",
        shows("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"),
    ),
    code(
        "#| label: tbl-wide\n#| tbl-cap: Many columns.\nwide = '" + "x" * 200 + "'",
        shows("text/markdown", WIDE),
    ),
    code("book.colophon()", shows("text/markdown", "Versions."), tags=["colophon"]),
]


class MiniBook:
    """A book in a folder, to be changed by a test before it is rendered."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.output = folder / "_book"
        config = yaml.safe_load((project.root() / "_quarto.yml").read_text())
        config["book"]["chapters"] = [
            "index.ipynb",
            {"part": "A part", "chapters": ["chapters/one.ipynb"]},
            {"part": "Another part", "chapters": ["chapters/two.ipynb"]},
            "chapters/references.qmd",
        ]
        (folder / "chapters").mkdir(parents=True)
        (folder / "_quarto.yml").write_text(yaml.safe_dump(config, sort_keys=False))
        shutil.copy(project.root() / "references.bib", folder)
        shutil.copy(project.root() / "chapters" / "references.qmd", folder / "chapters")
        for code in ("src/nexttrack/press", "src/nexttrack/apps"):
            shutil.copytree(project.root() / code, folder / code)
        (folder / "chapters" / "page.html").write_text("<!doctype html><title>Frame</title><p>Hi")
        self.chapter("index", PREFACE)
        self.chapter("chapters/one", ONE)
        self.chapter("chapters/two", TWO)

    def chapter(self, name: str, cells: list) -> None:
        """Store a chapter as a notebook."""
        path = self.folder / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=cells), path)


@pytest.fixture
def minibook(tmp_path: Path) -> MiniBook:
    """Return a book of a preface, two chapters and references, not yet rendered."""
    return MiniBook(tmp_path / "minibook")


@pytest.fixture(scope="session")
def previewed(tmp_path_factory: pytest.TempPathFactory) -> MiniBook:
    """Return the small book as the preview renders it; not to be changed."""
    book = MiniBook(tmp_path_factory.mktemp("50%20 né") / "minibook")
    render_preview(book.folder, book.output)
    return book


@pytest.fixture(scope="session", params=["preview", "quarto", "book"])
def rendered(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Outline, Path]:
    """Return an outline and its pages: the small book by either renderer, and the stored book."""
    if request.param == "book":
        return read_outline(project.root()), request.getfixturevalue("stored_book")
    if request.param == "preview":
        book = request.getfixturevalue("previewed")
    elif program := find_quarto(project.root()):
        book = MiniBook(tmp_path_factory.mktemp("minibook") / "book")
        render_with_quarto(program, book.folder, book.output)
    else:
        pytest.skip("Quarto is not on this machine")
    return read_outline(book.folder), book.output
