"""What goes into cleaning and what comes out of it, as pandera schemas.

A raw table may hold what the cleaning is there for (duplicates, zeros for "unknown"), but not what
no rule covers: a share above 1, an infinite tempo, a date that is missing. A processed table has
exactly its columns and types, values in range, unique keys, and references that lead somewhere.
The two long functions are tables written as code, a line or so for each column.
"""

from collections.abc import Collection, Mapping
from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from nexttrack.data.columns import SHARES, TABLE_AUDIO
from nexttrack.errors import UserError

TEXT = arrow.string()
TEXTS = arrow.list_(arrow.string())
REAL = arrow.float64()
TINY, SMALL, INTEGER, BIG = arrow.int8(), arrow.int16(), arrow.int32(), arrow.int64()
TRUTH = arrow.bool_()
DAY = arrow.date32()

LOUDNESS = (-70.0, 10.0)  # dB; the analysis has a floor of -60, and clipped masters reach about +5
TEMPO = (0.0, 300.0)  # beats per minute
DURATION = (0, 24 * 3600 * 1000)  # ms

REFERENCES = (
    ("playlist_items", "recording", "playlist_recordings", "recording"),
    ("archive_additions", "recording", "archive_recordings", "recording"),
    ("lastfm_listens", "artist_id", "lastfm_artists", "artist_id"),
    ("lastfm_tags", "artist_id", "lastfm_artists", "artist_id"),
)
"""(table, column, table, column): every value of the first is one of the second."""

RAW_REFERENCES = (
    ("playlist_items", "track_id", "playlist_tracks", "track_id"),
    ("lastfm_taggings", "tag_id", "lastfm_tags", "tag_id"),
)
"""As above. Artists that lastfm-2k's list lacks, and audio that the archive lacks, are known."""


