"""From raw files to the processed tables: the `.sql` files of this package, run by DuckDB in order.

Each source has a file that reads it and files that clean it (``10-spotify-tracks-read.sql`` and
``11-spotify-tracks.sql``); ``00-rules.sql`` holds the rules that they share, ``01-recordings.sql``
what both sources of playlists go through. Once read, the raw tables must keep their contract, and
at the end the processed ones theirs (:mod:`nexttrack.data.contracts`). Python only decides what is
run and puts the result in place.
"""

import hashlib
import json
import logging
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import duckdb
from filelock import FileLock

from nexttrack import progress
from nexttrack.data.raw.million_playlist import write_tables
from nexttrack.errors import UserError
from nexttrack.files import replace_folder, restore_folder, write_through

logger = logging.getLogger(__name__)

MADE_FROM = "made-from.json"
"""Beside the tables: a hash of the code that made them; size, time and hash of the raw files."""

MEMORY_LIMIT = "600MB"
LASTFM_MEMBERS = (
    "artists.dat",
    "user_artists.dat",
    "user_friends.dat",
    "tags.dat",
    "user_taggedartists-timestamps.dat",
)
LARGEST_MEMBER = 1 << 30


@dataclass(frozen=True)
class Step:
    """A source or an optional part of one: files under ``raw``, SQL that reads, SQL that cleans."""

    source: str
    files: tuple[str, ...]
    sql: tuple[str, ...]


STEPS = (
    Step(
        "spotify-tracks",
        ("spotify-tracks/dataset.csv",),
        ("10-spotify-tracks-read.sql", "11-spotify-tracks.sql"),
    ),
    Step(
        "spotify-century",
        ("spotify-century/data_by_year.csv", "spotify-century/data_by_genres.csv"),
        ("20-spotify-century-read.sql", "21-spotify-century.sql"),
    ),
    Step(
        "spotify-century data.csv",
        (
            "spotify-century/data.csv",
            "spotify-century/data_by_year.csv",
            "spotify-century/data_by_genres.csv",
        ),
        ("25-spotify-century-tracks-read.sql", "26-spotify-century-tracks.sql"),
    ),
    Step(
        "playlists",
        ("playlists/playlist_tracks.parquet", "playlists/tracks.parquet"),
        (
            "30-playlists-read.sql",
            "31-playlists-tracks.sql",
            "01-recordings.sql",
            "32-playlists-items.sql",
        ),
    ),
    Step(
        "playlist-archive",
        ("playlist-archive/events.parquet", "playlist-archive/tracks.parquet"),
        (
            "40-playlist-archive-read.sql",
            "41-playlist-archive-tracks.sql",
            "01-recordings.sql",
            "42-playlist-archive-additions.sql",
        ),
    ),
    Step(
        "lastfm-2k",
        ("lastfm-2k/hetrec2011-lastfm-2k.zip",),
        ("50-lastfm-2k-read.sql", "51-lastfm-2k.sql"),
    ),
)


