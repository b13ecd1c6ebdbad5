"""Write the interactive pages that chapters show in frames, from what is stored in the notebooks.

Quarto runs this file after it has rendered (``post-render`` in ``_quarto.yml``), with whichever
Python it finds; so it needs the standard library only, and leaves the drawing to a Python that has
Bokeh: this one's program, or the clone's. The preview renderer uses it too, and draws itself.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
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


def write_framed_pages(root: Path, output: Path, draw: Callable[[dict], bytes]) -> None:
    """Write the map of each chapter that has one beside the chapter's page.

    A page of that name that is there already is written over: it may be the analyst's own, with
    all recordings on it, which Quarto copies along.

    Args:
        root: the folder of the book.
        output: the folder of the pages.
        draw: makes the page of a map from its content.

    Raises:
        FramedPageError: if two maps want one place, or ``draw`` raises it.
    """
    pages: dict[Path, bytes] = {}
    for chapter in sorted(output.rglob("*.html")):
        notebook = root / chapter.relative_to(output).with_suffix(".ipynb")
        for content in maps_of(notebook) if notebook.is_file() else ():
            target = chapter.with_name(MAP_PAGE)
            if target in pages:
                raise FramedPageError(
                    f"{notebook.relative_to(root)}: a second map in its folder; keep one, as both "
                    f"would be {MAP_PAGE}"
                )
            pages[target] = draw(content)
    for target, html in pages.items():
        target.write_bytes(html)


def draw_elsewhere(root: Path, content: dict) -> bytes:
    """Draw a map in a Python of its own: this one's program, or the clone's.

    Raises:
        FramedPageError: if neither has Bokeh, or it does not draw.
    """
    clone = root / ".venv" / "bin" / "python"
    python = next(filter(_has_bokeh, (sys.executable, str(clone))), None)
    if python is None:
        raise FramedPageError(
            f"the map of recordings needs Bokeh, which neither {sys.executable} nor the clone's "
            ".venv has; run make book, or set QUARTO_PYTHON to a Python that has it"
        )
    # -P: the modules beside the file must not hide others of the same names.
    command = [python, "-P", str(DRAW)]
    done = subprocess.run(
        command, input=json.dumps(content).encode(), capture_output=True, check=False
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise FramedPageError(f"the map of recordings could not be drawn: {said[-1]}")
    return done.stdout


def _has_bokeh(python: str) -> bool:
    look = "import importlib.util as u, sys; sys.exit(u.find_spec('bokeh') is None)"
    try:
        return not subprocess.run([python, "-c", look], capture_output=True, check=False).returncode
    except OSError:  # there is no such program
        return False


if __name__ == "__main__":
    book = Path(os.environ["QUARTO_PROJECT_DIR"])
    pages_folder = book / os.environ["QUARTO_PROJECT_OUTPUT_DIR"]
    try:
        write_framed_pages(book, pages_folder, partial(draw_elsewhere, book))
    except FramedPageError as error:
        sys.exit(f"error: {error}")
