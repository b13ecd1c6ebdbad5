"""A listener's profile: which recordings were played and liked, and how much.

The weight of a track is ``log(1 + plays + 5 * liked)``. A play counts from 30 seconds on, as a
stream does for Spotify; what was skipped sooner is kept and not counted. ``liked`` is 1 for what is
in the library or in a playlist, however many, and stands for five plays.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb
import numpy as np
import pandas as pd

from nexttrack import project
from nexttrack.data.database import literal, open_database
from nexttrack.data.editions import ensure
from nexttrack.data.listener.formats import Like, Play
from nexttrack.data.listener.kept import key_of, load
from nexttrack.data.listener.names import name_index, recording_of
from nexttrack.errors import UserError
from nexttrack.project import Edition

SHORTEST_PLAY = 30_000
PLAYS_OF_A_LIKE = 5
TABLES = ("recordings", "playlist_recordings", "archive_recordings")
Table = Literal["recordings", "playlist_recordings", "archive_recordings"]
TRACKS = ["title", "artist", "track_ids", "plays", "ms", "liked", "weight", "last"]
UNMATCHED = "unmatched.csv"


@dataclass(frozen=True)
class Matches:
    """Which recording of a table each track is.

    ``recordings`` holds -1 where it is none; the others were found ``by_id`` and ``by_name``.
    """

    table: str
    recordings: np.ndarray
    by_id: int
    by_name: int


def own_folder() -> Path:
    """Return the folder of a listener's own music: ``listener`` in the data folder."""
    return project.data_dir() / "listener"


def profile(
    table: Table = "recordings", edition: Edition = "published", folder: Path | None = None
) -> pd.DataFrame:
    """Return a listener's profile on the recordings of a table.

    Args:
        table: the processed table whose recordings count.
        edition: the edition of that table.
        folder: what was imported; that of the data folder if not given.

    Returns:
        A row for each recording, the heaviest first: ``recording`` (int32), ``weight`` (float64,
        above 0; see the module), ``plays`` (int64, of at least 30 seconds), ``last`` (the latest
        such play or addition to a list, UTC; NaT where no time is known).

    Raises:
        UserError: nothing was imported, or the table is not there.
    """
    folder = folder or own_folder()
    plays, likes = load(folder)
    if not (plays or likes):
        raise UserError(
            f"nothing of your own is in {folder}; bring Spotify's export or Exportify's tables "
            "with `nexttrack data import`"
        )
    tracks = tracks_of(plays, likes)
    path = ensure(edition) / f"{table}.parquet"
    if not path.is_file():
        raise UserError(
            f"there is no table {table!r} in {path.parent}; ask for one of {', '.join(TABLES)}"
        )
    tracks["recording"] = match(tracks, path).recordings
    found = tracks[tracks["recording"] >= 0].groupby("recording", as_index=False)
    rows = found.agg(plays=("plays", "sum"), liked=("liked", "any"), last=("last", "max"))
    rows["weight"] = weights(rows["plays"], rows["liked"])
    rows = rows.sort_values(["weight", "recording"], ascending=[False, True], ignore_index=True)
    return rows[["recording", "weight", "plays", "last"]].astype({"recording": np.int32})


def weights(plays: pd.Series, liked: pd.Series) -> pd.Series:
    """Return ``log(1 + plays + 5 * liked)``."""
    return np.log1p(plays + PLAYS_OF_A_LIKE * liked)


def tracks_of(plays: list[Play], likes: list[Like]) -> pd.DataFrame:
    """Return one row for each track that was played for 30 seconds or is liked.

    Rows of the same folded title and artist are one track, whatever their ids.

    Returns:
        Columns ``title``, ``artist``, ``track_ids`` (a sorted list), ``plays``, ``ms`` (heard in
        them), ``liked``, ``weight`` and ``last``, the heaviest first.
    """
    found: dict[str, dict] = {}
    for row in (*plays, *likes):
        if isinstance(row, Play) and row.ms_played < SHORTEST_PLAY:
            continue
        track = found.setdefault(
            key_of(row),
            {
                "title": row.title,
                "artist": row.artist,
                "track_ids": set(),
                "plays": 0,
                "ms": 0,
                "liked": False,
                "last": None,
            },
        )
        if row.track_id is not None:
            track["track_ids"].add(row.track_id)
        track["last"] = _later(track["last"], row.time)
        if isinstance(row, Play):
            track["plays"] += 1
            track["ms"] += row.ms_played
        else:
            track["liked"] = True
    for track in found.values():
        track["track_ids"] = sorted(track["track_ids"])
    frame = pd.DataFrame(list(found.values()), columns=[c for c in TRACKS if c != "weight"])
    frame = frame.astype({"plays": np.int64, "ms": np.int64, "liked": bool})
    frame["last"] = pd.to_datetime(frame["last"], utc=True)
    frame["weight"] = weights(frame["plays"], frame["liked"])
    return frame[TRACKS].sort_values("weight", ascending=False, kind="stable", ignore_index=True)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return other if one is None or (other is not None and other > one) else one


def match(tracks: pd.DataFrame, path: Path) -> Matches:
    """Find the recordings of a processed table: by id where one is known, else by name.

    Args:
        tracks: as :func:`tracks_of` gives them.
        path: a Parquet file with ``recording``, ``track_ids``, ``title`` and ``artists``.
    """
    with open_database() as database:
        parquet = database.read_parquet(literal(path), hive_partitioning=False)
        recording_of_id = _recordings_of_ids(parquet)
        named = parquet.filter("title IS NOT NULL AND artists IS NOT NULL")
        index = name_index(named.project("recording, title, artists").order("recording").fetchall())
    recordings = np.full(len(tracks), -1, dtype=np.int32)
    by_id = 0
    for at, (ids, title, artist) in enumerate(
        zip(tracks["track_ids"], tracks["title"], tracks["artist"], strict=True)
    ):
        known = next((recording_of_id[one] for one in ids if one in recording_of_id), None)
        by_id += known is not None
        if known is None and isinstance(title, str) and isinstance(artist, str):
            known = recording_of(index, title, artist)
        recordings[at] = -1 if known is None else known
    return Matches(path.stem, recordings, by_id, int((recordings >= 0).sum()) - by_id)


def _recordings_of_ids(parquet: duckdb.DuckDBPyRelation) -> dict[str, int]:
    return dict(parquet.project("unnest(track_ids) AS id, recording").fetchall())
