"""What all benchmarks share: processes to measure, turns, the machine, and tables of results.

Most run each side as a process of its own, which works on a few users or rows first, so that
imports and compilation are over, and reports its seconds as JSON. Sides take turns, so that all see
the same machine.
"""

import csv
import io
import json
import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.files import write_file

Key = TypeVar("Key")

MOST_MEGABYTES = 4_000
"""What the book may need; no fit that needs more is begun."""
MOST_SECONDS = 600
"""No fit is begun that would take longer, going by its growth so far."""
LONG = 60
"""Seconds of a run after which there is no other of the same fit and size."""

# Linux counts the memory of the process that starts another as memory of the other: so a small one
# starts the command, and writes its exit code, wall-clock seconds and peak memory.
WATCH = """
import resource, subprocess, sys, time
log, report, *arguments = sys.argv[1:]
start = time.perf_counter()
with open(log, "wb") as file:
    done = subprocess.run(arguments, stdout=file, stderr=file)
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
with open(report, "w") as file:
    print(done.returncode, seconds, peak, file=file)
"""
PER_MEGABYTE = 1e6 if sys.platform == "darwin" else 1e3  # macOS counts bytes, Linux kB


@dataclass(frozen=True)
class Command:
    """A process to measure: its arguments, working folder and additional environment."""

    arguments: list[str]
    folder: Path
    environment: dict[str, str]


@dataclass(frozen=True)
class Cost:
    """Wall-clock seconds of a step, and the largest memory of any of its processes in MB."""

    seconds: float
    megabytes: float


def measure(command: Command) -> Cost:
    """Run a process and return what it cost.

    Raises:
        UserError: if it fails, with the last line that it wrote.
    """
    environment = {**os.environ, **command.environment}
    # Set by a make that runs this; they would pass its options on to the make that is measured.
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV"):
        environment.pop(name, None)
    # Set on some build machines; Python then compiles every package anew in every process.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as scratch:
        log, report = Path(scratch) / "log", Path(scratch) / "report"
        watch = [sys.executable, "-S", "-I", "-c", WATCH, str(log), str(report)]
        subprocess.run([*watch, *command.arguments], cwd=command.folder, env=environment)
        exit_code, seconds, peak = report.read_text().split()
        if exit_code != "0":
            lines = log.read_text(errors="replace").strip().splitlines() or ["no message"]
            said = " ".join(command.arguments[:4])
            raise UserError(f"{said} ended with {exit_code}: {lines[-1]}")
    return Cost(float(seconds), int(peak) / PER_MEGABYTE)


def reported(command: Sequence[str], *arguments: object) -> dict[str, Any]:
    """Run a process that writes a report as JSON; return it with ``peak_mb``.

    Args:
        command: what runs it, for example :func:`own`.
        arguments: what it is given, before the path of the report.

    Raises:
        UserError: if it fails, with the last line that it wrote.
    """
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        spent = measure(Command([*command, *map(str, arguments), str(report)], project.root(), {}))
        return json.loads(report.read_text()) | {"peak_mb": spent.megabytes}


def own(module: str) -> list[str]:
    """Return what runs a module of this package, in the clone's folder."""
    return [sys.executable, "-m", f"benchmarks.{module}"]


def takes_long(reports: Sequence[Mapping[str, float]], *names: str) -> bool:
    """Tell whether the first run took over ``LONG`` seconds at any of these parts of its work."""
    return max(reports[0][name] for name in names) > LONG


def in_turn(
    sides: Mapping[Key, Callable[[], Any]],
    runs: int,
    enough: Callable[[Mapping[Key, list]], bool] = lambda found: False,
    on_run: Callable[[], None] = lambda: None,
) -> dict[Key, list]:
    """Measure sides in turn and return what each of them found, run by run.

    Args:
        sides: measure once.
        runs: how often.
        enough: tells, from what was found so far, whether further runs would take too long.
        on_run: called after each round.
    """
    found: dict[Key, list] = {name: [] for name in sides}
    for run in range(runs):
        if run and enough(found):
            break
        for name, side in sides.items():
            found[name].append(side())
        on_run()
    return found


def exponent(sizes: list[int], seconds: list[float]) -> float:
    """Return b of seconds ~ sizes^b, by least squares on logarithms; NaN for fewer than two."""
    if len(sizes) < 2:
        return math.nan
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def runs_progress(console: Console) -> Progress:
    """Return a display of how many runs are done, to be used as a context; for terminals only."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Progress(*columns, TimeElapsedColumn(), console=console, disable=not sys.stderr.isatty())


def middle(reports: Sequence[Mapping[str, Any]], name: str) -> float:
    """Return the median of a number that each of some reports has."""
    return statistics.median(report[name] for report in reports)


def machine() -> dict[str, object]:
    """Return what a time depends on besides the code.

    Raises:
        UserError: if git is not there.
    """
    if shutil.which("git") is None:
        raise UserError("git is not on the path; it says which commit is measured")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=project.root(),
        capture_output=True,
        text=True,
    ).stdout.strip()
    return {
        "edition": project.edition(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "memory_gb": f"{memory / 2**30:.0f}",
        "system": platform.system(),
        "python": platform.python_version(),
        "commit": commit,
        "date": date.today().isoformat(),
    }


def machine_alone() -> dict[str, object]:
    """Return :func:`machine` without the edition, for work on a world that is the same in both."""
    return {name: value for name, value in machine().items() if name != "edition"}


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        for line in facts.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def stored_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table of results as they are written; none where there is no table."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def keep(rows: list[dict[str, object]], path: Path, order: list[str]) -> None:
    """Write rows to a table of results; what was not measured keeps its rows.

    Args:
        rows: of one or more names; the first column is the name.
        path: a CSV file; it need not be there.
        order: names in the order in which they stand in the table.
    """
    name = next(iter(rows[0]))
    measured = {row[name] for row in rows}
    merged = [row for row in stored_rows(path) if row[name] not in measured] + rows
    merged.sort(key=lambda row: order.index(row[name]) if row[name] in order else len(order))
    columns = list(dict.fromkeys(column for row in merged for column in row))
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(merged)
    write_file(path, file.getvalue().encode())
