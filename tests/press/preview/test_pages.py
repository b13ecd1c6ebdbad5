"""The preview renderer: what it makes of each construct, and what it refuses."""

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from nexttrack.errors import UserError
from nexttrack.press.preview.pages import render_preview

PNG = {"image/png": "iVBORw0KGgo="}


@pytest.fixture
def one(minibook):
    """Return a function that renders cells as the first chapter, after its title."""

    def render(*cells) -> BeautifulSoup:
        minibook.chapter("index", [new_markdown_cell("# Preface {.unnumbered}")])
        minibook.chapter("chapters/two", [new_markdown_cell("# Second {#sec-second}")])
        minibook.chapter("chapters/one", [new_markdown_cell("# One"), *map(as_cell, cells)])
        render_preview(minibook.folder, minibook.output)
        page = minibook.output / "chapters" / "one.html"
        return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").main

    return render


@pytest.fixture
def pages(previewed) -> Path:
    """Return the folder of the small book's pages."""
    return previewed.output


def main(page: Path) -> BeautifulSoup:
    """Return the part of a page that its chapter fills."""
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").main


def as_cell(cell):
    """Make a Markdown cell of a text."""
    return new_markdown_cell(cell) if isinstance(cell, str) else cell


def code(source: str, *outputs):
    """Make a code cell with the outputs given, each a dict of forms or a finished output."""
    made = [o if "output_type" in o else new_output("display_data", o) for o in outputs]
    return new_code_cell(source, outputs=made, execution_count=1)


# ---- what it makes


def test_references_lead_across_chapters_and_count_in_each(pages):
    links = {
        a.get_text().replace("\u00a0", " "): a["href"]
        for a in main(pages / "chapters" / "two.html").select("a.quarto-xref")
    }
    assert links["Figure 1.1"] == "one.html#fig-bars"
    assert links["Chapter 1"] == "one.html"
    assert links["Figure 2.1"] == "#fig-line"


def test_numbers_of_every_kind(pages):
    page = main(pages / "chapters" / "one.html")
    words = page.get_text().replace("\u00a0", " ")
    assert re.search(
        r"See Figure 1\.1, Table 1\.1, Table 1\.2, Equation 1\.1, Section 1\.1 and Chapter 2;"
        r"\s+Figure 1\.1, Figure 2\.1 together, and number 1\.1 alone",
        words,
    )
    assert page.find(id="eq-gain").find("mn", string="1.1")
    numbers = [n.get_text() for n in page.select(".header-section-number")]
    assert numbers == ["1.1", "1.1.1"]


def test_citations_lead_to_the_one_list_of_references(pages):
    page = main(pages / "chapters" / "one.html")
    assert page.find("a", href="references.html#ref-krichene2020sampled")
    assert "Järvelin and Kekäläinen (2002)" in page.get_text()
    entries = main(pages / "chapters" / "references.html").select(".csl-entry")
    assert [e["id"] for e in entries] == ["ref-jarvelin2002cumulated", "ref-krichene2020sampled"]


def test_options_hide_and_fold(pages):
    page = main(pages / "chapters" / "one.html")
    assert "secret" not in page.get_text()
    assert "never shown" not in page.get_text()
    assert "quiet = 1" in page.get_text()
    folds = page.select("details.code-fold")
    assert folds[0].summary.get_text() == "Draw it"
    assert not folds[0].has_attr("open")
    assert folds[1].has_attr("open")
    assert not any("scores" in fold.get_text() for fold in folds)


def test_printed_text_is_shown_as_it_is(pages):
    printed = main(pages / "chapters" / "one.html").select_one(".cell-output-stdout pre")
    assert printed.get_text().strip() == "hello\n::: {.x} @fig-none $x$"


def test_it_says_that_it_is_the_preview_and_how_to_get_quarto(pages):
    for page in ("index.html", "chapters/two.html"):
        footer = BeautifulSoup((pages / page).read_text(encoding="utf-8"), "html.parser").footer
        assert "preview" in footer.get_text()
        assert footer.find("a", href="https://quarto.org/docs/get-started/")


def test_the_search_finds_words_by_section(pages):
    entries = json.loads((pages / "search.json").read_text(encoding="utf-8"))
    found = [e["href"] for e in entries if "Deeper" in e["section"]]
    assert found == ["chapters/one.html#deeper"]
    deeper = next(e for e in entries if e["href"] == found[0])
    assert "A box with code" in deeper["text"]


