"""Check raw files against ``sources.toml``, one line for each defect.

A line names the file, the row, the column and what to do. In text files the header is row 1, as in
a spreadsheet; in Parquet files the first row is row 1. Long, since each kind of file can be wrong
in ways of its own, and each way has its line.
"""

import csv
import hashlib
import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from math import isfinite
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from nexttrack.data.raw import million_playlist
from nexttrack.data.raw.sources import Column, Source, SourceFile, locate
from nexttrack.errors import UserError

GET_AGAIN = "get the file again"
# Beyond this DuckDB uses the disk, so that 66 million playlist entries can be checked too.
MEMORY_LIMIT = "700MB"
LARGEST_MEMBER = 2**30
SIGNATURES = {b"PK\x03\x04": "a zip archive", b"PAR1": "a Parquet file", b"\x1f\x8b": "a gzip file"}
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
KIND_NAMES = {
    "csv": "CSV",
    "tsv": "tab-separated text",
    "zip": "a zip archive",
    "parquet": "Parquet",
}


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
    """The state of one source in a folder, with every problem found."""

    source: Source
    files: tuple[FileReport, ...]
    problems: tuple[str, ...]

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


class _BadFileError(Exception):
    """The problems of one file; each argument is one line."""


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
    reports: list[FileReport] = []
    problems: list[str] = []
    found = {file.name: paths for file in source.files if (paths := locate(file, folder))}
    if not found:
        return SourceReport(source, (), ())
    # The slices of the Million Playlist Dataset stand for the tables that an import makes of them.
    slices = any(file.kind == "json-slices" and file.name in found for file in source.files)
    tables = {file.name for file in source.files if file.required}
    complete = tables <= found.keys()
    for file in source.files:
        if slices and not complete and file.required:
            continue
        if file.name not in found:
            if file.required:
                problems.append(f"{folder / file.name} is missing; {source.how_to_bring}")
            continue
        if file.kind == "json-slices" and complete:
            continue
        try:
            reports.append(verify_file(file, found[file.name], read_slices=read_slices))
        except _BadFileError as bad:
            problems.extend(str(line) for line in bad.args)
        except UserError as error:
            problems.append(str(error))
    return SourceReport(source, tuple(reports), tuple(problems))


def verify_file(file: SourceFile, paths: list[Path], *, read_slices: bool = True) -> FileReport:
    """Check one file; only ``json-slices`` have several paths."""
    path = paths[0]
    try:
        if file.kind == "json-slices":
            rows = million_playlist.check_slices(paths) if read_slices else 0
            size = sum(path.stat().st_size for path in paths)
            return FileReport(file.name, path.parent, rows, size, "", known=False)
        size = path.stat().st_size
        _refuse_other_kinds(file, path)
        if file.kind == "parquet":
            rows = _verify_parquet(file, path)
        elif file.kind == "zip":
            rows = _verify_zip(file, path)
        else:
            rows = _verify_text(file, path.read_bytes(), str(path))
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except PermissionError:
        raise _BadFileError(f"{path} may not be read; change its permissions") from None
    except IsADirectoryError:
        raise _BadFileError(f"{path} is a folder; a file of that name is wanted") from None
    if file.sha256 not in (None, digest):
        raise _BadFileError(
            f"{path} is not the published file: its sha256 is {digest}, "
            f"not {file.sha256}; {GET_AGAIN}"
        )
    return FileReport(
        file.name, path, rows, size, digest, known=digest in (file.sha256, file.known_sha256)
    )


def _refuse_other_kinds(file: SourceFile, path: Path) -> None:
    """Refuse what is not a file of this kind at all: an empty one, a web page, another format."""
    with path.open("rb") as stream:
        start = stream.read(1024)
    if not start:
        raise _BadFileError(f"{path} is empty; {GET_AGAIN}")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise _BadFileError(
            f"{path} is a web page (a log-in page, perhaps), not {KIND_NAMES[file.kind]}; "
            "log in and download the file again"
        )
    own = {"zip": b"PK\x03\x04", "parquet": b"PAR1"}.get(file.kind)
    for signature, what in SIGNATURES.items():
        if start.startswith(signature) and signature != own:
            raise _BadFileError(
                f"{path} is {what}, not {KIND_NAMES[file.kind]}; unpack or rename it"
            )
    if file.kind == "parquet" and not start.startswith(b"PAR1"):
        raise _BadFileError(f"{path} is not Parquet; {GET_AGAIN}")


# Text -----------------------------------------------------------------------------------------


