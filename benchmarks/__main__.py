"""``python -m benchmarks``: each command measures something and keeps it in ``results/``."""

import os

import typer

from benchmarks.answering import answering
from benchmarks.costs import model_costs
from benchmarks.finding import finding
from benchmarks.fits import scaling
from benchmarks.metrics import bench_metrics
from benchmarks.models import bench_growth, bench_models
from benchmarks.peers import bench_peers
from benchmarks.search import search
from benchmarks.steps import bench
from nexttrack import project
from nexttrack.errors import in_one_line

app = typer.Typer(
    help="How long things take, and against whom; results/ keeps it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("steps")(bench)
app.command("models")(bench_models)
app.command("growth")(bench_growth)
app.command("metrics")(bench_metrics)
app.command("peers")(bench_peers)
app.command("fits")(scaling)
app.command("search")(search)
app.command("costs")(model_costs)
app.command("finding")(finding)
app.command("answering")(answering)

if __name__ == "__main__":
    os.environ.setdefault("MPLCONFIGDIR", str(project.root() / ".cache" / "matplotlib"))
    with in_one_line():
        app()
