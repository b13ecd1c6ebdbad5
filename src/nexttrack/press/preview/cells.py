"""A stored notebook as Markdown for pandoc: its cells, their options and outputs, never run."""

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import nbformat
import yaml

from nexttrack.apps.sound_map.framed_pages import MAP_PAGE, MAP_TYPE
from nexttrack.apps.try_it.page import FRAME, PAGE_NAME
from nexttrack.errors import UserError

OPTIONS = {
    "label": str,
    "fig-cap": str,
    "fig-alt": str,
    "tbl-cap": str,
    "echo": bool,
    "output": bool,
    "include": bool,
    "code-fold": (bool, str),
    "code-summary": str,
}
FRONT_MATTER = {"title"}
# The form of an output that a page shows, the richest first. Quarto shows text/html and widgets,
# which load scripts from the network, before all of these; an output with such a form is refused.
FORMS = ("text/markdown", "image/svg+xml", "image/png", "text/plain")
HARMLESS = {*FORMS, "image/jpeg", "text/latex", MAP_TYPE}
IMAGE_SUFFIX = {"image/svg+xml": ".svg", "image/png": ".png"}
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass
class Source:
    """A chapter as Markdown, with what Markdown cannot hold.

    ``options`` are the ``#|`` options of each code cell, by the cell's number (from 1);
    ``images`` are the pictures among the outputs, by their path in the output folder; ``framed``
    are the pages that :mod:`nexttrack.apps.sound_map.framed_pages` will make from outputs, and
    :mod:`nexttrack.apps.try_it.page` from a model.
    """

    markdown: str
    title: str | None = None
    options: dict[int, dict] = field(default_factory=dict)
    images: dict[PurePosixPath, bytes] = field(default_factory=dict)
    framed: set[PurePosixPath] = field(default_factory=set)


