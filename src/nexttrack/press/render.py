"""Render the book: with Quarto where it is or can be installed, else as a preview."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.files import replace_folder
from nexttrack.press.outline import read_outline
from nexttrack.press.quarto_install import FOLDER, console, install_quarto, quarto_environment
from nexttrack.press.rendered import is_as_rendered, note_rendered, state_of_inputs

# What Quarto only warns of when a reference, link or citation leads nowhere.
UNRESOLVED = ("Unable to resolve", "Citeproc: citation")


def render_book(
    output: Path | None = None,
    preview: bool = False,
    root: Path | None = None,
    force: bool = False,
) -> Path:
    """Render the stored chapters to HTML pages, and return the first page.

    Where the pages are there, whole and of what would be rendered now, they stay.

    Args:
        output: the folder of the pages; what ``_quarto.yml`` says if not given.
        preview: use the preview renderer even where Quarto is.
        root: the folder of the book; this clone if not given.
        force: render also where the pages are up to date.

    Raises:
        UserError: if a chapter cannot be rendered; the pages that were there stay.
    """
    root = root or project.root()
    output = output.resolve() if output else read_outline(root).output
    if output in (root, *root.parents):
        raise UserError(f"--output {output} holds the book itself; give another folder")
    if output.is_dir() and any(output.iterdir()) and not (output / "site_libs").is_dir():
        raise UserError(f"{output} holds something else than a rendered book; give another folder")
    quarto = None if preview else find_quarto(root) or install_quarto(root)
    index, inputs = output / "index.html", state_of_inputs(root, quarto)
    if not force and is_as_rendered(output, inputs):
        print(f"the book is up to date (to render it anew: --force): {index}")
        return index
    if quarto:
        render_with_quarto(quarto, root, output)
    else:
        from nexttrack.press.preview.pages import render_preview

        with console.status("rendering the preview"):
            render_preview(root, output)
    note_rendered(output, inputs)
    print(f"rendered {'with Quarto' if quarto else 'the preview'}: {index}")
    return index


def find_quarto(root: Path) -> str | None:
    """Return the Quarto in ``$QUARTO``, on the path, or installed here; None without one.

    Here is either the environment (the extra ``quarto``) or the clone (by ``install_quarto``).

    Raises:
        UserError: if ``$QUARTO`` is not a program.
    """
    asked = os.environ.get("QUARTO")
    if asked:
        found = shutil.which(asked)
        if not found:
            raise UserError(f"QUARTO is {asked}, which is not a program")
        return found
    here = [Path(sys.executable).parent, root / FOLDER / "bin"]
    return shutil.which("quarto") or shutil.which("quarto", path=os.pathsep.join(map(str, here)))


def render_with_quarto(quarto: str, root: Path, output: Path) -> None:
    """Render with Quarto into a new folder, which takes the place of ``output`` when all went well.

    Raises:
        UserError: if Quarto fails, or finds nothing that a reference or citation leads to; its own
            messages are shown.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{output.name}.", dir=output.parent) as scratch:
        pages = Path(scratch) / "pages"
        command = [quarto, "render", str(root), "--to", "html", "--output-dir", str(pages)]
        with console.status("rendering with Quarto"):
            done = subprocess.run(
                command, env=quarto_environment(root), capture_output=True, text=True, check=False
            )
        for line in done.stderr.splitlines():
            if done.returncode or "WARN" in line or "ERROR" in line:
                console.print(line, markup=False, soft_wrap=True)
        if done.returncode or any(mark in done.stderr for mark in UNRESOLVED):
            raise UserError("Quarto did not render the book; its messages are above")
        replace_folder(pages, output)
