"""Progress: bars on a terminal, where rich is installed, and a line below a cell in Jupyter."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

from nexttrack.session import experimenting

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

Item = TypeVar("Item")


def byte_progress() -> Progress:
    """Return a progress display that counts bytes, to be used as a context."""
    from rich.progress import DownloadColumn

    return _progress(DownloadColumn())


def steps(items: list[Item], label: str) -> Iterator[Item]:
    """Yield the items and show how many are done."""
    if experimenting() and "IPython" in sys.modules:
        yield from _below_cell(items, label)
        return
    if find_spec("rich") is None:
        yield from items
        return
    from rich.progress import TextColumn

    with _progress(TextColumn("{task.completed:.0f} of {task.total:.0f}")) as progress:
        yield from progress.track(items, description=label)


def _below_cell(items: list[Item], label: str) -> Iterator[Item]:
    """Yield the items; from the second second on, a line below the cell says how many are done.

    Its text is empty at the end, so that no bar is stored with the notebook.
    """
    from IPython.display import display

    began = shown = time.monotonic()
    line = None
    try:
        for done, item in enumerate(items):
            now = time.monotonic()
            if done and now - shown > 1:
                shown = now
                left = (now - began) / done * (len(items) - done)
                text = f"{label} {done} of {len(items)}, {left:.0f} s left"
                if line is None:
                    line = display({"text/plain": text}, raw=True, display_id=True)
                else:
                    line.update({"text/plain": text}, raw=True)
            yield item
    finally:
        if line is not None:
            line.update({"text/plain": ""}, raw=True)


def _progress(count: ProgressColumn) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        count,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
