"""Cleaned tables: as SQL views, as frames, and as interactions to learn from."""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from scipy import sparse

from nexttrack.data.database import literal, open_database
from nexttrack.data.editions import ensure
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
    """

    name: str
    tracks: pd.DataFrame
    user_items: sparse.csr_matrix
    user_ids: np.ndarray
    item_ids: np.ndarray
    dates: np.ndarray | None = None
    parts: np.ndarray | None = None
    positions: np.ndarray | None = None

    @classmethod
    def load(cls, name: str, edition: Edition | None = None) -> "Dataset":
        """Load a data set from an edition's tables.

        Args:
            name: one of those above.
            edition: ``published`` or ``sample``; the one at hand if not given.

        Raises:
            UserError: no data set of that name, or its source was not cleaned.
        """
        if name not in _INTERACTIONS:
            raise UserError(f"no data set is called {name!r}; there are {', '.join(_INTERACTIONS)}")
        with connect(edition) as tables:
            try:
                rows = tables.sql(_INTERACTIONS[name]).df()
                items = _frame(tables.sql(_ITEMS[name]))
            except duckdb.CatalogException:
                raise UserError(
                    f"the tables of {name} are not there; bring it with "
                    f"`nexttrack data get {name}` or `nexttrack data import`, then `make data`"
                ) from None
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
            raise UserError(f"{self.name} has no dates; lastfm-2k-tags and playlist-archive do")
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
    """
    path = ensure(edition) / f"{name}.parquet"
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in path.parent.glob("*.parquet")))
        raise UserError(f"there is no table {name!r}; there are {there}")
    with open_database() as connection:
        return _frame(_read(connection, path))


def connect(edition: Edition | None = None) -> duckdb.DuckDBPyConnection:
    """Return a new in-memory database in which every processed table is a view of its name.

    Chapters ask in plain SQL: ``connect().sql("SELECT count(*) FROM recordings")``.
    """
    folder = ensure(edition)
    connection = open_database()
    for path in sorted(folder.glob("*.parquet")):
        _read(connection, path).create_view(path.stem)
    return connection


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
