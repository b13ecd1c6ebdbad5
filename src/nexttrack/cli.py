"""The ``nexttrack`` command: every Makefile target is one call of it."""

import os
import sys

import typer
from rich.console import Console

from nexttrack import __version__, project
from nexttrack.bench import bench
from nexttrack.bench_metrics import bench_metrics
from nexttrack.bench_models import bench_growth, bench_models
from nexttrack.bench_peers import bench_peers
from nexttrack.book.commands import book_app
from nexttrack.data.commands import data_app
from nexttrack.errors import UserError
from nexttrack.model_costs import model_costs
from nexttrack.nearest_search import search
from nexttrack.other_splits import other_splits
from nexttrack.scaling import scaling
from nexttrack.target import run_again
from nexttrack.tune import tune

# Commands whose numbers the book shows: they compute as its chapters do.
STORES_NUMBERS = ("tune", "other-splits")

app = typer.Typer(
    help="Music recommendation with Spotify data: the data, the book, the measurements.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")
app.add_typer(book_app, name="book")
app.command()(bench)
app.command()(bench_models)
app.command()(bench_growth)
app.command()(bench_peers)
app.command()(bench_metrics)
app.command()(scaling)
app.command()(search)
app.command()(model_costs)
app.command()(tune)
app.command()(other_splits)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run the command line; a ``UserError`` becomes one line on standard error and exit code 1.

    Matplotlib keeps its list of fonts in the clone, not in the home folder.
    """
    os.environ.setdefault("MPLCONFIGDIR", str(project.root() / ".cache" / "matplotlib"))
    try:
        if sys.argv[1:2] and sys.argv[1] in STORES_NUMBERS:
            run_again()
        app()
    except UserError as error:
        Console(stderr=True, highlight=False).print(
            "error:", str(error), markup=False, soft_wrap=True
        )
        sys.exit(1)
