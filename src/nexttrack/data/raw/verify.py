"""Hold raw files to the contract that ``sources.toml`` states, one line for each defect."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from nexttrack.data.database import errors_in_a_line, open_database
from nexttrack.data.raw import million_playlist
from nexttrack.data.raw.cells import Cells, check_cells, check_references
from nexttrack.data.raw.reading import BadFileError, read_cells
from nexttrack.data.raw.sources import Source, SourceFile, locate
from nexttrack.errors import UserError


@dataclass(frozen=True)
class FileReport:
    """A file that was checked and found valid.

    ``rows`` are its data rows (of a zip: of all its tables; of slices: playlist entries), ``size``
    is in bytes, ``known`` says whether it is, byte for byte, the copy that the book was made from.
    """

    name: str
    path: Path
    rows: int
    size: int
    sha256: str
    known: bool


@dataclass(frozen=True)
class SourceReport:
    """The state of one source in a folder: every problem found, and what is only worth knowing.

    ``notes`` say where a file differs from the published one and is valid nevertheless.
    """

    source: Source
    files: tuple[FileReport, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def state(self) -> Literal["present", "missing", "invalid"]:
        """``missing`` if there is no file at all, ``invalid`` if there is any problem."""
        if self.problems:
            return "invalid"
        return "present" if self.files else "missing"

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(file.rows for file in self.files)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def verify_source(source: Source, folder: Path, *, read_slices: bool = True) -> list[FileReport]:
    """Check the files of a source in ``folder`` and return a report on each.

    JSON slices are only counted where ``read_slices`` is false, for a caller who is about to read
    them and meets every defect then.

    Raises:
        UserError: naming the first thing that is wrong, a required file that is missing included.
    """
    report = inspect_source(source, folder, read_slices=read_slices)
    if report.problems:
        raise UserError(report.problems[0])
    if not report.files:
        raise UserError(f"{folder} has no file of {source.name}; {source.how_to_bring}")
    return list(report.files)


def inspect_source(source: Source, folder: Path, *, read_slices: bool = True) -> SourceReport:
    """Check the files of a source in ``folder`` and collect every problem, never raising one."""
    with tempfile.TemporaryDirectory() as spill, open_database(spill=Path(spill)) as database:
        return read_source(database, source, folder, read_slices=read_slices)[0]


def read_source(
    database: duckdb.DuckDBPyConnection, source: Source, folder: Path, *, read_slices: bool = True
) -> tuple[SourceReport, list[Cells]]:
    """Bring the files of a source into a database and check them: what ``verify`` and ``clean`` do.

    Returns:
        The report, which never is an exception, and the cells of every valid table. Slices have
        none: :func:`nexttrack.data.raw.million_playlist.write_tables` makes tables of them.
    """
    reports: list[FileReport] = []
    problems: list[str] = []
    tables: list[Cells] = []
    try:
        wanted = wanted_files(source, folder)
    except OSError as error:
        return SourceReport(source, (), (_unreadable(error, folder),)), []
    for file, paths in wanted.items():
        try:
            if not paths:
                raise UserError(f"{folder / file.name} is missing; {source.how_to_bring}")
            report, cells = _read_file(database, file, paths, read_slices=read_slices)
        except OSError as error:
            problems.append(_unreadable(error, paths[0]))
        except (BadFileError, UserError) as bad:
            problems.extend(str(line) for line in bad.args)
        else:
            reports.append(report)
            tables.extend(cells)
    if not problems:
        with errors_in_a_line(str(folder)):
            problems += check_references(database, tables)
    notes = [note for report in reports for note in _notes(report, source, tables)]
    return SourceReport(source, tuple(reports), tuple(problems), tuple(notes)), tables


def wanted_files(source: Source, folder: Path) -> dict[SourceFile, list[Path]]:
    """Return the files of a source to be read, each with where it is: no path, if it is missing,
    and no file, if the folder has none of the source.

    The slices of the Million Playlist Dataset stand for the tables that an import makes of them.

    Raises:
        OSError: the folder may not be read.
    """
    if folder.is_dir():
        next(folder.iterdir(), None)  # a folder that may not be read is no empty one
    found = {file: paths for file in source.files if (paths := locate(file, folder))}
    slices = [file for file in found if file.kind == "json-slices"]
    required = [file for file in source.files if file.required]
    if not found:
        return {}
    if slices and not all(file in found for file in required):
        return {file: found[file] for file in slices}
    wanted = {file: [] for file in required} | found
    return {file: wanted[file] for file in source.files if file in wanted and file not in slices}


def _read_file(
    database: duckdb.DuckDBPyConnection, file: SourceFile, paths: list[Path], *, read_slices: bool
) -> tuple[FileReport, list[Cells]]:
    path = paths[0]
    if file.kind == "json-slices":
        rows = million_playlist.check_slices(paths) if read_slices else 0
        size = sum(path.stat().st_size for path in paths)
        return FileReport(file.name, path.parent, rows, size, "", known=False), []
    with errors_in_a_line(str(path)):
        tables = read_cells(database, file, path)
        if problems := [line for cells in tables for line in check_cells(database, cells)]:
            raise BadFileError(*problems)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    known = digest in (file.sha256, file.known_sha256)
    rows = sum(cells.rows for cells in tables)
    return FileReport(file.name, path, rows, path.stat().st_size, digest, known), tables


def _unreadable(error: OSError, path: Path) -> str:
    path = Path(error.filename or path)
    if isinstance(error, PermissionError):
        return f"{path} may not be read; change its permissions"
    if isinstance(error, IsADirectoryError):
        return f"{path} is a folder; a file of that name is wanted"
    return f"{path} cannot be read ({error.strerror or error}); copy it again"


def _notes(report: FileReport, source: Source, tables: list[Cells]) -> list[str]:
    file = next(file for file in source.files if file.name == report.name)
    parts = file.members or (file,)
    notes = [
        f"{cells.where} has {cells.rows:,} rows where the published file has "
        f"{cells.file.rows:,}: a part of it, or another version"
        for cells in tables
        if cells.file in parts and cells.file.rows not in (None, cells.rows)
    ]
    if file.sha256 not in (None, report.sha256):
        notes.append(f"{report.path} is not, byte for byte, the published file")
    return notes
