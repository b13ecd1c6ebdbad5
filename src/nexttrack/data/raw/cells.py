"""The contract of raw files, made from their description: which cells are bad, and how the good
ones are stored.

A line names the file, the row, the column and what to do. In text files the header is row 1, as in
a spreadsheet; in Parquet files the first row is row 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from math import isfinite

import duckdb

from nexttrack.data.database import quoted
from nexttrack.data.raw.sources import Column, SourceFile

GET_AGAIN = "get the file again"


@dataclass(frozen=True)
class Cells:
    """A file as it was read into a database.

    Attributes:
        file: its description.
        relation: a view with a column for each of the file's columns, c0, c1, … in the order of
            ``file.columns``, and ``row``, counted from 0. An empty cell is NULL; the others are
            text where the file is, and else of the file's own types.
        where: the file in words.
        first_row: what its first row is called.
        rows: how many there are.
    """

    file: SourceFile
    relation: str
    where: str
    first_row: int
    rows: int

    def value(self, name: str) -> str:
        """Return the SQL of a column's values, in the type that they are stored in."""
        at = [column.name for column in self.file.columns].index(name)
        return _value(self.file.columns[at], f"c{at}")


def store(database: duckdb.DuckDBPyConnection, cells: Cells) -> None:
    """Make the raw table of a file whose cells have been checked, its rows in their order."""
    values = ", ".join(f'{cells.value(c.name)} AS "{c.name}"' for c in cells.file.columns)
    database.execute(
        f"CREATE TABLE raw.{cells.file.table} AS SELECT {values} FROM {cells.relation} ORDER BY row"
    )


def check_cells(database: duckdb.DuckDBPyConnection, cells: Cells) -> list[str]:
    """Return a line for each column with a bad cell, each key that occurs twice and each pair of
    columns in the wrong order.

    One query finds the first bad cell of every column; only then is a bad cell looked at.
    """
    conditions = [_is_bad(column, f"c{i}") for i, column in enumerate(cells.file.columns)]
    found = database.execute(
        "SELECT "
        + ", ".join(f"min(row) FILTER ({bad}), count(*) FILTER ({bad})" for bad in conditions)
        + f" FROM {cells.relation}"
    ).fetchone()
    problems = []
    for i, column in enumerate(cells.file.columns):
        row, count = found[2 * i : 2 * i + 2]
        if count:
            (value,) = database.execute(
                f"SELECT c{i} FROM {cells.relation} WHERE row = {row}"
            ).fetchone()
            problems.append(_line(cells, row, count, column.name, _what_is_bad(column, value)))
    if not problems:
        problems += _disordered(database, cells) + _repeated(database, cells)
    return problems


def check_references(database: duckdb.DuckDBPyConnection, files: Iterable[Cells]) -> list[str]:
    """Return a line for each reference from one of the files to another that leads nowhere."""
    tables = {cells.file.table: cells for cells in files}
    problems = []
    for cells in tables.values():
        for name, table in cells.file.references:
            if table not in tables:
                continue
            other = tables[table]
            row, count, value = database.execute(
                "SELECT min(row), count(*), arg_min(value, row) FROM "
                f"(SELECT row, {cells.value(name)} AS value FROM {cells.relation}) "
                f"ANTI JOIN (SELECT {other.value(name)} AS value FROM {other.relation}) "
                "USING (value)"
            ).fetchone()
            if count:
                what = f"{value!r} is not in {other.file.name}"
                problems.append(_line(cells, row, count, name, what))
    return problems


def _disordered(database: duckdb.DuckDBPyConnection, cells: Cells) -> list[str]:
    problems = []
    for first, second in cells.file.ordered:
        one, two = cells.value(first), cells.value(second)
        row, count, early, late = database.execute(
            f"SELECT min(row), count(*), arg_min({two}, row), arg_min({one}, row) "
            f"FROM {cells.relation} WHERE {two} < {one}"
        ).fetchone()
        if count:
            what = f"{_shown(early)} is before {first}, {_shown(late)}"
            problems.append(_line(cells, row, count, second, what))
    return problems


