"""The preview renderer: the book as HTML pages where Quarto cannot be had.

pandoc, the engine inside Quarto, reads the chapters, resolves citations and writes HTML with MathML
(``nexttrack.press.preview.cells`` and ``nexttrack.press.preview.crossrefs`` do what Quarto does
around it); smalldocs lays the pages out. It supports what the chapters of this book use, and
nothing more: anything else is a ``UserError`` that names chapter and cell.
"""

import json
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from html import escape
from itertools import pairwise
from pathlib import Path, PurePosixPath

import pypandoc
from smalldocs.config import Project
from smalldocs.site import Page, Site

from nexttrack.apps.sound_map.framed_pages import FramedPageError, write_framed_pages
from nexttrack.apps.try_it.page import write_try_it
from nexttrack.errors import UserError
from nexttrack.files import replace_folder
from nexttrack.press.notebook_links import link_notebooks
from nexttrack.press.outline import Chapter, Outline, read_outline
from nexttrack.press.preview.cells import read_source
from nexttrack.press.preview.crossrefs import NBSP, Label, Tree, div, plain, walk

NOTICE = (
    "This is the preview rendering, made without Quarto. For the full one, "
    "[get Quarto](https://quarto.org/docs/get-started/) and run `make book` again."
)
HTML_OPTIONS = {
    "lang", "theme", "respect-user-color-scheme", "css", "html-math-method", "toc", "toc-depth",
    "number-sections", "number-depth", "code-fold", "code-summary", "code-copy",
    "include-after-body",
}  # fmt: skip
BOOK_OPTIONS = {
    "title", "subtitle", "author", "description", "repo-url", "repo-branch", "repo-actions",
    "search", "page-navigation", "page-footer", "favicon", "chapters",
}  # fmt: skip

# What Quarto's theme variables are called in the stylesheets that smalldocs brings.
BOOTSTRAP = {
    "font-family-sans-serif": ["--bs-body-font-family"],
    "font-family-monospace": ["--bs-font-monospace"],
    "body-bg": ["--bs-body-bg"],
    "body-color": ["--bs-body-color", "--bs-emphasis-color"],
    "border-color": ["--bs-border-color"],
    "link-color": ["--bs-link-color", "--bs-link-hover-color"],
}


def render_preview(root: Path, output: Path) -> None:
    """Render the book in a folder to HTML pages.

    The pages are made beside ``output`` and take its place when all are done, so that an error
    leaves what was there as it was.

    Raises:
        UserError: naming chapter and cell, for anything that the preview does not know.
    """
    outline = read_outline(root)
    for known, given in ((BOOK_OPTIONS, outline.book), (HTML_OPTIONS, outline.html)):
        if set(given) - known:
            raise UserError(f"_quarto.yml: the preview does not know {sorted(set(given) - known)}")
    trees = numbered_trees(outline)
    cite(outline, trees)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bodies = list(pool.map(write_body, trees))
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{output.name}.", dir=output.parent) as scratch:
        pages = Path(scratch) / "pages"
        BookSite(outline, pages, trees, bodies).write()
        link_notebooks(root, pages)
        try:
            write_framed_pages(root, pages, draw_map)
            write_try_it(root, pages)
        except FramedPageError as error:
            raise UserError(str(error)) from None
        replace_folder(pages, output)


def draw_map(content: dict) -> bytes:
    """Draw the page of a map.

    Raises:
        FramedPageError: if the map is not of this version of the code.
    """
    from nexttrack.apps.sound_map.map_page import page

    try:
        return page(content).encode()
    except ValueError as error:
        raise FramedPageError(f"the map of recordings could not be drawn: {error}") from None


# ---- from chapters to numbered trees


def pandoc(arguments: list[str], text: str, what: str) -> str:
    """Run pandoc on a text; a warning of pandoc's is an error."""
    command = [pypandoc.get_pandoc_path(), "--data-dir=/dev/null", *arguments]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    messages = done.stderr.decode().strip()
    if done.returncode or messages:
        raise UserError(f"{what}: {messages.removeprefix('[WARNING] ')}")
    return done.stdout.decode()


def read_tree(outline: Outline, chapter: Chapter) -> Tree:
    """Read one chapter with pandoc."""
    source = read_source(outline.root, chapter.source)
    arguments = ["--from=markdown", "--to=json"]
    try:
        blocks = json.loads(pandoc(arguments, source.markdown, str(chapter.source)))["blocks"]
    except UserError as error:
        line = re.search(r"line (\d+)", str(error))
        above = source.markdown.splitlines()[: int(line[1])] if line else []
        cells = [after for mark, after in pairwise(above) if mark == "```{=cell}"]
        where = f"{chapter.source}, cell {cells[-1]}" if cells else chapter.source
        raise UserError(f"{where}: {str(error).partition(': ')[2]}") from None
    if source.title:
        heading = pandoc(arguments, f"# {source.title}", str(chapter.source))
        blocks = json.loads(heading)["blocks"] + blocks
    return Tree(outline, chapter, source, blocks)


