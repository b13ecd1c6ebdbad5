"""Keep what takes long, until the code, the data of the edition at hand or the arguments change."""

import functools
import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from nexttrack.cache import cached
from nexttrack.study.protocol import fingerprint


def kept(work: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the tables of a function with :func:`nexttrack.cache.cached`.

    The key has the fingerprint of the edition's data, so the function need not. It is given its
    arguments as JSON has them (a Series as a dictionary, a tuple as a list): its result depends on
    nothing of them that the key does not say. ``__wrapped__`` is the function that keeps nothing.

    Args:
        work: returns a frame, or a tuple of two or more.
    """
    signature = inspect.signature(work)

    @cached
    @functools.wraps(work)
    def tables(*, data: str, **arguments):
        made = work(**arguments)
        return made if isinstance(made, tuple) else (made,)

    @functools.wraps(work)
    def kept_work(*args, **kwargs):
        given = signature.bind(*args, **kwargs)
        given.apply_defaults()
        arguments = json.loads(json.dumps(given.arguments, default=_plain))
        frames = tables(data=fingerprint(), **arguments)
        return frames if len(frames) > 1 else frames[0]

    return kept_work


def _plain(value: object) -> object:
    if isinstance(value, pd.Series):
        return value.to_dict()
    return value.item() if isinstance(value, np.generic) else dict(value)
