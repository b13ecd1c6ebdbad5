"""From a raw file to its cells in a database, for checking and cleaning alike.

What keeps a file from being read has a line of its own: an encoding, a header, rows of another
length, a footer that is missing.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from nexttrack.data.database import literal, quoted
from nexttrack.data.raw.archives import read_member, refuse_unsafe_names
from nexttrack.data.raw.cells import GET_AGAIN, Cells
from nexttrack.data.raw.kinds import wrong_kind
from nexttrack.data.raw.sources import Column, SourceFile

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
BLANK = r"'[\s\pZ]*'"
"""What an empty text is made of, as an SQL string."""


class BadFileError(Exception):
    """The problems of one file; each argument is one line."""


def read_cells(database: duckdb.DuckDBPyConnection, file: SourceFile, path: Path) -> list[Cells]:
    """Bring a file into a database: one table of cells, or one for each member of a zip.

    Raises:
        BadFileError: it is not a file of that kind and with those columns, or has no rows.
        UserError: a zip that is damaged or made to harm.
        OSError: it may not be read.
    """
    if wrong := wrong_kind(path, file):
        raise BadFileError(wrong)
    if file.kind == "parquet":
        return [_read_parquet(database, file, path)]
    if file.kind == "zip":
        return _read_zip(database, file, path)
    return [_read_text(database, file, path.read_bytes(), str(path))]


def _view(
    database: duckdb.DuckDBPyConnection,
    file: SourceFile,
    cells: list[str],
    origin: str,
    row: str = "row",
) -> str:
    """Make the view of a file's cells, in the order of its columns, and return its name.

    An empty cell becomes NULL: a text of nothing but blanks, and NaN in a column of numbers. (In a
    text file NaN is a text like another, and no number.)
    """
    name = f'"cells of {file.table}"'
    columns = ", ".join(
        f"{_without_empty(column, cell, file.kind)} AS c{i}"
        for i, (column, cell) in enumerate(zip(file.columns, cells, strict=True))
    )
    database.execute(
        f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {columns}, {row} AS row FROM {origin}"
    )
    return name


def _without_empty(column: Column, cell: str, kind: str) -> str:
    if column.type == "text":
        text = f"CAST({cell} AS VARCHAR)"
        return f"CASE WHEN NOT regexp_full_match({text}, {BLANK}) THEN {text} END"
    if kind == "parquet" and column.type in ("number", "integer"):
        return f"CASE WHEN NOT isnan(CAST({cell} AS DOUBLE)) THEN {cell} END"
    return cell


# Text -----------------------------------------------------------------------------------------


def _read_text(
    database: duckdb.DuckDBPyConnection, file: SourceFile, data: bytes, where: str
) -> Cells:
    _check_encoding(file, data, where)
    header = _header(file, data, where)
    _check_header(file, header, where)
    table = _as_texts(file, data, len(header), where)
    origin = f'"text of {file.table}"'
    database.register(origin.strip('"'), table)
    cells = [f"t{header.index(column.name)}" for column in file.columns]
    return Cells(file, _view(database, file, cells, origin), where, 2, table.num_rows)


def _check_encoding(file: SourceFile, data: bytes, where: str) -> None:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadFileError(f"{where} is UTF-16 text; save it as UTF-8 ({GET_AGAIN}, or use iconv)")
    if (at := data.find(b"\0")) >= 0:
        row = data.count(b"\n", 0, at) + 1
        raise BadFileError(f"{where}, row {row}: zero bytes, the file is damaged; {GET_AGAIN}")
    try:
        data.decode(file.encoding)
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        raise BadFileError(
            f"{where}, row {row}: byte 0x{data[error.start]:02x} is not UTF-8 (Latin-1, perhaps); "
            f"save it as UTF-8: {GET_AGAIN}, or use iconv -f latin1 -t utf-8"
        ) from None


def _header(file: SourceFile, data: bytes, where: str) -> list[str]:
    line = re.split(rb"[\r\n]", data, maxsplit=1)[0].decode(file.encoding).removeprefix("\ufeff")
    if not line.strip():
        raise BadFileError(f"{where}, row 1 is empty where the column names should be; {GET_AGAIN}")
    separator = _separator(file)
    header = _split(line, separator)
    wanted = {column.name for column in file.columns}
    if len(wanted & set(header)) < 2 <= len(wanted):
        for other, name in SEPARATORS.items():
            if other != separator and len(wanted & set(_split(line, other))) >= 2:
                raise BadFileError(
                    f"{where}, row 1: {name} separate the columns where {SEPARATORS[separator]} "
                    f"should; {GET_AGAIN}, or save it with {SEPARATORS[separator]}"
                )
    return header


def _separator(file: SourceFile) -> str:
    return "\t" if file.kind == "tsv" else ","


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader(io.StringIO(line), delimiter=separator))


def _check_header(file: SourceFile, header: list[str], where: str) -> None:
    wanted = [column.name for column in file.columns]
    folded = [name.casefold() for name in header]  # a database tells Tempo from tempo no more
    problems = [
        f"{where}: two columns are called {name}; remove one"
        for name in wanted
        if folded.count(name.casefold()) > 1
    ]
    if missing := [name for name in wanted if name not in header]:
        others = {name.casefold().strip(): name for name in header if name not in wanted}
        near = {name: get_close_matches(name.casefold(), others, n=1) for name in missing}
        hints = [f"rename {others[found[0]]} to {name}" for name, found in near.items() if found]
        if not all(near.values()):
            hints.append(GET_AGAIN)
        what = "column {} is" if len(missing) == 1 else "columns {} are"
        problems.append(f"{where}: {what.format(', '.join(missing))} missing; {', '.join(hints)}")
    if problems:
        raise BadFileError(*problems)


def _as_texts(file: SourceFile, data: bytes, width: int, where: str) -> pa.Table:
    """Read every cell as text, into columns t0, t1, … in the file's order, and a column ``row``."""
    ragged: list[pa.csv.InvalidRow] = []

    def remember(row: pa.csv.InvalidRow) -> Literal["skip"]:
        ragged.append(row)
        return "skip"

    names = [f"t{i}" for i in range(width)]
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
                # Nothing but an empty cell is missing: NA, NaN and null are names too.
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise BadFileError(f"{where} has column names and no rows; {GET_AGAIN}") from None
        raise BadFileError(f"{where} cannot be read ({error}); {GET_AGAIN}") from None
    if ragged:
        raise BadFileError(*_ragged_lines(ragged, width, data, where))
    if not table.num_rows:
        raise BadFileError(f"{where} has column names and no rows; {GET_AGAIN}")
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


