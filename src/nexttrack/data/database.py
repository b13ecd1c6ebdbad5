"""Every DuckDB database is opened here: in UTC, quiet, and with paths that are no patterns."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from nexttrack.errors import UserError

SPILLING_AT = "600MB"
"""Beyond this DuckDB uses the disk, so that 66 million playlist entries can be checked too."""


def open_database(
    threads: int = 2, spill: Path | None = None, memory_limit: str = SPILLING_AT
) -> duckdb.DuckDBPyConnection:
    """Return a new database in memory whose dates and times are in UTC, wherever the machine is.

    Args:
        threads: how many threads DuckDB may use.
        spill: folder for what exceeds the limit; without one, all memory may be used.
        memory_limit: such as ``"2GB"``.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if spill is not None:
        config |= {"memory_limit": memory_limit, "temp_directory": str(spill)}
    connection = duckdb.connect(config=config)
    connection.execute("SET TimeZone = 'UTC'")
    # DuckDB's own bar goes to standard output; a notebook may have neither bar nor setting.
    with suppress(duckdb.InvalidInputException):
        connection.execute("SET enable_progress_bar = false")
    return connection


def quoted(text: str | Path) -> str:
    """Return a text or a path as an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def literal(path: Path) -> str:
    """Return a path so that DuckDB, which reads paths as patterns, finds that file alone."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


@contextmanager
def errors_in_a_line(where: str) -> Iterator[None]:
    """Turn what DuckDB and Arrow cannot do with an input into one line.

    Raises:
        UserError: ``where``, the reason, and what to do.
    """
    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError):
        raise UserError(
            f"{where}: the memory does not suffice; close other programs, or free some disk, "
            "and try again"
        ) from None
    except duckdb.Error as error:
        reason = " ".join(str(error).split("\n\n")[0].split())[:250]
        raise UserError(
            f"{where}: cannot be read ({reason}); check it with `nexttrack data verify`, "
            "or get it again"
        ) from None
