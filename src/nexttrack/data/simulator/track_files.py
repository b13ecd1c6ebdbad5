"""The simulated catalogue in the form of spotify-tracks and spotify-century."""

import numpy as np
import pandas as pd

from nexttrack.data.columns import RAW_AUDIO
from nexttrack.data.simulator import audio
from nexttrack.data.simulator.catalogue import Catalogue
from nexttrack.data.simulator.labels import Labels

COLUMNS = [
    "track_id",
    "artists",
    "album_name",
    "track_name",
    "popularity",
    "duration_ms",
    "explicit",
    *(name for name in RAW_AUDIO if name != "duration_ms"),
    "track_genre",
]
UNKNOWN_AS_ZERO = ("tempo", "danceability", "speechiness", "valence", "time_signature")
_VECTOR = [*audio.SOUND_COLUMNS, "duration_ms", "key", "mode", "time_signature"]


def audio_frame(songs: Catalogue, tracks: np.ndarray) -> pd.DataFrame:
    """Return the audio of some tracks: nine features, duration, key, mode, time signature."""
    frame = pd.DataFrame({name: songs.feature(name)[tracks] for name in audio.SOUND_COLUMNS})
    frame["duration_ms"] = songs.feature("duration_ms")[tracks].astype(np.int64)
    for name in ("key", "mode", "time_signature"):
        frame[name] = getattr(songs, name)[tracks].astype(np.int64)
    return frame


