"""The ``nexttrack book`` commands: render the book, execute its chapters, check them."""

import os
import sys
import webbrowser
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Annotated

import typer

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.target import STORED, environment, possible

book_app = typer.Typer(help="The book: render it, execute its chapters, check what they state.")


@book_app.command()
def render(
    preview: Annotated[
        bool, typer.Option("--preview", help="Use the preview renderer even where Quarto is.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Write the pages here, not to the folder in _quarto.yml.")
    ] = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the book in a browser when it is done.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Render also where the pages are up to date.")
    ] = False,
) -> None:
    """Render the chapters, with the outputs stored in them, to HTML pages."""
    from nexttrack.press.render import render_book

    index = render_book(output=output, preview=preview, force=force)
    if open_:
        webbrowser.open(index.as_uri())


@book_app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port on this machine; 0 for any that is free.")] = 0,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the book in a browser.")
    ] = True,
) -> None:
    """Serve the rendered book to this machine alone; from a file, a browser allows no search."""
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    from nexttrack.press.outline import read_outline

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing of each request."""

    pages = read_outline(project.root()).output
    if not (pages / "index.html").exists():
        raise UserError(f"there is no book in {pages} yet; run: make book")
    try:
        # As python -m http.server, but in this process: it ends with it, and says what is wrong.
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(Quiet, directory=str(pages)))
    except OSError as error:
        message = f"port {port} cannot be used: {error.strerror}; give another --port"
        raise UserError(message) from None
    with server, suppress(KeyboardInterrupt):
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"the book is at {address}; end with Ctrl-C", flush=True)
        if open_:
            webbrowser.open(address)
        server.serve_forever()


Chapters = Annotated[
    list[str] | None, typer.Argument(help="Chapters by path or name; all if none is given.")
]


@book_app.command()
def status(chapters: Chapters = None) -> None:
    """Say of each chapter whether it is fresh, or what has changed since it was executed."""
    from nexttrack.press.execute import chapters_named
    from nexttrack.press.stamps import changes, package_code

    root = project.root()
    code = package_code(root)
    for path in chapters_named(root, chapters or []):
        changed = changes(path, root, code)
        print(path.name, f"stale: {'; '.join(changed)}" if changed else "fresh")
    if not (project.processed_dir("published") / "ledger.parquet").exists():
        print("without the real data at hand, they count as those that were stamped")


@book_app.command()
def execute(
    chapters: Chapters = None,
    edition: Annotated[
        str | None, typer.Option(help="published or sample; the data at hand if not given.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Execute those, too, that are fresh.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder for executed copies; the chapters stay as they are."),
    ] = None,
) -> None:
    """Execute chapters on the data at hand and store their outputs; without names, the stale.

    Outputs of the simulated world are not put in the place of those of the real data.
    """
    from nexttrack.press.execute import ExecutionError, chapters_named, execute, read, side_by_side
    from nexttrack.press.progress import cells
    from nexttrack.press.stamps import is_of_real_data, package_code, stamp, state

    if edition not in (None, *project.EDITIONS):
        raise UserError(f"--edition {edition}: give published or sample")
    root = project.root()
    published = (edition or project.edition()) == "published"
    paths = chapters_named(root, chapters or [])
    if published and not (chapters or every):
        paths, _ = _stale(paths, root)
    real = [path.stem for path in paths if is_of_real_data(path, root)]
    if real and not published and output is None:
        raise UserError(
            f"{', '.join(real)}: what is stored is of the real data, which are not at hand; "
            "give --output FOLDER to store copies with the simulated ones there"
        )
    stores = published and output is None
    with cells(paths) as started:
        code = package_code(root)
        began = {path: state(read(path), code) for path in paths} if stores else {}
        stamping = Lock()

        def work(path: Path) -> None:
            copy = None if output is None else output.absolute() / path.relative_to(root)
            execute(path, edition=edition, on_cell=started(path), output=copy)
            if stores:
                with stamping:  # here, so that what is done is stamped if another chapter fails
                    stamp(path, root, began[path])

        try:
            for _ in side_by_side(paths, work):
                pass
        except ExecutionError as error:
            print(error.details, file=sys.stderr)
            raise
    print(f"executed {len(paths)} chapters")


@book_app.command()
def check(
    chapters: Chapters = None,
    available: Annotated[
        bool, typer.Option("--available", help="Leave out what needs a source that is not there.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Check those, too, that are fresh.")] = False,
    stamps: Annotated[
        bool, typer.Option("--stamp", help="Stamp as fresh the chapters that are as stored.")
    ] = False,
    target: Annotated[
        str, typer.Option(help="Arithmetic to compute with: haswell (as stored), x86-64 or host.")
    ] = STORED,
) -> None:
    """Execute chapters on the real data in a copy; fail if an output is not as stored.

    Without names, those that are not fresh.
    """
    from nexttrack.data.editions import missing_sources
    from nexttrack.press import freshness
    from nexttrack.press.execute import chapters_named, read
    from nexttrack.press.progress import cells
    from nexttrack.press.stamps import package_code, stamp, state

    root = project.root()
    paths = chapters_named(root, chapters or [])
    missing = missing_sources("published")
    environment(target)  # an unknown one is refused before anything runs
    if not possible(target):
        print(f"this processor has no {target} instructions: last digits may differ")
    if not (chapters or every or target != STORED):
        paths, fresh = _stale(paths, root)
        for path in fresh:
            print(f"{path.stem}: fresh, left out: nothing that it depends on has changed")
    short = {} if available else freshness.chapters_short_of(paths, missing)
    if short:
        wanting = "; ".join(f"{name} needs {', '.join(needs)}" for name, needs in short.items())
        raise UserError(
            f"cannot check without all sources: {wanting}; import them with: nexttrack data import "
            "DIR && nexttrack data clean, or give --available to leave those cells out"
        )
    found, within, partial, stale = [], [], [], 0
    code = package_code(root)
    began = {path: state(read(path), code) for path in paths} if stamps else {}
    with cells(paths) as started:
        verdicts = freshness.check(paths, root, missing=missing, target=target, on_chapter=started)
        for path, verdict in verdicts:
            print(f"{path.stem}: {verdict}", flush=True)
            found += [*verdict.faults, *map(str, verdict.differences)]
            within += [f"{one} (within {one.tolerance})" for one in verdict.tolerated]
            holds = not (verdict.faults or verdict.differences)
            stale += not holds
            if verdict.unchecked:
                cells_left = ", ".join(verdict.unchecked)
                partial.append(f"{path.stem}: not checked for want of data: {cells_left}")
            elif stamps and holds and target == STORED:
                stamp(path, root, began[path])
    for line in (*partial, *within, *found):
        print(line)
    if stale:
        raise UserError(f"{stale} of {len(paths)} chapters are not as stored; run: make rerun")
    print(
        f"{len(paths)} chapters are as stored" + (", but for what was not checked" * bool(partial))
    )


def _stale(paths: list[Path], root: Path) -> tuple[list[Path], list[Path]]:
    """Return which of the chapters are stale, and which are fresh."""
    from nexttrack.press.stamps import changes, package_code

    code = package_code(root)
    stale = [path for path in paths if changes(path, root, code)]
    return stale, [path for path in paths if path not in stale]


@book_app.command()
def lab(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on this machine; 0 for one that is free.")
    ] = 0,
    open_: Annotated[
        bool, typer.Option("--open/--no-open", help="Open JupyterLab in a browser.")
    ] = True,
) -> None:
    """Open the chapters in JupyterLab, on this machine only, with the arithmetic of the book."""
    from nexttrack.press.lab.launch import arguments

    if find_spec("jupyterlab") is None:
        raise ModuleNotFoundError(name="jupyterlab")  # cli says what brings it
    command = [sys.executable, "-m", "jupyter", *arguments(project.root(), port, browser=open_)]
    os.execve(sys.executable, command, environment())


@book_app.command()
def prose(chapters: Chapters = None) -> None:
    """Fail where prose types a number or an answer that a cell of the same chapter computes."""
    from nexttrack.press.execute import chapters_named
    from nexttrack.press.findings import unbound
    from nexttrack.press.prose import typed_numbers

    paths = chapters_named(project.root(), chapters or [])
    numbers = [line for path in paths for line in typed_numbers(path)]
    findings = [line for path in paths for line in unbound(path)]
    for line in (*numbers, *findings):
        print(line)
    if numbers:
        raise UserError(
            f"{len(numbers)} numbers are typed that a cell computes; say them with book.say"
        )
    if findings:
        raise UserError(f"{len(findings)} findings are not held to the data")
    print(f"no typed number or finding in {len(paths)} chapters")


@book_app.command()
def readme() -> None:
    """Write into the README what the stored preface found on the real data."""
    from nexttrack.press.readme import is_published, update_readme

    if not is_published(project.root()):
        print("README.md keeps its figures: index.ipynb is stored with simulated or other data")
        return
    update_readme(project.root())
    print("README.md shows what index.ipynb found")
