"""What a model may be set to: one rule for all, from what its class declares."""

import inspect
from collections.abc import Mapping
from functools import lru_cache
from types import NoneType
from typing import Any, get_args

import numpy as np

from nexttrack.kernels.arguments import number, whole_number
from nexttrack.models.space import Range

MAY_BE_INFINITE = ("half_life", "spread")
"""Settings for which infinity says that nothing fades."""
_SIMPLE = {int, float, str, bool, NoneType}


@lru_cache(maxsize=256)
def declared(cls: type) -> dict[str, frozenset[type]]:
    """Return the settings of a class and its bases that are numbers, texts or truth values.

    Returns:
        For each name the types that ``__init__`` declares, ``NoneType`` among them for ``| None``.
    """
    found: dict[str, frozenset[type]] = {}
    for base in cls.__mro__:
        if not base.__module__.startswith("nexttrack.") or "__init__" not in vars(base):
            continue
        for name, parameter in inspect.signature(base.__init__).parameters.items():  # type: ignore[misc]
            types = get_args(parameter.annotation) or (parameter.annotation,)
            if name not in found and parameter.kind != parameter.VAR_KEYWORD and name != "self":
                found[name] = frozenset(types)
    return {name: types for name, types in found.items() if types <= _SIMPLE}


def check_settings(cls: type, settings: Mapping[str, Any]) -> None:
    """Refuse what a model cannot be set to, whichever model it is.

    A whole number is whole, a number is one and not NaN, a text a text. What a search varies in
    whole steps (``search_space``) is 1 or more, what it varies on a log scale 0 or more and finite.
    What else a model asks of its settings it says itself.

    Raises:
        ValueError: the line names model, setting and value.
    """
    known, space = declared(cls), getattr(cls, "search_space", {})
    for name in known.keys() & settings.keys():
        value, types, called = settings[name], known[name], f"{cls.__name__}: {name}"
        if value is None and NoneType in types:
            continue
        range_ = space.get(name)
        searched = range_ if isinstance(range_, Range) else Range(-np.inf, np.inf)
        if int in types:
            whole_number(value, called, 1 if searched.whole else 0)
        elif float in types:
            endless = number(value, called) == np.inf and name not in MAY_BE_INFINITE
            if searched.log and (value < 0 or endless):
                finite = "" if name in MAY_BE_INFINITE else "finite and "
                raise ValueError(f"{called} must be {finite}0 or more, not {value!r}")
        elif not isinstance(value, str if str in types else bool | np.bool_):
            what = "a text" if str in types else "True or False"
            raise ValueError(f"{called} must be {what}, not {value!r}")


def check_arguments(cls: type, args: tuple, keywords: Mapping[str, Any]) -> None:
    """Check what a model is made with, as :func:`check_settings` does.

    Raises:
        ValueError: as there.
    """
    names = list(inspect.signature(cls).parameters)
    check_settings(cls, dict(zip(names, args, strict=False)) | dict(keywords))


def check_again(model: Any) -> None:
    """Check the settings of a model that is there: attributes may have been changed since.

    Raises:
        ValueError: as its class raises when it is made with them.
    """
    cls: Any = type(model)
    settings = {name: getattr(model, name) for name in declared(cls) if hasattr(model, name)}
    check_settings(cls, settings)
    takes = inspect.signature(cls).parameters
    if not any(one.kind == one.VAR_KEYWORD for one in takes.values()):  # else bases' are passed on
        settings = {name: value for name, value in settings.items() if name in takes}
    cls(**settings)
