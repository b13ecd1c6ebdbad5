"""A small book with every construct that the chapters may use."""

import shutil
import struct
import zlib
from base64 import b64encode
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nexttrack import project

THEME = "src/nexttrack/book/theme"


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


PREFACE = [
    new_markdown_cell(
        "# Preface {.unnumbered}\n\nThe answer is in @fig-bars, and in the "
        "[first chapter](chapters/one.ipynb#sec-deep).\n\n## How to read it\n\nFrom front to back."
    ),
]
ONE = [
    new_markdown_cell(
        "# The *first* chapter {#sec-first}\n\nSee @fig-bars, @tbl-scores, @tbl-typed, @eq-gain, @sec-deep and "
        "@sec-second; [@fig-bars; @fig-line] together, and number -@tbl-scores alone. "
        "The metric is due to @jarvelin2002cumulated, and sampling biases it "
        "[@krichene2020sampled, p. 2]. A note.[^1]\n\n[^1]: In the note, a word: rutabaga.\n\n"
        "It costs \\$5, and $a_i \\le b$ holds."
    ),
    code(
        "#| label: fig-bars\n#| fig-cap: 'Bars with *emphasis*, see @tbl-scores.'\n"
        "#| fig-alt: 'Two \"bars\" of unequal height'\n#| code-fold: true\n#| code-summary: Draw it\n"
        "import numpy as np\n\nfor k in range(3):  # a comment\n    print('text', k)",
        shows("image/png", png()),
    ),
    new_markdown_cell(
        "## A *deep* part {#sec-deep}\n\n$$\nG = \\sum_{i=1}^k \\frac{r_i}{\\log_2(i+1)}\n$$ {#eq-gain}"
    ),
    code(
        "#| label: tbl-scores\n#| tbl-cap: Scores of two models.\n#| echo: false\n",
        shows(
            "text/markdown", "| model | NDCG |\n|:--|--:|\n| popularity | 0.1 |\n| ALS \\* | 0.2 |"
        ),
    ),
    code(
        "print('hello')\n1 + 1", prints("hello\n::: {.x} @fig-none $x$\n"), shows("text/plain", "2")
    ),
    code("#| include: false\nsecret = 1", prints("never shown")),
    code("#| output: false\nquiet = 1", prints("never shown")),
    code("", shows("text/markdown", "The best model scores **0.2**.")),
    new_markdown_cell(
        "### Deeper\n\n::: {.callout-note}\n## Mind *this*\n\nA box with `code`.\n:::\n\n"
        '::: {.callout-tip title="Short"}\nAnother.\n:::\n\n::: {.callout-warning}\nA third.\n:::\n\n'
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n: Typed by hand. {#tbl-typed}\n\n"
        "| plain | table |\n|---|---|\n| x | y |\n\n"
        "- a list\n- of two\n\n> quoted\n\n```python\ndef f(x):\n    return x\n```\n\n"
        '<iframe src="page.html" title="A page of our own"></iframe>\n\n## Not numbered {.unnumbered}\n\nEnd.'
    ),
]
TWO = [
    new_markdown_cell(
        "# Second {#sec-second}\n\nBack to @fig-bars, @sec-first; forward to @fig-line.\n\n## Wide"
    ),
    code(
        "#| label: fig-line\n#| fig-cap: A line.\n#| fig-alt: A rising line\n#| echo: false\n",
        shows("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"),
    ),
    code(
        "wide = '" + "x" * 200 + "'",
        shows(
            "text/markdown", "|" + "a column|" * 20 + "\n|" + "---|" * 20 + "\n|" + "a value|" * 20
        ),
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
        (folder / "_quarto.yml").write_text(yaml.safe_dump(config))
        shutil.copy(project.root() / "references.bib", folder)
        shutil.copy(project.root() / "chapters" / "references.qmd", folder / "chapters")
        shutil.copytree(project.root() / "src/nexttrack/book", folder / "src/nexttrack/book")
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
