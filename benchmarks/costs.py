"""``python -m benchmarks costs``: what the models of chapter 07 cost at their settings.

Every run is a process of its own with one thread. It fits once on a few users, so that imports and
compilation are over, and then takes the processor time (which other work on the machine hardly
changes) of the fit on the validation part of a data set, and of twenty recommendations for every
user. The medians go to the terminal and to ``results/model-costs.csv``. Nothing here is a test:
seconds depend on the machine.
"""

import json
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.harness import PER_MEGABYTE, in_turn, keep, machine, own, reported
from nexttrack import project
from nexttrack.errors import UserError

DATASETS = ("lastfm-2k", "whole-playlists", "thinned-playlists")
WARM_UP = 100
"""Users of the fit that is not measured, enough for all code to be compiled."""
N = 20


def cost_once(data: str, model: str, settings: str, report_file: Path) -> None:
    """Fit on a few users, fit on all, recommend to all, and report; the work of one process.

    Args:
        data: name of a data set.
        model: name of a candidate of chapter 07.
        settings: its settings, JSON.
        report_file: becomes JSON: ``fit`` and ``recommend`` (seconds of processor time), ``ndcg``
            (NDCG@10 on the validation part), ``start_mb``, the most memory held before the fit.
    """
    import resource

    from threadpoolctl import threadpool_limits

    from nexttrack.evaluation import evaluate
    from nexttrack.evaluation.comparison import METRICS
    from nexttrack.parallel import on_one_thread
    from nexttrack.study.protocol import task
    from nexttrack.study.registry import MODELS

    parts = task(data).split
    seen, relevant = parts.validation_in, parts.validation_out
    with threadpool_limits(1):

        def made():
            return on_one_thread(MODELS[model].make(**json.loads(settings)))

        warm = made()
        warm.fit(seen[:WARM_UP], show_progress=False)
        warm.recommend(np.arange(WARM_UP), seen[:WARM_UP], N=N)
        start_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / PER_MEGABYTE
        fitted = made()
        start = time.process_time()
        fitted.fit(seen, show_progress=False)
        after_fit = time.process_time()
        fitted.recommend(np.arange(seen.shape[0]), seen, N=N)
        after_all = time.process_time()
        found = evaluate(fitted, seen, relevant, METRICS, N=N)["NDCG@10"].mean()
    report = {"fit": after_fit - start, "recommend": after_all - after_fit}
    report_file.write_text(json.dumps(report | {"ndcg": found, "start_mb": start_mb}))


def cost_report(data: str, model: str, settings: str) -> dict[str, float]:
    """Run :func:`cost_once` in a process of its own; return its report and ``peak_mb``."""
    return reported(own("costs"), data, model, settings)


def row_of(data: str, model: str, settings: str, runs: int) -> dict[str, object]:
    """Measure a model some times and return the row of the result."""
    found = in_turn({model: partial(cost_report, data, model, settings)}, runs)[model]
    median = {name: statistics.median(run[name] for run in found) for name in found[0]}
    return {
        "case": f"{data}, {model}",
        "data": data,
        "model": model,
        "settings": settings,
        "fit_seconds": f"{median['fit']:.3f}",
        "recommend_seconds": f"{median['recommend']:.3f}",
        "ndcg": f"{median['ndcg']:.4f}",
        "start_mb": f"{median['start_mb']:.0f}",
        "peak_mb": f"{median['peak_mb']:.0f}",
        "runs": runs,
    }


def model_costs(
    models: Annotated[
        list[str] | None, typer.Argument(help="Names as in chapter 07; all if none is given.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each; the median is kept.")] = 3,
) -> None:
    """Measure what the models of chapter 07 cost at their chosen settings; model-costs.csv."""
    from nexttrack.study.factors import factor_sweeps
    from nexttrack.study.protocol import fingerprint

    known = list(factor_sweeps.NAMES)
    names = models or known
    if unknown := [name for name in names if name not in known]:
        raise UserError(f"{unknown[0]}: not a model; the models are {', '.join(known)}")
    facts, rows = machine() | {"fingerprint": fingerprint()}, []
    for data in DATASETS:
        chosen = factor_sweeps.chosen(data)
        for name in names:
            rows.append(row_of(data, name, json.dumps(chosen[name]), runs) | facts)
            path = project.root() / "results" / "model-costs.csv"
            keep(rows[-1:], path, [f"{one}, {name}" for one in DATASETS for name in known])
    shown = Table()
    for heading in ("case", "fit s", "recommend s", "NDCG@10", "peak MB"):
        shown.add_column(heading, no_wrap=True, justify="left" if heading == "case" else "right")
    for row in rows:
        columns = "case", "fit_seconds", "recommend_seconds", "ndcg", "peak_mb"
        shown.add_row(*(row[column] for column in columns))
    Console().print(shown)


if __name__ == "__main__":
    cost_once(*sys.argv[1:4], Path(sys.argv[4]))
