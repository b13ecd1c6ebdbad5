"""Ids of any type as codes from 0 on, in the order of the ids, and back."""

from collections.abc import Hashable

import duckdb
import numpy as np
import pandas as pd

from nexttrack.data.own_files import columns_of
from nexttrack.errors import UserError

_AS_THEY_ARE = {
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "BOOLEAN", "VARCHAR",
    "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S",
}  # fmt: skip
"""Types that DuckDB gives to numpy without loss; others come as Python objects."""


def codes_of(column: pd.Series, where: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the code of each row's id, int32 with -1 where it is missing, and the ids.

    Ids that are equal in Python are one. They are sorted; if they are of types that do not compare,
    they come in the order of their first row.

    Raises:
        UserError: an id is a list or something else that cannot be hashed.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    # An Index of tuples would be one of several levels; an array of objects holds anything.
    given = column.to_numpy() if column.dtype == object else column
    try:
        codes, found = pd.factorize(given)
    except TypeError:
        raise UserError(
            f"{where}, column {column.name!r}: an id is one value, such as a number or a text, and "
            "not a list"
        ) from None
    ids = found if isinstance(found, np.ndarray) else found.to_numpy()
    try:
        order = np.argsort(ids, kind="stable")
    except TypeError:
        order = np.arange(len(ids))
    place = np.full(len(ids) + 1, -1, dtype=np.int32)  # the last is that of -1
    if ids.dtype == object:
        order = order[[not (isinstance(one, str) and one == "") for one in ids[order]]]
    place[order] = np.arange(len(order))
    return place[codes], ids[order]


def code_ids(
    database: duckdb.DuckDBPyConnection, column: str, where: str, is_text: bool
) -> tuple[str, np.ndarray]:
    """Make a table of the ids of a column of ``input`` and their codes, ``<column>_codes``.

    Args:
        database: that has the table or view ``input``.
        column: its name there.
        where: what to call it in a message.
        is_text: whether every cell is a text, as in CSV: ids that are all whole numbers as they are
            usually written then are numbers (007 is none).

    Returns:
        SQL of the id of a row, NULL where it is missing; and the ids by code, sorted.

    Raises:
        UserError: an id is a list or something else of several values.
    """
    kind = columns_of(database, "input")[column]
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        raise UserError(f"{where}: an id is one value, such as a number or a text, not {kind}")
    cell = _present(f'input."{column}"', kind)
    database.execute(
        f"CREATE TABLE found AS SELECT DISTINCT {cell} AS id FROM input WHERE {cell} IS NOT NULL"
    )
    back = "id"
    if is_text:
        plain = "bool_and(TRY_CAST(id AS BIGINT)::VARCHAR IS NOT DISTINCT FROM id)"
        (whole,) = database.execute(f"SELECT {plain} FROM found").fetchall()[0]
        back = "id::BIGINT" if whole else "id"
    database.execute(
        f"CREATE TABLE {column}_codes AS SELECT id, "
        f"(row_number() OVER (ORDER BY {back}) - 1)::INTEGER AS code FROM found"
    )
    database.execute("DROP TABLE found")
    return cell, _array(database.sql(f"SELECT {back} AS id FROM {column}_codes ORDER BY code"))


def _present(column: str, kind: str) -> str:
    """Return the SQL of an id, NULL where it is missing: a blank text, NaN."""
    if kind in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN NOT isnan({column}) THEN {column} END"
    if kind == "VARCHAR" or kind.startswith("ENUM"):
        return f"nullif({column}::VARCHAR, '')"
    return column


def _array(relation: duckdb.DuckDBPyRelation) -> np.ndarray:
    if str(relation.types[0]) in _AS_THEY_ARE:
        return np.asarray(relation.fetchnumpy()["id"])
    found = relation.fetchall()
    ids = np.empty(len(found), dtype=object)
    for i, (one,) in enumerate(found):
        ids[i] = bytes(one) if isinstance(one, bytearray) else one
    return ids


def positions_in(ids: np.ndarray, wanted: pd.Series, what: Hashable) -> np.ndarray:
    """Return where each wanted id is among the ids, -1 where it is not.

    Raises:
        UserError: none of them is there.
    """
    try:
        found = pd.Index(ids).get_indexer(pd.Index(wanted))
    except TypeError:
        found = np.full(len(wanted), -1)
    if len(ids) and not (found >= 0).any():
        here, there = ids[0], wanted.iloc[0]
        raise UserError(
            f"tracks, column {what!r}: none of its ids is an item: items are such as {here!r} "
            f"({type(here).__name__}), the ids there such as {there!r} ({type(there).__name__})"
        )
    return found