def clean(raw: Path, processed: Path, *, threads: int = 2, raw_by: str | None = None) -> Path:
    """Clean the sources that are under ``raw`` into one Parquet file per table under ``processed``.

    The tables are built in a folder beside ``processed``, which they then replace as a whole: a run
    that fails or is killed leaves the old tables as they were. A source whose files are absent is
    left out with a warning, and so are its tables. The same input gives the same bytes, whatever
    ``threads`` is.

    Args:
        raw: folder with one folder per source, as ``nexttrack data get`` leaves it.
        processed: folder to put the tables into; its parent is created.
        threads: how many threads DuckDB may use.
        raw_by: what made the raw files, if they were simulated: a hash to be recorded.

    Returns:
        ``processed``.

    Raises:
        UserError: nothing to clean, a file that cannot be read, a table that breaks its contract,
            a folder that cannot be written, or a full disk. One line.
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
                _build(raw, staging, threads)
                made_from = {
                    "code": code_hash(),
                    "raw_by": raw_by,
                    "raw": raw_files(raw, known=processed),
                }
                (staging / MADE_FROM).write_text(json.dumps(made_from, indent=1) + "\n")
                replace_folder(staging, processed)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    return processed


def present(raw: Path) -> list[str]:
    """Return the sources (and optional parts) whose raw files are all there, in run order."""
    return [step.source for step in STEPS if _is_present(step, Path(raw))]


def absent(raw: Path) -> list[str]:
    """Return the sources that :func:`clean` will leave out because a file of theirs is missing."""
    return [
        step.source
        for step in STEPS
        if not _is_present(step, Path(raw)) and step.source in step.files[0]
    ]


def code_hash() -> str:
    """Return a hash of everything that decides what :func:`clean` makes of the same raw files."""
    digest = hashlib.sha256(duckdb.__version__.encode())
    package = resources.files("nexttrack.data")
    parts = [
        package / name
        for name in ("cleaning.py", "columns.py", "contracts.py", "raw/million_playlist.py")
    ]
    parts += _sql_files()
    for part in parts:
        digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()[:16]


def raw_files(raw: Path, known: Path | None = None) -> dict[str, dict]:
    """Return size, time of change and SHA-256 of every raw file that :func:`clean` reads.

    Args:
        raw: the raw folder.
        known: a folder of tables whose own record spares reading a file of the same size and time.
    """
    recorded = read_made_from(known).get("raw", {}) if known else {}
    return {
        path.relative_to(raw).as_posix(): _file_record(
            path, recorded.get(path.relative_to(raw).as_posix())
        )
        for path in _inputs(raw)
    }


def raw_state(raw: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change (ns) of every raw file that :func:`clean` reads; cheap."""
    return {
        path.relative_to(raw).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in _inputs(Path(raw))
    }


def read_made_from(processed: Path) -> dict:
    """Return what the tables in ``processed`` were made from; empty where that is not known."""
    try:
        return json.loads((processed / MADE_FROM).read_text())
    except (OSError, ValueError):
        return {}


