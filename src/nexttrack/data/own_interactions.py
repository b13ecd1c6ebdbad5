"""Interactions of one's own, from a frame or from files of any size, as a data set's fields.

Ids become int32 codes, and rows one value a pair, in DuckDB, which uses the disk beyond its memory
limit; what comes out of it is the matrix.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
from scipy import sparse

from nexttrack.data.database import open_database
from nexttrack.data.interaction_rules import Interactions
from nexttrack.data.own_columns import (
    Input,
    as_moment,
    as_number,
    as_place,
    check_years,
    holds_something,
)
from nexttrack.data.own_files import (
    Paths,
    check_columns,
    columns_of,
    delimited,
    described,
    files_of,
    identifier,
    one_line,
    parquet,
)
from nexttrack.data.own_ids import code_ids, codes_of
from nexttrack.data.own_tracks import described_items
from nexttrack.errors import UserError

_BATCH = 1 << 20


def from_frame(frame: Any, given: Input) -> dict[str, Any]:
    """Return the fields of a data set from a frame of pandas, or whatever Arrow reads."""
    where = "the frame"
    if not isinstance(frame, pd.DataFrame):
        try:
            table = pa.table(frame)
        except (TypeError, ValueError, pa.ArrowException):
            raise UserError(
                f"interactions must be a frame of pandas, polars or Arrow, not "
                f"{type(frame).__name__}; files have from_csv and from_parquet"
            ) from None
        with _database(given, where) as database:
            database.register("arrow", table)
            _project(database, "arrow", "VIEW", given, where)
            return _fields(database, given, where)
    check_columns(given.names.values(), frame.columns, where)
    columns: dict[str, Any] = {}
    ids = {}
    for kind, name in given.names.items():
        if not isinstance(column := frame[name], pd.Series):
            raise UserError(f"{where} has column {name!r} twice; rename one")
        if kind in ("user", "item"):
            columns[kind], ids[kind] = codes_of(column, where)
        else:
            columns[kind] = _plain(column, where)
    with _database(given, where) as database:
        database.register("input", pa.table(columns))
        coded = {kind: f"CASE WHEN input.{kind} >= 0 THEN input.{kind} END" for kind in ids}
        _encode(database, coded, "", given, where)
        return _result(database, ids, given, where)


def from_csv(
    paths: Paths, given: Input, delimiter: str | None, encoding: str, names: list[str] | None
) -> dict[str, Any]:
    """Return the fields of a data set from delimited text."""
    if isinstance(names, str):
        raise UserError(f"names is a list of the columns' names, not {names!r}")
    files = files_of(paths, "csv")
    where = described(files)
    source = delimited(
        files, list(map(str, given.names.values())), delimiter, encoding, names or []
    )
    with _database(given, where) as database:
        # The text is read once; what follows reads a table.
        _project(database, source, "TABLE", given, where)
        return _fields(database, given, where, is_text=True)


def from_parquet(paths: Paths, given: Input) -> dict[str, Any]:
    """Return the fields of a data set from Parquet files."""
    files = files_of(paths, "parquet")
    where = described(files)
    with _database(given, where) as database:
        _project(database, parquet(files), "VIEW", given, where)
        return _fields(database, given, where)


@contextmanager
def _database(given: Input, where: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that spills into a folder of its own, which is removed in the end."""
    limit = given.memory_limit or f"{max(psutil.virtual_memory().available // 4, 6 * 10**8)}B"
    if given.spill is not None and not Path(given.spill).is_dir():
        raise UserError(f"spill: {given.spill} is no folder")
    with (
        one_line(where),
        tempfile.TemporaryDirectory(prefix="nexttrack-", dir=given.spill) as spill,
        open_database(os.cpu_count() or 2, Path(spill), limit) as database,
    ):
        yield database


def _project(
    database: duckdb.DuckDBPyConnection, source: str, kind: str, given: Input, where: str
) -> None:
    """Make the table or view ``input`` of a relation: its columns called what they are here."""
    check_columns(given.names.values(), columns_of(database, source), where)
    wanted = ", ".join(f'{identifier(str(name))} AS "{kind}"' for kind, name in given.names.items())
    database.execute(f"CREATE TEMP {kind} input AS SELECT {wanted} FROM {source}")


def _fields(
    database: duckdb.DuckDBPyConnection, given: Input, where: str, is_text: bool = False
) -> dict[str, Any]:
    """Encode the ids of the input, and go on as with those of a frame."""
    codes, ids, joins = {}, {}, ""
    for kind, name in (("user", given.user), ("item", given.item)):
        cell, ids[kind] = code_ids(database, kind, f"{where}, column {name!r}", is_text)
        joins += f" LEFT JOIN {kind}_codes ON {kind}_codes.id = {cell}"
        codes[kind] = f"{kind}_codes.code"
    _encode(database, codes, joins, given, where)
    return _result(database, ids, given, where)


