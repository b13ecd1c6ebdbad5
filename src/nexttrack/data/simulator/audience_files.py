"""The simulated listeners in the form of lastfm-2k and of the playlists."""

import numpy as np
import pandas as pd

from nexttrack.data.simulator import audio
from nexttrack.data.simulator.catalogue import Catalogue
from nexttrack.data.simulator.labels import Labels, decomposed
from nexttrack.data.simulator.track_files import audio_frame, rank

LASTFM_SHARE = 0.38  # of the listeners; the others make playlists
LASTFM_END = np.datetime64("2011-05-01")
PLAYLISTS_END = np.datetime64("2017-11-01")
TOP = 50  # artists of a listener that the service gave out
_MOODS = [
    "chill",
    "Chill",
    "favourites",
    "seen live",
    "beautiful",
    "melancholy",
    "summer",
    "party",
    "workout",
    "sleep",
    "road trip",
    "late night",
    "instrumental",
    "female vocalists",
    "guilty pleasure",
    "café",
    "música",
    "80s",
    "90s",
    "awesome",
    "love",
]


def lastfm(
    songs: Catalogue,
    labels: Labels,
    plays: pd.DataFrame,
    affinity: np.ndarray,
    rng: np.random.Generator,
) -> tuple[dict[str, pd.DataFrame], dict[str, int]]:
    """Return the tables of the archive by member name, and what was planted.

    Args:
        plays: listener, track, in order of time, of the listeners that are in this source.
        affinity: (n, G) genre affinities of those listeners: friends share a genre.
    """
    debut = np.full(songs.n_artists, LASTFM_END)
    np.minimum.at(debut, songs.artist, songs.release)
    top = _most_played(songs, plays, debut < LASTFM_END, rng)
    n_users = len(affinity)
    users = 2 + np.cumsum(rng.random(n_users) < 0.1) + np.arange(n_users)
    artists = pd.unique(top["artist"])
    number = np.zeros(songs.n_artists, np.int64)
    number[artists] = 1 + np.arange(len(artists)) + np.cumsum(rng.random(len(artists)) < 0.05)
    spelled = labels.artist[artists].astype(object)
    spelled[::40] = [name.upper() for name in spelled[::40]]
    spelled[5::20] = [decomposed(name) for name in spelled[5::20]]
    page = "http://www.last.fm/music/" + pd.Series(spelled).str.replace(" ", "+")
    listens = pd.DataFrame(
        {
            "userID": users[top["listener"]],
            "artistID": number[top["artist"]],
            "weight": top["plays"],
        }
    )
    tags, taggings, planted = _taggings(songs, top, users, number, rng)
    first, second = _friends(affinity, rng)
    friends = pd.DataFrame(
        {"userID": users[np.r_[first, second]], "friendID": users[np.r_[second, first]]}
    ).sort_values(["userID", "friendID"], ignore_index=True)
    tables = {
        "user_friends.dat": friends,
        "user_taggedartists.dat": _by_day(taggings),
        "user_taggedartists-timestamps.dat": taggings,
        "artists.dat": pd.DataFrame(
            {
                "id": number[artists],
                "name": spelled,
                "url": page,
                "pictureURL": page.str.replace("music", "picture"),
            }
        ),
        "tags.dat": tags,
        "user_artists.dat": listens,
    }
    planted |= {
        "users": int(listens["userID"].nunique()),
        "artists": len(artists),
        "listens": len(listens),
        "friend_pairs": len(first),
    }
    return tables, planted


