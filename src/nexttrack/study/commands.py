"""``nexttrack tune``, ``other-splits`` and ``both``: what chapters stand on, in ``results/``.

The first searches the settings of every model on validation data, by one rule. Its trials go to
``tuning.csv`` after each round; a search that was stopped goes on from there. The second measures
what was chosen on further splits and from other starts: ``other-splits.csv``, ``model-spread.csv``
and ``pair-spread.csv``; it too goes on where it was stopped. The third puts the questions of
chapter 09 to single models, models of both sides and blends: ``both.csv``. Rows of other data stay.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from nexttrack.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


def tune_models(
    data: Annotated[
        list[str] | None, typer.Argument(help="Data sets of the search; all if not given.")
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(min=1, help="Trials of a restart for each setting, if not the book's."),
    ] = None,
) -> None:
    """Search the settings of every model by one rule, in up to two hours; results/tuning.csv."""
    from nexttrack.evaluation.tuning import tune
    from nexttrack.study.protocol import task
    from nexttrack.study.results import store, stored
    from nexttrack.study.search import BUDGET, METRIC, SEED, N, tunables

    names = _data_sets(data)
    ours, others = stored("tuning.csv", names)
    console, start = Console(stderr=True), time.monotonic()

    def keep(trials: pd.DataFrame) -> None:
        store("tuning.csv", trials, others)
        best = trials.groupby("data")["value"].max()
        console.print(
            f"{time.monotonic() - start:,.0f} s, {len(trials)} trials; best "
            + ", ".join(f"{name} {value:.4f}" for name, value in best.items())
        )

    with _stopped_in_a_line("the trials of each finished round are kept"):
        tasks = {name: task(name, first_users=True) for name in names}
        trials = tune(
            {name: tunables(one.dataset) for name, one in tasks.items()},
            {name: one.split for name, one in tasks.items()},
            METRIC,
            N=N,
            budget=dict.fromkeys(names, budget) if budget else BUDGET,
            seed=SEED,
            done=ours if len(ours) else None,
            on_round=keep,
        )
    Console().print(_table(trials))


def evaluate_other_splits(
    data: Annotated[
        list[str] | None,
        typer.Argument(help="Data sets; all if not given."),
    ] = None,
) -> None:
    """Measure the tuned models on other splits and from other starts, in two hours; results/."""
    from nexttrack.study.comparison.other_splits import FILES, measured
    from nexttrack.study.results import store, stored

    console = Console(stderr=True)
    for name in _data_sets(data):
        others = {what: stored(file, [name])[1] for what, file in FILES.items()}

        def keep(means: pd.DataFrame, name: str = name, others: dict = others) -> None:
            store(FILES["means"], means, others["means"])
            rows = means[means["split"] == means["split"].iloc[-1]]
            best = rows.loc[rows["mean"].idxmax()]
            console.print(f"{name}, {best['split']}: {best['model']} {best['mean']:.4f}")

        with _stopped_in_a_line("what was measured on each finished split is kept"):
            tables = measured(name, on_split=keep)
        for (what, file), rows in zip(FILES.items(), tables, strict=True):
            store(file, rows, others[what])


def compare_both() -> None:
    """Compare models of both sides, and blends, with the best single ones, in an hour; both.csv."""
    from nexttrack.study.cold_start.both import FILE, table
    from nexttrack.study.cold_start.tasks import DATASETS
    from nexttrack.study.results import store, stored

    with _stopped_in_a_line("tasks that were finished are kept"):
        found = table()
    store(FILE, found, stored(FILE, DATASETS)[1])
    shown = found[found["p_holm"].notna()]
    console = Console()
    for row in shown.itertuples():
        console.print(f"{row.data}, {row.task}: {row.model} {row.difference:+.4f}")


@contextmanager
def _stopped_in_a_line(kept: str) -> Iterator[None]:
    """Let Ctrl-C end a command with one line that says what is kept, and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        line = f"stopped: {kept}; the same command goes on from there"
        Console(stderr=True).print(line, soft_wrap=True)
        raise typer.Exit(130) from None


def _data_sets(data: list[str] | None) -> list[str]:
    """Return the data sets that are asked for: all of chapter 08 if none is named."""
    from nexttrack.study.search import DATASETS

    if unknown := [name for name in data or () if name not in DATASETS]:
        raise UserError(f"{unknown[0]}: not one of the data sets {', '.join(DATASETS)}")
    return data or list(DATASETS)


def _table(trials: pd.DataFrame) -> Table:
    """Return the best trial of each model as a table for the terminal."""
    table = Table("data", "model", "trials", "NDCG@10", "seconds", "settings")
    for (data, model), rows in trials.groupby(["data", "model"], sort=False):
        best = rows.loc[rows["value"].idxmax()]
        seconds = f"{rows['seconds'].sum():.0f}"
        table.add_row(
            data, model, str(len(rows)), f"{best['value']:.4f}", seconds, best["settings"]
        )
    return table
