"""Tables in ``results/`` that take long to make: read and written here, with the data they are of.

The columns ``data`` and ``fingerprint`` of a row say the data set and the data of its edition.
"""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.files import write_file
from nexttrack.study.protocol import fingerprint


def path_of(file: str) -> Path:
    """Return where a table is."""
    return project.root() / "results" / file


def bench_table(file: str, make: str) -> pd.DataFrame:
    """Return a table that is of no data, but of a machine.

    Args:
        file: name of the table.
        make: what makes it, to be said where it is not there.

    Raises:
        UserError: if it was not measured.
    """
    if not path_of(file).exists():
        raise UserError(f"{path_of(file)} is not there; run: make {make}")
    return pd.read_csv(path_of(file))


def stored(file: str, names: Collection[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of a table that are of some data sets of the edition at hand, and the others.

    Both are empty where there is no such table.

    Args:
        file: name of the table.
        names: of the data sets.
    """
    if not path_of(file).exists():
        nothing = pd.DataFrame(columns=["data", "fingerprint"])
        return nothing, nothing
    rows = pd.read_csv(path_of(file))
    ours = (rows["fingerprint"] == fingerprint()) & rows["data"].isin(names)
    return rows[ours], rows[~ours]


def store(file: str, rows: pd.DataFrame, others: pd.DataFrame) -> None:
    """Write rows of the data at hand to a table, after the others that it has."""
    rows = rows.assign(fingerprint=fingerprint())
    table = pd.concat([others, rows]) if len(others) else rows
    write_file(path_of(file), table.to_csv(index=False, lineterminator="\n").encode())