def _read_parquet(database: duckdb.DuckDBPyConnection, file: SourceFile, path: Path) -> Cells:
    try:
        schema = pq.read_schema(path)
        rows = pq.read_metadata(path).num_rows
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise BadFileError(f"{path} has no valid footer: it is cut short; {GET_AGAIN}") from None
    _check_header(file, schema.names, str(path))
    _check_types(file, schema, path)
    if not rows:
        raise BadFileError(f"{path} has no rows; {GET_AGAIN}")
    options = "file_row_number = true, hive_partitioning = false"
    origin = f"read_parquet({quoted(literal(path))}, {options})"
    cells = [f'"{column.name}"' for column in file.columns]
    view = _view(database, file, cells, origin, row="file_row_number")
    return Cells(file, view, str(path), 1, rows)


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
        raise BadFileError(*problems)


# Zip ------------------------------------------------------------------------------------------


def _read_zip(database: duckdb.DuckDBPyConnection, file: SourceFile, path: Path) -> list[Cells]:
    try:
        with zipfile.ZipFile(path) as archive:
            refuse_unsafe_names(archive, str(path))
            return [_read_member(database, member, archive, path) for member in file.members]
    except zipfile.BadZipFile as error:
        reason = str(error).rstrip(".")
        raise BadFileError(f"{path} is cut short or damaged ({reason}); {GET_AGAIN}") from None


def _read_member(
    database: duckdb.DuckDBPyConnection, member: SourceFile, archive: zipfile.ZipFile, path: Path
) -> Cells:
    where = f"{path}: {member.name}"
    inside = {info.filename.rsplit("/", 1)[-1]: info for info in archive.infolist()}
    if member.name not in inside:
        near = get_close_matches(member.name, inside, n=1)
        hint = f" ({near[0]} is there)" if near else ""
        raise BadFileError(f"{where} is missing in the zip{hint}; {GET_AGAIN}")
    data = read_member(archive, inside[member.name], str(path))
    if not data:
        raise BadFileError(f"{where} is empty; {GET_AGAIN}")
    return _read_text(database, member, data, where)