def releases(songs: Catalogue, labels: Labels, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row for each id that recordings were released under, with what differs.

    One recording in twelve has a second or third id: the same sound file on another album, the
    same file under a longer title, or another master with the same title.
    """
    tracks = np.arange(songs.n_tracks)
    extra = rng.choice([0, 1, 2], songs.n_tracks, p=[0.92, 0.06, 0.02])
    again = np.repeat(tracks, extra)
    copy = 1 + (np.r_[False, again[1:] == again[:-1]]).astype(int)
    kind = rng.choice(["same file", "retitled", "remaster"], len(again), p=[0.45, 0.10, 0.45])
    frame = pd.DataFrame(
        {
            "track": np.r_[tracks, again],
            "track_id": np.r_[labels.ids[:, 0], labels.ids[again, copy]],
            "kind": np.r_[np.full(songs.n_tracks, "first"), kind],
        }
    )
    frame["artists"] = labels.credits[frame["track"]]
    frame["album_name"] = labels.album[frame["track"]]
    frame["track_name"] = labels.title[frame["track"]]
    frame["popularity"] = songs.popularity[frame["track"]].astype(np.int64)
    frame["explicit"] = songs.explicit[frame["track"]]
    frame = frame.join(audio_frame(songs, frame["track"].to_numpy()))
    return _vary(frame, rng)


def _vary(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Change what a later release has of its own: album, popularity, and more by its kind."""
    later = frame["kind"] != "first"
    share = rng.random(later.sum())
    frame.loc[later, "album_name"] += " (Deluxe)"
    frame.loc[later, "popularity"] = (frame.loc[later, "popularity"] * share).astype(np.int64)
    frame.loc[frame["kind"] == "retitled", "track_name"] += " - Remastered 2011"
    remaster = frame["kind"] == "remaster"
    frame.loc[remaster, "loudness"] = np.round(frame.loc[remaster, "loudness"] * 0.9 - 0.31, 3)
    frame.loc[remaster, "duration_ms"] += rng.integers(1, 3000, remaster.sum())
    # The same name, typed by someone else.
    shouted, spaced = np.flatnonzero(remaster)[::10], np.flatnonzero(remaster)[5::10]
    frame.loc[shouted, "track_name"] = frame.loc[shouted, "track_name"].str.upper()
    frame.loc[spaced, "track_name"] = "  " + frame.loc[spaced, "track_name"] + " "
    return frame


def analysed_artists(songs: Catalogue, rng: np.random.Generator) -> np.ndarray:
    """Choose whose audio any public table has at all, (A,) bool: each genre's popular artists."""
    order = np.lexsort([np.bincount(songs.artist, songs.weight), songs.home])
    size = np.bincount(songs.home)
    place = np.empty(songs.n_artists)
    place[order] = np.arange(1, songs.n_artists + 1) - (np.cumsum(size) - size)[songs.home[order]]
    return rng.random(songs.n_artists) < 0.1 + 0.9 * (place / size[songs.home]) ** 1.5


def rank(values: np.ndarray) -> np.ndarray:
    """Return the share of values below each, ties in order: float64 in 0..1."""
    return values.argsort(kind="stable").argsort(kind="stable") / len(values)


def spotify_tracks(
    songs: Catalogue, released: pd.DataFrame, analysed: np.ndarray, rng: np.random.Generator
) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the rows of ``dataset.csv``, its defects planted, and the count of each defect.

    The collection has nearly all tracks of the artists that are `analysed`, and no others.
    """
    collected = analysed[songs.artist] & (rng.random(songs.n_tracks) < 0.95)
    ids = released[collected[released["track"]]].reset_index(drop=True)
    ids["vector"] = np.where(ids["kind"] == "remaster", -1 - ids.index, ids["track"])
    ids = _plant_unknowns(ids, rng)
    rows = _rows_by_genre(songs, ids, rng)
    rows = pd.concat([rows, rows.iloc[_some(len(rows), 0.004, rng)]])
    rows = rows.iloc[np.lexsort([rng.random(len(rows)), rows["track_genre"]])]
    rows = pd.concat([rows, _without_names(rows)], ignore_index=True)
    rows = rows.sort_values("track_genre", kind="stable", ignore_index=True)
    return rows[COLUMNS], _planted(rows[COLUMNS], ids)


def _without_names(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the one row that the real file has, too: an id with audio and nothing else."""
    row = rows.iloc[:1].assign(track_genre="k-pop", energy=0.5125)
    row[["track_id", "popularity", "duration_ms"]] = ["0" * 22, 0, 0]
    row[["artists", "album_name", "track_name"]] = None
    return row


def _planted(table: pd.DataFrame, ids: pd.DataFrame) -> dict[str, object]:
    """Count the defects of ``dataset.csv``; `ids` knows which of them are one recording."""
    same_name = ids.groupby([ids["track"], ids["kind"] == "retitled"])["track_id"].transform("size")
    same_vector = ids.groupby("vector")["track_id"].transform("size")
    same_recording = ids.groupby("track")["track_id"].transform("size")
    return {
        "rows": len(table),
        "exact_duplicate_rows": int(table.duplicated().sum()),
        "rows_without_names": 1,
        "distinct_ids": len(ids) + 1,
        "ids_under_several_genres": with_several(table, "track_id", "track_genre"),
        "ids_with_two_popularities": with_several(table, "track_id", "popularity"),
        "ids_sharing_artists_and_title": int((same_name > 1).sum()),
        "ids_sharing_a_vector": int((same_vector > 1).sum()),
        "ids_sharing_a_vector_without_tempo": int(((same_vector > 1) & (ids["tempo"] == 0)).sum()),
        "recordings": int(ids["track"].nunique()),
        "ids_merged": int((same_recording > 1).sum()),
        "zeros": {name: int((table[name] == 0).sum()) for name in UNKNOWN_AS_ZERO},
        "loudness_above_zero": int((table["loudness"] > 0).sum()),
        "popularity_zero": int((table["popularity"] == 0).sum()),
    }


def with_several(frame: pd.DataFrame, of: str, column: str) -> int:
    """Return how many values of `of` come with more than one value of a column."""
    different = frame.drop_duplicates([of, column])
    return int((different[of].value_counts() > 1).sum())


def _plant_unknowns(ids: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Put zeros where the analysis failed, silent pairs of equal vectors, and clipped masters."""
    single = np.flatnonzero(ids.groupby("track")["track_id"].transform("size") == 1)
    n = max(6, round(0.0017 * len(ids)))
    chosen = rng.choice(single, n + 3 + 2 + 5, replace=False)
    failed, no_valence, no_meter, clipped = np.split(chosen, [n, n + 3, n + 5])
    ids.loc[failed, list(UNKNOWN_AS_ZERO)] = 0
    ids.loc[no_valence, "valence"] = 0
    ids.loc[no_meter, "time_signature"] = 0
    ids.loc[clipped, "loudness"] = np.round(rng.uniform(0.01, 1.2, 5), 3)
    # Silence equals silence: two pairs of different recordings with one vector.
    for one, other in (failed[:2], failed[2:4]):
        ids.loc[other, _VECTOR] = ids.loc[one, _VECTOR]
        ids.loc[other, "vector"] = ids.loc[one, "vector"]
    return ids


def _rows_by_genre(songs: Catalogue, ids: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return one row for each id and genre; a few ids were seen with another popularity."""
    genres = songs.genres[ids["track"]]
    position, column = np.nonzero(genres >= 0)
    rows = ids.iloc[position].reset_index(drop=True)
    rows["track_genre"] = np.array(audio.load().genres)[genres[position, column]]
    again = np.flatnonzero((column == 1) & (rows["popularity"] > 1))
    moved = again[_some(len(again), 0.04, rng)]
    rows.loc[moved, "popularity"] -= 1
    return rows


def _some(n: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Choose a share of 0..n-1, at least three, in order."""
    return np.sort(rng.choice(n, min(n, max(3, round(share * n))), replace=False))


# Means of the first and the last year of the simulated century; in between they follow a logistic
# curve, for music changed most in the 1950s and 1960s.
_CENTURY = {
    "acousticness": (0.88, 0.22),
    "danceability": (0.45, 0.68),
    "duration_ms": (225_000, 200_000),
    "energy": (0.24, 0.63),
    "instrumentalness": (0.36, 0.05),
    "liveness": (0.21, 0.18),
    "loudness": (-17.0, -6.8),
    "speechiness": (0.11, 0.13),
    "tempo": (106.0, 123.0),
    "valence": (0.42, 0.50),
    "popularity": (0.5, 62.0),
}
_CENTURY_COLUMNS = [
    "acousticness",
    "danceability",
    "duration_ms",
    "energy",
    "instrumentalness",
    "liveness",
    "loudness",
    "speechiness",
    "tempo",
    "valence",
    "popularity",
    "key",
]


def century_years(rng: np.random.Generator) -> pd.DataFrame:
    """Return ``data_by_year.csv``: a smooth change over 1921..2020, and noise from year to year."""
    year = np.arange(1921, 2021)
    done = 1 / (1 + np.exp(-(year - 1962) / 9))
    done = (done - done[0]) / (done[-1] - done[0])
    frame = pd.DataFrame({"mode": 1, "year": year})
    for name, (first, last) in _CENTURY.items():
        noise = 0.03 * abs(last - first) * rng.standard_normal(len(year))
        frame[name] = np.abs(first + (last - first) * done + noise) * np.sign(last)
    frame["key"] = rng.choice([0, 2, 5, 7, 9, 10], len(year))
    return frame[["mode", "year", *_CENTURY_COLUMNS]]


def century_genres(songs: Catalogue) -> pd.DataFrame:
    """Return ``data_by_genres.csv``: means over each genre's tracks; most common key and mode."""
    genre = songs.genres[:, 0]
    frame = pd.DataFrame(songs.values, columns=list(audio.SCORED)).groupby(genre).mean()
    for name in ("key", "mode"):
        values = pd.Series(getattr(songs, name).astype(np.int64))
        frame[name] = values.groupby(genre).agg(lambda group: group.mode().iloc[0])
    frame["genres"] = np.array(audio.load().genres)[frame.index]
    return frame[["mode", "genres", *_CENTURY_COLUMNS]]
