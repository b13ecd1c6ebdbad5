"""What comes out of cleaning, as pandera schemas: a processed table has exactly its columns and
types, values in range, unique keys, and references that lead somewhere.

What goes in is held to ``sources.toml`` (:mod:`nexttrack.data.raw.cells`); the ranges are taken
from there. The functions that name columns are tables written as code.
"""

from collections.abc import Iterable, Mapping
from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from nexttrack.data.columns import SHARES, TABLE_AUDIO
from nexttrack.data.raw.sources import LARGEST_INTEGER, load_sources
from nexttrack.errors import UserError

TEXT = arrow.string()
TEXTS = arrow.list_(arrow.string())
REAL = arrow.float64()
TINY, SMALL, INTEGER, BIG = arrow.int8(), arrow.int16(), arrow.int32(), arrow.int64()
TRUTH = arrow.bool_()
DAY = arrow.date32()

REFERENCES = (
    ("playlist_items", "recording", "playlist_recordings", "recording"),
    ("archive_additions", "recording", "archive_recordings", "recording"),
    ("lastfm_listens", "artist_id", "lastfm_artists", "artist_id"),
    ("lastfm_tags", "artist_id", "lastfm_artists", "artist_id"),
)
"""(table, column, table, column): every value of the first is one of the second."""


