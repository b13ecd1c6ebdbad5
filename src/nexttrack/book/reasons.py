"""What a condition says in code, and the values that it compared: why a claim does not hold."""

import ast
import inspect
import linecache
from collections.abc import Callable, Iterator
from numbers import Real
from reprlib import Repr
from typing import Any

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 60


def reason(condition: Callable[[], Any]) -> str:
    """Return a condition's code, with the value of each thing that it compares.

    Of ``lambda: a > 0 and low > 0`` with a = 1 and low = −0.003 it gives
    ``low > 0, with low = -0.003``: the first part that is false, and no constants.

    Args:
        condition: a function without arguments. Where it is no lambda, or its source is not at
            hand, its name is given alone.
    """
    found = _body(condition)
    if found is None:
        return getattr(condition, "__name__", "condition")
    source, body = found
    variables = {**condition.__globals__, **inspect.getclosurevars(condition).nonlocals}
    part = _first_false(body, variables)
    values = {
        _code(source, operand): _in_short(_value(operand, variables)) for operand in _operands(part)
    }
    said = ", ".join(f"{code} = {value}" for code, value in values.items())
    return _code(source, part) + (f", with {said}" if said else "")


def _body(condition: Callable[[], Any]) -> tuple[str, ast.expr] | None:
    """Return the source of the file or cell that a lambda stands in, and the lambda's body."""
    code = condition.__code__
    source = "".join(linecache.getlines(code.co_filename, condition.__globals__))
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    places = set(code.co_positions())
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda) and code.co_name == "<lambda>":
            body = node.body
            if (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset) in places:
                return source, body
    return None


def _first_false(node: ast.expr, variables: dict[str, Any]) -> ast.expr:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        false = (part for part in node.values if not _value(part, variables))
        return _first_false(next(false, node.values[-1]), variables)
    return node


def _operands(node: ast.expr) -> Iterator[ast.expr]:
    """Yield what a condition compares: both sides of each comparison, or the variables it reads."""
    if isinstance(node, ast.Compare):
        yield from (
            side for side in (node.left, *node.comparators) if not isinstance(side, ast.Constant)
        )
    elif isinstance(node, ast.BoolOp):
        for part in node.values:
            yield from _operands(part)
    elif isinstance(node, ast.UnaryOp):
        yield from _operands(node.operand)
    else:
        called = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
        bound = {
            part.id
            for part in ast.walk(node)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and id(part) not in called and part.id not in bound:
                yield part


def _value(node: ast.expr, variables: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "<condition>", "eval"), variables)


def _in_short(value: Any) -> str:
    """Return a value on one line of some 60 characters."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return f"{value:.6g}"
    return " ".join(_SHORT.repr(value).split())


def _code(source: str, node: ast.expr) -> str:
    return " ".join((ast.get_source_segment(source, node) or "").split())
