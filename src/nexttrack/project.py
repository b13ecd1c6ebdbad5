"""Where things are: the clone, its data, and the edition that chapters run on."""

import os
from pathlib import Path
from typing import Literal

from nexttrack.errors import UserError

Edition = Literal["published", "sample"]
EDITIONS: tuple[Edition, ...] = ("published", "sample")


def root() -> Path:
    """Return the folder of the clone, the one that holds ``_quarto.yml``."""
    return Path(__file__).resolve().parents[2]


def data_dir() -> Path:
    """Return the data folder: ``$NEXTTRACK_DATA`` where it is set, else ``data/`` of the clone."""
    given = os.environ.get("NEXTTRACK_DATA")
    return Path(given).expanduser().resolve() if given else root() / "data"


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
