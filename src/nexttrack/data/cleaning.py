"""From raw files to processed tables: the `.sql` files of this package, run by DuckDB in order.

Each source is read and held to its contract as ``nexttrack data verify`` does it, into tables of
the schema ``raw``; SQL files clean them (``11-spotify-tracks.sql``), and the result is held to the
contract of processed tables (:mod:`nexttrack.data.contracts`). ``00-rules.sql`` holds the rules
that the sources share, ``01-recordings.sql`` what both sources of playlists go through. Python only
decides what is run and puts the result in place.
"""

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources
from itertools import chain
from pathlib import Path

import duckdb
from filelock import FileLock

from nexttrack import progress
from nexttrack.data.database import errors_in_a_line, literal, open_database, quoted
from nexttrack.data.raw.cells import Cells, store
from nexttrack.data.raw.million_playlist import write_tables
from nexttrack.data.raw.sources import load_sources
from nexttrack.data.raw.verify import read_source, wanted_files
from nexttrack.errors import UserError
from nexttrack.files import replace_folder, restore_folder, write_through

logger = logging.getLogger(__name__)

MADE_FROM = "made-from.json"
"""Beside the tables: a hash of the code that made them, what raw files they were made from (size,
time and hash), and which raw files were there then (size and time)."""

CODE = (
    *("cleaning.py", "columns.py", "contracts.py", "database.py", "sources.toml"),
    *(f"raw/{name}.py" for name in ("archives", "cells", "kinds", "million_playlist", "reading")),
    *("raw/sources.py", "raw/verify.py"),
)
"""What decides, with the SQL, what :func:`clean` makes of the same raw files."""


@dataclass(frozen=True)
class Step:
    """How one source is cleaned.

    Attributes:
        source: its name.
        sql: files that are run in turn, by the raw table without which they are not.
        tables: the processed tables that it makes.
        known: a file with what these tables say to the sources after it.
    """

    source: str
    sql: dict[str, tuple[str, ...]]
    tables: tuple[str, ...]
    known: str = ""


STEPS = (
    Step(
        "spotify-tracks",
        {"spotify_tracks": ("11-spotify-tracks.sql",)},
        ("recordings",),
        known="12-spotify-tracks-known.sql",
    ),
    Step(
        "spotify-century",
        {
            "century_years": ("21-spotify-century.sql",),
            "century_tracks": ("22-spotify-century-tracks.sql",),
        },
        ("century_years", "century_genres", "century_tracks"),
    ),
    Step(
        "playlists",
        {
            "playlist_items": (
                "31-playlists-tracks.sql",
                "01-recordings.sql",
                "32-playlists-items.sql",
            )
        },
        ("playlist_items", "playlist_recordings"),
        known="33-playlists-known.sql",
    ),
    Step(
        "playlist-archive",
        {
            "archive_events": (
                "41-playlist-archive-tracks.sql",
                "01-recordings.sql",
                "42-playlist-archive-additions.sql",
            )
        },
        ("archive_additions", "archive_recordings"),
        known="43-playlist-archive-known.sql",
    ),
    Step(
        "lastfm-2k",
        {"lastfm_artists": ("51-lastfm-2k.sql",)},
        ("lastfm_listens", "lastfm_artists", "lastfm_tags", "lastfm_friends"),
    ),
)


def clean(raw: Path, processed: Path, *, threads: int = 2, raw_by: str | None = None) -> Path:
    """Clean the sources that are under ``raw`` into one Parquet file per table under ``processed``.

    The tables are built in a folder beside ``processed``, which they then replace as a whole: a run
    that fails or is killed leaves the old tables as they were. A source that is absent is left out
    with a warning, and so are its tables. A source that breaks its contract costs only itself: a
    warning says what is wrong, and its tables stay as an earlier run made them. The same input
    gives the same bytes, whatever ``threads`` is.

    Args:
        raw: folder with one folder per source, as ``nexttrack data get`` leaves it.
        processed: folder to put the tables into; its parent is created.
        threads: how many threads DuckDB may use.
        raw_by: what made the raw files, if they were simulated: a hash to be recorded.

    Returns:
        ``processed``.

    Raises:
        UserError: nothing to clean, no source that keeps its contract, a folder that cannot be
            written, or a full disk. One line.
    """
    raw, processed = Path(raw), Path(processed)
    with _write_errors(processed):
        processed.parent.mkdir(parents=True, exist_ok=True)
        with lock(processed):
            restore_folder(processed)
            staging = processed.with_name(f".{processed.name}-new")
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            try:
                refused = _build(raw, processed, staging, threads)
                made_from = {
                    "code": code_hash(),
                    "raw_by": raw_by,
                    "raw": _raw_files(raw, read_made_from(processed), refused),
                    "seen": raw_state(raw),
                }
                (staging / MADE_FROM).write_text(json.dumps(made_from, indent=1) + "\n")
                replace_folder(staging, processed)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    return processed


