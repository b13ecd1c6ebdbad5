"""On data that are not the book's: a cell that cannot be computed says so, and the chapter goes on.

A data set may be absent, or a group of users, or so few that nothing can be fitted; no chapter can
foresee which. On the book's own data and on the sample every error stops the chapter.
"""

import ast
import re
import textwrap
from collections.abc import Callable

import matplotlib.pyplot as plt
from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell
from IPython.display import Markdown, display

from nexttrack.book.figures import figure
from nexttrack.book.tables import escape

_NAME = "_what_cannot_be_computed"


def go_on(shell: InteractiveShell) -> None:
    """Have each further cell show, in place of an error, that it could not be computed."""
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

    label = ""

    def begin(self, info: ExecutionInfo) -> None:
        """Note what the cell that is about to run is to show."""
        label = re.search(r"^#\|\s*label:\s*(fig|tbl)-", info.raw_cell, re.MULTILINE)
        self.label = label[1] if label else ""

    def __enter__(self) -> None:
        self.failed = False

    def __exit__(self, kind, error, traceback) -> bool:
        if not isinstance(error, Exception):
            return False
        self.failed = True
        plt.close("all")  # what is half drawn
        said = f"{kind.__name__}: {(str(error).splitlines() or [''])[0]}"
        if kind is NameError:
            said = "It needs what could not be computed above."
        said = f"This cannot be computed from these data. {said}"
        if self.label == "fig":
            _, ax = figure(height=0.8)
            ax.set_axis_off()
            ax.text(0, 0.5, textwrap.fill(said, 90), va="center", parse_math=False)
        else:
            sentence = f"*[{escape(said)}]*"
            table = f"| left out |\n|:--|\n| {sentence} |"
            display(Markdown(table if self.label == "tbl" else sentence))
        return True

    def value(self, last: Callable[[], object]) -> object:
        if self.failed:
            return None
        with self:
            return last()


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
