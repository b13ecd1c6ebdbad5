"""The chapters as pandoc's document trees: numbers, cross-references, and Quarto's markup.

A tree is pandoc's JSON (https://hackage.haskell.org/package/pandoc-types): a block or inline is
``{"t": type, "c": content}``, an attribute is ``[id, [class, ...], [[key, value], ...]]``. One
module, though long: numbering and references walk the same tree.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import PurePosixPath

from nexttrack.errors import UserError
from nexttrack.press.outline import Chapter, Outline, is_external
from nexttrack.press.preview.cells import Source

KINDS = {"fig": "Figure", "tbl": "Table", "eq": "Equation", "sec": "Section"}
CALLOUTS = {"note", "tip", "warning", "important", "caution"}
BLOCKS = {
    "Plain", "Para", "LineBlock", "CodeBlock", "RawBlock", "BlockQuote", "OrderedList",
    "BulletList", "DefinitionList", "Header", "HorizontalRule", "Table", "Figure", "Div",
}  # fmt: skip
CELL_OUTPUTS = {"cell-output", "cell-output-stdout", "cell-output-display"}
# Raw HTML that a chapter may hold: an interactive page of our own in a frame, and a line break.
RAW_HTML = re.compile(r"</?iframe\b[^<>]*>|<br ?/?>|<!--.*?-->", re.S)
COPY_BUTTON = (
    '<button title="Copy to Clipboard" class="code-copy-button" aria-label="Copy to clipboard">'
    '<i class="bi"></i></button>'
)
NBSP = "\u00a0"


def text(value: str) -> dict:
    """Make the inline for a piece of plain text."""
    return {"t": "Str", "c": value}


def raw(html: str) -> dict:
    """Make a block of HTML."""
    return {"t": "RawBlock", "c": ["html", html]}


def div(classes: str, blocks: list, label: str = "") -> dict:
    """Make a div around blocks."""
    return {"t": "Div", "c": [[label, classes.split(), []], blocks]}


def attribute(attributes: list, key: str) -> str | None:
    """Return the value of a key of an attribute, or None."""
    return next((value for name, value in attributes[2] if name == key), None)


def walk(node: object) -> Iterator[dict]:
    """Yield every block and inline of a tree, the outer before the inner."""
    if isinstance(node, list):
        for child in node:
            yield from walk(child)
    elif isinstance(node, dict):
        if "t" in node:
            yield node
        for child in node.values():
            yield from walk(child)


def plain(node: object) -> str:
    """Return the text of a tree, without markup, notes and raw HTML."""
    if isinstance(node, list):
        return "".join(plain(child) for child in node)
    if not isinstance(node, dict) or "t" not in node:
        return ""
    kind, content = node["t"], node.get("c")
    if kind in ("Space", "SoftBreak", "LineBreak"):
        return " "
    if kind == "Str":
        return content
    if kind in ("Code", "CodeBlock", "Math"):
        return content[1] + (" " if kind == "CodeBlock" else "")
    if kind in ("RawBlock", "RawInline", "Note"):
        return ""
    if kind == "Table":
        cells = (n["c"] for n in walk(content) if n["t"] in ("Plain", "Para"))
        return " ".join(map(plain, cells)) + " "
    inner = "".join(plain(child) for child in content) if isinstance(content, list) else ""
    return inner + (" " if kind in ("Para", "Plain", "Header", "Div") else "")


@dataclass(frozen=True)
class Label:
    """Where a cross-reference leads, and its words: ``Figure`` and ``1.2``.

    ``fragment`` is empty where it leads to a whole page.
    """

    chapter: Chapter
    fragment: str
    word: str
    number: str


@dataclass
class Tree:
    """One chapter on its way to a page.

    ``build`` numbers it and puts Quarto's markup around what it shows; ``resolve`` then writes the
    cross-references, for which every chapter must have been built. ``formulas`` tells in which cell
    a formula stands, and ``cell`` is the number of the cell that is being built.
    """

    outline: Outline
    chapter: Chapter
    source: Source
    blocks: list
    number: str | None = None
    title: list = field(default_factory=list)
    headings: list[dict] = field(default_factory=list)
    resources: set[PurePosixPath] = field(default_factory=set)
    labels: dict[str, Label] = field(default_factory=dict)
    formulas: dict[str, str] = field(default_factory=dict)
    cell: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    def error(self, problem: str) -> UserError:
        """Make the error that names the chapter and the cell that is being built."""
        where = (
            f"{self.chapter.source}, cell {self.cell}" if self.cell else f"{self.chapter.source}"
        )
        return UserError(f"{where}: {problem}")

    # ---- numbers

    def build(self, number: str | None) -> None:
        """Number the chapter and everything in it.

        Args:
            number: the chapter's number, or None for a chapter without one.
        """
        self.number = number
        self.blocks = self.build_blocks(self.blocks)
        if not self.title:
            raise self.error("the chapter has no title; begin it with a level-1 heading")

    def next_number(self, kind: str) -> str:
        """Count one more figure, table or equation and return its number, as in ``1.2``."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return ".".join(filter(None, [self.number, str(self.counts[kind])]))

    def add_label(self, label: str, word: str, number: str, whole_page: bool = False) -> None:
        """Remember where a label leads, and the words of the links to it."""
        if label in self.labels:
            raise self.error(f"{label} is the label of two things")
        address = "" if whole_page else f"#{label}"
        self.labels[label] = Label(self.chapter, address, word, number)

    # ---- blocks

    def build_blocks(self, blocks: list) -> list:
        """Build a list of blocks; a block becomes any number of blocks."""
        built = []
        for block in blocks:
            built += self.build_block(block)
        return built

    def build_block(self, block: dict) -> list:
        """Build one block, and what is in it."""
        kind, content = block["t"], block.get("c")
        special: dict[str, Callable] = {
            "RawBlock": self.raw_block,
            "Header": self.header,
            "Div": self.fenced_div,
            "CodeBlock": self.code_block,
            "Table": self.markdown_table,
            "Figure": self.markdown_figure,
        }
        if kind in special:
            return special[kind](*content)
        if kind in ("Para", "Plain"):
            if len(content) == 1 and content[0]["t"] == "Code":
                self.check_cell_in_markdown(content[0]["c"][1])
            block["c"] = content = self.equations(content)
        self.build_children(content)
        return [block]

    def build_children(self, content: object) -> None:
        """Build, in place, the blocks and inlines inside a block or an inline."""
        if isinstance(content, dict) and "t" in content:
            self.build_inline(content)
            self.build_children(content.get("c"))
        elif isinstance(content, list):
            if content and all(isinstance(c, dict) and c.get("t") in BLOCKS for c in content):
                content[:] = self.build_blocks(content)
            else:
                for child in content:
                    self.build_children(child)

    def raw_block(self, form: str, content: str) -> list:
        """Read the mark of a cell, or let a frame through."""
        if form == "cell":
            self.cell = content
            return []
        if form != "html" or not RAW_HTML.fullmatch(content.strip()):
            raise self.error(f"the preview does not know this raw {form}: {content.strip()[:60]}")
        self.check_frame(content)
        return [raw(content)]

    def check_frame(self, html: str) -> None:
        """Keep the page that a frame shows, which must be a file of the book, with its folder."""
        for address in re.findall(r"""\bsrc=["']([^"']*)""", html):
            self.keep_file(address)

    def header(self, level: int, attributes: list, inlines: list) -> list:
        """Take the title, or number a section."""
        self.build_children(inlines)
        label, classes, _ = attributes
        unnumbered = "unnumbered" in classes or self.number is None
        if level == 1:
            if self.title:
                raise self.error(f"a second level-1 heading: {plain(inlines)}")
            self.title = inlines
            if label.startswith("sec-"):
                word, number = (
                    ("Chapter", self.number) if self.number else ("", plain(inlines).strip())
                )
                self.add_label(label, word, number, whole_page=True)
            return [raw(f'<span id="{escape(label)}"></span>')]
        number = None if unnumbered else self.section_number(level)
        if label.startswith("sec-") and number:
            self.add_label(label, KINDS["sec"], number)
        heading = {"level": level, "id": label, "text": plain(inlines).strip(), "classes": classes}
        if number:
            heading["text"] = f"{number}{NBSP} {heading['text']}"
            inlines = [
                {"t": "Span", "c": [["", ["header-section-number"], []], [text(number)]]},
                text(" "),
                *inlines,
            ]
        self.headings.append(heading)
        attributes = [label, [*classes, "anchored"], [["data-anchor-id", label]]]
        return [{"t": "Header", "c": [level, attributes, inlines]}]

    def section_number(self, level: int) -> str | None:
        """Count one more section of a level (2, 3, ...) and return its number, as in ``1.2.1``."""
        if level > self.outline.html["number-depth"]:
            return None
        for deeper in range(level + 1, 7):
            self.counts[f"h{deeper}"] = 0
        self.counts[f"h{level}"] = self.counts.get(f"h{level}", 0) + 1
        counts = [str(self.counts.get(f"h{n}", 0)) for n in range(2, level + 1)]
        return ".".join([self.number, *counts])

    def fenced_div(self, attributes: list, blocks: list) -> list:
        """Build a cell, an output, a callout, or the place of the references."""
        label, classes, _ = attributes
        known = [c.removeprefix("callout-") for c in classes]
        if "cell" in classes:
            return self.code_cell(int(attribute(attributes, "number")), blocks)
        if classes and set(classes) <= CELL_OUTPUTS:
            return [div(" ".join(classes), self.build_blocks(blocks))]
        if len(classes) == 1 and classes[0].startswith("callout-") and known[0] in CALLOUTS:
            return [self.callout(known[0], attributes, blocks)]
        if label == "refs" and not classes:
            return [{"t": "Div", "c": [attributes, blocks]}]
        name = "." + ".".join(classes) if classes else f"#{label}"
        raise self.error(f"the preview does not know the div {name}")

    def callout(self, kind: str, attributes: list, blocks: list) -> dict:
        """Build a box such as ``::: {.callout-note title="..."}``."""
        unknown = {key for key, _ in attributes[2]} - {"title"}
        if unknown:
            raise self.error(f"the preview does not know the callout option {unknown.pop()}")
        title = [text(attribute(attributes, "title") or kind.capitalize())]
        if blocks and blocks[0]["t"] == "Header":
            title = blocks[0]["c"][2]
            blocks = blocks[1:]
            self.build_children(title)
        icon = div("callout-icon-container", [raw('<i class="callout-icon"></i>')])
        words = div("callout-title-container flex-fill", [{"t": "Plain", "c": title}])
        head = div("callout-header d-flex align-content-center", [icon, words])
        body = div("callout-body-container callout-body", self.build_blocks(blocks))
        return div(f"callout callout-style-default callout-{kind} callout-titled", [head, body])

    def code_block(self, attributes: list, code: str) -> list:
        """Build a listing with a copy button. An output has no language, and so no button."""
        languages = [c for c in attributes[1] if c != "cell-code"]
        listing = {"t": "CodeBlock", "c": [attributes, code]}
        return (
            [div("code-copy-outer-scaffold", [listing, raw(COPY_BUTTON)])]
            if languages
            else [listing]
        )

    def check_cell_in_markdown(self, code: str) -> None:
        """Refuse what pandoc makes of a block to run or draw, such as ``{ojs}``."""
        engine = re.match(r"\{(\w+)\}\s", code)
        if engine:
            raise self.error(f"the preview cannot run or draw a {engine[0].strip()} block")

    # ---- code cells

    def code_cell(self, number: int, blocks: list) -> list:
        """Build a code cell: its code, folded or not, and its outputs, numbered if labelled."""
        options = self.source.options[number]
        code, outputs, caption = [], [], []
        for block in blocks:
            if block["t"] == "CodeBlock":
                code += self.folded(self.build_block(block), options)
            elif "cell-caption" in block["c"][0][1]:
                caption = self.caption(block["c"][1])
            else:
                outputs += self.build_block(block)
        label = options.get("label", "")
        kind = label.partition("-")[0]
        if kind == "fig" and label != "fig":
            outputs = self.cell_figure(label, outputs, caption, options)
        elif kind == "tbl" and label != "tbl":
            outputs = self.cell_table(label, outputs, caption)
        elif caption:
            raise self.error("a caption needs a label that begins with fig- or tbl-")
        else:
            for image in (n for n in walk(outputs) if n["t"] == "Image"):
                image["c"][1] = [text(options.get("fig-alt", ""))]
        return [div("cell", code + outputs)] if code or outputs else []

    def folded(self, blocks: list, options: dict) -> list:
        """Put the code of a cell into the element that folds it, as ``code-fold`` says."""
        fold = options.get("code-fold", self.outline.html["code-fold"])
        if fold not in (True, False, "show"):
            raise self.error(f"the preview does not know code-fold: {fold}")
        if fold is False:
            return blocks
        summary = escape(options.get("code-summary", self.outline.html["code-summary"]))
        opened = " open" if fold == "show" else ""
        return [
            raw(f'<details{opened} class="code-fold"><summary>{summary}</summary>'),
            *blocks,
            raw("</details>"),
        ]

    def caption(self, blocks: list) -> list:
        """Build a caption, which is one paragraph."""
        if len(blocks) != 1 or blocks[0]["t"] not in ("Para", "Plain"):
            raise self.error("a caption is one paragraph")
        self.build_children(blocks[0]["c"])
        return blocks[0]["c"]

    def cell_figure(self, label: str, outputs: list, caption: list, options: dict) -> list:
        """Number the one picture among a cell's outputs."""
        images = [n for n in walk(outputs) if n["t"] == "Image"]
        if len(images) != 1:
            raise self.error(f"{label} has {len(images)} pictures; a labelled figure has one")
        images[0]["c"][0] = ["", ["img-fluid", "figure-img"], []]
        images[0]["c"][1] = [text(options.get("fig-alt", ""))]
        return self.around(outputs, images[0], label, caption)

    def cell_table(self, label: str, outputs: list, caption: list) -> list:
        """Number the one Markdown table among a cell's outputs."""
        tables = [n for n in walk(outputs) if n["t"] == "Table"]
        if len(tables) != 1:
            raise self.error(f"{label} has {len(tables)} Markdown tables; a labelled table has one")
        return self.around(outputs, tables[0], label, caption)

    def around(self, outputs: list, shown: dict, label: str, caption: list) -> list:
        """Put the output that shows a figure or table into its numbered frame."""
        for output in outputs:
            if any(node is shown for node in walk(output)):
                output["c"][1] = [self.numbered(label, caption, output["c"][1])]
        return outputs

    def numbered(self, label: str, caption: list, blocks: list) -> dict:
        """Make Quarto's frame of a figure or table: number and caption, and the thing itself."""
        kind = label.partition("-")[0]
        number = self.next_number(kind)
        self.add_label(label, KINDS[kind], number)
        lead = [text(f"{KINDS[kind]}{NBSP}{number}")]
        words = {"t": "Plain", "c": lead + ([text(": "), *caption] if caption else [])}
        side = "top" if kind == "tbl" else "bottom"
        classes = f"quarto-float-caption-{side} quarto-float-caption quarto-float-{kind}"
        captioned = [
            raw(f'<figcaption class="{classes}" id="{label}-caption">'),
            words,
            raw("</figcaption>"),
        ]
        shown = [{"t": "Div", "c": [["", [], [["aria-describedby", f"{label}-caption"]]], blocks]}]
        inside = captioned + shown if kind == "tbl" else shown + captioned
        figure = [
            raw(f'<figure class="quarto-float quarto-float-{kind} figure">'),
            *inside,
            raw("</figure>"),
        ]
        return div("quarto-float quarto-figure quarto-figure-center anchored", figure, label)

    # ---- figures and tables written in Markdown

    def markdown_table(self, attributes: list, caption: list, *rest: object) -> list:
        """Build a table; one with a caption and a label, ``: Caption {#tbl-x}``, is numbered."""
        label = attributes[0]
        words = self.caption(caption[1]) if caption[1] else []
        table = {"t": "Table", "c": [["", ["table"], []], [None, []], *rest]}
        self.build_children(list(rest))
        if label.startswith("tbl-"):
            return [self.numbered(label, words, [div("sd-table", [table])])]
        if words:
            raise self.error("a table with a caption needs a label, as in : Caption {#tbl-name}")
        return [div("sd-table", [table])]

    def markdown_figure(self, attributes: list, caption: list, blocks: list) -> list:
        """Build a picture with a caption, ``![Caption](file.png){#fig-x fig-alt="..."}``."""
        label = attributes[0]
        image = blocks[0]["c"][0]
        if not label.startswith("fig-"):
            raise self.error(
                f"the picture {image['c'][2][0]} has a caption but no label {{#fig-name}}"
            )
        words = self.caption(caption[1])
        self.build_inline(image)
        image["c"][0][1] = ["img-fluid", "figure-img"]
        return [self.numbered(label, words, [{"t": "Plain", "c": [image]}])]

    # ---- inlines

    def equations(self, inlines: list) -> list:
        """Number the display maths that a ``{#eq-name}`` follows."""
        result = []
        for inline in inlines:
            match = (
                re.fullmatch(r"\{#(eq-[\w-]+)\}(.*)", inline["c"]) if inline["t"] == "Str" else None
            )
            if not match:
                result.append(inline)
                continue
            while result and result[-1]["t"] in ("Space", "SoftBreak"):
                result.pop()
            if not result or result[-1]["t"] != "Math":
                raise self.error(f"{{#{match[1]}}} must follow a formula between $$")
            number = self.next_number("eq")
            self.add_label(match[1], KINDS["eq"], number)
            result[-1]["c"][1] += rf" \qquad({number})"
            result[-1] = {"t": "Span", "c": [[match[1], [], []], [result[-1]]]}
            if match[2]:
                result.append(text(match[2]))
        return result

    def build_inline(self, inline: dict) -> None:
        """Check an inline, and lead its link to the page of the book."""
        kind, content = inline["t"], inline.get("c")
        if kind == "Str" and any(mark in content for mark in ("{{<", ":::", "{#", "[^")):
            raise self.error(f"this markup was not understood: {content}")
        if kind == "RawInline" and not RAW_HTML.fullmatch(content[1].strip()):
            raise self.error(f"the preview does not know this raw {content[0]}: {content[1][:60]}")
        if kind == "RawInline":
            self.check_frame(content[1])
        if kind == "Span" and (content[0][1] or content[0][2]):
            raise self.error(
                f"the preview does not know a span with {content[0][1] or content[0][2]}"
            )
        if kind == "Math":
            self.formulas.setdefault(" ".join(content[1].split()), self.cell)
        if kind == "Link":
            content[2][0] = self.link(content[2][0])
        if kind == "Image":
            alt = attribute(content[0], "fig-alt")
            if alt is not None:
                content[1] = [text(alt)]
            content[0] = ["", ["img-fluid"], []]
            if is_external(content[2][0]):
                raise self.error(f"the picture {content[2][0]} is on another site; store it here")
            self.keep_file(content[2][0])
        if kind == "Cite":
            inline["where"] = self.cell

    def link(self, target: str) -> str:
        """Lead a link to a chapter's source to its page, and keep any other file it leads to."""
        if not target or target.startswith("#") or is_external(target):
            return target
        path, mark, fragment = target.partition("#")
        source = self.inside(path)
        for chapter in self.outline.chapters:
            if source in (chapter.source, chapter.page):
                return self.relative(chapter.page) + mark + fragment
        self.keep_file(path)
        return target

    def inside(self, target: str) -> PurePosixPath:
        """Return the path, from the folder of the book, that a relative address leads to."""
        return PurePosixPath(posixpath.normpath(self.chapter.source.parent / target))

    def keep_file(self, target: str) -> None:
        """Remember a file to copy beside the pages, unless it is made from an output."""
        path = self.inside(target)
        if path in self.source.images or path in self.source.framed:
            return
        if path.parts[0] == ".." or not (self.outline.root / path).is_file():
            raise self.error(f"{target} is not a file of the book")
        self.resources.add(path)

    def relative(self, page: PurePosixPath) -> str:
        """Return the address of a page as seen from this one."""
        return posixpath.relpath(page, self.chapter.page.parent)

    # ---- references

    def resolve(self, labels: dict[str, Label], keys: set[str]) -> None:
        """Write each cross-reference as a link, and check each citation.

        Args:
            labels: the labels of all chapters.
            keys: the keys of the bibliography.
        """
        for cite in [n for n in walk(self.blocks + self.title) if n["t"] == "Cite"]:
            self.cell = cite.pop("where", self.cell)
            citations = cite["c"][0]
            kinds = [c["citationId"].partition("-")[0] in KINDS for c in citations]
            unknown = [
                c["citationId"] for c in citations if c["citationId"] not in labels.keys() | keys
            ]
            if unknown:
                what = "label" if any(kinds) else "entry of the bibliography"
                raise self.error(f"@{unknown[0]} is not the {what} of anything in the book")
            if not any(kinds):
                continue
            if not all(kinds) or any(c["citationPrefix"] + c["citationSuffix"] for c in citations):
                raise self.error(
                    "a cross-reference stands alone, as in @fig-name or [@fig-a; @fig-b]"
                )
            links = [
                self.reference(labels[c["citationId"]], c["citationMode"]["t"]) for c in citations
            ]
            joined = [part for link in links for part in (text(", "), link)][1:]
            cite.clear()
            cite.update(links[0] if len(links) == 1 else {"t": "Span", "c": [["", [], []], joined]})

    def reference(self, label: Label, mode: str) -> dict:
        """Make the link of a cross-reference; ``-@`` leaves out the word before the number."""
        words = label.number
        if label.word and mode != "SuppressAuthor":
            words = f"{label.word}{NBSP}{label.number}"
        address = label.fragment
        if label.chapter != self.chapter or not address:
            address = self.relative(label.chapter.page) + label.fragment
        return {"t": "Link", "c": [["", ["quarto-xref"], []], [text(words)], [address, ""]]}