def present(raw: Path) -> list[str]:
    """Return the sources that have a file under ``raw``, in the order in which they are cleaned."""
    return [source for source, paths in _inputs(Path(raw)).items() if paths]


def code_hash() -> str:
    """Return a hash of everything that decides what :func:`clean` makes of the same raw files."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    package = resources.files("nexttrack.data")
    sql = [item for item in (package / "sql").iterdir() if item.name.endswith(".sql")]
    for part in [*(package / name for name in CODE), *sorted(sql, key=lambda item: item.name)]:
        digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()[:16]


def raw_state(raw: Path) -> dict[str, list[int]]:
    """Return size and time of change (ns) of every raw file that :func:`clean` reads; cheap."""
    raw = Path(raw)
    states = {path: path.stat() for paths in _inputs(raw).values() for path in paths}
    return {
        path.relative_to(raw).as_posix(): [state.st_size, state.st_mtime_ns]
        for path, state in sorted(states.items())
    }


def read_made_from(processed: Path) -> dict:
    """Return what the tables in ``processed`` were made from; empty where that is not known."""
    try:
        return json.loads((processed / MADE_FROM).read_text())
    except (OSError, ValueError):
        return {}


def seen(made_from: dict) -> dict[str, list[int]]:
    """Return the :func:`raw_state` of the day on which ``made_from`` was written."""
    files = made_from.get("raw", {})  # what older versions recorded alone
    return made_from.get("seen", {name: [f["size"], f["mtime_ns"]] for name, f in files.items()})


def _build(raw: Path, processed: Path, folder: Path, threads: int) -> set[str]:
    """Write the tables into ``folder`` and return the sources that were refused."""
    there = present(raw)
    if not there:
        raise UserError(
            f"{raw} holds no source to clean; run `make data` or `nexttrack data import`"
        )
    refused: dict[str, UserError] = {}
    with (
        tempfile.TemporaryDirectory(dir=folder) as scratch,
        open_database(threads, Path(scratch)) as database,
    ):
        _run(database, "00-rules.sql")
        for step in progress.steps(list(STEPS), "Cleaning"):
            if step.source not in there:
                logger.warning("%s is not in %s: its tables are left out", step.source, raw)
                continue
            try:
                _clean_source(database, step, raw / step.source, Path(scratch))
            except UserError as error:
                refused[step.source] = error
                old = _keep_old(database, step, processed)
                fate = "stay as they were" if old else "are left out"
                logger.warning("%s; until then the tables of %s %s", error, step.source, fate)
        if refused.keys() == set(there):
            raise next(iter(refused.values()))
        _run(database, "99-ledger.sql")
        _check(database, ["ledger"])
        for table in _tables(database, "processed"):
            _write(database, table, folder / f"{table}.parquet")
    return set(refused)


def _clean_source(
    database: duckdb.DuckDBPyConnection, step: Step, folder: Path, scratch: Path
) -> None:
    """Make the processed tables of one source, or, if that cannot be, nothing.

    Raises:
        UserError: what is wrong with the source, in one line.
    """
    source = load_sources()[step.source]
    with suppress(OSError):  # which is the first problem of the report
        for file, paths in wanted_files(source, folder).items():
            if file.kind == "json-slices":
                folder = scratch / step.source
                folder.mkdir()
                write_tables(paths, folder)
    report, files = read_source(database, source, folder)
    try:
        if report.problems:
            raise UserError(report.problems[0])
        with _all_or_nothing(database), errors_in_a_line(str(folder)), _disk_errors():
            for cells in files:
                store(database, cells)
            tables = {cells.file.table for cells in files}
            for name in chain.from_iterable(
                step.sql[table] for table in step.sql if table in tables
            ):
                _run(database, name)
            made = set(_tables(database, "processed")).intersection(step.tables)
            _check(database, made)
            if step.known:
                _run(database, step.known)
    finally:
        _forget(database, files)


def _keep_old(database: duckdb.DuckDBPyConnection, step: Step, processed: Path) -> bool:
    """Take a source's tables as an earlier run left them; False where they are not there or are of
    another make."""
    files = {table: processed / f"{table}.parquet" for table in step.tables}
    files = {table: path for table, path in files.items() if path.is_file()}
    if not files or not (processed / "ledger.parquet").is_file():
        return False
    try:
        with _all_or_nothing(database), errors_in_a_line(str(processed)), _disk_errors():
            for table, path in files.items():
                database.execute(f"CREATE TABLE processed.{table} AS FROM {_parquet(path)}")
            _check(database, files)
            database.execute(
                "INSERT INTO processed.ledger BY NAME SELECT * EXCLUDE (step) "
                f"FROM {_parquet(processed / 'ledger.parquet')} WHERE source = $1 ORDER BY step",
                [step.source],
            )
            if step.known:
                _run(database, step.known)
    except UserError:
        return False
    return True


@contextmanager
def _all_or_nothing(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    database.begin()
    try:
        yield
    except BaseException:
        database.rollback()
        raise
    database.commit()


@contextmanager
def _disk_errors() -> Iterator[None]:
    """Tell what the disk refuses DuckDB from what DuckDB cannot do with an input."""
    try:
        yield
    except duckdb.IOException as error:
        raise OSError(str(error)) from None


def _check(database: duckdb.DuckDBPyConnection, tables) -> None:
    from nexttrack.data import contracts  # here, because pandera takes a second to import

    contracts.check_processed(database, tables)


def _forget(database: duckdb.DuckDBPyConnection, files: list[Cells]) -> None:
    """Let go of the files that were read and of the raw tables made of them."""
    for cells in files:
        database.execute(f"DROP VIEW {cells.relation}")
        database.execute(f"DROP TABLE IF EXISTS raw.{cells.file.table}")
        database.unregister(f"text of {cells.file.table}")


def _run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute((resources.files("nexttrack.data") / "sql" / name).read_text("utf-8"))


def _tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = $1 ORDER BY 1", [schema]
    ).fetchall()
    return [name for (name,) in rows]


def _parquet(path: Path) -> str:
    return f"read_parquet({quoted(literal(path))}, hive_partitioning = false)"


def _write(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    # Tables were created in their order; one thread and one size of row group keep it in the file.
    connection.execute("SET threads = 1")
    connection.execute(
        f"COPY processed.{table} TO {quoted(path)} "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
    )
    write_through(path)


def _inputs(raw: Path) -> dict[str, list[Path]]:
    """Return the raw files that :func:`clean` reads, by source; a file not there has no path, and
    of a folder that may not be read there is the folder."""
    inputs = {}
    for step in STEPS:
        folder = raw / step.source
        try:
            files = wanted_files(load_sources()[step.source], folder)
        except OSError:
            inputs[step.source] = [folder]
        else:
            inputs[step.source] = [path for paths in files.values() for path in paths]
    return inputs


def _raw_files(raw: Path, old: dict, refused: set[str]) -> dict[str, dict]:
    """Return size, time and SHA-256 of the raw files that the tables are made from.

    Those of a refused source are what its old tables were made from. A file of the size and time
    that ``old`` recorded is not read again.
    """
    recorded: dict[str, dict] = old.get("raw", {})
    files = {name: record for name, record in recorded.items() if name.partition("/")[0] in refused}
    for name, (size, changed) in raw_state(raw).items():
        record = recorded.get(name, {})
        if name.partition("/")[0] in refused:
            continue
        if (record.get("size"), record.get("mtime_ns")) != (size, changed):
            with (raw / name).open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
            record = {"size": size, "mtime_ns": changed, "sha256": content}
        files[name] = record
    return dict(sorted(files.items()))


def lock(processed: Path) -> FileLock:
    """Return the lock under which ``processed`` is replaced."""
    return FileLock(processed.with_name(f".{processed.name}.lock"))


@contextmanager
def _write_errors(processed: Path) -> Iterator[None]:
    """Turn a folder that cannot be written, and a full disk, into one line."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        raise UserError(
            f"cannot write the cleaned tables to {processed}: {error}; "
            "free some space or make the folder writable, then clean again"
        ) from None
