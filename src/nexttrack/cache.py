"""Keep the tables of long work until the code or the data that they depend on change."""

import functools
import hashlib
import inspect
import json
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from filelock import FileLock

from nexttrack import project
from nexttrack.dependencies import Code, key
from nexttrack.files import is_writable
from nexttrack.target import told

logger = logging.getLogger(__name__)

PAGES = ("book", "press", "apps")
"""What shows tables and cannot change them."""


def cache_dir() -> Path:
    """Return the folder of kept tables."""
    return project.cache_dir() / "tables"


def code_of(work: Callable) -> str:
    """Return a hash of all that a function's module depends on."""
    code = Code()
    if work.__module__ in code.modules:
        wanted = code.of_module(work.__module__)
    else:
        wanted = code.of_source(inspect.getsource(inspect.getmodule(work)))  # type: ignore[arg-type]
    return key(code.parts(wanted))


def cached(work: Callable[..., tuple[pd.DataFrame, ...]]) -> Callable[..., tuple]:
    """Keep what a function returns, a tuple of frames, by its name, arguments, code and arithmetic.

    The arguments are keywords that JSON can write; one of them has to be the fingerprint of the
    data. Frames are kept as Parquet, written whole or not at all; where that cannot be written, the
    work is done again each time, and one line says so.
    """

    @functools.wraps(work)
    def kept(**arguments):
        name = f"{work.__module__}.{work.__qualname__}"
        said = json.dumps([name, arguments, code_of(work), told()], sort_keys=True)
        folder = cache_dir() / hashlib.sha256(said.encode()).hexdigest()[:24]
        if not folder.exists():
            if not is_writable(folder.parent):
                _tell_once(folder.parent)
                return work(**arguments)
            # Two chapters that run at once compute it once.
            locks = cache_dir().with_name("locks")
            locks.mkdir(parents=True, exist_ok=True)
            with FileLock(locks / f"{folder.name}.lock"):
                if not folder.exists():
                    _write(work(**arguments), folder)
        return tuple(pd.read_parquet(path) for path in sorted(folder.glob("*.parquet")))

    return kept


@functools.cache
def _tell_once(folder: Path) -> None:
    logger.warning("%s cannot be written to: tables are computed again each time", folder)


def _write(frames: tuple[pd.DataFrame, ...], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as staging:
        made = Path(staging) / "frames"
        made.mkdir()
        for place, frame in enumerate(frames):
            frame.to_parquet(made / f"{place:02d}.parquet")
        made.rename(folder)
