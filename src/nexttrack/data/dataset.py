"""Cleaned tables: as SQL views, as frames, and as interactions to learn from."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse

from nexttrack.data.database import literal, open_database
from nexttrack.data.editions import ensure, missing_sources, not_there, source_of
from nexttrack.data.own_columns import Input
from nexttrack.data.own_files import Paths
from nexttrack.data.own_interactions import from_csv, from_frame, from_parquet
from nexttrack.errors import UserError
from nexttrack.project import Edition

_PART = """
        SELECT playlist_id AS user, recording AS item, 1 AS value, NULL AS date, NULL AS part,
            position
        FROM playlist_items WHERE playlist_items.part = '{part}' ORDER BY ALL"""
_ITEMS_OF_PART = """
        SELECT recording AS item, * FROM playlist_recordings
        WHERE recording IN (SELECT recording FROM playlist_items WHERE part = '{part}')
        ORDER BY item"""
_INTERACTIONS = {
    "lastfm-2k": """
        SELECT user_id AS user, artist_id AS item, plays AS value, NULL AS date, NULL AS part
        FROM lastfm_listens ORDER BY ALL""",
    "lastfm-2k-tags": """
        SELECT user_id AS user, artist_id AS item, 1 AS value, min(month) AS date, NULL AS part
        FROM lastfm_tags GROUP BY ALL ORDER BY ALL""",
    "playlists": """
        SELECT playlist_id AS user, recording AS item, 1 AS value, NULL AS date, part, position
        FROM playlist_items ORDER BY ALL""",
    "playlist-archive": """
        SELECT playlist_id AS user, recording AS item, 1 AS value, added AS date, NULL AS part
        FROM archive_additions ORDER BY ALL""",
    **{f"{part}-playlists": _PART.format(part=part) for part in ("whole", "thinned")},
}
SOURCE_OF = {name: name.removesuffix("-tags") for name in _INTERACTIONS} | dict.fromkeys(
    ("whole-playlists", "thinned-playlists"), "playlists"
)
"""The source of each data set."""
_ARTISTS = "SELECT artist_id AS item, *, name AS label FROM lastfm_artists ORDER BY item"
_ITEMS = {
    "lastfm-2k": _ARTISTS,
    "lastfm-2k-tags": _ARTISTS,
    "playlists": "SELECT recording AS item, * FROM playlist_recordings ORDER BY item",
    "playlist-archive": "SELECT recording AS item, * FROM archive_recordings ORDER BY item",
    **{f"{part}-playlists": _ITEMS_OF_PART.format(part=part) for part in ("whole", "thinned")},
}


@dataclass(frozen=True)
class Dataset:
    """Who played or collected what, and what the items are. Ids became positions on the way in.

    Attributes:
        name: ``lastfm-2k``, ``lastfm-2k-tags``, ``whole-playlists``, ``thinned-playlists``,
            ``playlist-archive``, or ``playlists``: whole and thinned ones joined, which are two
            data sets wherever something is measured.
        tracks: one row per item, indexed by position 0..n_items-1: the columns of the items' table
            (NaN where unknown) and ``label``, a text to show. Items of lastfm-2k are artists.
        user_items: users x items, float32. Play counts for lastfm-2k, ones for the others. In
            lastfm-2k-tags a user has the artists whom the user tagged.
        user_ids: id of each user (a playlist, for two of the sets), by position.
        item_ids: id of each item, by position: ``artist_id`` or ``recording``.
        dates: datetime64[D] of each stored value, in the order of ``user_items.data``, where the
            source has dates (playlist-archive: the day of the addition; lastfm-2k-tags: the first
            day of the month of the user's first tag for the artist).
        parts: for each user, which part of the source it is from, where both are there
            (``playlists``: whole or thinned).
        positions: int32 of each stored value, in the order of ``user_items.data``, where the source
            has lists: the position of the item in the playlist, from 0; of a thinned playlist, in
            what is kept of it.
        ledger: of interactions of one's own, what each step left: step, interactions before and
            after it, users, items, what it did. None for the book's own, whose tables have theirs.
    """

    name: str
    tracks: pd.DataFrame
    user_items: sparse.csr_matrix
    user_ids: np.ndarray
    item_ids: np.ndarray
    dates: np.ndarray | None = None
    parts: np.ndarray | None = None
    positions: np.ndarray | None = None
    ledger: pd.DataFrame | None = None

    @classmethod
    def load(cls, name: str, edition: Edition | None = None) -> "Dataset":
        """Load a data set from an edition's tables.

        Args:
            name: one of those above.
            edition: ``published`` or ``sample``; the one at hand if not given.

        Raises:
            UserError: no data set of that name.
            NotThereError: its source was not brought.
        """
        if name not in _INTERACTIONS:
            raise UserError(f"no data set is called {name!r}; there are {', '.join(_INTERACTIONS)}")
        with connect(edition) as tables:
            try:
                rows = tables.sql(_INTERACTIONS[name]).df()
                items = _frame(tables.sql(_ITEMS[name]))
            except duckdb.CatalogException:
                raise not_there([SOURCE_OF[name]]) from None
        item_ids = items.pop("item").to_numpy()
        user_ids, first_row, user = np.unique(
            rows["user"].to_numpy(), return_index=True, return_inverse=True
        )
        item = np.searchsorted(item_ids, rows["item"].to_numpy())
        values = rows["value"].to_numpy(dtype=np.float32)
        # Rows come sorted by user and item, so their order is that of the matrix.
        indptr = np.searchsorted(user, np.arange(len(user_ids) + 1)).astype(np.int32)
        shape = (len(user_ids), len(item_ids))
        user_items = sparse.csr_matrix((values, item.astype(np.int32), indptr), shape=shape)
        dates = _known(rows["date"])
        if "label" not in items:
            items["label"] = _labels(items)
        return cls(
            name=name,
            tracks=items,
            user_items=user_items,
            user_ids=user_ids,
            item_ids=item_ids,
            dates=dates if dates is None else dates.astype("datetime64[D]"),
            parts=_known(rows["part"].iloc[first_row]),
            positions=_known(rows["position"]) if "position" in rows else None,
        )

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        user: Hashable,
        item: Hashable,
        time: Hashable | None = None,
        value: Hashable | None = None,
        tracks: Any = None,
        name: str = "interactions",
        **options: Any,
    ) -> "Dataset":
        """Make a data set of interactions of one's own, a row for each.

        ``user_ids`` and ``item_ids`` are the ids as they were, of their type, sorted; ids of types
        that do not compare come in the order of their first row. ``ledger`` counts what was done.

        Args:
            frame: of pandas, or what Arrow reads: a frame of polars, a table of pyarrow.
            user: column of the users' ids, of any type.
            item: column of the items' ids.
            time: column of dates, times, ISO texts or numbers; those with a time zone count in UTC,
                those without as they are. ``dates`` are their days.
            value: column of weights above 0, such as plays; without it each row is worth 1.
            tracks: a frame of items, or the path of a CSV or Parquet file: any features, and
                ``title`` (or ``name``), ``artists``, ``genres``. The last two are lists of names,
                or texts such as ``A;B`` or ``['A', 'B']``. An item without a row has NaN. The first
                row of an id counts.
            name: of the data set.
            **options: what follows.
            position: column of the place of an item in its user's list, whole numbers from 0 on.
            time_unit: of times that are numbers since 1970: ``"s"``, ``"ms"``, ``"us"``, ``"ns"``.
            missing, bad_values, duplicates, max_items, min_items, min_users, seed: how rows are
                treated, see :class:`nexttrack.data.interaction_rules.Rules`.
            track_id, all_tracks, separator: how tracks are read, see
                :class:`nexttrack.data.own_tracks.Tracks`.
            memory_limit: what DuckDB may use before it goes to the disk, such as ``"2GB"``; a
                quarter of what is free if not given.
            spill: folder for that; the system's temporary one if not given.

        Raises:
            UserError: a column is not there or not of its type, a rule refuses a row, or nothing
                is left.
        """
        asked = {"user": user, "item": item, "time": time, "value": value, "tracks": tracks}
        return cls(name=name, **from_frame(frame, Input.of(**asked, **options)))

    @classmethod
    def from_csv(
        cls,
        paths: Paths,
        *,
        user: str,
        item: str,
        delimiter: str | None = None,
        encoding: str = "utf-8",
        names: list[str] | None = None,
        name: str = "interactions",
        **options: Any,
    ) -> "Dataset":
        """Make a data set of delimited text, of any size, with a header or ``names``.

        An empty cell is missing. Ids that are all whole numbers, as these are usually written, come
        back as int64; others as texts (``007`` stays that).

        Args:
            paths: a file (or one.csv.gz), a pattern such as ``plays-*.csv``, a folder, or a list.
            user: column of the users' ids.
            item: column of the items' ids.
            delimiter: of cells; that of comma, semicolon, tab and bar that gives the columns if
                not given.
            encoding: ``"utf-8"``, ``"utf-16"`` or ``"latin-1"``.
            names: of the columns, if the files have no header.
            name: of the data set.
            **options: those of :meth:`from_frame`, and ``decimal=","`` for decimal commas.

        Raises:
            UserError: as there, or a file is not there, is empty or cannot be read.
        """
        given = Input.of(user=user, item=item, **options)
        return cls(name=name, **from_csv(paths, given, delimiter, encoding, names))

    @classmethod
    def from_parquet(
        cls, paths: Paths, *, user: str, item: str, name: str = "interactions", **options: Any
    ) -> "Dataset":
        """Make a data set of Parquet files, of any size.

        Args:
            paths: a file, a pattern such as ``plays/*.parquet``, a folder, or a list of them.
            user: column of the users' ids.
            item: column of the items' ids.
            name: of the data set.
            **options: those of :meth:`from_frame`.

        Raises:
            UserError: as there, or a file is not there, is empty or cannot be read.
        """
        return cls(name=name, **from_parquet(paths, Input.of(user=user, item=item, **options)))

    def binary(self) -> sparse.csr_matrix:
        """Return ``user_items`` with every stored value 1: who has what, not how often."""
        ones = np.ones_like(self.user_items.data)
        parts = (ones, self.user_items.indices, self.user_items.indptr)
        return sparse.csr_matrix(parts, shape=self.user_items.shape)

    def first_users(self, n: int) -> "Dataset":
        """Return the data set of its first n users, all its items among them."""
        n = min(n, len(self.user_ids))
        user_items = self.user_items[:n]
        return replace(
            self,
            user_items=user_items,
            user_ids=self.user_ids[:n],
            dates=None if self.dates is None else self.dates[: user_items.nnz],
            parts=None if self.parts is None else self.parts[:n],
            positions=None if self.positions is None else self.positions[: user_items.nnz],
        )

    def days(self) -> sparse.csr_matrix:
        """Return the date of each pair as days since 1970-01-01, int32 of users x items.

        Raises:
            UserError: the data set has no dates.
        """
        if self.dates is None:
            raise UserError(
                f"{self.name} has no dates; lastfm-2k-tags and playlist-archive do, and what is "
                "made with time="
            )
        days = self.dates.astype("datetime64[D]").astype(np.int64).astype(np.int32)
        parts = (days, self.user_items.indices, self.user_items.indptr)
        return sparse.csr_matrix(parts, shape=self.user_items.shape)

    def order(self) -> sparse.csr_matrix:
        """Return when each user had each item: 1 for what came first, then 2 and so on, float32.

        By position in the playlist, else by date. What came on one day has one number.

        Raises:
            UserError: the data set has neither.
        """
        moments = self.positions if self.positions is not None else self.dates
        if moments is None:
            raise UserError(f"{self.name} has no order; playlists and sets with dates do")
        user = np.repeat(np.arange(len(self.user_ids)), np.diff(self.user_items.indptr))
        ranks = pd.Series(moments).groupby(user).rank(method="dense").to_numpy(dtype=np.float32)
        parts = (ranks, self.user_items.indices, self.user_items.indptr)
        return sparse.csr_matrix(parts, shape=self.user_items.shape)


def table(name: str, edition: Edition | None = None) -> pd.DataFrame:
    """Return a processed table as a frame, for example ``table("recordings")``.

    A column of numbers with unknown ones among them is float64 with NaN, as scikit-learn takes it.

    Raises:
        UserError: there is no table of that name; the line says which there are.
        NotThereError: it is of a source that was not brought.
    """
    path = ensure(edition) / f"{name}.parquet"
    if not path.is_file():
        if (source := source_of(name)) in missing_sources(edition):
            raise not_there([source])
        there = ", ".join(sorted(found.stem for found in path.parent.glob("*.parquet")))
        raise UserError(f"there is no table {name!r}; there are {there}")
    with open_database() as connection:
        return _frame(_read(connection, path))


def connect(
    edition: Edition | None = None, *, any_of: Collection[str] = ()
) -> duckdb.DuckDBPyConnection:
    """Return a new in-memory database in which every processed table is a view of its name.

    Chapters ask in plain SQL: ``connect().sql("SELECT count(*) FROM recordings")``.

    Args:
        edition: ``published`` or ``sample``; the one at hand if not given.
        any_of: sources to all of which one question is put; the tables of those that are not there
            have no rows.

    Raises:
        NotThereError: none of ``any_of`` is there.
    """
    folder = ensure(edition)
    connection = open_database()
    for path in sorted(folder.glob("*.parquet")):
        _read(connection, path).create_view(path.stem)
    absent = set(any_of) & set(missing_sources(edition) if any_of else ())
    if absent:
        if absent == set(any_of):
            raise not_there(any_of)
        from nexttrack.data.contracts import processed_schemas  # takes a second

        for name, schema in processed_schemas().items():
            if source_of(name) in absent:
                kinds = {column: held.dtype for column, held in schema.columns.items()}
                connection.register(name, _without_rows(kinds))
    return connection


def _without_rows(kinds: dict) -> pa.Table:
    """Return a table of columns whose Pandera types are given; one of any type is of text."""
    types = {
        name: pa.string() if kind is None else kind.type.pyarrow_dtype
        for name, kind in kinds.items()
    }
    return pa.schema(types.items()).empty_table()


def _read(connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyRelation:
    return connection.read_parquet(literal(path), hive_partitioning=False)


def _labels(items: pd.DataFrame) -> pd.Series:
    """Return "Artist – Title" for each item, and its id where the names are unknown."""
    known = items["title"].notna() & items["artists"].notna()
    named = [
        f"{', '.join(artists)} – {title}" if there else track_ids[0]
        for there, artists, title, track_ids in zip(
            known, items["artists"], items["title"], items["track_ids"], strict=True
        )
    ]
    return pd.Series(named, index=items.index, dtype="str")


def _frame(relation: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    """Return a frame whose columns with unknown integers are float64 with NaN."""
    frame = relation.df()
    masked = [
        name
        for name, kind in frame.dtypes.items()
        if pd.api.types.is_extension_array_dtype(kind) and pd.api.types.is_integer_dtype(kind)
    ]
    return frame.astype(dict.fromkeys(masked, np.float64))


def _known(column: pd.Series) -> np.ndarray | None:
    return None if column.isna().all() else column.to_numpy()
