"""Progress bars on standard error, only where that is a terminal and rich is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

Item = TypeVar("Item")


def byte_progress() -> Progress:
    """Return a progress display that counts bytes, to be used as a context."""
    from rich.progress import DownloadColumn

    return _progress(DownloadColumn())


def steps(items: list[Item], label: str) -> Iterator[Item]:
    """Yield the items and show how many are done."""
    if find_spec("rich") is None:
        yield from items
        return
    from rich.progress import TextColumn

    with _progress(TextColumn("{task.completed:.0f} of {task.total:.0f}")) as progress:
        yield from progress.track(items, description=label)


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
