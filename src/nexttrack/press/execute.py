"""Chapters executed top to bottom in a fresh kernel, and what a stored chapter may hold."""

import asyncio
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TypeVar

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.validator import get_validator

from nexttrack.apps.sound_map.framed_pages import MAP_TYPE
from nexttrack.errors import UserError
from nexttrack.files import write_file
from nexttrack.press.outline import read_outline
from nexttrack.session import unattended
from nexttrack.target import STORED
from nexttrack.target import environment as environment_of

Result = TypeVar("Result")

AT_A_TIME = 2  # chapters; each computes on one thread, or in two processes for a while
CELL_TIMEOUT = 1200  # seconds
NOTEBOOK_LIMIT = 2_000_000  # bytes
IMAGE_LIMIT = 150_000  # bytes
MAP_LIMIT = 250_000  # bytes
SHOWN = {"text/plain", "text/markdown", "image/png", "image/svg+xml", MAP_TYPE}
VOLATILE = {"execution", "ExecuteTime", "collapsed", "scrolled", "papermill", "vscode", "trusted"}
OUTSIDE = ("MPLBACKEND", "MATPLOTLIBRC", "PYTHONSTARTUP", "FORCE_COLOR", "NO_COLOR")
SOCKET_PATH_LIMIT = 103  # bytes, on macOS; Linux has four more
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


class ExecutionError(UserError):
    """A chapter that cannot be stored. ``details`` are more lines, such as a traceback's end."""

    def __init__(self, message: str, details: str):
        super().__init__(message)
        self.details = details


def chapters(root: Path) -> list[Path]:
    """Return the notebooks that ``_quarto.yml`` in ``root`` names as chapters, in their order."""
    sources = [chapter.source for chapter in read_outline(root).chapters]
    return [root / source for source in sources if source.suffix == ".ipynb"]


def chapters_named(root: Path, names: list[str]) -> list[Path]:
    """Return the chapters named by path or by stem (``01-whole-game``); all without a name.

    Raises:
        UserError: if a name is not that of a chapter.
    """
    every = chapters(root)
    if not names:
        return every
    by_name = {path.stem: path for path in every}
    unknown = [name for name in names if Path(name).stem not in by_name]
    if unknown:
        raise UserError(f"{unknown[0]}: not a chapter; the chapters are {', '.join(by_name)}")
    return [path for path in every if path.stem in {Path(name).stem for name in names}]


def read(path: Path) -> NotebookNode:
    """Read a notebook.

    Raises:
        UserError: if the file is no notebook of format 4.5 (the first in which cells have ids).
    """
    text = path.read_text(encoding="utf-8")
    try:
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise ValueError("its JSON is not an object")
        if raw.get("nbformat") != 4 or raw.get("nbformat_minor") not in range(5, 100):
            raise UserError(f"{path.name}: not of notebook format 4.5; save it again in JupyterLab")
        get_validator(4, raw["nbformat_minor"]).validate(raw)
    except (ValueError, nbformat.ValidationError) as error:  # a JSON error is a ValueError
        raise UserError(f"{path.name}: not a notebook: {str(error).splitlines()[0]}") from None
    return nbformat.reads(text, as_version=4)


def cell_name(notebook: NotebookNode, index: int) -> str:
    """Return how messages call a cell: its place from 1 among all cells, and its label if any."""
    label = re.search(r"^#\|\s*label:\s*(\S+)", notebook.cells[index].source, re.MULTILINE)
    return f"cell {index + 1}" + (f" ({label[1]})" if label else "")


def run(
    notebook: NotebookNode,
    name: str,
    *,
    folder: Path,
    edition: str | None = None,
    target: str = STORED,
    on_cell: Callable[[], None] = lambda: None,
) -> NotebookNode:
    """Execute a copy of a notebook in a fresh kernel of the running interpreter and return it.

    The kernel neither reads nor writes the user's own Jupyter and IPython settings. Cells tagged
    ``skip-execution`` are left as they are.

    Args:
        notebook: the notebook; it is not changed.
        name: what messages call it.
        folder: the working folder, as Quarto takes it: the notebook's own.
        edition: value of ``NEXTTRACK_EDITION`` for the kernel; ``None`` leaves it as it is.
        target: the arithmetic to compute with, one of :data:`nexttrack.target.TARGETS`.
        on_cell: called after each cell.

    Raises:
        ExecutionError: if a cell raises, takes over 20 minutes, or ends its kernel.
    """
    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "skip-execution" not in cell.metadata.get("tags", ()):
            cell.outputs, cell.execution_count = [], None
    last_started = 0

    def started(cell: NotebookNode, cell_index: int) -> None:
        nonlocal last_started
        last_started = cell_index

    with tempfile.TemporaryDirectory() as scratch:
        environment = unattended(environment_of(target))
        environment |= {"IPYTHONDIR": scratch, "JUPYTER_RUNTIME_DIR": scratch}
        # What a shell or a test runner sets must not change what a chapter shows.
        environment |= {"NEXTTRACK_EDITION": edition} if edition else {}
        environment = {key: value for key, value in environment.items() if key not in OUTSIDE}
        connection = Path(scratch) / "kernel.json"
        # By files in the scratch folder, closed to others, where their names are not too long.
        by_files = len(os.fsencode(connection)) < SOCKET_PATH_LIMIT - len("-ipc-00000")
        client = NotebookClient(
            notebook,
            # Without folders to search, the kernel is the one of this very interpreter.
            km=AsyncKernelManager(
                kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
                connection_file=str(connection),
                transport="ipc" if by_files else "tcp",
            ),
            timeout=CELL_TIMEOUT,
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            on_cell_execute=started,
            on_cell_executed=lambda **_: on_cell(),
        )
        try:
            # In a thread of its own, whose loop is closed at the end: the caller's may be running.
            with ThreadPoolExecutor(1) as thread:
                work = client.async_execute(cwd=str(folder), env=environment, cleanup_kc=True)
                thread.submit(asyncio.run, work).result()
        except CellExecutionError as error:
            where = cell_name(notebook, last_started)
            message = f"{name}, {where}: {error.ename}: {error.evalue}"
            raise ExecutionError(message, _tail(error.traceback)) from None
        except (CellTimeoutError, DeadKernelError) as error:
            where = cell_name(notebook, last_started)
            raise ExecutionError(f"{name}, {where}: {str(error).splitlines()[0]}", "") from None
    return normalised(notebook)


