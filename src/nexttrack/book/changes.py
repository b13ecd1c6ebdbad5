"""Can a condition fail? What it compares is changed, and it must see one of the changes.

A claim that no change of its inputs makes false says nothing: it would have been shown whatever
the data were.
"""

import dataclasses
import types
import warnings
from collections.abc import Callable, Iterator
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

Condition = Callable[[], Any]


def can_fail(condition: Condition) -> bool:
    """Tell whether some change of one of its inputs makes a condition false that holds.

    The inputs are the variables that the condition reads, itself or in functions of the same
    notebook: numbers, arrays, frames, texts, and lists, mappings and dataclasses of these. Truth
    values are none: a condition that was decided elsewhere compares nothing. A change with which
    the condition cannot be computed shows nothing.

    Args:
        condition: a function without arguments, as a notebook's cell defines it.
    """
    variables = condition.__globals__
    for name in sorted(_names(condition, variables)):
        for change in CHANGES:
            changed = _attempt(lambda name=name, change=change: change(variables[name]))
            if changed is None:
                continue
            moved = _bound_to(condition, variables, {name: changed})
            if _attempt(lambda moved=moved: bool(moved())) is False:
                return True
    return False


def _attempt(compute: Callable[[], Any]) -> Any:
    """Return what a function gives, ``None`` if it fails; what it warns of is not shown."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return compute()
        except Exception:
            return None


def _names(function: Any, variables: dict[str, Any], seen: frozenset[str] = frozenset()) -> set:
    """Return the variables of a notebook that a function reads, in functions that it calls too."""
    found: set[str] = set()
    for name in set(_read(function.__code__)) & variables.keys() - seen:
        if _of_notebook(variables[name], variables):
            found |= {name} | _names(variables[name], variables, seen | {name})
        else:
            found.add(name)
    return found


def _read(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _read(inner)


def _of_notebook(value: Any, variables: dict[str, Any]) -> bool:
    return isinstance(value, types.FunctionType) and value.__globals__ is variables


def _bound_to(function: Any, variables: dict[str, Any], changed: dict[str, Any]) -> Condition:
    """Return the function as it were if variables had other values; the notebook keeps its own."""
    world = variables | changed
    for name, value in variables.items():
        if _of_notebook(value, variables):
            world[name] = _in_world(value, world)
    return _in_world(function, world)


def _in_world(function: Any, world: dict[str, Any]) -> types.FunctionType:
    copy = types.FunctionType(
        function.__code__, world, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value with each of its numbers, or columns of numbers, changed; ``None`` if none."""
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, pd.DataFrame):
        columns = [name for name in value if _is_numbers(value[name])]
        changed = value.copy()
        changed[columns] = value[columns].apply(change)
        return changed if columns else None
    if isinstance(value, np.ndarray | pd.Series | pd.Index):
        return change(value) if _is_numbers(value) else None
    if isinstance(value, Number):
        return change(value)
    return _of_parts(value, lambda part: _each(part, change))


def _is_numbers(values: Any) -> bool:
    return is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype)


def _of_parts(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a collection with its parts changed where they can be; ``None`` if none can."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    elif isinstance(value, types.SimpleNamespace):
        parts = vars(value)
    elif isinstance(value, dict):
        parts = value
    elif isinstance(value, tuple | list):
        parts = dict(enumerate(value))
    else:
        return None
    changed = {key: change(part) for key, part in parts.items()}
    if all(part is None for part in changed.values()):
        return None
    return _made_like(
        value, {key: parts[key] if part is None else part for key, part in changed.items()}
    )


def _made_like(value: Any, parts: dict[Any, Any]) -> Any:
    """Return a collection of the kind of another, of these parts."""
    if isinstance(value, dict):
        return parts
    if isinstance(value, types.SimpleNamespace):
        return types.SimpleNamespace(**parts)
    if isinstance(value, tuple | list):
        named = hasattr(value, "_fields")
        return type(value)(*parts.values()) if named else type(value)(parts.values())
    return dataclasses.replace(value, **parts)


def _levelled(values: Any) -> Any:
    """Return all numbers of a column or an array as their mean: nothing is more than another."""
    return values * 0.0 + np.mean(values)


def _reversed(value: Any) -> Any:
    """Return what is in order turned round, under the labels that it had."""
    if isinstance(value, pd.DataFrame):
        return value.iloc[::-1].set_index(value.index)
    if isinstance(value, pd.Series):
        return value.iloc[::-1].set_axis(value.index)
    if isinstance(value, dict):
        return dict(zip(value, reversed(value.values()), strict=True))
    return value[::-1]  # an array, an index, a list, a tuple, a text


def _shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(list(value.items())[1:])
    return value.iloc[1:] if isinstance(value, pd.DataFrame | pd.Series) else value[1:]


CHANGES: tuple[Callable[[Any], Any], ...] = (
    lambda value: _each(value, lambda x: -1.0 * x),
    lambda value: _each(value, lambda x: 1000.0 * x),
    lambda value: _each(value, lambda x: 0.0 * x),
    lambda value: _each(value, lambda x: x + 1),
    lambda value: _each(value, _levelled),
    _reversed,
    lambda value: _of_parts(value, _reversed),
    _shortened,
)
