"""What simulated editors added to their playlists, in the form of playlist-archive."""

import numpy as np
import pandas as pd

from nexttrack.data.simulator import audio
from nexttrack.data.simulator.audience_files import looked_up
from nexttrack.data.simulator.catalogue import ARCHIVE_START, LAST_RELEASE, Catalogue
from nexttrack.data.simulator.labels import Labels, base62, names
from nexttrack.data.simulator.track_files import rank, with_several

ARCHIVE_END = np.datetime64("2026-03-09")
_SECOND_START = np.datetime64("2020-10-20")
_WEEKDAY = np.array([0.06, 0.08, 0.07, 0.10, 0.41, 0.22, 0.06])  # Monday first


def playlist_archive(
    songs: Catalogue,
    labels: Labels,
    released: pd.DataFrame,
    analysed: np.ndarray,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Return ``events.parquet``, ``tracks.parquet``, and what was planted.

    Each playlist has one genre. Editors add new tracks of it in the days after their release, most
    of which is on Fridays, and now and then a known one.
    """
    lists = _editorial_playlists(songs, rng)
    member = _membership(songs)
    events = pd.concat(
        [
            _there_before(songs, lists, member, rng),
            _new_releases(songs, lists, member, rng),
            _known_tracks(songs, lists, member, rng),
        ]
    ).drop_duplicates(["playlist", "track"], ignore_index=True)
    events["track_id"] = labels.ids[events["track"], 0]
    events, returned = _returns(events, released, rng)
    days = np.ceil(np.exp(rng.normal(np.log(41), 1.5, len(events)))).astype("timedelta64[D]")
    gone = events["added"].to_numpy() + days
    stays = (rng.random(len(events)) < 0.15) | (gone > ARCHIVE_END)
    events["removed"] = np.where(stays, np.datetime64("NaT"), gone)
    renamed = lists["renamed"].to_numpy()[events["playlist"]]
    later = events["added"].to_numpy() >= np.datetime64("2020-06-01")
    name = lists["name"].to_numpy()[events["playlist"]]
    events["playlist_name"] = np.where(renamed & later, name + " Now", name)
    events["playlist_id"] = lists["id"].to_numpy()[events["playlist"]]
    events["track_name"] = labels.title[events["track"]]
    events["artist_name"] = labels.artist[songs.artist[events["track"]]]
    events["artist_id"] = labels.artist_id[songs.artist[events["track"]]]
    events = events.sort_values(["added", "playlist_id", "track_id"], ignore_index=True)
    tracks = _archive_tracks(songs, labels, released, analysed, events, rng)
    planted = {
        "additions": len(events),
        "playlists": int(events["playlist_id"].nunique()),
        "playlists_with_two_names": with_several(events, "playlist_id", "playlist_name"),
        "left_censored": int(events["left_censored"].sum()),
        "new_under_another_id": returned,
        "tracks_with_audio": len(tracks),
    }
    return events, tracks, planted


def _editorial_playlists(songs: Catalogue, rng: np.random.Generator) -> pd.DataFrame:
    n = max(12, songs.n_tracks // 200)
    genre = np.arange(n) % (songs.genres.max() + 1)
    label = np.array(audio.load().genres)[genre]
    word = [name.split()[0] for name in names(n, rng)]
    start = np.where(np.arange(n) % 5 == 4, _SECOND_START, ARCHIVE_START + rng.integers(0, 3, n))
    return pd.DataFrame(
        {
            "playlist": np.arange(n),
            "id": base62(n, rng),
            "name": [f"{first} {second}" for first, second in zip(word, label, strict=True)],
            "genre": genre,
            "start": start,
            "renamed": np.arange(n) % 12 == 5,
        }
    )


def _membership(songs: Catalogue) -> pd.DataFrame:
    track, column = np.nonzero(songs.genres >= 0)
    genre = songs.genres[track, column].astype(np.int64)
    return pd.DataFrame({"genre": genre, "track": track, "release": songs.release[track]})


def _there_before(
    songs: Catalogue, lists: pd.DataFrame, member: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw what stood in each playlist when archiving began: popular tracks first."""
    pairs = lists.merge(member, on="genre")
    pairs = pairs[pairs["release"] < pairs["start"]]
    key = rng.random(len(pairs)) ** (1 / songs.weight[pairs["track"]])
    place = pairs.assign(key=-key).groupby("playlist")["key"].rank(method="first")
    size = rng.integers(10, 50, len(lists))[pairs["playlist"]]
    chosen = pairs[place <= size]
    return chosen[["playlist", "track"]].assign(added=chosen["start"], left_censored=True)


def _new_releases(
    songs: Catalogue, lists: pd.DataFrame, member: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    pairs = lists.merge(member[member["release"] >= ARCHIVE_START], on="genre")
    n = len(pairs)
    delay = np.where(rng.random(n) < 0.6, 0, 1 + rng.exponential(6, n).astype(int))
    delay = np.where(rng.random(n) < 0.25, 1, delay)
    added = pairs["release"].to_numpy().astype("datetime64[D]") + delay
    chosen = (added > pairs["start"].to_numpy()) & (rng.random(n) < 0.85)
    frame = pairs[["playlist", "track"]].assign(added=added, left_censored=False)
    return frame[chosen]


def _known_tracks(
    songs: Catalogue, lists: pd.DataFrame, member: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw additions of older tracks: many while the archive is dense, few in its long tail."""
    dense = _draw_days(ARCHIVE_START, LAST_RELEASE, 40 * len(lists), rng)
    thin = _draw_days(LAST_RELEASE, ARCHIVE_END - 1, 10 * len(lists), rng)
    added = np.r_[dense, thin]
    activity = rng.lognormal(0, 1.2, len(lists))  # a few playlists change all the time
    playlist = rng.choice(len(lists), len(added), p=activity / activity.sum())
    by_genre = member.sort_values("genre", kind="stable")
    size = by_genre.groupby("genre").size().to_numpy()
    first = np.cumsum(size) - size
    genre = lists["genre"].to_numpy()[playlist]
    row = first[genre] + rng.integers(0, size[genre])
    track = by_genre["track"].to_numpy()[row]
    known = (songs.release[track] < added) & (lists["start"].to_numpy()[playlist] < added)
    return pd.DataFrame(
        {"playlist": playlist, "track": track, "added": added, "left_censored": False}
    )[known]


def _draw_days(
    start: np.datetime64, end: np.datetime64, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Draw n dates between two days with the editors' rhythm of the week."""
    days = np.arange(start + 1, end + 1)
    # 1970-01-01 was a Thursday, the fourth day of a week that starts on Monday.
    chance = _WEEKDAY[(days.astype(np.int64) + 3) % 7]
    return rng.choice(days, n, p=chance / chance.sum())


def _returns(
    events: pd.DataFrame, released: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, int]:
    """Add again, under another id, some tracks that were there before: new only to the eye."""
    other = released[released["kind"].isin(["same file", "remaster"])]
    other = other.drop_duplicates("track").set_index("track")["track_id"]
    before = events[events["left_censored"]]
    back = before.assign(track_id=before["track"].map(other)).dropna(subset="track_id")
    later = rng.integers(20, 200, len(back)).astype("timedelta64[D]")
    back = back.assign(added=back["added"].to_numpy() + later, left_censored=False)
    return pd.concat([events, back], ignore_index=True), len(back)


def _archive_tracks(
    songs: Catalogue,
    labels: Labels,
    released: pd.DataFrame,
    analysed: np.ndarray,
    events: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the audio of a quarter of the tracks, popular ones more often."""
    ids = events.drop_duplicates("track_id")["track_id"]
    by_id = released.set_index("track_id").loc[ids].reset_index()
    track = by_id["track"].to_numpy()
    chance = 0.1 + 0.6 * rank(songs.weight)[track]
    found = analysed[songs.artist[track]] & (rng.random(len(by_id)) < chance)
    by_id = by_id[found].reset_index(drop=True)
    match = np.where(rng.random(len(by_id)) < 0.75, "id", "name")
    return by_id[["track_id"]].join(looked_up(songs, labels, by_id, match, rng))