def _repeated(database: duckdb.DuckDBPyConnection, cells: Cells) -> list[str]:
    texts = {column.name for column in cells.file.columns if column.type == "text"}
    problems = []
    for key in cells.file.unique:
        values = [f"trim({cells.value(n)})" if n in texts else cells.value(n) for n in key]
        twice = database.execute(
            f"SELECT min(row), max(row) FROM {cells.relation} GROUP BY {', '.join(values)} "
            "HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
        ).fetchone()
        if twice:
            one, other = (row + cells.first_row for row in twice)
            problems.append(
                f"{cells.where}, rows {one} and {other}, column {' and '.join(key)}: the same in "
                f"both, and it must be unique; remove one or {GET_AGAIN}"
            )
    return problems


def _line(cells: Cells, row: int, count: int, column: str, what: str) -> str:
    more = f" (and {count - 1} more like it)" if count > 1 else ""
    place = f"{cells.where}, row {row + cells.first_row}, column {column}"
    return f"{place}: {what}{more}; mend it or {GET_AGAIN}"


def _value(column: Column, cell: str) -> str:
    """Return the SQL of a cell in the type that it is stored in; NULL where it is none of it."""
    if column.type == "integer":
        return f"TRY_CAST(TRY_CAST({cell} AS DOUBLE) AS {_integer_type(column)})"
    kinds = {"number": "DOUBLE", "boolean": "BOOLEAN", "date": "TIMESTAMP", "text": "VARCHAR"}
    return f"TRY_CAST({cell} AS {kinds[column.type]})"


def _integer_type(column: Column) -> str:
    low, high = column.minimum, column.maximum
    for bits, name in ((8, "TINYINT"), (16, "SMALLINT"), (32, "INTEGER")):
        if high < 2 ** (bits - 1) and (low is None or low >= -(2 ** (bits - 1))):
            return name
    return "BIGINT"


def _is_bad(column: Column, cell: str) -> str:
    """Return the SQL condition under which a cell of this column is bad."""
    conditions = []
    if column.type in ("number", "integer"):
        number = f"TRY_CAST({cell} AS DOUBLE)"
        conditions += [f"{number} IS NULL", f"NOT isfinite({number})"]
        conditions += _outside(column, number, repr)
        if column.type == "integer":
            conditions.append(f"{number} <> floor({number})")
    elif column.type == "boolean":
        conditions.append(f"{_value(column, cell)} IS NULL")
    elif column.type == "date":
        day = _value(column, cell)
        conditions += [f"{day} IS NULL", *_outside(column, day, lambda d: f"DATE '{d}'")]
    else:
        text = _value(column, cell)
        if column.values:
            conditions.append(f"{text} NOT IN ({', '.join(map(quoted, column.values))})")
        if column.pattern:
            conditions.append(f"NOT regexp_full_match({text}, {quoted(column.pattern)})")
    empty = "false" if column.empty else f"{cell} IS NULL"
    bad = " OR ".join(conditions) or "false"
    return f"{empty} OR ({cell} IS NOT NULL AND ({bad}))"


def _outside(column: Column, value: str, literal) -> list[str]:
    bounds = [("<", column.minimum), (">", column.maximum)]
    return [f"{value} {sign} {literal(bound)}" for sign, bound in bounds if bound is not None]


def _what_is_bad(column: Column, value: object) -> str:
    """Say what is wrong with a cell that ``_is_bad`` found."""
    if value is None:
        return "empty"
    shown = _shown(value)
    if column.type in ("number", "integer"):
        try:
            number = float(value)
        except ValueError:
            return f"{shown} is not a number"
        if not isfinite(number):
            return f"{shown} is not a finite number"
        if column.type == "integer" and number != int(number):
            return f"{shown} is not a whole number"
    elif column.type == "date" and not isinstance(value, date):
        return f"{shown} is not a date"
    elif column.type == "boolean":
        return f"{shown} is not true or false"
    if column.values:
        return f"{shown} is none of {', '.join(column.values)}"
    if column.form:
        return f"{shown} is not {column.form}"
    unit = f" {column.unit}" if column.unit else ""
    low, high = column.minimum, column.maximum
    return f"{shown} is not between {low} and {high}{unit}"


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, date):
        return str(value)
    return repr(value if len(str(value)) <= 40 else str(value)[:40] + "…")
