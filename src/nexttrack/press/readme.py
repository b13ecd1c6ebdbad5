"""Keep what the README shows of the study equal to what the stored preface computed."""

import base64
import re
from pathlib import Path

from nexttrack.errors import UserError
from nexttrack.files import write_file
from nexttrack.press.execute import read

START, END = "<!-- from index.ipynb -->", "<!-- end -->"
FIGURE = Path("results") / "answer.png"


def study_shown(root: Path) -> tuple[str, bytes]:
    """Return the preface's table and findings as Markdown, and its figure as PNG.

    Raises:
        UserError: if the stored preface lacks them or was not executed on the real data.
    """
    notebook = read(root / "index.ipynb")
    markdown, figure = [], None
    for cell in notebook.cells:
        label = re.search(r"#\| label: (\S+)", cell.source)
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            if "colophon" in cell.metadata.get("tags", []):
                continue
            if "image/png" in shown and label and label[1] == "fig-answer":
                figure = base64.b64decode(shown["image/png"])
            elif "text/markdown" in shown:
                markdown.append(shown["text/markdown"].strip())
    if figure is None or not markdown:
        raise UserError("index.ipynb has no stored answer; run: nexttrack book execute index.ipynb")
    if not is_published(root):
        raise UserError(
            "index.ipynb is stored with simulated or other data; the README shows the book's only"
        )
    image = f"![NDCG@10 of seven models with 95 % intervals]({FIGURE.as_posix()})"
    return "\n\n".join([markdown[0], image, *markdown[1:]]), figure


def with_study(readme: str, shown: str) -> str:
    """Return the README's text with what stands between the two marks replaced.

    Raises:
        UserError: if the marks are not there.
    """
    before, start, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise UserError(f"README.md lacks the marks {START} and {END} around what the study found")
    return f"{before}{START}\n{shown}\n{END}{after}"


def is_published(root: Path) -> bool:
    """Tell whether the stored preface was executed on the real data, by its colophon."""
    cells = read(root / "index.ipynb").cells
    colophons = [cell for cell in cells if "colophon" in cell.metadata.get("tags", [])]
    said = [o.get("data", {}).get("text/markdown", "") for c in colophons for o in c.outputs]
    return any("**published** edition" in text for text in said)


def update_readme(root: Path) -> None:
    """Write the stored preface's table, figure and findings into the README."""
    shown, figure = study_shown(root)
    write_file(root / FIGURE, figure)
    readme = root / "README.md"
    write_file(readme, with_study(readme.read_text("utf-8"), shown).encode())
