"""What holds on every page: nothing dangling, nothing raw, nothing from afar."""

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag

from nexttrack import project
from nexttrack.apps.sound_map.framed_pages import maps_of
from nexttrack.press.outline import Outline, is_external, read_outline

Book = tuple[Outline, Path]
LOADED = {
    "script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "audio": "src",
    "embed": "src", "object": "data", "link": "href",
}  # fmt: skip
RAW = {
    "cross-reference": r"\?@|(?<![\w.])@(fig|tbl|sec|eq)-",
    "citation": r"\[-?@\w|\?\w+\d{4}\w*\)",
    "div": r":::",
    "attribute": r"\{[#.]\w",
    "cell option": r"#\|",
    "maths": r"\$\$|\$[^\s$\d][^$\n]*\$",
    "shortcode": r"\{\{<",
    "emphasis": r"\*\*\w|\w\*\*",
    "link": r"\]\(",
}


@pytest.fixture(scope="module")
def pages(rendered: Book) -> dict[Path, BeautifulSoup]:
    """Return the page of each chapter, by its path in the output folder."""
    outline, output = rendered
    paths = [Path(chapter.page) for chapter in outline.chapters]
    return {
        p: BeautifulSoup((output / p).read_text(encoding="utf-8"), "html.parser") for p in paths
    }


def content(page: BeautifulSoup) -> Tag:
    """Return the part of a page that its chapter fills."""
    return page.find("main")


def prose(page: BeautifulSoup) -> str:
    """Return the words that a reader sees, without code and without the source of formulas."""
    copy = BeautifulSoup(str(content(page)), "html.parser")
    for hidden in copy.find_all(["pre", "code", "math", "script", "style"]):
        hidden.decompose()
    return copy.get_text()


def floats(page: BeautifulSoup, kind: str) -> Iterator[Tag]:
    """Yield the numbered figures (``fig``) or tables (``tbl``) of a page."""
    for figure in content(page).find_all("figure", class_=f"quarto-float-{kind}"):
        yield figure.find_parent(id=re.compile(f"^{kind}-"))


def test_every_chapter_has_its_page(rendered: Book, pages: dict[Path, BeautifulSoup]):
    outline, _ = rendered
    assert len(pages) == len(outline.chapters)
    for path, page in pages.items():
        assert content(page).get_text(strip=True), path
        assert page.html["lang"] == "en"
        assert page.title.get_text(strip=True), path


def test_the_first_numbered_chapter_is_chapter_one(pages: dict[Path, BeautifulSoup]):
    preface, first, *_ = pages.values()
    assert preface.find("h1", class_="title").find(class_="chapter-number") is None
    assert first.find("h1", class_="title").find(class_="chapter-number").get_text() == "1"