def check_processed(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Check tables of the schema ``processed`` and the references between them.

    Raises:
        UserError: one line with table, column, row and what to do.
    """
    check_tables({table: _frame(connection, f"FROM processed.{table}") for table in sorted(tables)})


def check_tables(frames: Mapping[str, pd.DataFrame]) -> None:
    """Check processed tables given as frames of Arrow-backed columns, keyed by table.

    Raises:
        UserError: one line with table, column, row and what to do.
    """
    remedy = "a rule in nexttrack/data/sql does not cover this input"
    for table, frame in frames.items():
        _validate(processed_schemas()[table], frame, f"table {table}", remedy)
    for table, column, other, key in REFERENCES:
        if table in frames and other in frames:
            dangling = ~frames[table][column].isin(frames[other][key])
            if dangling.any():
                row = int(dangling.to_numpy().argmax())
                value = frames[table][column].iloc[row]
                raise UserError(
                    f"table {table}, column {column}, row {row + 1}: {value!r} is not in "
                    f"{other}.{key}; {remedy}"
                )


@cache
def processed_schemas() -> dict[str, pa.DataFrameSchema]:
    """Return the contract of each processed table: its columns in order, and nothing else."""
    tables = {**_track_tables(), **_century_tables(), **_lastfm_tables(), **_playlist_tables()}
    keys = {
        "lastfm_listens": ["user_id", "artist_id"],
        "lastfm_tags": ["user_id", "artist_id", "tag"],
        "lastfm_friends": ["user_id", "friend_id"],
        "playlist_items": ["playlist_id", "recording"],
        "archive_additions": ["playlist_id", "recording"],
    }
    return {
        name: pa.DataFrameSchema(
            columns, name=name, strict=True, ordered=True, unique=keys.get(name)
        )
        for name, columns in tables.items()
    }


Columns = dict[str, pa.Column]


def _track_tables() -> dict[str, Columns]:
    popularity = _within(SMALL, *_range("popularity"))
    return {
        "recordings": {
            **_recording(),
            "title": _text(),
            "artists": _column(TEXTS),
            "album_name": _column(TEXT, known=False),
            "genres": _column(TEXTS),
            "popularity": popularity,
            "popularity_min": popularity,
            "explicit": _column(TRUTH),
            **_audio(),
        },
        "ledger": {
            "source": _text(),
            "step": _column(INTEGER, unique=True),
            "name": _text(),
            "rule": _text(),
            **{
                name: _within(BIG, 0, 2**62)
                for name in ("rows_before", "rows_after", "rows_changed")
            },
        },
    }


def _century_tables() -> dict[str, Columns]:
    means = {**_audio(), "popularity": _within(REAL, *_range("popularity"))}
    return {
        "century_years": {
            "year": _column(SMALL, unique=True),
            **means,
            "n_tracks": _within(INTEGER, 0, LARGEST_INTEGER, required=False),
        },
        "century_genres": {"genre": _text(unique=True), **means},
        "century_tracks": {
            "track_id": _text(unique=True),
            "title": _text(known=False),
            "artists": _column(TEXTS),
            "year": _within(SMALL, *_range("year")),
            "release_date": _text(),
            "release_precision": _one_of("year", "month", "day"),
            **_audio(),
            "popularity": _within(SMALL, *_range("popularity")),
            "explicit": _column(TRUTH),
        },
    }


def _lastfm_tables() -> dict[str, Columns]:
    pair = {"user_id": _column(INTEGER), "artist_id": _column(INTEGER)}
    return {
        "lastfm_listens": {**pair, "plays": _within(INTEGER, 1, LARGEST_INTEGER)},
        "lastfm_artists": {
            "artist_id": _column(INTEGER, unique=True),
            "name": _text(),
            "n_recordings": _within(INTEGER, 0, LARGEST_INTEGER),
            **_audio(),
            "genres": _column(TEXTS),
        },
        "lastfm_tags": {**pair, "tag": _text(), "month": _column(DAY)},
        "lastfm_friends": {"user_id": _column(INTEGER), "friend_id": _column(INTEGER)},
    }


def _playlist_tables() -> dict[str, Columns]:
    named = {**_recording(), "title": _text(known=False), "artists": _column(TEXTS, known=False)}
    heard = {
        **_audio(),
        "has_audio": _column(TRUTH),
        "feature_match": _one_of("id", "name", "none"),
        "feature_source": _text(known=False),
        "genres": _column(TEXTS),
    }
    return {
        "playlist_items": {
            "playlist_id": _column(INTEGER),
            "position": _within(INTEGER, 0, LARGEST_INTEGER),
            "recording": _column(INTEGER),
            "part": _text(),
        },
        "playlist_recordings": {**named, **heard},
        "archive_additions": {
            "playlist_id": _text(),
            "playlist_name": _text(known=False),
            "recording": _column(INTEGER),
            "added": _column(DAY),
            "removed": _column(DAY, known=False),
            "left_censored": _column(TRUTH),
        },
        "archive_recordings": {**named, "artist_id": _text(known=False), **heard},
    }


def _recording() -> Columns:
    return {"recording": _position(), "track_ids": _column(TEXTS)}


def _audio() -> Columns:
    """Return the columns of audio: unknown or in the range of raw files, where 0 is no tempo, beat
    or duration and -1 no key."""
    audio = {name: _measured(REAL, *_range(name)) for name in (*SHARES, "loudness")} | {
        "tempo": _measured(REAL, 0, _range("tempo")[1], above=True),
        "key": _measured(TINY, 0, 11),
        "mode": _measured(TINY, 0, 1),
        "time_signature": _measured(TINY, 1, 7),
        "duration_ms": _measured(INTEGER, 1, _range("duration_ms")[1]),
    }
    return {name: audio[name] for name in TABLE_AUDIO}


def _range(name: str) -> tuple[float, float]:
    """Return what raw files may hold in a column of that name."""
    files = (file for source in load_sources().values() for file in source.files)
    columns = (column for file in files for column in file.columns if column.name == name)
    return next((column.minimum, column.maximum) for column in columns)


def _validate(schema: pa.DataFrameSchema, frame: pd.DataFrame, where: str, remedy: str) -> None:
    try:
        schema.validate(frame)
    except pa.errors.SchemaError as error:
        first = error
    except pa.errors.SchemaErrors as errors:  # pandera collects those about the set of columns
        first = errors.schema_errors[0]
    else:
        return
    raise UserError(f"{where}, {_breach(first, frame)}; {remedy}")


def _breach(error: pa.errors.SchemaError, frame: pd.DataFrame) -> str:
    """Say in words what pandera found first: the column, the row and the value."""
    reason = error.reason_code.name
    cases = error.failure_cases
    about_columns = {
        "COLUMN_NOT_IN_DATAFRAME": "is missing",
        "COLUMN_NOT_IN_SCHEMA": "is not part of it",
        "COLUMN_NOT_ORDERED": "is out of order",
    }
    if reason in about_columns:
        return f"column {_first(cases)}: {about_columns[reason]}"
    if reason == "WRONG_DATATYPE":
        name = error.schema.name
        return f"column {name}: its type is {frame[name].dtype}, not {error.schema.dtype}"
    if not isinstance(cases, pd.DataFrame) or cases["index"].isna().all():
        return f"column {error.schema.name}: {reason.lower().replace('_', ' ')}"
    row = int(cases["index"].iloc[0])
    if reason == "DUPLICATES":
        key = error.schema.unique
        values = ", ".join(str(frame[name].iloc[row]) for name in key)
        return f"column {' + '.join(key)}, row {row + 1}: ({values}) is there twice"
    value = frame[error.schema.name].iloc[row]
    if reason == "SERIES_CONTAINS_NULLS":
        problem = "no value"
    elif reason == "SERIES_CONTAINS_DUPLICATES":
        problem = f"{value!r} is there twice"
    else:
        problem = f"{value!r} is not {error.check.error}"
    return f"column {error.schema.name}, row {row + 1}: {problem}"


def _first(cases: object) -> object:
    return cases["failure_case"].iloc[0] if isinstance(cases, pd.DataFrame) else cases


def _frame(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    table = connection.sql(query).to_arrow_table()
    return table.to_pandas(types_mapper=pd.ArrowDtype)


def _column(
    kind: arrow.DataType | None,
    *checks: pa.Check,
    known: bool = True,
    unique: bool = False,
    required: bool = True,
) -> pa.Column:
    return pa.Column(
        None if kind is None else pd.ArrowDtype(kind),
        list(checks),
        nullable=not known,
        unique=unique,
        required=required,
    )


def _text(*, known: bool = True, unique: bool = False) -> pa.Column:
    check = pa.Check(lambda s: s != "", error="a text with something in it")
    return _column(TEXT, check, known=known, unique=unique)


def _one_of(*values: str) -> pa.Column:
    check = pa.Check(lambda s: s.isin(values), error=f"one of {', '.join(values)}")
    return _column(TEXT, check)


def _within(kind: arrow.DataType, low: float, high: float, **rest) -> pa.Column:
    """Return a column of numbers from ``low`` to ``high``."""
    check = pa.Check(lambda s: s.between(low, high), error=f"between {low:g} and {high:g}")
    return _column(kind, check, **rest)


def _measured(kind: arrow.DataType, low: float, high: float, *, above: bool = False) -> pa.Column:
    """Return a column of numbers from (or ``above``) ``low`` to ``high`` or NULL, never NaN."""
    if not above:
        return _within(kind, low, high, known=False)
    inside = f"above {low:g} and at most {high:g}"
    check = pa.Check(lambda s: s.between(low, high, inclusive="right"), error=inside)
    return _column(kind, check, known=False)


def _position() -> pa.Column:
    """Return a column that counts 0, 1, 2, … in the order of its rows."""
    check = pa.Check(lambda s: s == np.arange(len(s)), error="the number of its row, from 0")
    return _column(INTEGER, check)
