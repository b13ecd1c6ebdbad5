"""The cleaned tables of an edition: as SQL views, as frames, and as interactions to learn from."""

import hashlib
import json
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from filelock import FileLock
from rich.console import Console
from scipy import sparse

from nexttrack import project
from nexttrack.data import cleaning
from nexttrack.data.raw.fetch import settle
from nexttrack.errors import UserError
from nexttrack.files import restore_folder
from nexttrack.project import Edition

SAMPLE = {"n_tracks": 20_000, "n_listeners": 5_000, "seed": 1}
"""How large the sample edition is: arguments of :func:`nexttrack.data.simulator.write_sources`."""

_INTERACTIONS = {
    "lastfm-2k": """
        SELECT user_id AS user, artist_id AS item, plays AS value, NULL AS date, NULL AS part
        FROM lastfm_listens ORDER BY ALL""",
    "lastfm-2k-tags": """
        SELECT user_id AS user, artist_id AS item, 1 AS value, min(month) AS date, NULL AS part
        FROM lastfm_tags GROUP BY ALL ORDER BY ALL""",
    "playlists": """
        SELECT playlist_id AS user, recording AS item, 1 AS value, NULL AS date, part
        FROM playlist_items ORDER BY ALL""",
    "playlist-archive": """
        SELECT playlist_id AS user, recording AS item, 1 AS value, added AS date, NULL AS part
        FROM archive_additions ORDER BY ALL""",
}
_ARTISTS = "SELECT artist_id AS item, *, name AS label FROM lastfm_artists ORDER BY item"
_ITEMS = {
    "lastfm-2k": _ARTISTS,
    "lastfm-2k-tags": _ARTISTS,
    "playlists": "SELECT recording AS item, * FROM playlist_recordings ORDER BY item",
    "playlist-archive": "SELECT recording AS item, * FROM archive_recordings ORDER BY item",
}


@dataclass(frozen=True)
class Dataset:
    """Who played or collected what, and what the items are. Ids became positions on the way in.

    Attributes:
        name: ``lastfm-2k``, ``lastfm-2k-tags``, ``playlists`` or ``playlist-archive``.
        tracks: one row per item, indexed by position 0..n_items-1: the columns of the items' table
            (NaN where unknown) and ``label``, a text to show. Items of lastfm-2k are artists.
        user_items: users x items, float32. Play counts for lastfm-2k, ones for the others. In
            lastfm-2k-tags a user has the artists whom the user tagged.
        user_ids: id of each user (a playlist, for two of the sets), by position.
        item_ids: id of each item, by position: ``artist_id`` or ``recording``.
        dates: datetime64[D] of each stored value, in the order of ``user_items.data``, where the
            source has dates (playlist-archive: the day of the addition; lastfm-2k-tags: the first
            day of the month of the user's first tag for the artist).
        parts: for each user, which part of the source it is from (playlists: whole or thinned).
    """

    name: str
    tracks: pd.DataFrame
    user_items: sparse.csr_matrix
    user_ids: np.ndarray
    item_ids: np.ndarray
    dates: np.ndarray | None = None
    parts: np.ndarray | None = None

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
    with duckdb.connect() as connection:
        return _frame(connection.read_parquet(str(path)))


def connect(edition: Edition | None = None) -> duckdb.DuckDBPyConnection:
    """Return a new in-memory database in which every processed table is a view of its name.

    Chapters ask in plain SQL: ``connect().sql("SELECT count(*) FROM recordings")``.
    """
    folder = ensure(edition)
    connection = duckdb.connect(config={"threads": 2})
    for path in sorted(folder.glob("*.parquet")):
        connection.read_parquet(str(path)).create_view(path.stem)
    return connection


def ensure(edition: Edition | None = None) -> Path:
    """See that an edition's tables are there and made by this code from these files.

    The published edition is cleaned again when its raw files or the cleaning changed. The sample
    edition is simulated and cleaned when it is not there, and again when the simulator or the
    cleaning changed; raw files that someone simulated with other parameters are kept.

    Args:
        edition: ``published`` or ``sample``; the one at hand if not given.

    Returns:
        The folder of the tables.

    Raises:
        UserError: the published edition has neither tables nor raw files.
    """
    _restore("published")
    if project.raw_dir("published").exists():
        settle(project.raw_dir("published"))
    edition = edition or project.edition()
    folder = project.processed_dir(edition)
    if _is_fresh(edition):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{edition}-ensure.lock")):
        if not _is_fresh(edition):  # another process may have made it while this one waited
            _make(edition)
    return folder


def fingerprint(edition: Edition | None = None) -> str:
    """Return 12 hexadecimal digits that stand for the content of an edition's raw files.

    They come from the names and SHA-256 hashes of the files, as recorded when these were cleaned,
    and are equal for the same files on every machine.
    """
    made_from = cleaning.read_made_from(ensure(edition))
    hashes = {name: record["sha256"] for name, record in made_from["raw"].items()}
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:12]


def _is_fresh(edition: Edition) -> bool:
    folder, raw = project.processed_dir(edition), project.raw_dir(edition)
    made_from = cleaning.read_made_from(folder)
    if not made_from or not (folder / "ledger.parquet").exists():
        return False
    there = cleaning.raw_state(raw)
    if edition == "published" and not there:
        return True  # the tables were brought or kept without the raw files
    recorded = {
        name: (record["size"], record["mtime_ns"]) for name, record in made_from["raw"].items()
    }
    return (
        made_from["code"] == cleaning.code_hash()
        and recorded == there
        and (edition == "published" or made_from.get("raw_by") in (None, _simulator_hash()))
    )


def _make(edition: Edition) -> None:
    folder, raw = project.processed_dir(edition), project.raw_dir(edition)
    console = Console(stderr=True)
    made_by = None
    if edition == "published":
        if not cleaning.raw_state(raw):
            raise UserError(
                f"the real data are not in {raw}; run `make data`, or "
                "`nexttrack data import DIR` and `nexttrack data clean`"
            )
    elif _is_ours_and_old(folder, raw):
        from nexttrack.data import simulator

        if console.is_terminal:
            console.print("Simulating the sample edition, once: some 15 s")
        simulator.write_sources(raw, **SAMPLE)
        made_by = _simulator_hash()
    if console.is_terminal:
        console.print(f"Cleaning the {edition} edition: some 10 s")
    cleaning.clean(raw, folder, raw_by=made_by)


def _is_ours_and_old(folder: Path, raw: Path) -> bool:
    """Tell whether the simulated raw files are to be made: none there, or made by older code."""
    there = cleaning.raw_state(raw)
    if not there:
        return True
    made_from = cleaning.read_made_from(folder)
    recorded = {
        name: (record["size"], record["mtime_ns"])
        for name, record in made_from.get("raw", {}).items()
    }
    made_by = made_from.get("raw_by")
    return recorded == there and made_by is not None and made_by != _simulator_hash()


def _simulator_hash() -> str:
    """Return a hash of the simulator's code and parameters."""
    digest = hashlib.sha256(json.dumps(SAMPLE, sort_keys=True).encode())
    parts = (resources.files("nexttrack.data") / "simulator").iterdir()
    for part in sorted(parts, key=lambda item: item.name):
        if part.name.endswith((".py", ".csv")):
            digest.update(part.name.encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()[:16]


def _restore(edition: Edition) -> None:
    folder = project.processed_dir(edition)
    if not folder.exists() and folder.parent.exists():
        with cleaning.lock(folder):
            restore_folder(folder)


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