def test_a_cell_may_show_its_code_unfolded(one):
    page = one(code("#| code-fold: false\nx = 1"))
    assert not page.find("details")
    assert "x = 1" in page.get_text()


def test_printed_fences_and_colours_do_no_harm(one):
    text = "```\n````\n\x1b[31mred\x1b[0m <b>\n"
    page = one(code("x", new_output("stream", text=text)))
    assert page.select_one(".cell-output-stdout pre").get_text().strip() == "```\n````\nred <b>"


def test_a_markdown_output_may_hold_a_callout_with_maths(one):
    page = one(code("#| echo: false\nx", {"text/markdown": "::: {.callout-note}\nSo $x^2$.\n:::"}))
    assert page.select_one(".callout-note .callout-body math")


def test_a_table_without_label_is_shown(one):
    page = one("| a | b |\n|---|---|\n| 1 | 2 |")
    assert [cell.get_text() for cell in page.select("td")] == ["1", "2"]


def test_the_title_may_stand_in_front_matter(one, minibook):
    minibook.chapter("chapters/two", [new_raw_cell("---\ntitle: Taken *from* YAML\n---")])
    minibook.chapter("index", [new_markdown_cell("# Preface {.unnumbered}")])
    minibook.chapter("chapters/one", [new_markdown_cell("# One")])
    render_preview(minibook.folder, minibook.output)
    text = (minibook.output / "chapters" / "two.html").read_text(encoding="utf-8")
    title = BeautifulSoup(text, "html.parser").find("h1", class_="title")
    assert title.get_text(" ", strip=True).replace("\u00a0", " ").split() == [
        "2", "Taken", "from", "YAML",
    ]  # fmt: skip


def test_a_picture_in_a_file_is_a_figure(one, minibook):
    (minibook.folder / "chapters" / "map.svg").write_text("<svg/>")
    page = one('See @fig-map.\n\n![A *map*](map.svg){#fig-map fig-alt="The way"}')
    image = page.select_one("#fig-map img")
    assert (image["src"], image["alt"]) == ("map.svg", "The way")
    assert (minibook.output / "chapters" / "map.svg").exists()
    assert "A map" in page.select_one("#fig-map figcaption").get_text()


def test_the_same_book_gives_the_same_pages(minibook, tmp_path):
    for name in ("a", "b"):
        render_preview(minibook.folder, tmp_path / name)
    pages = {p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.html")}
    assert pages
    for page in pages:
        assert (tmp_path / "a" / page).read_bytes() == (tmp_path / "b" / page).read_bytes()


# ---- what it refuses

LABELLED = "#| label: {label}\n#| {kind}-cap: A caption.\nx"


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (new_code_cell("x = 1"), "has not been executed"),
        (code("#| panel: tabset\nx"), "cell option panel"),
        (code("#| echo: fenced\nx"), "echo: fenced"),
        (code("#| code-fold: often\nx"), "code-fold: often"),
        (code("#| label: [\nx"), "not valid YAML"),
        (code("x", {"text/html": "<b>x</b>", "text/plain": "x"}), "text/html"),
        (code("x", {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "x"}), "widget"),
        (code("x", {"application/javascript": "x()", "text/plain": "x"}), "javascript"),
        (code("x", new_output("stream", name="stderr", text="a\nWarning: b")), "Warning: b"),
        (code("x", new_output("error", ename="KeyError", evalue="'k'")), "KeyError: 'k'"),
        (code(LABELLED.format(label="fig-a", kind="fig")), "fig-a has 0 pictures"),
        (code(LABELLED.format(label="fig-a", kind="fig"), PNG, PNG), "fig-a has 2 pictures"),
        (code(LABELLED.format(label="tbl-a", kind="tbl"), PNG), "tbl-a has 0 Markdown tables"),
        (code("#| fig-cap: No label.\nx", PNG), "a caption needs a label"),
        (code("#| label: fig-a\n#| fig-cap: |\n#|   One.\n#|\n#|   Two.\nx", PNG), "one paragraph"),
        ("::: {.panel-tabset}\n## A\n:::", "div .panel-tabset"),
        ("::: {#fig-group}\nx\n:::", "div #fig-group"),
        ("::: {.callout-note}\nunclosed", "unclosed"),
        ('::: {.callout-note collapse="true"}\nx\n:::', "callout option collapse"),
        ("[x]{.fancy}", "span with ['fancy']"),
        ("{{< video https://example.org/x >}}", "{{<"),
        ("```{ojs}\nx\n```", "{ojs}"),
        ("```{mermaid}\ngraph\n```", "{mermaid}"),
        ("<table><tr><td>x</td></tr></table>", "raw html"),
        ("a <span onclick='x()'>b</span>", "span with"),
        ('<iframe src="none.html" title="x"></iframe>', "none.html is not a file"),
        ("\\begin{foo}x\\end{foo}", "raw tex"),
        ("$\\undefined{$", "undefined"),
        ("See @fig-nowhere.", "@fig-nowhere is not the label"),
        ("See @sec-second and [see @sec-second, p. 1].", "stands alone"),
        ("As @nobody1999 says.", "@nobody1999 is not the entry"),
        ("Text.[^none]", "[^none]"),
        ("[gone](gone.ipynb)", "gone.ipynb is not a file of the book"),
        ("![A picture](https://example.org/x.png){#fig-x}", "on another site"),
        ("![A picture](page.html)", "no label"),
        ("| a |\n|---|\n| 1 |\n\n: Caption", "needs a label"),
        ("{#eq-lost}", "must follow a formula"),
        ("# Another title", "second level-1 heading"),
        ("## A {#sec-a}\n\n## B {#sec-a}", "Duplicate identifier 'sec-a'"),
    ],
)
def test_what_it_does_not_know_is_an_error_that_names_chapter_and_cell(one, cell, problem):
    with pytest.raises(UserError) as error:
        one("Before.", cell, "After.")
    assert str(error.value).startswith("chapters/one.ipynb, cell 3: "), error.value
    assert problem in str(error.value)


