"""Tables that people bring: frames, CSV and Parquet, as relations of a DuckDB database."""

import csv
import glob
import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import duckdb

from nexttrack.data.database import literal, quoted
from nexttrack.errors import UserError

DELIMITERS = ",;\t|"
Paths = str | Path | Sequence[str | Path]


def identifier(name: str) -> str:
    """Return a column's name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def files_of(paths: Paths, ext: str) -> list[Path]:
    """Return the files of a path, a pattern, a folder (all files of the kind in it) or several.

    Args:
        paths: where; a name with ``*``, ``?`` or ``[`` that is no file is a pattern.
        ext: ``csv`` or ``parquet``, looked for in folders.

    Raises:
        UserError: there is no such file, or it is empty.
    """
    given = [paths] if isinstance(paths, str | Path) else paths
    if not isinstance(given, list | tuple) or not all(isinstance(p, str | Path) for p in given):
        raise UserError(f"a path, a pattern or a list of these is wanted, not {paths!r}")
    found: dict[Path, None] = {}
    for one in given:
        path = Path(one).expanduser()
        if path.is_dir():
            more = [p for p in sorted(path.rglob("*")) if f".{ext}" in p.suffixes and p.is_file()]
        elif path.exists() or not glob.has_magic(str(one)):
            more = [path]
        else:
            more = [Path(p) for p in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - it may be absolute
        found |= dict.fromkeys(more)
        if not more:
            raise UserError(f"{one}: no {ext} file is there")
    if not found:
        raise UserError("no path was given")
    for path in found:
        if not path.exists():
            raise UserError(f"{path}: no such file")
        if path.stat().st_size == 0:
            raise UserError(f"{path}: the file is empty")
    return list(found)


def described(files: list[Path]) -> str:
    """Return what to call files in a message."""
    return str(files[0]) if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"


def parquet(files: list[Path]) -> str:
    """Return the SQL that reads Parquet files."""
    return f"read_parquet({_listed(files)}, hive_partitioning=false)"


def delimited(
    files: list[Path], wanted: list[str], delimiter: str | None, encoding: str, names: list[str]
) -> str:
    """Return the SQL that reads delimited text; each cell is a text, an empty one is NULL.

    Args:
        files: UTF-8 or of another encoding, possibly gzipped; their columns may differ in order.
        wanted: columns that have to be there, which tell the delimiter.
        delimiter: None to take the one of comma, semicolon, tab and bar that gives these columns.
        encoding: as DuckDB calls it: ``utf-8``, ``utf-16``, ``latin-1``.
        names: of the columns, where the files have no header.

    Returns:
        SQL of a relation with all columns, if there is one file, or else with those wanted.

    Raises:
        UserError: a file has not these columns.
    """
    alike: dict[tuple[str, ...], list[Path]] = {}
    for path in files:
        alike.setdefault(_header(path, wanted, delimiter, encoding, names), []).append(path)
    parts = []
    for (found, *columns), group in alike.items():
        texts = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in columns)
        cells = ", ".join(map(identifier, wanted)) if len(files) > 1 else "*"
        # DuckDB is told all that it would guess, so that a row of another length has its line.
        parts.append(
            f"SELECT {cells} FROM read_csv({_listed(group)}, auto_detect=false, "
            f"delim={quoted(found)}, encoding={quoted(encoding)}, columns={{{texts}}}, "
            f"header={str(not names).lower()}, quote='\"', escape='\"', nullstr='')"
        )
    return f"({' UNION ALL '.join(parts)})"


def columns_of(database: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    """Return the columns of a relation with their DuckDB types."""
    rows = database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return {row[0]: row[1] for row in rows}


def check_columns(wanted: Iterable, there: Iterable, where: str) -> None:
    """Refuse a column that is not there.

    Raises:
        UserError: names it, those most like it, and all that there are.
    """
    names = list(there)
    for name in wanted:
        if name in names:
            continue
        texts = {str(one).casefold(): str(one) for one in names}
        near = [texts[n] for n in get_close_matches(str(name).casefold(), texts, n=2, cutoff=0.5)]
        hint = f"; nearest: {', '.join(near)}" if near else ""
        listed = ", ".join(map(str, names[:20])) + (", …" if len(names) > 20 else "")
        raise UserError(f"{where}: no column {name!r}{hint}; it has {listed}")


@contextmanager
def one_line(where: str) -> Iterator[None]:
    """Turn what DuckDB cannot do with a table of the user's into one line.

    Raises:
        UserError: ``where``, the reason, and what to do.
    """
    try:
        yield
    except (duckdb.OutOfMemoryException, MemoryError):
        raise UserError(
            f"{where}: memory and disk do not suffice; give a folder with room as spill=, or a "
            "larger memory_limit="
        ) from None
    except UnicodeEncodeError as error:
        raise UserError(f"{where}: {error.object[:40]!r} is no Unicode text; mend it") from None
    except duckdb.Error as error:
        text = str(error)
        if "No space left" in text:
            raise UserError(
                f"{where}: the disk is full; give a folder with room as spill="
            ) from None
        line = re.search(r"on Line: (\d+)", text)
        place = f"{where}, line {line[1]}" if line else where
        if "not utf-8 encoded" in text:
            raise UserError(
                f"{place}: the text is not UTF-8; say what it is, such as encoding='latin-1'"
            ) from None
        text = re.sub(r"(?m)^(Original Line|.*CSV Error on Line): .*$", "", text)
        reason = " ".join(re.split(r"\n\n|Possible|Potential", text.strip())[0].split())[:250]
        raise UserError(f"{place}: cannot be read ({reason}); mend the file") from None


def _listed(files: list[Path]) -> str:
    return "[" + ", ".join(quoted(literal(path)) for path in files) + "]"


def _header(
    path: Path, wanted: list[str], delimiter: str | None, encoding: str, names: list[str]
) -> tuple[str, ...]:
    """Return the delimiter of a file and its columns."""
    opener = gzip.open if path.suffix == ".gz" else open
    codec = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding
    try:
        with opener(path, "rt", encoding=codec, errors="replace", newline="") as text:
            sample = text.read(1 << 16)
    except (LookupError, UnicodeError, EOFError, OSError) as error:
        raise UserError(f"{path}: cannot be read with encoding={encoding!r} ({error})") from None
    lines = [*sample.splitlines(), ""]
    rows = {one: _cells(lines, one) for one in ([delimiter] if delimiter else DELIMITERS)}
    # Where none fits, the one that gives most columns lets the message name them.
    found = max(rows, key=lambda one: (set(wanted) <= set(rows[one]), len(rows[one])))
    if names:
        found = max(rows, key=lambda one: (len(rows[one]) == len(names), len(rows[one])))
        if len(rows[found]) != len(names):
            raise UserError(f"{path}: it has {len(rows[found])} columns, names has {len(names)}")
    columns = names or rows[found]
    check_columns(wanted, columns, str(path))
    for name in wanted:
        if columns.count(name) > 1:
            raise UserError(f"{path}: it has column {name!r} twice; rename one")
    is_first = [one and columns.index(one) == i for i, one in enumerate(columns)]
    return found, *(
        one if is_own else f"{one} (column {i + 1})"
        for i, (one, is_own) in enumerate(zip(columns, is_first, strict=True))
    )


def _cells(lines: list[str], delimiter: str) -> list[str]:
    """Return the cells of the first row; Python's reader knows delimiters of one character."""
    if len(delimiter) > 1:
        return lines[0].split(delimiter)
    return next(csv.reader(lines, delimiter=delimiter))