def _encode(
    database: duckdb.DuckDBPyConnection,
    codes: dict[str, str],
    joins: str,
    given: Input,
    where: str,
) -> None:
    """Make the table ``interactions`` of the input; refuse what has not the type it needs."""
    made = {"value": "1.0::DOUBLE", "time": "NULL::TIMESTAMP", "position": "NULL::INTEGER"}
    readers = {"value": as_number, "time": as_moment, "position": as_place}
    kinds = columns_of(database, "input")
    for kind in [one for one in given.names if one in made]:
        cell, name = f'input."{kind}"', f"{where}, column {given.names[kind]!r}"
        made[kind] = readers[kind](cell, kinds[kind], given, name)
        n, one = database.execute(
            f"SELECT count(*), min({cell}::VARCHAR) FROM input "
            f"WHERE ({made[kind]}) IS NULL AND {holds_something(cell, kinds[kind])}"
        ).fetchall()[0]
        if n:
            unit = f" in {given.time_unit}" if kind == "time" and given.time_unit else ""
            what = {"value": "number", "time": "time", "position": "place from 0 on"}[kind]
            raise UserError(
                f"{name}: {n} cells are no {what}{unit}, such as {one!r}; mend or remove them, or "
                "name another column"
            )
    # Counting rows takes one thread, so it is done only where their order says something.
    by_row = given.rules.duplicates in ("first", "last") and given.time is given.position is None
    row = "row_number() OVER ()" if by_row else "0"
    database.execute(
        f"CREATE TABLE interactions AS SELECT {codes['user']} AS user, {codes['item']} AS item, "
        f"{made['value']} AS value, {made['time']} AS moment, {made['position']} AS position, "
        f"row AS row FROM (SELECT *, {row} AS row FROM input) AS input{joins}"
    )
    if given.time is not None:
        check_years(database, given, where)


def _plain(column: pd.Series, where: str) -> pa.Array:
    """Return a column of numbers, times or texts as Arrow has it."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.start_time
    try:
        made = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, OverflowError):
        made = None
    if made is None:
        raise UserError(
            f"{where}, column {column.name!r}: its values are not numbers, times or texts of one "
            "type; convert them"
        )
    return pa.concat_arrays(made.chunks) if isinstance(made, pa.ChunkedArray) else made


def _result(
    database: duckdb.DuckDBPyConnection,
    ids: dict[str, np.ndarray],
    given: Input,
    where: str,
) -> dict[str, Any]:
    """Apply the rules, and take the matrix out of the database."""
    table = Interactions(database, where, given.names)
    table.apply(given.rules)
    users, items = _kept(database, "user"), _kept(database, "item")
    item_ids = ids["item"][items]
    frame, item_ids, columns = described_items(item_ids, given.item, table.ledger, given.tracks)
    places = {
        "user": _places(users, np.arange(len(users)), len(ids["user"])),
        "item": _places(items, columns, len(ids["item"])),
    }
    matrix, dates, positions = _matrix(
        database,
        places,
        (len(users), len(item_ids)),
        given.time is not None,
        given.position is not None,
    )
    return {
        "tracks": frame,
        "user_items": matrix,
        "user_ids": ids["user"][users],
        "item_ids": item_ids,
        "dates": dates,
        "positions": positions,
        "ledger": table.frame(),
    }


def _kept(database: duckdb.DuckDBPyConnection, kind: str) -> np.ndarray:
    query = f"SELECT DISTINCT {kind} AS code FROM interactions ORDER BY code"
    return np.asarray(database.sql(query).fetchnumpy()["code"])


def _places(kept: np.ndarray, places: np.ndarray, n_codes: int) -> np.ndarray:
    table = np.full(n_codes, -1, dtype=np.int32)
    table[kept] = places
    return table


def _matrix(
    database: duckdb.DuckDBPyConnection,
    places: dict[str, np.ndarray],
    shape: tuple[int, int],
    has_dates: bool,
    has_positions: bool,
) -> tuple[sparse.csr_matrix, np.ndarray | None, np.ndarray | None]:
    """Return users x items, and dates and positions in the order of its values."""
    (n,) = database.execute("SELECT count(*) FROM interactions").fetchall()[0]
    indices, values = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.float32)
    days = np.empty(n, dtype="datetime64[D]") if has_dates else None
    positions = np.empty(n, dtype=np.int32) if has_positions else None
    counts = np.zeros(shape[0], dtype=np.int64)
    rows = database.sql(
        "SELECT user, item, value::FLOAT AS value, moment::DATE - DATE '1970-01-01' AS day, "
        "position FROM interactions ORDER BY user, item"
    )
    start = 0
    for batch in rows.to_arrow_reader(_BATCH):
        part = slice(start, start := start + len(batch))
        column = dict(zip(batch.schema.names, batch.columns, strict=True))
        counts += np.bincount(places["user"][column["user"].to_numpy()], minlength=shape[0])
        indices[part] = places["item"][column["item"].to_numpy()]
        values[part] = column["value"].to_numpy()
        if days is not None:
            days[part] = column["day"].to_numpy().astype(np.int64).view("datetime64[D]")
        if positions is not None:
            positions[part] = column["position"].to_numpy()
    indptr = np.concatenate([[0], np.cumsum(counts)])
    width = index_type(n)
    parts = (values, indices.astype(width, copy=False), indptr.astype(width))
    return sparse.csr_matrix(parts, shape=shape), days, positions


def index_type(n_values: int) -> type[np.signedinteger]:
    """Return the type of the indices of a matrix: int64 where int32 cannot count its values.

    scipy wants columns and the ends of rows of one type.
    """
    return np.int32 if n_values <= np.iinfo(np.int32).max else np.int64