def _most_played(
    songs: Catalogue, plays: pd.DataFrame, known: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Return each listener's 50 most played artists; a liked track is played again and again."""
    artist = songs.artist[plays["track"]]
    times = np.exp(rng.normal(np.log(60), 1.3, len(plays)))
    table = pd.DataFrame({"listener": plays["listener"], "artist": artist, "plays": times})
    table = table[known[artist]].groupby(["listener", "artist"], as_index=False)["plays"].sum()
    table["plays"] = np.maximum(1, table["plays"]).astype(np.int64)
    order = ["listener", "plays", "artist"]
    table = table.sort_values(order, ascending=[True, False, True], kind="stable")
    return table.groupby("listener").head(TOP).reset_index(drop=True)


def _taggings(
    songs: Catalogue,
    top: pd.DataFrame,
    users: np.ndarray,
    number: np.ndarray,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Return tags.dat, and who gave which tag to which artist when."""
    genres = [name.replace("-", " ") for name in audio.load().genres]
    tags = pd.DataFrame({"tagValue": genres + _MOODS})
    tags.insert(0, "tagID", np.arange(1, len(tags) + 1))
    # Three listeners in four tag; the artist's genre first, then moods.
    tagging = top[(rng.random(len(users)) < 0.75)[top["listener"]]]
    tagging = tagging[rng.random(len(tagging)) < 0.5]
    n_moods = rng.integers(0, 4, len(tagging))
    rows = np.r_[np.arange(len(tagging)), np.repeat(np.arange(len(tagging)), n_moods)]
    home = songs.home[tagging["artist"]].astype(np.int64)
    mood = len(genres) + rng.integers(0, len(_MOODS), n_moods.sum())
    # 69 months from August 2005 on, later ones more often.
    first_of_month = np.datetime64("2005-08") + (69 * rng.random(len(tagging)) ** 0.6).astype(int)
    table = pd.DataFrame(
        {
            "userID": users[tagging["listener"]][rows],
            "artistID": number[tagging["artist"]][rows],
            "tagID": 1 + np.r_[home, mood],
            "timestamp": _midnight_in_spain(first_of_month)[rows],
        }
    )
    table = table.drop_duplicates(["userID", "artistID", "tagID"], ignore_index=True)
    exact = rng.random(len(table)) < 0.02
    table.loc[exact, "timestamp"] += rng.integers(0, 27 * 86_400_000, exact.sum())
    order = ["userID", "artistID", "tagID"]
    table = table.sort_values(order, kind="stable", ignore_index=True)
    broken, strange = np.split(rng.choice(len(table), min(10, len(table)), replace=False), [5])
    table.loc[broken, "timestamp"] = _midnight_in_spain(np.datetime64("1956-09") + broken % 40)
    table.loc[strange, "artistID"] = number.max() + 1 + np.arange(len(strange))
    planted = {
        "taggings": len(table),
        "taggings_before_2005": len(broken),
        "taggings_of_unknown_artists": len(strange),
    }
    return tags, table, planted


def _midnight_in_spain(month: np.ndarray) -> np.ndarray:
    """Return 0:00 in Spain on the first of a month, in ms since 1970; summer time from April on."""
    of_year = month.astype(np.int64) % 12 + 1
    hours = np.where((of_year >= 4) & (of_year <= 10), 2, 1)
    return month.astype("datetime64[ms]").astype(np.int64) - hours * 3_600_000


def _by_day(taggings: pd.DataFrame) -> pd.DataFrame:
    local = pd.to_datetime(taggings["timestamp"] + 2 * 3_600_000, unit="ms")
    dated = taggings.drop(columns="timestamp")
    return dated.assign(day=local.dt.day, month=local.dt.month, year=local.dt.year)


def _friends(affinity: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs of friends, about 13 for each, most of them with the same favourite genre."""
    n = len(affinity)
    same_genre = np.argsort(affinity.argmax(axis=1), kind="stable")
    place = rng.integers(0, n, 7 * n)
    near = same_genre[(place + rng.integers(1, 12, 7 * n)) % n]
    other = np.where(rng.random(7 * n) < 0.6, near, rng.integers(0, n, 7 * n))
    pair = np.sort(np.column_stack([same_genre[place], other]), axis=1)
    pair = np.unique(pair[pair[:, 0] < pair[:, 1]], axis=0)
    return pair[:, 0], pair[:, 1]


def playlists(
    songs: Catalogue,
    labels: Labels,
    released: pd.DataFrame,
    analysed: np.ndarray,
    plays: pd.DataFrame,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Return ``playlist_tracks.parquet``, ``tracks.parquet``, and what was planted.

    A playlist holds what a listener played, in order. One in eight is `whole`; of the others those
    with 90 tracks or more are `thinned`: a random 30 % of their tracks, popular ones only.
    """
    plays = plays[songs.release[plays["track"]] < PLAYLISTS_END]
    liked = plays.drop_duplicates(["listener", "track"])[["listener", "track"]]
    makers = liked["listener"].unique()
    is_whole = rng.random(makers.max() + 1) < 0.13
    is_whole[makers[0]] = True
    whole, repeated = _whole(liked[is_whole[liked["listener"]]], rng)
    thinned = _thinned(songs, liked[~is_whole[liked["listener"]]], rng)
    items = pd.concat([whole.assign(part="whole"), thinned.assign(part="thinned")])
    items = items.reset_index(drop=True)
    # A recording with several ids is listed under any of them.
    other = released[released["kind"] != "first"].drop_duplicates("track").set_index("track")
    moved = items["track"].map(other["track_id"])
    use = moved.notna() & (rng.random(len(items)) < 0.3)
    # Within one playlist a repeated track keeps its id, so that repetitions are what was planted.
    use &= ~items["repeated"]
    items["track_id"] = np.where(use, moved, labels.ids[items["track"], 0])
    items["pos"] = items.groupby("pid").cumcount()
    tracks = _playlist_tracks(songs, labels, released, analysed, items, rng)
    planted = {
        "repeated_pairs": repeated,
        "playlists_whole": int(whole["pid"].nunique()),
        "playlists_thinned": int(thinned["pid"].nunique()),
        "tracks": len(tracks),
    }
    return items[["pid", "pos", "track_id", "part"]], tracks, planted


def _whole(liked: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, int]:
    """Cut playlists of 5 to 245 tracks, median 50, and repeat a track now and then."""
    makers, maker = np.unique(liked["listener"], return_inverse=True)
    longest = np.clip(np.exp(rng.normal(np.log(50), 0.9, len(makers))), 5, 245).astype(int)
    place = liked.groupby("listener").cumcount().to_numpy()
    keep = place < longest[maker]
    frame = pd.DataFrame({"pid": maker[keep], "track": liked["track"].to_numpy()[keep]})
    frame["order"] = place[keep].astype(float)
    again = frame.iloc[np.sort(rng.choice(len(frame), max(2, len(frame) // 80), replace=False))]
    chosen = frame.index.isin(again.index)
    frame["repeated"] = chosen
    again = again.assign(order=again["order"] + rng.integers(1, 20, len(again)) + 0.5)
    both = pd.concat([frame, again.assign(repeated=True)])
    both = both.sort_values(["pid", "order"], kind="stable", ignore_index=True)
    return both[["pid", "track", "repeated"]], len(again)


def _thinned(songs: Catalogue, liked: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    length = liked.groupby("listener")["track"].transform("size")
    popular = songs.popularity >= np.quantile(songs.popularity, 0.3)
    keep = (length >= 90) & popular[liked["track"]] & (rng.random(len(liked)) < 0.3)
    makers, maker = np.unique(liked["listener"][keep], return_inverse=True)
    pid = 980 + rng.choice(998_552, len(makers), replace=False)
    return pd.DataFrame({"pid": pid[maker], "track": liked["track"][keep], "repeated": False})


def _playlist_tracks(
    songs: Catalogue,
    labels: Labels,
    released: pd.DataFrame,
    analysed: np.ndarray,
    items: pd.DataFrame,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return one row for each listed id; names and audio are better known for popular tracks."""
    ids = items.drop_duplicates("track_id")["track_id"]
    by_id = released.set_index("track_id").loc[ids].reset_index()
    track = by_id["track"].to_numpy()
    popular = rank(songs.weight)[track]
    named = rng.random(len(ids)) < 0.5 + 0.5 * popular
    found = analysed[songs.artist[track]] & (rng.random(len(ids)) < 0.4 + 0.6 * popular)
    by = np.where(named & (rng.random(len(ids)) < 0.3), "name", "id")
    match = np.where(found, by, "none")
    frame = pd.DataFrame({"track_id": by_id["track_id"]})
    frame["artist_name"] = np.where(named, labels.artist[songs.artist[track]], None)
    frame["track_name"] = by_id["track_name"].where(named, None)
    frame["name_source"] = np.where(named, "simulated", None)
    return frame.join(looked_up(songs, labels, by_id, match, rng))


def looked_up(
    songs: Catalogue,
    labels: Labels,
    by_id: pd.DataFrame,
    match: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the audio that a public table gave for each id: all float64, NaN where none.

    Args:
        by_id: rows of `releases`.
        match: ``id`` (the id's own audio), ``name`` (that of the recording's first id, under an
            id that no other source lists), or ``none``.
    """
    by_name, none = match == "name", match == "none"
    frame = by_id[[*audio.SOUND_COLUMNS, "duration_ms", "key", "mode", "time_signature"]].astype(
        float
    )
    track = by_id["track"].to_numpy()
    first = audio_frame(songs, track).astype(float)
    frame.loc[by_name] = first.loc[by_name, frame.columns]
    frame.loc[rng.random(len(frame)) < 0.15, "time_signature"] = np.nan
    frame.loc[rng.random(len(frame)) < 0.004, "duration_ms"] = np.nan
    frame.loc[none] = np.nan
    feature_id = np.where(by_name, labels.ids[track, -1], by_id["track_id"]).astype(object)
    feature_id[none] = None
    frame.insert(0, "feature_id", feature_id)
    frame.insert(1, "feature_match", match)
    frame["feature_source"] = np.where(none, None, "simulated")
    return frame
