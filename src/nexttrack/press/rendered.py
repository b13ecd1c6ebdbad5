"""Whether pages are those that would be rendered now: what they were made from, and are they whole.

What a rendering reads is taken widely: every file at the top of the book and in the folders of the
chapters, and the code of the press and of the pages' apps. A file too many costs a rendering.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from nexttrack.apps.try_it.page import KEPT
from nexttrack.files import write_file

NOTE = ".rendered.json"
FOLDERS = ("chapters", "results", "src/nexttrack/press", "src/nexttrack/apps")
PACKAGE = Path(__file__).parents[1]
MADE = ("__pycache__", ".ipynb_checkpoints")
FRAMED = ("chapters/sound-map.html", "chapters/try-it.html")
"""What is made in these folders, and not read."""


def state_of_inputs(root: Path, quarto: str | None) -> str:
    """Return a hash of all that the pages depend on, and of the program that makes them.

    Args:
        root: the folder of the book.
        quarto: the program; None for the preview.
    """
    found = hashlib.sha256()
    program = Path(quarto).resolve() if quarto else None
    made_by = [str(program), program.stat().st_mtime_ns, program.stat().st_size] if program else []
    found.update(json.dumps(made_by).encode())
    paths = [*_inputs(root), *_files(PACKAGE / "press"), *_files(PACKAGE / "apps")]
    for path in paths:
        found.update(f"\n{path.as_posix()} ".encode("utf-8", "surrogateescape"))
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _inputs(root: Path) -> Iterator[Path]:
    yield from sorted(p for p in root.iterdir() if p.is_file() and not p.name.startswith("."))
    yield from sorted((root / "data").glob("*.md"))
    made = {root / page for page in FRAMED}
    for folder in FOLDERS:
        yield from (path for path in _files(root / folder) if path not in made)
    yield from (path for path in (root / KEPT,) if path.is_file())


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part in MADE for part in path.relative_to(folder).parts):
            yield path


def is_as_rendered(output: Path, inputs: str) -> bool:
    """Tell whether a folder holds all pages as they were made, from these inputs."""
    try:
        note = json.loads((output / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(note == {"inputs": inputs, "pages": _pages(output)})


def note_rendered(output: Path, inputs: str) -> None:
    """Write beside the pages what they were made from, and which they are."""
    note = {"inputs": inputs, "pages": _pages(output)}
    write_file(output / NOTE, json.dumps(note).encode())


def _pages(output: Path) -> str:
    """Return a hash of what the pages and their files are called and how large they are."""
    files = (path for path in sorted(output.rglob("*")) if path.is_file() and path.name != NOTE)
    listed = [(path.relative_to(output).as_posix(), path.stat().st_size) for path in files]
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()
