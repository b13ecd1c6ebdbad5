"""Write the interactive pages that chapters show in frames, from what is stored in the notebooks.

Quarto runs this file after it has rendered (``post-render`` in ``_quarto.yml``), with whichever
Python it finds; so it needs the standard library only, and leaves the drawing to a Python that has
Bokeh: its own, or that of the clone. The preview renderer calls it too.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

MAP_TYPE = "application/vnd.nexttrack.sound-map+json"
MAP_PAGE = "sound-map.html"
DRAW = Path(__file__).with_name("map_page.py")


class FramedPageError(Exception):
    """Why a page for a frame cannot be made, in one line."""


def maps_of(notebook: Path) -> list[dict]:
    """Return the contents of the maps that are stored in a notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8")).get("cells", [])
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    return [data[MAP_TYPE] for data in (o.get("data", {}) for o in outputs) if MAP_TYPE in data]


def write_framed_pages(root: Path, output: Path) -> None:
    """Write the map of each chapter that has one beside the chapter's page.

    A page of that name that is there already is written over: it may be the analyst's own, with
    all recordings on it, which Quarto copies along.

    Args:
        root: the folder of the book.
        output: the folder of the pages.

    Raises:
        FramedPageError: if two maps want one place, or no Python at hand can draw.
    """
    contents: dict[Path, dict] = {}
    for page in sorted(output.rglob("*.html")):
        notebook = root / page.relative_to(output).with_suffix(".ipynb")
        for content in maps_of(notebook) if notebook.is_file() else ():
            target = page.with_name(MAP_PAGE)
            if target in contents:
                raise FramedPageError(
                    f"{notebook.relative_to(root)}: a second map in its folder; keep one, as both "
                    f"would be {MAP_PAGE}"
                )
            contents[target] = content
    python = next(_pythons_with_bokeh(root), None) if contents else None
    for target, content in contents.items():
        if python is None:
            raise FramedPageError(
                "the map of recordings needs Bokeh, which neither this Python nor .venv has; run "
                "make book, or set QUARTO_PYTHON to a Python that has it"
            )
        target.write_bytes(_draw(python, content))


def _pythons_with_bokeh(root: Path) -> Iterator[str]:
    for python in (sys.executable, str(root / ".venv" / "bin" / "python")):
        try:
            done = subprocess.run([python, "-c", "import bokeh"], capture_output=True, check=False)
        except OSError:  # there is no such program
            continue
        if done.returncode == 0:
            yield python


def _draw(python: str, content: dict) -> bytes:
    """Draw a page in a Python of its own, whose modules those beside this file cannot hide (-P)."""
    done = subprocess.run(
        [python, "-P", str(DRAW)],
        input=json.dumps(content).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise FramedPageError(f"the map of recordings could not be drawn: {said[-1]}")
    return done.stdout


if __name__ == "__main__":
    book = Path(os.environ["QUARTO_PROJECT_DIR"])
    try:
        write_framed_pages(book, book / os.environ["QUARTO_PROJECT_OUTPUT_DIR"])
    except FramedPageError as error:
        sys.exit(f"error: {error}")
