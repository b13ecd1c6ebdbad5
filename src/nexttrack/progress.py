"""Progress bars on standard error, only where that is a terminal."""

from collections.abc import Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

Item = TypeVar("Item")


def byte_progress() -> Progress:
    """Return a progress display that counts bytes, to be used as a context."""
    return _progress(DownloadColumn())


def steps(items: list[Item], label: str) -> Iterator[Item]:
    """Yield the items and show how many are done."""
    with _progress(TextColumn("{task.completed:.0f} of {task.total:.0f}")) as progress:
        yield from progress.track(items, description=label)


def _progress(count) -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        count,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