def read_source(root: Path, source: PurePosixPath) -> Source:
    """Read a chapter, a notebook or a ``.qmd`` file of Markdown only.

    Raises:
        UserError: naming chapter and cell, for an option or output that the preview cannot show.
    """
    try:
        text = (root / source).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{source} is not UTF-8 text; restore it from git") from None
    if source.suffix != ".ipynb":
        front, markdown = split_front_matter(text, str(source))
        return Source(markdown, front.get("title"))
    try:
        notebook = nbformat.reads(text, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        problem = str(error).partition("\n")[0][:100]
        raise UserError(f"{source} is not a notebook ({problem}); restore it from git") from None
    read = Source("")
    parts = []
    for number, cell in enumerate(notebook.cells, 1):
        where = f"{source}, cell {number}"
        parts.append(f"```{{=cell}}\n{number}\n```")
        if cell.cell_type == "raw" or (number == 1 and cell.source.startswith("---\n")):
            front, markdown = split_front_matter(cell.source, where)
            read.title = front.get("title", read.title)
            parts.append(markdown)
        elif cell.cell_type == "markdown":
            if cell.get("attachments"):
                raise UserError(
                    f"{where}: a picture is attached; save it as a file and link to that"
                )
            parts.append(cell.source)
        else:
            parts.append(code_cell(cell, number, where, source, read))
    read.markdown = "\n\n".join(parts) + "\n"
    return read


def split_front_matter(text: str, where: str) -> tuple[dict, str]:
    """Take the YAML between two ``---`` lines off the top of a text."""
    match = re.match(r"---\n(.*?)\n---(?:\n|$)", text, re.S)
    if not match:
        return {}, text
    try:
        front = yaml.safe_load(match[1]) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{where}: its front matter is not valid YAML: {error}") from error
    unknown = set(front) - FRONT_MATTER
    if unknown:
        raise UserError(f"{where}: the preview does not know the front matter {sorted(unknown)}")
    return front, text[match.end() :]


def cell_options(source: str, where: str) -> tuple[dict, str]:
    """Split a code cell into its ``#| key: value`` options and the code under them."""
    lines = source.split("\n")
    count = next((n for n, line in enumerate(lines) if not line.startswith("#|")), len(lines))
    try:
        options = yaml.safe_load("\n".join(line[2:] for line in lines[:count])) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{where}: its #| options are not valid YAML: {error}") from error
    for key, value in options.items():
        if key not in OPTIONS:
            raise UserError(f"{where}: the preview does not know the cell option {key}")
        if not isinstance(value, OPTIONS[key]):
            raise UserError(f"{where}: the preview does not know {key}: {value}")
    return options, "\n".join(lines[count:]).strip("\n")


def code_cell(
    cell: nbformat.NotebookNode, number: int, where: str, source: PurePosixPath, read: Source
) -> str:
    """Write a code cell as a div that holds its code, its outputs and its caption."""
    options, code = cell_options(cell.source, where)
    hidden = [t for t in cell.metadata.get("tags", []) if re.match(r"(remove|hide)[-_]", t)]
    if hidden:
        raise UserError(
            f"{where}: the preview does not know the tag {hidden[0]}; use #| include: false"
        )
    if code and cell.execution_count is None:
        raise UserError(f"{where}: it has not been executed; run: nexttrack book execute")
    read.options[number] = options
    if options.get("include") is False:
        return ""
    parts = []
    if code and options.get("echo", True):
        parts.append(fenced(code, ".python .cell-code"))
    if options.get("output", True):
        if any(MAP_TYPE in output.get("data", ()) for output in cell.outputs):
            read.framed.add(source.with_name(MAP_PAGE))
        if any(FRAME in output.get("data", {}).get("text/markdown", "") for output in cell.outputs):
            read.framed.add(source.with_name(PAGE_NAME))
        for n, output in enumerate(cell.outputs, 1):
            name = options.get("label", f"cell-{number}") + f"-output-{n}"
            image = source.with_name(f"{source.stem}_files") / "figure-html" / name
            parts.append(output_markdown(output, where, image, read))
    caption = options.get("fig-cap") or options.get("tbl-cap")
    if caption:
        parts.append(div(caption, ".cell-caption"))
    return div("\n\n".join(parts), f'.cell number="{number}"')


def output_markdown(
    output: nbformat.NotebookNode, where: str, image: PurePosixPath, read: Source
) -> str:
    """Write one output of a cell; a picture is kept in ``read.images`` and shown from there."""
    if output.output_type == "error":
        raise UserError(f"{where}: its stored output is an error, {output.ename}: {output.evalue}")
    if output.output_type == "stream":
        if output.name == "stderr":
            line = output.text.strip().splitlines()[-1]
            raise UserError(f"{where}: it wrote to standard error: {line}")
        return div(fenced(ANSI.sub("", output.text)), ".cell-output .cell-output-stdout")
    unknown = sorted(set(output.data) - HARMLESS)
    form = next((f for f in FORMS if f in output.data), None)
    if unknown or form is None:
        raise UserError(
            f"{where}: the preview cannot show an output of type {(unknown or [form])[0]}"
        )
    content = output.data[form]
    if form in IMAGE_SUFFIX:
        path = image.with_suffix(IMAGE_SUFFIX[form])
        svg = form == "image/svg+xml"
        read.images[path] = content.encode() if svg else base64.b64decode(content)
        content = f"![]({path.relative_to(path.parents[2])})"
    elif form == "text/plain":
        content = fenced(ANSI.sub("", content))
    return div(content, ".cell-output .cell-output-display")


def div(content: str, attributes: str) -> str:
    """Put Markdown into a fenced div."""
    fence = ":" * 20
    return f"{fence} {{{attributes}}}\n\n{content}\n\n{fence}"


def fenced(text: str, attributes: str = "") -> str:
    """Put text into a code block that nothing in the text can close."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return (
        f"{fence} {{{attributes}}}\n{text.rstrip()}\n{fence}"
        if attributes
        else (f"{fence}\n{text.rstrip()}\n{fence}")
    )
