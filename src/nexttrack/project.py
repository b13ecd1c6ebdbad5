"""Where things are: the clone, its data, and the edition that chapters run on.

Installed elsewhere, the package has no clone: its data and what it keeps then go to the user's
folders for such things.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import platformdirs

from nexttrack.errors import UserError

Edition = Literal["published", "sample"]
EDITIONS: tuple[Edition, ...] = ("published", "sample")


def root() -> Path:
    """Return the folder of the clone, the one that holds ``_quarto.yml``.

    Raises:
        UserError: if the package is installed elsewhere.
    """
    folder = Path(__file__).resolve().parents[2]
    if not (folder / "_quarto.yml").is_file():
        raise UserError(
            "this needs the whole project, chapters and results too, and here is the package "
            "alone; clone the repository and run there: make book"
        )
    return folder


def data_dir() -> Path:
    """Return the data folder: ``$NEXTTRACK_DATA``, else ``data/`` of the clone, else the user's.

    The user's is that of the platform, such as ``~/.local/share/nexttrack``.
    """
    given = os.environ.get("NEXTTRACK_DATA")
    if given:
        return Path(given).expanduser().resolve()
    return _of_clone_or_user("data", lambda: platformdirs.user_data_path("nexttrack"))


def cache_dir() -> Path:
    """Return the folder of what can be made again: ``.cache`` of the clone, or the user's."""
    return _of_clone_or_user(".cache", lambda: platformdirs.user_cache_path("nexttrack"))


def _of_clone_or_user(folder: str, user: Callable[[], Path]) -> Path:
    try:
        return root() / folder
    except UserError:
        return user()


def raw_dir(edition: Edition = "published") -> Path:
    """Return the folder of the raw files: ``raw/``, or ``raw-sample/`` for the simulated ones."""
    return data_dir() / ("raw" if edition == "published" else "raw-sample")


def processed_dir(edition: Edition) -> Path:
    """Return the folder of the cleaned Parquet tables of an edition."""
    return data_dir() / "processed" / edition


def edition() -> Edition:
    """Return the edition that chapters run on.

    ``$NEXTTRACK_EDITION`` decides where it is set. Otherwise it is ``published`` once the real
    data have been cleaned, and ``sample`` before.

    Raises:
        UserError: if ``$NEXTTRACK_EDITION`` is neither ``published`` nor ``sample``.
    """
    asked = os.environ.get("NEXTTRACK_EDITION")
    if asked is None:
        return "published" if (processed_dir("published") / "ledger.parquet").exists() else "sample"
    if asked not in EDITIONS:
        raise UserError(f"NEXTTRACK_EDITION is {asked!r}; set it to published or sample")
    return asked