def _verify_text(file: SourceFile, data: bytes, where: str) -> int:
    """Check the bytes of a CSV or tab-separated file and return its number of data rows."""
    _check_encoding(file, data, where)
    header = _header(file, data, where)
    _check_header(file, header, where)
    table = _read_text(file, data, header, where)
    with _database() as database:
        database.register("cells", table)
        problems = _check_cells(file, header, database, "cells", where, first_row=2)
    problems += _check_row_count(file, table.num_rows, where)
    if problems:
        raise _BadFileError(*problems)
    return table.num_rows


def _check_encoding(file: SourceFile, data: bytes, where: str) -> None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _BadFileError(f"{where} is UTF-16 text; save it as UTF-8 ({GET_AGAIN}, or use iconv)")
    if (at := data.find(b"\0")) >= 0:
        row = data.count(b"\n", 0, at) + 1
        raise _BadFileError(f"{where}, row {row}: zero bytes, the file is damaged; {GET_AGAIN}")
    try:
        data.decode(file.encoding)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise _BadFileError(
            f"{where}, row {row}: byte 0x{data[error.start]:02x} is not UTF-8 (Latin-1, perhaps); "
            f"save it as UTF-8: {GET_AGAIN}, or use iconv -f latin1 -t utf-8"
        ) from None


def _header(file: SourceFile, data: bytes, where: str) -> list[str]:
    line = data.split(b"\n", 1)[0].rstrip(b"\r").decode(file.encoding).removeprefix("\ufeff")
    if not line.strip():
        raise _BadFileError(
            f"{where}, row 1 is empty where the column names should be; {GET_AGAIN}"
        )
    separator = _separator(file)
    header = _split(line, separator)
    wanted = {column.name for column in file.columns}
    if len(wanted & set(header)) < 2 <= len(wanted):
        for other, name in SEPARATORS.items():
            if other != separator and len(wanted & set(_split(line, other))) >= 2:
                raise _BadFileError(
                    f"{where}, row 1: {name} separate the columns where {SEPARATORS[separator]} "
                    f"should; {GET_AGAIN}, or save it with {SEPARATORS[separator]}"
                )
    return header


def _separator(file: SourceFile) -> str:
    return "\t" if file.kind == "tsv" else ","


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader(io.StringIO(line), delimiter=separator))


def _check_header(file: SourceFile, header: list[str], where: str) -> None:
    problems = [
        f"{where}: two columns are called {name or '(no name)'}; remove one"
        for name in dict.fromkeys(name for name in header if header.count(name) > 1)
    ]
    unknown = [name for name in header if name not in {column.name for column in file.columns}]
    for column in file.columns:
        if column.name not in header:
            folded = {name.casefold().strip(): name for name in unknown}
            near = get_close_matches(column.name.casefold(), folded, n=1)
            hint = f"rename {folded[near[0]]}" if near else GET_AGAIN
            problems.append(f"{where}: column {column.name or '(no name)'} is missing; {hint}")
    if problems:
        raise _BadFileError(*problems)