def numbered_trees(outline: Outline) -> list[Tree]:
    """Read the chapters, number what is in them, and write the cross-references between them."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        trees = list(pool.map(lambda chapter: read_tree(outline, chapter), outline.chapters))
    number = 0
    labels: dict[str, Label] = {}
    for tree in trees:
        title = next((b for b in walk(tree.blocks) if b["t"] == "Header" and b["c"][0] == 1), None)
        numbered = title is not None and "unnumbered" not in title["c"][1][1]
        number += numbered
        tree.build(str(number) if numbered else None)
        twice = labels.keys() & tree.labels.keys()
        if twice:
            label = min(twice)
            raise UserError(
                f"{tree.chapter.source}: {label} is a label in {labels[label].chapter.source} too"
            )
        labels |= tree.labels
    keys = citation_keys(outline)
    for tree in trees:
        tree.resolve(labels, keys)
    return trees


# ---- citations


def citation_keys(outline: Outline) -> set[str]:
    """Return the keys of the entries of the bibliography."""
    name = outline.config["bibliography"]
    text = (outline.root / name).read_text(encoding="utf-8")
    return {
        entry["id"] for entry in json.loads(pandoc(["--from=bibtex", "--to=csljson"], text, name))
    }


def cite(outline: Outline, trees: list[Tree]) -> None:
    """Write the citations of all chapters, and the one list of references that they lead to."""
    home = next(
        (t for t in trees for n in walk(t.blocks) if n["t"] == "Div" and n["c"][0][0] == "refs"),
        None,
    )
    if home is None:
        if any(n["t"] == "Cite" for t in trees for n in walk(t.blocks)):
            raise UserError("_quarto.yml: no chapter holds the references, ::: {#refs}")
        return
    parts = [div("chapter", tree.blocks) for tree in trees]
    version = json.loads(pandoc(["--from=markdown", "--to=json"], "", "pandoc"))[
        "pandoc-api-version"
    ]
    document = json.dumps({"pandoc-api-version": version, "meta": {}, "blocks": parts})
    # Pandoc takes the path for an address, in which % begins a code.
    bibliography = str(outline.root / outline.config["bibliography"]).replace("%", "%25")
    arguments = ["--from=json", "--to=json", "--citeproc", f"--bibliography={bibliography}"]
    done = json.loads(pandoc([*arguments, "--metadata=link-citations"], document, "citations"))
    for tree, part in zip(trees, done["blocks"], strict=True):
        tree.blocks = part["c"][1]
        for link in (n for n in walk(tree.blocks) if n["t"] == "Link"):
            if link["c"][2][0].startswith("#ref-") and tree is not home:
                link["c"][2][0] = tree.relative(home.chapter.page) + link["c"][2][0]


# ---- from trees to pages


def write_body(tree: Tree) -> tuple[str, str]:
    """Write a chapter's tree as HTML: its title, and the page under it."""
    mark = "chapter-title"
    title = {"t": "Div", "c": [[mark, [], []], [{"t": "Plain", "c": tree.title}]]}
    blocks = [title, *tree.blocks]
    version = [1, 23, 1]
    document = json.dumps({"pandoc-api-version": version, "meta": {}, "blocks": blocks})
    arguments = ["--from=json", "--to=html", "--mathml", "--wrap=none", "--email-obfuscation=none"]
    try:
        html = pandoc(arguments, document, str(tree.chapter.source))
    except UserError as error:
        for formula, cell in tree.formulas.items():
            if formula in str(error):
                tree.cell = cell
        raise tree.error(str(error).partition(": ")[2]) from None
    match = re.match(rf'<div id="{mark}">\n(.*?)\n</div>\n?(.*)', html, re.S)
    return match[1], match[2]


def search_sections(tree: Tree) -> list[dict]:
    """Return the text of each section of a chapter, as the search reads it."""
    sections = [{"id": "", "title": "", "text": ""}]
    for block in tree.blocks:
        if block["t"] == "Header":
            heading = plain(block["c"][2]).strip()
            sections.append({"id": block["c"][1][0], "title": heading, "text": ""})
        else:
            sections[-1]["text"] += plain(block)
    return sections