def test_an_unnumbered_notebook_begins_with_an_empty_line():
    """Otherwise Quarto takes the heading for a title without class, and numbers the chapter."""
    outline = read_outline(project.root())
    for chapter in outline.chapters:
        if chapter.source.suffix == ".ipynb":
            notebook = nbformat.read(outline.root / chapter.source, as_version=4)
            first = next(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
            heading = first.lstrip().partition("\n")[0]
            assert ".unnumbered" not in heading or first.startswith("\n"), chapter.source


def test_every_link_and_anchor_resolves(rendered: Book, pages: dict[Path, BeautifulSoup]):
    _, output = rendered
    for path, page in pages.items():
        for link in page.find_all("a", href=True):
            href = link["href"]
            if not href or is_external(href):
                continue
            name, _, fragment = href.partition("#")
            target = (output / path).parent / unquote(name) if name else output / path
            if target.is_dir():
                target /= "index.html"
            assert target.is_file(), f"{path}: {href} leads nowhere"
            if fragment:
                there = pages.get(target.resolve().relative_to(output.resolve()))
                assert there is not None, f"{path}: {href} is not a page of the book"
                assert there.find(id=unquote(fragment)), f"{path}: {href} has no such place"


def test_ids_are_unique(pages: dict[Path, BeautifulSoup]):
    for path, page in pages.items():
        ids = [tag["id"] for tag in content(page).find_all(id=True)]
        assert sorted(ids) == sorted(set(ids)), path


def test_every_figure_is_numbered_captioned_described_and_referred_to(
    pages: dict[Path, BeautifulSoup],
):
    for path, page in pages.items():
        for image in content(page).find_all("img"):
            assert image.find_parent("figure", class_="quarto-float-fig"), f"{path}: {image}"
        for figure in floats(page, "fig"):
            caption = figure.find("figcaption").get_text(" ", strip=True)
            assert re.match(r"Figure\s\d+(\.\d+)?: \S+", caption), f"{path}: {caption}"
            assert figure.find("img")["alt"].strip(), f"{path}: {caption} has no alt text"
            assert referred_to(figure, path, pages), f"{path}: nothing refers to {figure['id']}"


def test_every_table_is_numbered_captioned_and_referred_to(pages: dict[Path, BeautifulSoup]):
    for path, page in pages.items():
        for table in content(page).find_all("table"):
            figure = table.find_parent("figure", class_="quarto-float-tbl")
            assert figure, f"{path}: a table has no number: {table.get_text(' ', strip=True)[:80]}"
        for figure in floats(page, "tbl"):
            caption = figure.find("figcaption").get_text(" ", strip=True)
            assert re.match(r"Table\s\d+(\.\d+)?: \S+", caption), f"{path}: {caption}"
            assert referred_to(figure, path, pages), f"{path}: nothing refers to {figure['id']}"


def referred_to(figure: Tag, home: Path, pages: dict[Path, BeautifulSoup]) -> bool:
    """Say whether the text of any page links to a figure or table, its own caption aside."""
    for path, page in pages.items():
        for link in content(page).find_all("a", class_="quarto-xref"):
            name, _, fragment = link["href"].partition("#")
            target = Path(posixpath.normpath(path.parent / name)) if name else path
            if target == home and fragment == figure["id"] and figure not in link.parents:
                return True
    return False


def test_numbers_count_from_one_in_each_chapter(pages: dict[Path, BeautifulSoup]):
    for path, page in pages.items():
        for kind in ("fig", "tbl"):
            captions = [f.find("figcaption").get_text(" ", strip=True) for f in floats(page, kind)]
            numbers = [int(re.match(r"\w+\s(?:\d+\.)?(\d+)", c)[1]) for c in captions]
            assert numbers == list(range(1, len(numbers) + 1)), path


def test_no_markup_is_left_raw(pages: dict[Path, BeautifulSoup]):
    for path, page in pages.items():
        text = prose(page)
        for what, pattern in RAW.items():
            found = re.search(pattern, text)
            assert not found, f"{path}: {what}: {text[max(0, found.start() - 40) :][:80]!r}"


def test_no_output_is_an_error(pages: dict[Path, BeautifulSoup]):
    for path, page in pages.items():
        assert not page.select(".cell-output-error, .cell-output-stderr"), path
        for output in page.select(".cell-output pre"):
            assert "Traceback (most recent call last)" not in output.get_text(), path


def test_no_page_loads_anything_from_another_place(
    rendered: Book, pages: dict[Path, BeautifulSoup]
):
    _, output = rendered
    for path, page in pages.items():
        for tag in page.find_all(list(LOADED)):
            address = tag.get(LOADED[tag.name], "")
            if tag.name == "link" and "canonical" in tag.get("rel", []):
                continue
            if address.startswith("data:"):
                continue
            assert not is_external(address), f"{path} loads {address}"
            if address:
                assert ((output / path).parent / unquote(address.split("?")[0])).is_file(), address
        assert not page.find(srcset=True), path
        for style in [*page.find_all("style"), *page.find_all(style=True)]:
            assert not external_in_css(style.get("style") or style.get_text()), path
    for style in output.rglob("*.css"):
        assert not external_in_css(style.read_text(encoding="utf-8")), style


def test_no_page_in_a_frame_loads_anything(rendered: Book, pages: dict[Path, BeautifulSoup]):
    _, output = rendered
    for path, page in pages.items():
        for frame in content(page).find_all("iframe"):
            framed = (output / path).parent / frame["src"]
            inside = BeautifulSoup(framed.read_text(encoding="utf-8"), "html.parser")
            for tag in inside.find_all(list(LOADED)):
                assert not tag.get(LOADED[tag.name]), f"{framed}: {tag.name}"
            for style in inside.find_all("style"):
                assert not external_in_css(style.get_text()), framed
            assert frame["title"].strip(), f"{path}: a frame without title"


def test_a_map_in_a_frame_is_made_from_what_its_chapter_stores(
    rendered: Book, pages: dict[Path, BeautifulSoup]
):
    outline, output = rendered
    for chapter in outline.chapters:
        frame = content(pages[Path(chapter.page)]).select_one("iframe.sound-map")
        stored = maps_of(outline.root / chapter.source) if chapter.source.suffix == ".ipynb" else []
        assert (frame is not None) == bool(stored), chapter.source
        if frame:
            framed = (output / chapter.page).parent / frame["src"]
            page = BeautifulSoup(framed.read_text(encoding="utf-8"), "html.parser")
            assert [json.loads(page.find(id="content").string)] == stored
            assert len(stored[0]["recordings"]) <= 1_000


def external_in_css(css: str) -> list[str]:
    """Return the addresses outside the book that a stylesheet loads."""
    found = re.findall(r"""(?:url\(\s*["']?|@import\s+["'])([^"')\s]+)""", css)
    return [
        address for address in found if is_external(address) and not address.startswith("data:")
    ]


def test_every_notebook_can_be_downloaded(rendered: Book, pages: dict[Path, BeautifulSoup]):
    outline, output = rendered
    for chapter in outline.chapters:
        link = pages[Path(chapter.page)].find("a", download=True)
        assert (link is not None) == (chapter.source.suffix == ".ipynb")
        if link:
            copy = (output / chapter.page).parent / link["href"]
            assert copy.read_bytes() == (outline.root / chapter.source).read_bytes()


def test_the_search_knows_every_chapter(rendered: Book):
    outline, output = rendered
    entries = json.loads((output / "search.json").read_text(encoding="utf-8"))
    found = {entry["href"].partition("#")[0] for entry in entries if entry["text"].strip()}
    assert {str(chapter.page) for chapter in outline.chapters} <= found


def test_every_page_leads_to_its_neighbours_and_its_source(
    rendered: Book, pages: dict[Path, BeautifulSoup]
):
    outline, _ = rendered
    repository = outline.book["repo-url"]
    for chapter, page in zip(outline.chapters, pages.values(), strict=True):
        links = page.select(".toc-actions a")
        actions = {link.get_text(strip=True): link["href"] for link in links}
        # Quarto leads to the editor github.dev for a notebook, which GitHub's own cannot edit.
        assert actions["Edit this page"].endswith(f"/main/{chapter.source}")
        assert actions["View source"] == f"{repository}/blob/main/{chapter.source}"
        assert actions["Report an issue"] == f"{repository}/issues/new"
        neighbours = page.select(".page-navigation a")
        at_an_end = chapter in (outline.chapters[0], outline.chapters[-1])
        assert len(neighbours) == (1 if at_an_end else 2), chapter.source


def test_the_sidebar_holds_the_parts_and_chapters(rendered: Book, pages: dict[Path, BeautifulSoup]):
    outline, _ = rendered
    for path, page in pages.items():
        sidebar = page.find(id="quarto-sidebar")
        text = sidebar.get_text(" ", strip=True)
        for chapter in outline.chapters:
            assert chapter.part is None or chapter.part in text, path
        assert len(sidebar.select("a.sidebar-link[href]")) >= len(outline.chapters)
