"""The ``nexttrack`` command: the data, the book and the study, as the Makefile calls them."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from nexttrack import __version__, project
from nexttrack.apps.try_it.commands import export
from nexttrack.data.commands import data_app
from nexttrack.errors import UserError, in_one_line
from nexttrack.press.commands import book_app
from nexttrack.study.commands import compare_both, evaluate_other_splits, tune_models
from nexttrack.target import run_again

# Commands whose numbers the book shows: they compute as its chapters do.
STORES_NUMBERS = ("tune", "other-splits", "both")

# Modules that only an extra brings; without it the library and the data work.
EXTRAS = {
    "book": (
        *("IPython", "bokeh", "cycler", "jinja2", "jupyter_client", "matplotlib"),
        *("nbclient", "nbformat", "pypandoc", "smalldocs"),
    ),
}

app = typer.Typer(
    help="Music recommendation with Spotify data: the data, the book, the study.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")
app.add_typer(book_app, name="book")
app.command("tune")(tune_models)
app.command("other-splits")(evaluate_other_splits)
app.command("both")(compare_both)
app.command("export")(export)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


@contextmanager
def what_is_not_installed() -> Iterator[None]:
    """Say of a package that is not installed what brings it.

    Raises:
        UserError: instead of a ``ModuleNotFoundError`` of a module that is not ours.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "nexttrack").partition(".")[0]
        if module == "nexttrack":
            raise
        extra = next((name for name, modules in EXTRAS.items() if module in modules), None)
        try:
            project.root()
            advice = "make setup"
        except UserError:
            advice = f"pip install 'nexttrack[{extra}]'" if extra else "pip install nexttrack"
        message = f"this needs {module}, which is not installed here; run: {advice}"
        raise UserError(message) from None


def main() -> None:
    """Run the command line; a ``UserError`` becomes one line on standard error and exit code 1.

    Matplotlib keeps its list of fonts in the clone, not in the home folder. Paths are read as UTF-8
    whatever the locale is, as libraries do that call into C.
    """
    os.environ.setdefault("MPLCONFIGDIR", str(project.cache_dir() / "matplotlib"))
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        utf8 = {**os.environ, "PYTHONUTF8": "1"}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], utf8)
    with in_one_line(), what_is_not_installed():
        if sys.argv[1:2] and sys.argv[1] in STORES_NUMBERS:
            run_again()
        app()