def check_raw(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Check tables of the schema ``raw``, all those of one source.

    Raises:
        UserError: one line with table, column, row and what to do.
    """
    remedy = "mend the file or get it again, then clean again"
    for table in sorted(tables):
        schema = raw_schemas()[table]
        frame = _frame(connection, f"SELECT {_names(schema)} FROM raw.{table}")
        _validate(schema, frame, f"raw table {table}", remedy)
    for table, column, other, key in RAW_REFERENCES:
        if table in tables and other in tables:
            dangling = connection.sql(
                f"FROM (SELECT row_number() OVER () AS row, {column} AS value FROM raw.{table}) "
                f"ANTI JOIN (SELECT {key} AS value FROM raw.{other}) USING (value) "
                "ORDER BY row LIMIT 1"
            ).fetchall()
            if dangling:
                row, value = dangling[0]
                raise UserError(
                    f"raw table {table}, column {column}, row {row}: {value!r} is not in "
                    f"{other}.{key}; {remedy}"
                )


def check_processed(connection: duckdb.DuckDBPyConnection) -> None:
    """Check every table of the schema ``processed`` and the references between them.

    Raises:
        UserError: one line with table, column, row and what to do.
    """
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'processed' ORDER BY 1"
        ).fetchall()
    ]
    frames = {table: _frame(connection, f"FROM processed.{table}") for table in tables}
    check_tables(frames)


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
def raw_schemas() -> dict[str, pa.DataFrameSchema]:
    """Return the contract of each raw table."""
    track_features = {
        **{name: _within(REAL, 0, 1, known=False) for name in SHARES},
        "loudness": _within(REAL, *LOUDNESS, known=False),
        "tempo": _within(REAL, *TEMPO, known=False),
        "key": _within(REAL, -1, 11, known=False),
        "mode": _within(REAL, 0, 1, known=False),
        "time_signature": _within(REAL, 0, 7, known=False),
        "duration_ms": _within(REAL, *DURATION, known=False),
        "feature_match": _one_of("id", "name", "none", known=False),
    }
    measured = {
        **{name: _within(REAL, 0, 1) for name in SHARES},
        "loudness": _within(REAL, *LOUDNESS),
        "tempo": _within(REAL, *TEMPO),
        "key": _within(TINY, -1, 11),
        "mode": _within(TINY, 0, 1),
    }
    track = {**measured, "duration_ms": _within(INTEGER, *DURATION)}
    means = {
        **measured,
        "duration_ms": _within(REAL, *DURATION),
        "popularity": _within(REAL, 0, 100),
    }
    return _named(
        {
            "spotify_tracks": {
                "track_id": _text(),
                "artists": _text(known=False),
                "track_name": _text(known=False),
                "popularity": _within(SMALL, 0, 100),
                "explicit": _column(TRUTH),
                **track,
                "time_signature": _within(TINY, 0, 7),
                "track_genre": _text(),
            },
            "century_years": {"year": _within(SMALL, 1900, 2100), **means},
            "century_genres": {"genres": _column(TEXT), **means},
            "century_tracks": {
                "id": _text(),
                "name": _column(TEXT),
                "artists": _matching(r"\[.*\]", "a Python list of names"),
                "year": _within(SMALL, 1900, 2100),
                "release_date": _matching(
                    r"\d{4}(-\d{2}){0,2}", "a year, a month as 1999-12 or a date as 1999-12-31"
                ),
                "popularity": _within(SMALL, 0, 100),
                "explicit": _within(TINY, 0, 1),
                **track,
            },
            "playlist_items": {
                "pid": _column(None),
                "pos": _column(None),
                "track_id": _text(),
                "part": _text(),
            },
            "playlist_tracks": {
                "track_id": _text(unique=True),
                "artist_name": _column(TEXT, known=False),
                "track_name": _column(TEXT, known=False),
                **track_features,
            },
            "archive_events": {
                **{name: _text() for name in ("playlist_id", "playlist_name", "track_id")},
                "track_name": _column(TEXT, known=False),
                "artist_name": _column(TEXT, known=False),
                "added": _column(None),
                "left_censored": _column(TRUTH),
            },
            "archive_tracks": {"track_id": _text(unique=True), **track_features},
            "lastfm_artists": {"id": _column(INTEGER, unique=True), "name": _text()},
            "lastfm_listens": {
                "user_id": _column(INTEGER),
                "artist_id": _column(INTEGER),
                "weight": _within(INTEGER, 1, 2**31 - 1),
            },
            "lastfm_friends": {"user_id": _column(INTEGER), "friend_id": _column(INTEGER)},
            "lastfm_tags": {"tag_id": _column(INTEGER, unique=True), "tag": _column(TEXT)},
            "lastfm_taggings": {
                **{name: _column(INTEGER) for name in ("user_id", "artist_id", "tag_id")},
                "milliseconds": _column(BIG),
            },
        }
    )


@cache
def processed_schemas() -> dict[str, pa.DataFrameSchema]:
    """Return the contract of each processed table: its columns in order, and nothing else."""
    audio = {
        **{name: _measured(REAL, 0, 1) for name in SHARES},
        "loudness": _measured(REAL, *LOUDNESS),
        "tempo": _measured(REAL, 1, TEMPO[1]),
        "key": _measured(TINY, 0, 11),
        "mode": _measured(TINY, 0, 1),
        "time_signature": _measured(TINY, 1, 7),
        "duration_ms": _measured(INTEGER, 1, DURATION[1]),
    }
    audio = {name: audio[name] for name in TABLE_AUDIO}
    popularity = _within(SMALL, 0, 100)
    recording = {"recording": _position(), "track_ids": _column(TEXTS)}
    playlist_recording = {
        **recording,
        "title": _text(known=False),
        "artists": _column(TEXTS, known=False),
        **audio,
        "has_audio": _column(TRUTH),
        "feature_match": _one_of("id", "name", "none"),
        "feature_source": _text(known=False),
        "genres": _column(TEXTS),
    }
    before_audio = ("recording", "track_ids", "title", "artists")
    archive_recording = {
        **{name: playlist_recording[name] for name in before_audio},
        "artist_id": _text(known=False),
        **{name: c for name, c in playlist_recording.items() if name not in before_audio},
    }
    century = {**audio, "popularity": _within(REAL, 0, 100)}
    return _named(
        {
            "recordings": {
                **recording,
                "title": _text(),
                "artists": _column(TEXTS),
                "album_name": _column(TEXT, known=False),
                "genres": _column(TEXTS),
                "popularity": popularity,
                "popularity_min": popularity,
                "explicit": _column(TRUTH),
                **audio,
            },
            "century_years": {
                "year": _column(SMALL, unique=True),
                **century,
                "n_tracks": _within(INTEGER, 0, 2**31 - 1, required=False),
            },
            "century_genres": {"genre": _text(unique=True), **century},
            "century_tracks": {
                "track_id": _text(unique=True),
                "title": _column(TEXT),
                "artists": _column(TEXTS),
                "year": _within(SMALL, 1900, 2100),
                "release_date": _text(),
                "release_precision": _one_of("year", "month", "day"),
                **audio,
                "popularity": popularity,
                "explicit": _column(TRUTH),
            },
            "lastfm_listens": {
                "user_id": _column(INTEGER),
                "artist_id": _column(INTEGER),
                "plays": _within(INTEGER, 1, 2**31 - 1),
            },
            "lastfm_artists": {
                "artist_id": _column(INTEGER, unique=True),
                "name": _text(),
                "n_recordings": _within(INTEGER, 0, 2**31 - 1),
                **audio,
                "genres": _column(TEXTS),
            },
            "lastfm_tags": {
                "user_id": _column(INTEGER),
                "artist_id": _column(INTEGER),
                "tag": _text(),
                "month": _column(DAY),
            },
            "lastfm_friends": {"user_id": _column(INTEGER), "friend_id": _column(INTEGER)},
            "playlist_items": {
                "playlist_id": _column(INTEGER),
                "position": _within(INTEGER, 0, 2**31 - 1),
                "recording": _column(INTEGER),
                "part": _text(),
            },
            "playlist_recordings": playlist_recording,
            "archive_additions": {
                "playlist_id": _text(),
                "playlist_name": _text(),
                "recording": _column(INTEGER),
                "added": _column(DAY),
                "removed": _column(DAY, known=False),
                "left_censored": _column(TRUTH),
            },
            "archive_recordings": archive_recording,
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
        },
        strict=True,
        keys={
            "lastfm_listens": ["user_id", "artist_id"],
            "lastfm_tags": ["user_id", "artist_id", "tag"],
            "lastfm_friends": ["user_id", "friend_id"],
            "playlist_items": ["playlist_id", "recording"],
            "archive_additions": ["playlist_id", "recording"],
        },
    )


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


def _names(schema: pa.DataFrameSchema) -> str:
    return ", ".join(f'"{name}"' for name in schema.columns)


def _named(
    tables: dict[str, dict[str, pa.Column]],
    *,
    strict: bool = False,
    keys: Mapping[str, list[str]] | None = None,
) -> dict[str, pa.DataFrameSchema]:
    return {
        name: pa.DataFrameSchema(
            columns, name=name, strict=strict, ordered=strict, unique=(keys or {}).get(name)
        )
        for name, columns in tables.items()
    }


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


def _matching(pattern: str, words: str) -> pa.Column:
    return _column(TEXT, pa.Check(lambda s: s.str.fullmatch(pattern), error=words))


def _one_of(*values: str, known: bool = True) -> pa.Column:
    check = pa.Check(lambda s: s.isin(values), error=f"one of {', '.join(values)}")
    return _column(TEXT, check, known=known)


def _within(kind: arrow.DataType, low: float, high: float, *, known: bool = True, **rest):
    """Return a column of numbers from ``low`` to ``high``; where it may be unknown, NaN is too."""
    inside = f"between {low:g} and {high:g}"
    if known:
        return _column(kind, pa.Check(lambda s: s.between(low, high), error=inside), **rest)
    outside = pa.Check(lambda s: ~((s < low) | (s > high)), error=inside)
    return _column(kind, outside, known=False, **rest)


def _measured(kind: arrow.DataType, low: float, high: float) -> pa.Column:
    """Return a column of numbers from ``low`` to ``high`` or NULL, never NaN."""
    check = pa.Check(lambda s: s.between(low, high), error=f"between {low:g} and {high:g}")
    return _column(kind, check, known=False)


def _position() -> pa.Column:
    """Return a column that counts 0, 1, 2, … in the order of its rows."""
    check = pa.Check(lambda s: s == np.arange(len(s)), error="the number of its row, from 0")
    return _column(INTEGER, check)