class BookSite(Site):
    """The book as smalldocs lays it out: pages come written, and none of its Markdown is used."""

    def __init__(
        self, outline: Outline, output: Path, trees: list[Tree], bodies: list[tuple[str, str]]
    ):
        book, html = outline.book, outline.html
        ours = {"subtitle", "author", "page-footer", "chapters"}
        website = {key: value for key, value in book.items() if key not in ours}
        website["sidebar"] = {"style": "floating", "contents": sidebar(outline)}
        website["page-footer"] = {"left": book.get("page-footer"), "right": NOTICE}
        theme = {mode: names[0] for mode, names in html["theme"].items()}
        passed_on = ("lang", "css", "toc", "toc-depth", "include-after-body")
        page_options = {key: html[key] for key in passed_on if key in html}
        config = {
            "project": {"output-dir": str(output)},
            "website": website,
            "format": {"html": {"theme": theme, **page_options}},
        }
        super().__init__(Project(outline.root, config), quiet=True)
        self.book, self.themes = book, html["theme"]
        written = zip(trees, bodies, strict=True)
        self.chapters = {tree.chapter.source: (tree, body) for tree, body in written}

    def write(self) -> None:
        """Write the pages and everything they load.

        Raises:
            UserError: if smalldocs warns of anything.
        """
        self.build()
        if self.warnings:
            raise UserError(self.warnings[0])

    def discover(self) -> list[PurePosixPath]:
        """Name the sources of the pages."""
        return list(self.chapters)

    def read(self, src: PurePosixPath) -> Page:
        """Make the page of a chapter."""
        page = PurePosixPath(src).with_suffix(".html")
        return Page(src=src, out=page, front={}, meta=self.project.html_options(), body="")

    def render_page(self, page: Page) -> None:
        """Fill in the page of a chapter: its HTML, title, headings and text to search."""
        tree, (title, body) = self.chapters[page.src]
        words = plain(tree.title).strip()
        if tree.number:
            title = f'<span class="chapter-number">{tree.number}</span>{NBSP} {title}'
            words = f"{tree.number}{NBSP} {words}"
        if page.src.stem == "index":
            page.front = {
                key: self.book[key]
                for key in ("title", "subtitle", "description")
                if key in self.book
            }
            page.meta = page.meta | {"author": self.book.get("author")}
            body = f'<h1 class="unnumbered">{title}</h1>\n{body}'
            title = escape(self.book["title"])
        page.html = body
        page.env = {
            "title": words,
            "title_text": words,
            "title_html": title,
            "headings": tree.headings,
            "search": search_sections(tree),
        }
        self.resources |= tree.resources

    def copy_assets(self, nav: object) -> None:
        """Copy styles and scripts, with our colours and fonts and without the themes' web fonts."""
        super().copy_assets(nav)
        for theme in self.theme_files():
            path = self.out / "site_libs" / theme.href
            style = re.sub(r"@import url\([^)]*\);?", "", path.read_text(encoding="utf-8"))
            ours = [self.root / name for name in self.themes[theme.mode] if name.endswith(".scss")]
            path.write_text(style + "".join(map(theme_variables, ours)), encoding="utf-8")

    def copy_resources(self) -> None:
        """Write the pictures among the outputs, and copy the files that pages lead to."""
        super().copy_resources()
        for tree, _ in self.chapters.values():
            for path, content in tree.source.images.items():
                target = self.out / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)


def theme_variables(path: Path) -> str:
    """Return the variables that a theme file sets for Quarto, as Bootstrap's own."""
    given = dict(re.findall(r"^\$([\w-]+):\s*(.+?);$", path.read_text(encoding="utf-8"), re.M))
    rules = []
    for name, value in given.items():
        for variable in BOOTSTRAP.get(name, ()):
            rules.append(f"{variable}: {value};")
            if value.startswith("#"):
                channels = ", ".join(str(int(value[k : k + 2], 16)) for k in (1, 3, 5))
                rules.append(f"{variable}-rgb: {channels};")
    return f"\n:root {{ {' '.join(rules)} }}\n"


def sidebar(outline: Outline) -> list:
    """Return the chapters as entries of the sidebar, under their parts."""
    entries: list = []
    for chapter in outline.chapters:
        source = str(chapter.source)
        if chapter.part is None:
            entries.append(source)
        elif entries and isinstance(entries[-1], dict) and entries[-1]["section"] == chapter.part:
            entries[-1]["contents"].append(source)
        else:
            entries.append({"section": chapter.part, "contents": [source]})
    return entries