def _build(raw: Path, folder: Path, threads: int) -> None:
    from nexttrack.data import contracts  # here, because pandera takes a second to import

    steps = [step for step in STEPS if _is_present(step, raw)]
    if not steps:
        raise UserError(
            f"{raw} holds no source to clean; run `make data` or `nexttrack data import`"
        )
    for source in absent(raw):
        logger.warning("%s is not in %s: its tables are left out", source, raw)
    with (
        tempfile.TemporaryDirectory(dir=folder) as scratch,
        duckdb.connect(
            config={
                "threads": threads,
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": scratch,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        ) as connection,
    ):
        # DuckDB's own bar is not quiet off a terminal; a notebook has neither bar nor setting.
        if "ipykernel" not in sys.modules:
            connection.execute("SET enable_progress_bar = false")
        _run(connection, "00-rules.sql")
        connection.execute("SET VARIABLE raw = $1", [str(raw)])
        for step in progress.steps(steps, "Cleaning"):
            _prepare(connection, step, raw, Path(scratch))
            with _read_errors(step):
                before = _tables(connection, "raw")
                _run(connection, step.sql[0])
            contracts.check_raw(connection, set(_tables(connection, "raw")) - set(before))
            for name in step.sql[1:]:
                _run(connection, name)
        _run(connection, "99-ledger.sql")
        contracts.check_processed(connection)
        for table in _tables(connection, "processed"):
            _write(connection, table, folder / f"{table}.parquet")


def _prepare(connection: duckdb.DuckDBPyConnection, step: Step, raw: Path, scratch: Path) -> None:
    """Bring a source that does not come as CSV or Parquet into a form that SQL reads."""
    if step.source == "lastfm-2k":
        unpack(raw / step.files[0], LASTFM_MEMBERS, scratch)
        connection.execute("SET VARIABLE lastfm = $1", [str(scratch)])
    if step.source == "playlists":
        folder = raw / "playlists"
        if not (raw / step.files[0]).exists():
            folder = scratch / "playlists"
            folder.mkdir()
            write_tables(_slices(raw), folder)
        connection.execute("SET VARIABLE playlists = $1", [str(folder)])


def unpack(archive: Path, members: tuple[str, ...], folder: Path) -> None:
    """Copy named members of a zip file into ``folder``.

    Only members asked for by name are written, each under that name, so that nothing in the archive
    decides where a file goes.

    Raises:
        UserError: not a zip file, damaged, or a member missing or absurdly large.
    """
    again = "get it again with `nexttrack data get lastfm-2k`"
    try:
        with zipfile.ZipFile(archive) as zipped:
            inside = {info.filename.rsplit("/", 1)[-1]: info for info in zipped.infolist()}
            for member in members:
                if member not in inside:
                    raise UserError(f"{archive}: no {member} inside; {again}")
                if inside[member].file_size > LARGEST_MEMBER:
                    raise UserError(f"{archive}: {member} unpacks to over 1 GiB; {again}")
                with zipped.open(inside[member]) as source, (folder / member).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, EOFError, zipfile.zlib.error, NotImplementedError) as error:
        raise UserError(f"{archive}: not a readable zip file ({error}); {again}") from None


def _run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    connection.execute((resources.files("nexttrack.data") / "sql" / name).read_text("utf-8"))


def _tables(connection: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = $1 ORDER BY 1", [schema]
    ).fetchall()
    return [name for (name,) in rows]


def _write(connection: duckdb.DuckDBPyConnection, table: str, path: Path) -> None:
    # Tables were created in their order; one thread and one size of row group keep it in the file.
    connection.execute("SET threads = 1")
    connection.execute(
        f"COPY processed.{table} TO '{str(path).replace(chr(39), chr(39) * 2)}' "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
    )
    write_through(path)


def _is_present(step: Step, raw: Path) -> bool:
    if step.source == "playlists" and _slices(raw):
        return True
    return all((raw / name).is_file() for name in step.files)


def _slices(raw: Path) -> list[Path]:
    return sorted((raw / "playlists").glob("**/mpd.slice.*.json"))


def _inputs(raw: Path) -> list[Path]:
    """Return the raw files that :func:`clean` reads, each once, sorted by name."""
    named = {raw / name for step in STEPS if _is_present(step, raw) for name in step.files}
    files = {path for path in named if path.is_file()}
    if not (raw / "playlists" / "playlist_tracks.parquet").exists():
        files |= set(_slices(raw))
    return sorted(files)


def _file_record(path: Path, recorded: dict | None) -> dict:
    state = path.stat()
    size, changed = state.st_size, state.st_mtime_ns
    if recorded and (recorded["size"], recorded["mtime_ns"]) == (size, changed):
        return recorded
    with path.open("rb") as opened:
        content = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"size": size, "mtime_ns": changed, "sha256": content}


def _sql_files() -> list:
    folder = resources.files("nexttrack.data") / "sql"
    return sorted(
        (item for item in folder.iterdir() if item.name.endswith(".sql")),
        key=lambda item: item.name,
    )


def lock(processed: Path) -> FileLock:
    """Return the lock under which ``processed`` is replaced."""
    return FileLock(processed.with_name(f".{processed.name}.lock"))


@contextmanager
def _read_errors(step: Step) -> Iterator[None]:
    """Turn what DuckDB says of a file that it cannot read into one line."""
    try:
        yield
    except (duckdb.Error, UnicodeDecodeError) as error:
        if isinstance(error, duckdb.OutOfMemoryException | duckdb.PermissionException):
            raise
        reason = " ".join(str(error).split("\n\n")[0].split())[:250]
        files = ", ".join(step.files)
        raise UserError(
            f"{files}: cannot be read ({reason}); check it with `nexttrack data verify`, "
            "or get it again"
        ) from None


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