def test_two_cells_with_one_label_are_an_error(one):
    cells = [code(LABELLED.format(label="fig-a", kind="fig"), PNG) for _ in range(2)]
    with pytest.raises(UserError, match=r"cell 3: fig-a is the label of two things"):
        one(*cells)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        (new_markdown_cell("# Two\n\n## Deep {#sec-deep}"), "sec-deep is a label in .*one.ipynb"),
        (new_raw_cell("---\ntitle: [\n---"), "cell 1: its front matter is not valid YAML"),
        (new_markdown_cell("Just text."), "has no title"),
    ],
    ids=["a label in two chapters", "broken front matter", "no title"],
)
def test_a_chapter_that_has_no_place_in_the_book_is_an_error(minibook, cell, problem):
    minibook.chapter("chapters/two", [cell])
    with pytest.raises(UserError, match=f"two.ipynb.*{problem}"):
        render_preview(minibook.folder, minibook.output)


@pytest.mark.parametrize("content", [b"", b"{}", b"<html>", b'{"cells": [', b"\xff\xfe\x00"])
def test_a_file_that_is_no_notebook_is_an_error(minibook, content):
    (minibook.folder / "chapters" / "two.ipynb").write_bytes(content)
    with pytest.raises(UserError, match=r"^chapters/two.ipynb is not .*; restore it from git$"):
        render_preview(minibook.folder, minibook.output)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("code-copy: true", "code-tools: true", "code-tools"),
        ("page-navigation: true", "sharing: [twitter]", "sharing"),
        (
            "chapters/two.ipynb",
            "chapters/three.ipynb",
            "chapters/three.ipynb, which does not exist",
        ),
        ("sortable-tables.html", "none.html", "include-after-body: src/nexttrack"),
        ("type: book", "type: [", "not valid YAML"),
    ],
)
def test_an_unknown_or_broken_setting_is_an_error(minibook, old, new, problem):
    config = minibook.folder / "_quarto.yml"
    config.write_text(config.read_text().replace(old, new))
    with pytest.raises(UserError, match=re.escape(problem)):
        render_preview(minibook.folder, minibook.output)


def test_an_error_leaves_the_pages_that_were_there(minibook):
    render_preview(minibook.folder, minibook.output)
    before = {p: p.read_bytes() for p in minibook.output.rglob("*") if p.is_file()}
    minibook.chapter("chapters/two", [new_markdown_cell("# Two\n\n@fig-nowhere")])
    with pytest.raises(UserError):
        render_preview(minibook.folder, minibook.output)
    assert {p: p.read_bytes() for p in minibook.output.rglob("*") if p.is_file()} == before
    assert [p.name for p in Path(minibook.folder).glob("_book*")] == ["_book"]


def test_a_chapter_that_went_leaves_no_page_behind(minibook):
    render_preview(minibook.folder, minibook.output)
    (minibook.output / "chapters" / "old.html").write_text("old")
    render_preview(minibook.folder, minibook.output)
    assert not (minibook.output / "chapters" / "old.html").exists()
