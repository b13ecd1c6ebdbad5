"""The findings check: what a chapter found is said by code that holds it to the data.

An answer in a Markdown cell stands, whatever the data say. So a chapter that asks a question gives
its answer by ``book.answer``, shown where ``book.place_answer`` stands, and each sentence of it,
as each ``book.claim``, has its conditions as functions, which can be tried with other values.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

from nexttrack.press.execute import cell_name, read

_QUESTION, _ANSWER = (re.compile(rf"^\*\*{word}\.\*\*", re.M) for word in ("Question", "Answer"))


def unbound(path: Path) -> list[str]:
    """Return a line for each answer and claim of a chapter that nothing holds to the data."""
    notebook = read(path)
    lines, calls, asked = [], [], False
    for index, cell in enumerate(notebook.cells):
        where = f"{path.stem}, {cell_name(notebook, index)}"
        if cell.cell_type == "code":
            for name, call in _calls(cell.source):
                calls.append(name)
                findings = [call.args] if name == "claim" else [_parts(arg) for arg in call.args]
                if name != "place_answer" and not all(map(_is_bound, findings)):
                    lines.append(f"{where}: a finding of book.{name} rests on no lambda")
        elif cell.cell_type == "markdown":
            asked = asked or bool(_QUESTION.search(cell.source))
            if _ANSWER.search(cell.source):
                lines.append(f"{where}: types its answer; give it by book.answer")
    times = {name: calls.count(name) for name in ("place_answer", "answer") if asked}
    unlike = [f"calls book.{name} {n} times, not once" for name, n in times.items() if n != 1]
    return [*lines, *(f"{path.stem}: {line}" for line in unlike)]


def _calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(ast.parse(TransformerManager().transform_cell(source))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_book = isinstance(node.func.value, ast.Name) and node.func.value.id == "book"
            if of_book and node.func.attr in ("claim", "answer", "place_answer"):
                yield node.func.attr, node


def _parts(finding: ast.expr) -> list[ast.expr]:
    return finding.elts if isinstance(finding, ast.Tuple) else []


def _is_bound(finding: list[ast.expr]) -> bool:
    """Tell whether a finding is a text with at least one condition, all of them functions."""
    return len(finding) > 1 and all(isinstance(part, ast.Lambda) for part in finding[1:])
