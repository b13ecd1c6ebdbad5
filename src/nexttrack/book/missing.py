"""On data that are not the book's: a cell that cannot be computed says so, and the chapter goes on.

A data set may be absent, or a group of users, or so few that nothing can be fitted; no chapter can
foresee which. On the book's own data and on the sample every error stops the chapter.
"""

import ast
import re
import textwrap
import warnings
from collections.abc import Callable

import duckdb
import matplotlib.pyplot as plt
from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell
from IPython.display import Markdown, display

from nexttrack.book.claims import leave_answer_out
from nexttrack.book.figures import figure
from nexttrack.book.tables import escape
from nexttrack.data.dataset import SOURCE_OF
from nexttrack.data.editions import missing_sources, source_of
from nexttrack.errors import NotThereError

NOT_THERE = {"nexttrack": "not there"}
"""Metadata of what is shown where data are not there, or what follows from them."""
_NAME = "_what_cannot_be_computed"


def go_on(shell: InteractiveShell) -> None:
    """Have each further cell show, in place of an error, that it could not be computed.

    Warnings, of an empty mean, say, are not shown: no cell was written for these data.
    """
    warnings.simplefilter("ignore")
    if any(isinstance(one, _Guard) for one in shell.ast_transformers):
        return
    shown = _Shown()
    shell.push({_NAME: shown}, interactive=False)
    shell.events.register("pre_run_cell", shown.begin)
    shell.ast_transformers.append(_Guard())


class _Shown:
    """Runs the statements of a cell, then its last expression; an error becomes a sentence.

    A cell labelled as a figure or a table shows the sentence as one, which the page can number.
    """

    label, answers = "", False

    def begin(self, info: ExecutionInfo) -> None:
        """Note what the cell that is about to run is to show."""
        label = re.search(r"^#\|\s*label:\s*(fig|tbl)-", info.raw_cell, re.MULTILINE)
        self.label = label[1] if label else ""
        self.answers = "book.answer(" in info.raw_cell

    def __enter__(self) -> None:
        self.failed = False

    def __exit__(self, kind, error, traceback) -> bool:
        if not isinstance(error, Exception):
            return False
        self.failed = True
        plt.close("all")  # what is half drawn
        reason = _what_is_not_there(error)
        said = reason or f"{kind.__name__}: {(str(error).splitlines() or [''])[0]}"
        said = f"This cannot be computed from these data. {said}"
        metadata = NOT_THERE if reason else {}
        if self.answers:
            leave_answer_out(said)
        if self.label == "fig":
            drawn, ax = figure(height=0.8)
            ax.set_axis_off()
            ax.text(0, 0.5, textwrap.fill(said, 90), va="center", parse_math=False)
            display(drawn, metadata=metadata)
            plt.close(drawn)
        else:
            sentence = f"*[{escape(said)}]*"
            table = f"| left out |\n|:--|\n| {sentence} |"
            display(Markdown(table if self.label == "tbl" else sentence), metadata=metadata)
        return True

    def value(self, last: Callable[[], object]) -> object:
        if self.failed:
            return None
        with self:
            return last()


def _what_is_not_there(error: Exception) -> str:
    """Return what an error lacks, if that is data that are not there or what follows; else ""."""
    if isinstance(error, NotThereError):
        return f"{str(error).partition(';')[0]}."
    if isinstance(error, NameError):
        return "It needs what could not be computed above."
    source = None
    if isinstance(error, duckdb.CatalogException):
        table = re.search(r"Table with name (\w+) does not exist", str(error))
        source = source_of(table[1]) if table else None
    elif isinstance(error, duckdb.IOException | FileNotFoundError):
        raw = re.search(r"/raw(?:-sample)?/([\w-]+)/", str(error))
        source = raw[1] if raw else None
    elif isinstance(error, KeyError):
        keys = [part for key in error.args for part in (key if isinstance(key, tuple) else (key,))]
        named = [str(key).partition(":")[0] for key in keys]  # of "lastfm-2k: artists", too
        source = next((SOURCE_OF[name] for name in named if name in SOURCE_OF), None)
    return f"{source}: not there." if source in missing_sources() else ""


class _Guard(ast.NodeTransformer):
    """Puts the statements of a cell into the care of :class:`_Shown`; what it shows stays last."""

    def visit_Module(self, cell: ast.Module) -> ast.Module:
        last = cell.body.pop() if cell.body and isinstance(cell.body[-1], ast.Expr) else None
        guarded = ast.parse(f"with {_NAME}:\n    pass\n{_NAME}.value(lambda: None)").body
        guarded[0].body += cell.body
        if last is not None:
            guarded[1].value.args[0].body = last.value
        cell.body = guarded if last is not None else guarded[:1]
        return cell