def _tail(traceback: str, lines: int = 15) -> str:
    return "\n".join(re.sub(r"\x1b\[[0-9;]*m", "", traceback).strip().splitlines()[-lines:])


def normalised(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook without what differs from one run or machine to the next."""
    kept = {key: value for key, value in notebook.metadata.items() if key != "widgets"}
    notebook.metadata = nbformat.from_dict({**kept, **METADATA})
    for cell in notebook.cells:
        for key in VOLATILE & set(cell.metadata):
            del cell.metadata[key]
    return notebook


def faults(notebook: NotebookNode, name: str) -> list[str]:
    """Return what a stored chapter may not hold, one line each; none for a sound one.

    Every code cell has run, in order, without error and without a warning on standard error; an
    output is Markdown, plain text, an image or the content of a map (HTML makes Quarto load scripts
    from the network); an image has at most 150 kB, a map 250 kB and the notebook 2 MB.
    """
    found, count = [], 0
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        where = f"{name}, {cell_name(notebook, index)}"
        if not cell.source.strip():
            found.append(f"{where}: an empty code cell; delete it")
            continue
        count += 1
        if cell.execution_count != count:
            found.append(f"{where}: execution count is {cell.execution_count}, not {count}")
        found += [
            f"{where}: {fault}" for output in cell.outputs for fault in _output_faults(output)
        ]
    size = len(nbformat.writes(notebook).encode())
    if size > NOTEBOOK_LIMIT:
        found.append(f"{name}: {size / 1e6:.1f} MB; at most 2 MB are kept, show less")
    return found


def _output_faults(output: NotebookNode) -> Iterable[str]:
    if output.output_type == "error":
        yield f"a stored error, {output.ename}: {output.evalue}"
    elif output.output_type == "stream":
        if output.name == "stderr":
            line = output.text.strip().splitlines()[-1] if output.text.strip() else ""
            yield f"writes to standard error: {line[:200]}"
    elif "text/html" in output.data:
        yield "an HTML output; show a table with book.table, not as a bare DataFrame"
    else:
        for kind in sorted(set(output.data) - SHOWN):
            yield f"an output of type {kind}; show Markdown, plain text or an image"
        for kind in ("image/png", "image/svg+xml"):
            size = _image_size(kind, output.data.get(kind, ""))
            if size > IMAGE_LIMIT:
                yield f"an image of {size / 1000:.0f} kB; at most 150 kB are kept, draw less"
        size = len(json.dumps(output.data.get(MAP_TYPE, {}), ensure_ascii=False).encode())
        if size > MAP_LIMIT:
            yield f"a map of {size / 1000:.0f} kB; at most 250 kB are kept, name fewer recordings"
        if set(output.data) == {"text/plain"} and re.search(
            r" at 0x\w+", output.data["text/plain"]
        ):
            yield "shows an object's address, which changes; end the cell's last line with ;"


def _image_size(kind: str, data: str) -> int:
    """Return the bytes of an image; base64 writes three of them as four characters."""
    return len("".join(data.split())) * 3 // 4 if kind == "image/png" else len(data.encode())


def side_by_side(
    paths: Iterable[Path], work: Callable[[Path], Result]
) -> Iterator[tuple[Path, Result]]:
    """Yield each chapter with ``work(chapter)``, in the order in which they end; two run at a time.

    An error in one is raised here, once the other that runs has ended; no more are started.
    """
    pool = ThreadPoolExecutor(AT_A_TIME)
    try:
        path_of = {pool.submit(work, path): path for path in paths}
        for done in as_completed(path_of):
            yield path_of[done], done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a notebook so that ``path`` holds either what it held or all of the new one."""
    write_file(path, nbformat.writes(notebook).encode())


def execute(
    path: Path,
    *,
    edition: str | None = None,
    on_cell: Callable[[], None] = lambda: None,
    output: Path | None = None,
) -> None:
    """Execute a chapter and store it; one that fails, or holds what it may not, stays as it was.

    Args:
        path: the chapter's notebook.
        edition: ``published`` or ``sample``; the one at hand if not given.
        on_cell: called after each cell.
        output: the executed notebook, in place of the chapter itself; its folder is made.

    Raises:
        ExecutionError: if a cell fails, or an output may not be stored.
    """
    executed = run(read(path), path.stem, folder=path.parent, edition=edition, on_cell=on_cell)
    found = faults(executed, path.stem)
    if found:
        raise ExecutionError(found[0], "\n".join(found[1:]))
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
    write(executed, output or path)
