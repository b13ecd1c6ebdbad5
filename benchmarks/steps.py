"""``python -m benchmarks steps``: how long the book's main steps take, against limits or rivals.

Each step runs as a process of its own, several times in one run, in turn with its rival (the least
that another tool needs for the same files), so that both see the same machine. The medians go to
the terminal and to ``results/bench.csv``. Nothing here is a test: seconds depend on the machine.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.harness import Command, Cost, in_turn, keep, machine, measure, runs_progress
from nexttrack import project
from nexttrack.errors import UserError

NEXTTRACK = str(Path(sys.executable).with_name("nexttrack"))
FIRST_CHAPTER = "01-whole-game"


@dataclass(frozen=True)
class Step:
    """A step to measure.

    Attributes:
        what: what is measured, in words.
        commands: prepares an empty folder (not measured) and returns what to run, one by one.
        rival: what ``rival_commands`` run; empty if there is none.
        limit_seconds, limit_megabytes: what the project promises; None if nothing.
    """

    what: str
    commands: Callable[[Path], list[Command]]
    rival: str = ""
    rival_commands: Callable[[Path], list[Command]] | None = None
    limit_seconds: float | None = None
    limit_megabytes: float | None = None


def render(folder: Path) -> list[Command]:
    """Render the stored chapters with the preview renderer."""
    command = [NEXTTRACK, "book", "render", "--preview", "--output", str(folder / "pages")]
    return [Command(command, project.root(), {})]


def pandoc(folder: Path) -> list[Command]:
    """Convert each chapter to a page with pandoc alone: no cross-references, no book."""
    import pypandoc

    from nexttrack.press.execute import chapters

    fixed = [pypandoc.get_pandoc_path(), "--from=ipynb", "--to=html5", "--standalone", "--mathml"]
    return [
        Command([*fixed, f"--output={folder / path.stem}.html", str(path)], project.root(), {})
        for path in chapters(project.root())
    ]


def clean(folder: Path) -> list[Command]:
    """Clean the raw files at hand into a fresh folder."""
    edition = project.edition()
    _raw_at_hand()
    (folder / project.raw_dir(edition).name).symlink_to(project.raw_dir(edition))
    command = [NEXTTRACK, "data", "clean", "--edition", edition]
    return [Command(command, project.root(), {"NEXTTRACK_DATA": str(folder)})]


def duckdb_read(folder: Path) -> list[Command]:
    """Read the same CSV and Parquet files with DuckDB into tables, and do nothing with them."""
    files = [path for path in _raw_at_hand() if path.suffix in (".csv", ".parquet")]
    script = "import duckdb, sys\nfor i, f in enumerate(sys.argv[1:]):\n"
    script += "    duckdb.execute(f'CREATE TABLE t{i} AS SELECT * FROM \"{f}\"')"
    return [Command([sys.executable, "-c", script, *map(str, files)], project.root(), {})]


def _raw_at_hand() -> list[Path]:
    folder = project.raw_dir(project.edition())
    files = sorted(path for path in folder.glob("*/*") if path.is_file())
    if not files:
        raise UserError(
            f"{folder}: no raw files; run: nexttrack data get, or nexttrack data simulate"
        )
    return files


def simulate(folder: Path) -> list[Command]:
    """Simulate the world of the sample edition."""
    return [
        Command([NEXTTRACK, "data", "simulate"], project.root(), {"NEXTTRACK_DATA": str(folder)})
    ]


def make_book(folder: Path) -> list[Command]:
    """Make the book in a fresh clone of the last commit: install everything, then render."""
    clone, environment = _clone(folder)
    return [Command(["make", "book"], clone, environment)]


def first_chapter(folder: Path) -> list[Command]:
    """Execute the first chapter in a fresh clone, with nothing kept from earlier runs."""
    clone, environment = _clone(folder)
    measure(Command(["make", ".venv/ready"], clone, environment))
    data = project.data_dir() if project.edition() == "published" else folder / "data"
    environment |= {"NEXTTRACK_DATA": str(data), "NEXTTRACK_EDITION": project.edition()}
    make_data = [".venv/bin/python", "-c", "import nexttrack.data.editions as e; e.ensure()"]
    measure(Command(make_data, clone, environment))
    command = [".venv/bin/nexttrack", "book", "execute", FIRST_CHAPTER]
    return [Command(command, clone, environment)]


def _clone(folder: Path) -> tuple[Path, dict[str, str]]:
    """Clone the last commit; return the clone, and an environment with warm packages only."""
    clone, home = folder / "clone", folder / "home"
    home.mkdir()
    measure(Command(["git", "clone", "--quiet", str(project.root()), str(clone)], folder, {}))
    packages = os.environ.get("UV_CACHE_DIR", str(project.root() / ".cache" / "uv"))
    return clone, {"HOME": str(home), "UV_CACHE_DIR": packages}


STEPS = {
    "render": Step(
        "render the stored chapters, preview renderer",
        render,
        "pandoc alone, page by page",
        pandoc,
        limit_seconds=10,
    ),
    "clean": Step(
        "clean all sources at hand",
        clean,
        "DuckDB reads the CSV and Parquet files",
        duckdb_read,
        limit_seconds=10,
        limit_megabytes=1000,
    ),
    "simulate": Step("simulate 20,000 tracks x 5,000 listeners", simulate, limit_seconds=10),
    "make-book": Step(
        "make book in a fresh clone, warm package cache", make_book, limit_seconds=60
    ),
    "chapter-01": Step("execute chapter 01, nothing kept", first_chapter, limit_seconds=60),
}


def cost(commands: Callable[[Path], list[Command]]) -> Cost:
    """Prepare commands in a scratch folder, run them one after the other, and add up."""
    with tempfile.TemporaryDirectory() as scratch:
        costs = [measure(command) for command in commands(Path(scratch))]
    return Cost(sum(part.seconds for part in costs), max(part.megabytes for part in costs))


def repeat(step: Step, times: int, on_run: Callable[[], None]) -> dict[str, object]:
    """Measure a step and its rival in turn and return the row of the result."""
    sides = {"own": step.commands, "rival": step.rival_commands}
    sides = {name: partial(cost, commands) for name, commands in sides.items() if commands}
    found = in_turn(sides, times, on_run=on_run)
    seconds = [run.seconds for run in found["own"]]
    median = statistics.median(seconds)
    rivals = found.get("rival")
    rival_median = statistics.median(run.seconds for run in rivals) if rivals else None
    return {
        "what": step.what,
        "seconds": f"{median:.2f}",
        "fastest": f"{min(seconds):.2f}",
        "slowest": f"{max(seconds):.2f}",
        "limit_seconds": _optional(step.limit_seconds, ".0f"),
        "peak_mb": f"{statistics.median(run.megabytes for run in found['own']):.0f}",
        "limit_mb": _optional(step.limit_megabytes, ".0f"),
        "rival": step.rival,
        "rival_seconds": _optional(rival_median, ".2f"),
        "ratio": _optional(median / rival_median if rival_median else None, ".2f"),
        "runs": times,
    }


def _optional(number: float | None, spec: str) -> str:
    return "" if number is None else format(number, spec)


def bench(
    steps: Annotated[
        list[str] | None, typer.Argument(help=f"Some of: {', '.join(STEPS)}; all if none is given.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each; the median is kept.")] = 5,
) -> None:
    """Measure how long each step takes, and keep the medians in results/bench.csv."""
    names = steps or list(STEPS)
    if unknown := [name for name in names if name not in STEPS]:
        raise UserError(f"{unknown[0]}: not a step; the steps are {', '.join(STEPS)}")
    facts, rows, console = machine(), {}, Console(stderr=True)
    with runs_progress(console) as progress:
        for name in names:
            task = progress.add_task(name, total=runs)
            rows[name] = repeat(STEPS[name], runs, lambda task=task: progress.advance(task)) | facts
            path = project.root() / "results" / "bench.csv"
            keep([{"step": name} | rows[name]], path, list(STEPS))
    Console().print(table(rows))


def table(rows: dict[str, dict[str, object]]) -> Table:
    """Return the rows as a table for the terminal."""
    rivals = [f"rival of {name}: {row['rival']}" for name, row in rows.items() if row["rival"]]
    shown = Table(caption="\n".join(rivals))
    for heading in ("step", "median s", "range", "limit s", "peak MB", "rival s", "ratio"):
        shown.add_column(heading, no_wrap=True, justify="left" if heading == "step" else "right")
    for name, row in rows.items():
        times = (row["seconds"], f"{row['fastest']}–{row['slowest']}", row["limit_seconds"])
        shown.add_row(name, *times, row["peak_mb"], row["rival_seconds"], row["ratio"])
    return shown
