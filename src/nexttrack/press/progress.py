"""A progress bar over the cells of chapters."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nexttrack.press.execute import read


@contextmanager
def cells(paths: list[Path]) -> Iterator[Callable[[Path], Callable[[], None]]]:
    """Show a bar on standard error while chapters run; silent where that is no terminal.

    Yields:
        a function to call with each chapter as it starts, which returns what to call after each of
        its cells.
    """
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    total = {path: sum(cell.cell_type == "code" for cell in read(path).cells) for path in paths}
    with Progress(
        *columns, TimeElapsedColumn(), console=console, disable=not sys.stderr.isatty()
    ) as progress:

        def started(path: Path) -> Callable[[], None]:
            task = progress.add_task(path.stem, total=total[path])
            return lambda: progress.advance(task)

        yield started
