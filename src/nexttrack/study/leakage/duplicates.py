"""The same recording in question and answer: neighbours by sound among rows as downloaded.

The file of spotify-tracks has a row for each id and genre: one recording comes as several ids and
each of them under several genres. Cleaning merges them (``recordings``); most who use the file do
not.
"""

import numpy as np
import pandas as pd

from nexttrack.data.columns import AUDIO
from nexttrack.data.database import open_database
from nexttrack.data.dataset import table
from nexttrack.data.raw.cells import store
from nexttrack.data.raw.sources import load_sources
from nexttrack.data.raw.verify import read_source
from nexttrack.errors import UserError
from nexttrack.features.neighbours import squared_distances
from nexttrack.study.kept import kept
from nexttrack.study.leakage.leakage import SEED, K
from nexttrack.study.protocol import raw_files

FEATURES = (*AUDIO, "mode", "duration_ms")
QUERIES = 2_000
BLOCK = 100  # queries whose distances to all rows are in memory at once
APART = ("nothing", "recordings", "artists")
"""What is kept apart: rows are split at random; no row of the same recording; none by an artist."""


def as_downloaded() -> pd.DataFrame:
    """Return the rows of spotify-tracks as they came, with the recording that each belongs to.

    Rows without a name, which cleaning drops, are left out.

    Raises:
        UserError: the file as it was downloaded is not there, or breaks its contract.
    """
    folder = raw_files() / "spotify-tracks"
    if not (folder / "dataset.csv").is_file():
        raise UserError(
            f"{folder / 'dataset.csv'} is not there, and the cleaned tables have "
            "no duplicates left; bring it with `nexttrack data get spotify-tracks`"
        )
    with open_database() as database:
        report, files = read_source(database, load_sources()["spotify-tracks"], folder)
        if report.problems:
            raise UserError(report.problems[0])
        database.execute("CREATE SCHEMA raw")
        store(database, files[0])
        rows = database.sql("FROM raw.spotify_tracks").df()
    ids = table("recordings")[["recording", "track_ids"]].explode("track_ids")
    recording = rows["track_id"].map(ids.set_index("track_ids")["recording"])
    known = recording.notna()
    return rows[known].assign(recording=recording[known].astype(int)).reset_index(drop=True)


@kept
def neighbours_in_rows() -> pd.DataFrame:
    """Ask for the ten nearest rows by sound, with rows, recordings and artists kept apart.

    A fifth of the rows, at random, is asked about; the others answer. Takes half a minute; kept.

    Returns:
        One row for each query and way of ``APART``: see :func:`found_by_sound`.
    """
    rows = as_downloaded()
    order = np.random.default_rng(SEED).permutation(len(rows))
    asked, answering = order[: len(rows) // 5][:QUERIES], np.sort(order[len(rows) // 5 :])
    return found_by_sound(rows, asked, answering)


def found_by_sound(rows: pd.DataFrame, asked: np.ndarray, answering: np.ndarray) -> pd.DataFrame:
    """Say what the nearest rows to some rows have in common with them.

    Features are standardised over all rows; nearest is by Euclidean distance. Of equally near rows
    any may come first.

    Args:
        rows: with ``FEATURES``, ``artists`` (names with semicolons between), ``recording``,
            ``track_genre`` and ``popularity``.
        asked: positions of the rows to ask about.
        answering: positions of the rows that may be found.

    Returns:
        One row for each way of ``APART`` and query: ``apart``, ``query``, ``own`` (whether a row of
        the same recording may be found), ``artist`` (1 if a track by an artist of the query is
        among the ten), ``genre`` (share of the ten with the query's genre), ``popularity`` and
        ``predicted`` (the mean popularity of the ten).

    Raises:
        ValueError: if fewer than ten rows may be found for a query.
    """
    X = _standardised(rows)
    recording = rows["recording"].to_numpy()
    names = rows["artists"].map(lambda said: frozenset(name.strip() for name in said.split(";")))
    rows_of = names[answering].explode().reset_index(drop=True)
    places = pd.Series(np.repeat(np.arange(len(answering)), names[answering].map(len).to_numpy()))
    by_artist = places.groupby(rows_of.to_numpy()).agg(np.array)
    tables = []
    for start in range(0, len(asked), BLOCK):
        block = asked[start : start + BLOCK]
        distance = squared_distances(X[block][:, None], X[answering])
        own = recording[answering] == recording[block][:, None]
        for apart in APART:
            if apart == "recordings":
                distance[own] = np.inf
            if apart == "artists":
                for place, query in enumerate(block):
                    for name in names[query]:
                        distance[place, by_artist.get(name, [])] = np.inf
            nearest = _ten_nearest(distance)
            if np.isinf(np.take_along_axis(distance, nearest, axis=1)).any():
                raise ValueError(f"fewer than {K} rows may be found, with {apart} kept apart")
            common = _in_common(rows, names, block, answering[nearest])
            tables.append(common.assign(apart=apart, own=own.any(axis=1)))
    columns = ["apart", "query", "own", "artist", "genre", "popularity", "predicted"]
    return pd.concat(tables, ignore_index=True)[columns]


def _standardised(rows: pd.DataFrame) -> np.ndarray:
    features = rows[list(FEATURES)].to_numpy(dtype=np.float64)
    spread = features.std(axis=0)
    return ((features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)).astype(np.float32)


def _in_common(
    rows: pd.DataFrame, names: pd.Series, asked: np.ndarray, found: np.ndarray
) -> pd.DataFrame:
    """Return what the rows that were found, queries x 10, have in common with the queries."""
    genre, popularity = rows["track_genre"].to_numpy(), rows["popularity"].to_numpy(np.float64)
    same = [
        any(not names[query].isdisjoint(names[one]) for one in ten)
        for query, ten in zip(asked, found, strict=True)
    ]
    return pd.DataFrame(
        {
            "query": asked,
            "artist": np.array(same, dtype=np.float64),
            "genre": (genre[found] == genre[asked][:, None]).mean(axis=1),
            "popularity": popularity[asked],
            "predicted": popularity[found].mean(axis=1),
        }
    )


def _ten_nearest(distance: np.ndarray) -> np.ndarray:
    if distance.shape[1] < K:
        raise ValueError(f"fewer than {K} rows may be found")
    last = np.partition(distance, K - 1, axis=1)[:, K - 1]
    nearest = np.empty((len(distance), K), dtype=np.int64)
    for place, (row, farthest) in enumerate(zip(distance, last, strict=True)):
        near = np.flatnonzero(row <= farthest)  # of equally near rows the first
        nearest[place] = near[np.argsort(row[near], kind="stable")[:K]]
    return nearest
