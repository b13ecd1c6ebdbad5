"""Keep the tables of long work until the code or the data that they depend on change."""

import functools
import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from filelock import FileLock

from nexttrack import project
from nexttrack.target import told

PAGES = ("book", "press", "apps")
"""What shows tables and cannot change them."""


def cache_dir() -> Path:
    """Return the folder of kept tables, ``.cache/tables`` of the clone."""
    return project.root() / ".cache" / "tables"


def code_hash() -> str:
    """Return a hash of all Python and SQL code of the package and of the locked environment.

    Any change of it makes kept tables stale: that costs a rerun now and then, and no old number
    stands. The pages' code (:data:`PAGES`) cannot change a table and is left out.
    """
    package = project.root() / "src" / "nexttrack"
    files = [path for kind in ("*.py", "*.sql", "*.csv") for path in package.rglob(kind)]
    files = [path for path in files if path.relative_to(package).parts[0] not in PAGES]
    digest = hashlib.sha256()
    for path in [*sorted(files), project.root() / "uv.lock"]:
        digest.update(path.relative_to(project.root()).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def cached(work: Callable[..., tuple[pd.DataFrame, ...]]) -> Callable[..., tuple]:
    """Keep what a function returns, a tuple of frames, by its name, arguments, code and arithmetic.

    The arguments are keywords that JSON can write; one of them has to be the fingerprint of the
    data. Frames are kept as Parquet, written whole or not at all.
    """

    @functools.wraps(work)
    def kept(**arguments):
        name = f"{work.__module__}.{work.__qualname__}"
        said = json.dumps([name, arguments, code_hash(), told()], sort_keys=True)
        folder = cache_dir() / hashlib.sha256(said.encode()).hexdigest()[:24]
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.with_suffix(".lock")):  # two chapters at once compute it once
                if not folder.exists():
                    _write(work(**arguments), folder)
        return tuple(pd.read_parquet(path) for path in sorted(folder.glob("*.parquet")))

    return kept


def _write(frames: tuple[pd.DataFrame, ...], folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as staging:
        made = Path(staging) / "frames"
        made.mkdir()
        for place, frame in enumerate(frames):
            frame.to_parquet(made / f"{place:02d}.parquet")
        made.rename(folder)