def _read_text(file: SourceFile, data: bytes, header: list[str], where: str) -> pa.Table:
    """Read every cell as text, into columns c0, c1, … in the file's order, and a column ``row``."""
    ragged: list[pa.csv.InvalidRow] = []

    def remember(row: pa.csv.InvalidRow) -> Literal["skip"]:
        ragged.append(row)
        return "skip"

    names = [f"c{i}" for i in range(len(header))]
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(data),
            # One thread: only then are rows that do not fit numbered.
            read_options=pa.csv.ReadOptions(
                use_threads=False, column_names=names, skip_rows=1, encoding=file.encoding
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=_separator(file),
                quote_char=False if file.kind == "tsv" else '"',
                newlines_in_values=file.kind == "csv",
                invalid_row_handler=remember,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise _BadFileError(f"{where} has column names and no rows; {GET_AGAIN}") from None
        raise _BadFileError(f"{where} cannot be read ({error}); {GET_AGAIN}") from None
    if ragged:
        raise _BadFileError(*_ragged_lines(ragged, len(header), data, where))
    if not table.num_rows:
        raise _BadFileError(f"{where} has column names and no rows; {GET_AGAIN}")
    return table.append_column("row", pa.array(range(table.num_rows), pa.int64()))


def _ragged_lines(
    ragged: list[pa.csv.InvalidRow], width: int, data: bytes, where: str
) -> Iterator[str]:
    first, last = ragged[0], ragged[-1]
    if not data.endswith(b"\n") and data.rstrip().endswith(last.text.strip().encode()):
        yield f"{where} ends in the middle of row {last.number}: it is cut short; {GET_AGAIN}"
        if len(ragged) == 1:
            return
    more = f" (and {len(ragged) - 1} more rows are like it)" if len(ragged) > 1 else ""
    yield (
        f"{where}, row {first.number}: {first.actual_columns} cells where the header has {width}"
        f"{more}; mend the row or {GET_AGAIN}"
    )


# Parquet --------------------------------------------------------------------------------------


def _verify_parquet(file: SourceFile, path: Path) -> int:
    try:
        schema = pq.read_schema(path)
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise _BadFileError(f"{path} has no valid footer: it is cut short; {GET_AGAIN}") from None
    _check_header(file, schema.names, str(path))
    _check_types(file, schema, path)
    if not rows:
        raise _BadFileError(f"{path} has no rows; {GET_AGAIN}")
    literally = re.sub(r"([*?\[])", r"[\1]", str(path))  # DuckDB takes a path as a pattern
    table = f"read_parquet({_quoted(literally)}, file_row_number = true)"
    names = ", ".join(f'"{name}" AS c{i}' for i, name in enumerate(schema.names))
    try:
        with _database() as database:
            database.sql(
                f"CREATE VIEW cells AS SELECT {names}, file_row_number AS row FROM {table}"
            )
            problems = _check_cells(file, schema.names, database, "cells", str(path), first_row=1)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise _BadFileError(f"{path} is damaged ({reason}); {GET_AGAIN}") from None
    problems += _check_row_count(file, rows, str(path))
    if problems:
        raise _BadFileError(*problems)
    return rows


def _check_types(file: SourceFile, schema: pa.Schema, path: Path) -> None:
    """A Parquet column has one type; say at once where it is not the one to be read."""
    is_a = pa.types
    fits = {
        "text": lambda t: is_a.is_string(t) or is_a.is_large_string(t) or is_a.is_string_view(t),
        "number": lambda t: is_a.is_integer(t) or is_a.is_floating(t),
        "integer": lambda t: is_a.is_integer(t) or is_a.is_floating(t),
        "boolean": is_a.is_boolean,
        "date": lambda t: is_a.is_date(t) or is_a.is_timestamp(t),
    }
    problems = []
    for column in file.columns:
        kind = schema.field(column.name).type
        if is_a.is_dictionary(kind):
            kind = kind.value_type
        # A column without any value has no type of its own.
        if not fits[column.type](kind) and not (is_a.is_null(kind) and column.empty):
            problems.append(
                f"{path}, column {column.name}: type {kind} where {column.type} is wanted; "
                f"convert the column or {GET_AGAIN}"
            )
    if problems:
        raise _BadFileError(*problems)


# Zip ------------------------------------------------------------------------------------------


def _verify_zip(file: SourceFile, path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_unsafe_names(archive, path)
            return sum(_verify_member(member, archive, path) for member in file.members)
    except zipfile.BadZipFile as error:
        reason = str(error).rstrip(".")
        raise _BadFileError(f"{path} is cut short or damaged ({reason}); {GET_AGAIN}") from None


def _refuse_unsafe_names(archive: zipfile.ZipFile, path: Path) -> None:
    for info in archive.infolist():
        parts = PurePosixPath(info.filename.replace("\\", "/")).parts
        absolute = parts[:1] == ("/",) or PureWindowsPath(info.filename).drive
        if absolute or ".." in parts:
            raise _BadFileError(
                f"{path} holds the name {info.filename!r}, which leads out of its folder: "
                f"do not unpack it; {GET_AGAIN} from its publisher"
            )


def _verify_member(member: SourceFile, archive: zipfile.ZipFile, path: Path) -> int:
    where = f"{path}: {member.name}"
    try:
        info = archive.getinfo(member.name)
    except KeyError:
        names = [info.filename for info in archive.infolist()]
        near = get_close_matches(member.name, names, n=1)
        hint = f" ({near[0]} is there)" if near else ""
        raise _BadFileError(f"{where} is missing in the zip{hint}; {GET_AGAIN}") from None
    if info.flag_bits & 1:
        raise _BadFileError(f"{where} is encrypted; {GET_AGAIN} from its publisher")
    if info.file_size > LARGEST_MEMBER:
        raise _BadFileError(f"{where} would unpack to {info.file_size} bytes; {GET_AGAIN}")
    try:
        data = archive.read(info)
    except (zlib.error, EOFError, NotImplementedError, zipfile.BadZipFile) as error:
        raise _BadFileError(f"{where} is damaged ({error}); {GET_AGAIN}") from None
    if not data:
        raise _BadFileError(f"{where} is empty; {GET_AGAIN}")
    return _verify_text(member, data, where)


# Cells ----------------------------------------------------------------------------------------


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    with tempfile.TemporaryDirectory() as spill:
        config = {"memory_limit": MEMORY_LIMIT, "temp_directory": spill}
        with duckdb.connect(config=config) as database:
            yield database


def _check_cells(
    file: SourceFile,
    header: list[str],
    database: duckdb.DuckDBPyConnection,
    table: str,
    where: str,
    first_row: int,
) -> list[str]:
    """Return a line for each column with a bad cell and for each key that occurs twice.

    ``table`` has columns c0, c1, … in the order of ``header`` and ``row``, counted from 0. One
    query finds the first bad cell of every column; only then is a bad cell looked at.
    """
    problems = []
    cells = [f"c{header.index(column.name)}" for column in file.columns]
    found = database.execute(
        "SELECT "
        + ", ".join(
            f"min(row) FILTER ({bad}), count(*) FILTER ({bad})"
            for bad in map(_is_bad, file.columns, cells)
        )
        + f" FROM {table}"
    ).fetchone()
    for column, cell, row, count in zip(file.columns, cells, found[::2], found[1::2], strict=True):
        if count:
            value = database.execute(f"SELECT {cell} FROM {table} WHERE row = {row}").fetchone()[0]
            more = f" (and {count - 1} more like it)" if count > 1 else ""
            problems.append(
                f"{where}, row {row + first_row}, column {column.name or '(no name)'}: "
                f"{_what_is_bad(column, value)}{more}; mend it or {GET_AGAIN}"
            )
    for key in file.unique:
        keys = ", ".join(f"c{header.index(name)}" for name in key)
        twice = database.execute(
            f"SELECT min(row), max(row) FROM {table} GROUP BY {keys} HAVING count(*) > 1"
            " ORDER BY 1 LIMIT 1"
        ).fetchone()
        if twice:
            problems.append(
                f"{where}, rows {twice[0] + first_row} and {twice[1] + first_row}, "
                f"column {' and '.join(key)}: the same in both, and it must be unique; "
                f"remove one or {GET_AGAIN}"
            )
    return problems


def _is_bad(column: Column, cell: str) -> str:
    """Return the SQL condition under which a cell of this column is bad."""
    text = f"CAST({cell} AS VARCHAR)"
    conditions = []
    if column.type in ("number", "integer"):
        number = f"TRY_CAST({cell} AS DOUBLE)"
        conditions += [f"{number} IS NULL", f"NOT isfinite({number})"]
        conditions += _outside(column, number, repr)
        if column.type == "integer":
            conditions.append(f"{number} <> floor({number})")
    elif column.type == "boolean":
        conditions.append(f"TRY_CAST({cell} AS BOOLEAN) IS NULL")
    elif column.type == "date":
        day = f"TRY_CAST({cell} AS TIMESTAMP)"
        conditions += [f"{day} IS NULL", *_outside(column, day, lambda d: f"DATE '{d}'")]
    else:
        conditions.append(f"{text} = ''" if not column.empty else "false")
        if column.values:
            conditions.append(f"{text} NOT IN ({', '.join(map(_quoted, column.values))})")
        if column.pattern:
            conditions.append(f"NOT regexp_full_match({text}, {_quoted(column.pattern)})")
    empty = "false" if column.empty else f"{cell} IS NULL"
    return f"{empty} OR ({cell} IS NOT NULL AND ({' OR '.join(conditions)}))"


def _outside(column: Column, value: str, literal) -> list[str]:
    bounds = [("<", column.minimum), (">", column.maximum)]
    return [f"{value} {sign} {literal(bound)}" for sign, bound in bounds if bound is not None]


def _what_is_bad(column: Column, value: object) -> str:
    """Say what is wrong with a cell that ``_is_bad`` found."""
    if value is None or value == "":
        return "empty"
    shown = repr(value if len(str(value)) <= 40 else str(value)[:40] + "…")
    if column.type in ("number", "integer"):
        try:
            number = float(value)
        except ValueError:
            return f"{shown} is not a number"
        if not isfinite(number):
            return f"{shown} is not a finite number"
        if column.type == "integer" and number != int(number):
            return f"{shown} is not a whole number"
    if isinstance(value, datetime):
        shown = f"{value:%Y-%m-%d}"
    elif isinstance(value, date):
        shown = str(value)
    elif column.type == "date":
        return f"{shown} is not a date"
    if column.type == "boolean":
        return f"{shown} is not true or false"
    if column.values:
        return f"{shown} is none of {', '.join(column.values)}"
    if column.pattern:
        return f"{shown} does not have the form {column.pattern}"
    unit = f" {column.unit}" if column.unit else ""
    low, high = column.minimum, column.maximum
    if high is None:
        return f"{shown} is below {low}{unit}"
    return f"{shown} is not between {low} and {high}{unit}"


def _check_row_count(file: SourceFile, rows: int, where: str) -> list[str]:
    if file.rows in (None, rows):
        return []
    why = "it is cut short" if rows < file.rows else "it is another version"
    return [
        f"{where} has {rows:,} rows where the published file has {file.rows:,}: {why}; {GET_AGAIN}"
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
