"""The cleaning rules, on small tables with planted defects, and on the real data if there."""

import csv
import errno
import json
import logging
import subprocess
import sys
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from nexttrack import files, project
from nexttrack.data import cleaning
from nexttrack.data.cleaning import clean
from nexttrack.errors import UserError

SOUND = {
    "duration_ms": 200_000, "explicit": False, "danceability": 0.5, "energy": 0.6, "key": 1,
    "loudness": -7.5, "mode": 1, "speechiness": 0.05, "acousticness": 0.1, "instrumentalness": 0.0,
    "liveness": 0.2, "valence": 0.4, "tempo": 120.0, "time_signature": 4,
}  # fmt: skip
FEATURES = [name for name in SOUND if name != "explicit"]
UNKNOWN = {"danceability": 0, "speechiness": 0, "valence": 0, "tempo": 0, "time_signature": 0}


def spotify_id(short):
    """A whole id: tests name tracks and playlists by the first of its 22 characters."""
    return short.ljust(22, "0")


def track(track_id, artists, title, genre="pop", popularity=50, **features):
    names = {"track_id": track_id, "artists": artists, "album_name": "LP", "track_name": title}
    # Loudness follows the id, so that no two ids share a vector unless a test says so.
    own = {"loudness": -5 - sum(map(ord, track_id)) / 1000}
    return names | {"popularity": popularity} | SOUND | own | features | {"track_genre": genre}


def write_tracks(raw, rows):
    folder = raw / "spotify-tracks"
    folder.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(rows)
    frame["track_id"] = frame["track_id"].map(spotify_id)
    frame["explicit"] = frame["explicit"].map({True: "True", False: "False"})
    frame.to_csv(folder / "dataset.csv", quoting=csv.QUOTE_MINIMAL)


def write_lastfm(raw, *, taggings=(), listens=((1, 1, 5),), artists=((1, "Anna"),)):
    folder = raw / "lastfm-2k"
    folder.mkdir(parents=True, exist_ok=True)
    friends = ((1, 2), (2, 1), (3, 1), (1, 3))
    tags = ((1, "Chanson française"), (2, '"quoted'))
    members = {
        "artists.dat": lines("\n", ("id", "name", "url", "pictureURL"),
                             *[(i, name, "u", "p") for i, name in artists]).encode(),
        "user_artists.dat": lines("\r\n", ("userID", "artistID", "weight"), *listens).encode(),
        "user_friends.dat": lines("\r\n", ("userID", "friendID"), *friends).encode(),
        "tags.dat": lines("\r\n", ("tagID", "tagValue"), *tags).encode("latin-1"),
        "user_taggedartists-timestamps.dat": lines(
            "\r\n", ("userID", "artistID", "tagID", "timestamp"), *taggings
        ).encode(),
    }  # fmt: skip
    with zipfile.ZipFile(folder / "hetrec2011-lastfm-2k.zip", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def lines(end, *rows):
    return "".join("\t".join(map(str, row)) + end for row in rows)


def features(track_id, match="id", **changed):
    values = SOUND | {"loudness": -5 - sum(map(ord, track_id)) / 1000} | changed
    values = {name: float(values[name]) for name in FEATURES}
    return described(track_id, match, "x") | values


def unanalysed(track_id):
    values = dict.fromkeys(FEATURES, float("nan"))
    return described(track_id, "none", None) | values


def described(track_id, match, source):
    return {"track_id": spotify_id(track_id), "feature_id": None, "name_source": None} | {
        "feature_match": match,
        "feature_source": source,
    }


def write_playlists(raw, items, tracks):
    folder = raw / "playlists"
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["pid", "pos", "track_id", "part"]
    frame = pd.DataFrame(items, columns=columns)
    frame["track_id"] = frame["track_id"].map(spotify_id)
    frame.to_parquet(folder / "playlist_tracks.parquet")
    frame = pd.DataFrame(tracks)
    texts = ["artist_name", "track_name", "feature_match", "feature_source"]
    frame.astype(dict.fromkeys(texts, "str")).to_parquet(folder / "tracks.parquet")


def write_archive(raw, events, tracks):
    folder = raw / "playlist-archive"
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["playlist_id", "playlist_name", "track_id", "track_name", "artist_name", "artist_id",
               "added", "removed", "left_censored"]  # fmt: skip
    frame = pd.DataFrame(events, columns=columns)
    for name in ("playlist_id", "track_id", "artist_id"):
        frame[name] = frame[name].map(spotify_id)
    dates = dict.fromkeys(["added", "removed"], "datetime64[us]")
    frame.astype(dates).to_parquet(folder / "events.parquet")
    pd.DataFrame(tracks).to_parquet(folder / "tracks.parquet")


class Cleaned:
    def __init__(self, folder):
        self.folder = folder

    def __getattr__(self, table):
        with duckdb.connect() as connection:
            frame = connection.sql(f"FROM '{self.folder}/{table}.parquet'").df()
        if "track_ids" in frame:
            frame["track_ids"] = [
                np.array([name.rstrip("0") for name in ids]) for ids in frame["track_ids"]
            ]
        for name in {"playlist_id", "track_id"}.intersection(frame.select_dtypes("str")):
            frame[name] = frame[name].str.rstrip("0")
        return frame

    def step(self, name, source=None):
        """The (rows_before, rows_after, rows_changed) of one step of the ledger."""
        ledger = self.ledger
        row = ledger[(ledger["name"] == name) & (ledger["source"] == (source or ledger["source"]))]
        assert len(row) == 1
        return tuple(row[["rows_before", "rows_after", "rows_changed"]].iloc[0].tolist())


@pytest.fixture
def raw(tmp_path):
    return tmp_path / "raw"


@pytest.fixture
def run(raw, tmp_path):
    return lambda: Cleaned(clean(raw, tmp_path / "processed"))


def test_exact_duplicates_and_nameless_rows_go(raw, run):
    a, b = track("a", "Anna", "One"), track("b", "Bea", "Two")
    write_tracks(raw, [a, b, a, track("c", None, None, duration_ms=0)])
    cleaned = run()
    assert cleaned.recordings["title"].tolist() == ["One", "Two"]
    assert cleaned.step("Drop exact duplicates") == (4, 3, 1)
    assert cleaned.step("Drop what has no name or no duration") == (3, 2, 1)


def test_an_id_under_two_genres_is_one_row_with_both_and_the_range_of_popularity(raw, run):
    write_tracks(
        raw,
        [
            track("a", "Anna;Bea", "One", "rock", popularity=30),
            track("a", "Anna;Bea", "One", "pop", popularity=31),
        ],
    )
    row = run().recordings.iloc[0]
    assert row["genres"].tolist() == ["pop", "rock"]
    assert row["artists"].tolist() == ["Anna", "Bea"]
    assert (row["popularity_min"], row["popularity"]) == (30, 31)


def test_zeros_that_mean_unknown_become_null_and_others_stay(raw, run):
    write_tracks(
        raw,
        [track("a", "Anna", "One", **UNKNOWN), track("b", "Bea", "Two", popularity=0, energy=0)],
    )
    cleaned = run()
    silent, other = cleaned.recordings.iloc[0], cleaned.recordings.iloc[1]
    assert silent[list(UNKNOWN)].isna().all()
    assert other["energy"] == 0
    assert other["instrumentalness"] == 0
    assert other["popularity"] == 0
    for name in UNKNOWN:
        assert cleaned.step(f"Zero {name} is unknown") == (2, 2, 1)


def test_recordings_are_the_transitive_closure_of_same_name_and_same_vector(raw, run):
    same = {"loudness": -3.25}
    write_tracks(
        raw,
        [
            track("d", "Anna", "One"),
            track("c", "ANNA ", "one", popularity=60, **same),
            track("b", "Anna", "One (Radio)", **same),
            track("a", "Anna", "One  (radio)"),
            track("e", "Bea", "One"),
        ],
    )
    cleaned = run()
    recordings = cleaned.recordings
    assert [ids.tolist() for ids in recordings["track_ids"]] == [["a", "b", "c", "d"], ["e"]]
    assert recordings["recording"].tolist() == [0, 1]
    voice = recordings.iloc[0]  # the most popular id, c
    assert (voice["title"], voice["artists"].tolist()) == ("one", ["ANNA"])
    assert (voice["loudness"], voice["popularity"], voice["popularity_min"]) == (-3.25, 60, 50)
    assert cleaned.step("Same artists and title") == (5, 3, 4)
    assert cleaned.step("Same feature vector") == (5, 4, 2)
    assert cleaned.step("One row per recording") == (5, 2, 4)
    assert cleaned.step("One voice per recording") == (2, 2, 1)


def test_unicode_forms_of_a_title_are_one_recording_but_other_accents_are_not(raw, run):
    composed, decomposed = (unicodedata.normalize(form, "Si Sí") for form in ("NFC", "NFD"))
    assert composed != decomposed
    write_tracks(
        raw,
        [
            track("a", "Anna", composed),
            track("b", "Anna", decomposed),
            track("c", "Anna", "Si Si"),
        ],
    )
    assert [ids.tolist() for ids in run().recordings["track_ids"]] == [["a", "b"], ["c"]]


def test_failed_analyses_do_not_glue_unrelated_tracks(raw, run):
    silence = UNKNOWN | {"energy": 0, "loudness": -60}
    write_tracks(raw, [track(x, f"Artist {x}", f"Silence {x}", **silence) for x in "abc"])
    cleaned = run()
    assert len(cleaned.recordings) == 3
    assert cleaned.step("A vector without tempo proves nothing") == (3, 3, 3)


@settings(deadline=None, max_examples=40)
@given(
    ids=st.lists(
        st.tuples(
            st.sampled_from(["x", "y", "z", "w", None]),
            st.sampled_from(["1", "2", "3", "4", None]),
        ),
        min_size=1,
        max_size=25,
    )
)
def test_recording_groups_are_the_connected_components(ids):
    with duckdb.connect() as connection:
        cleaning._run(connection, "00-rules.sql")
        rows = [(f"{i:02}", name, vector) for i, (name, vector) in enumerate(ids)]
        connection.execute(
            "CREATE TABLE t (track_id VARCHAR, name_key VARCHAR, vector_key VARCHAR)"
        )
        connection.executemany("INSERT INTO t VALUES ($1, $2, $3)", rows)
        found = dict(connection.sql("FROM recording_groups('t')").fetchall())
    n = len(rows)
    linked = [[any(a[k] is not None and a[k] == b[k] for k in (1, 2)) for b in rows] for a in rows]
    _, component = sparse.csgraph.connected_components(sparse.csr_matrix(linked), directed=False)
    first = {c: min(rows[i][0] for i in range(n) if component[i] == c) for c in set(component)}
    assert found == {rows[i][0]: first[component[i]] for i in range(n)}


def test_century_tracks_parse_lists_dates_and_zeros_and_count_the_years(raw, run):
    folder = raw / "spotify-century"
    folder.mkdir(parents=True)
    means = {name: SOUND[name] for name in FEATURES if name != "time_signature"}
    years = [{"mode": 1, "year": year, **means, "popularity": 40.5} for year in (1999, 2000)]
    pd.DataFrame(years).to_csv(folder / "data_by_year.csv", index=False)
    genres = [{"genres": name, **means, "popularity": 2.5} for name in ("[]", "polka")]
    pd.DataFrame(genres).to_csv(folder / "data_by_genres.csv", index=False)
    base = means | {"explicit": 1, "popularity": 3, "year": 1999}
    pd.DataFrame(
        [
            base | {"id": spotify_id("b"), "name": "B", "release_date": "1999-12-31",
                    "artists": """['Al "X" B', "Guns N' Roses"]"""},
            base | {"id": spotify_id("a"), "name": "A", "artists": r"""['It\'s, me']""",
                    "release_date": "1999-12", "tempo": 0},
            base | {"id": spotify_id("c"), "name": "C", "artists": "['Ö']", "release_date": "1999"},
        ]
    ).to_csv(folder / "data.csv", index=False)  # fmt: skip
    cleaned = run()
    tracks = cleaned.century_tracks
    assert tracks["track_id"].tolist() == ["a", "b", "c"]
    assert [names.tolist() for names in tracks["artists"]] == [
        ["It's, me"], ['Al "X" B', "Guns N' Roses"], ["Ö"]
    ]  # fmt: skip
    assert tracks["release_precision"].tolist() == ["month", "day", "year"]
    assert tracks["tempo"].isna().tolist() == [True, False, False]
    assert cleaned.century_years["n_tracks"].tolist() == [3, 0]
    assert cleaned.century_genres["genre"].tolist() == ["polka"]
    (folder / "data.csv").unlink()
    without = run()
    assert "n_tracks" not in without.century_years
    assert not (without.folder / "century_tracks.parquet").exists()


def test_lastfm_takes_months_drops_broken_clocks_and_pairs_friends(raw, run):
    midnight_in_spain = 1238536800000  # 2009-03-31 22:00 UTC, the file's first of April
    write_lastfm(raw, taggings=[(1, 1, 1, midnight_in_spain), (1, 1, 2, -428720400000)])
    cleaned = run()
    tags = cleaned.lastfm_tags
    assert tags["tag"].tolist() == ["chanson française"]
    assert tags["month"].tolist() == [pd.Timestamp("2009-04-01")]
    assert cleaned.step("Drop impossible dates") == (2, 1, 1)
    assert cleaned.lastfm_friends.to_numpy().tolist() == [[1, 2], [1, 3]]


def test_lastfm_artists_take_the_mean_audio_of_their_recordings_once_each(raw, run):
    write_tracks(
        raw,
        [
            track("a", "The Anna;Bea", "One", energy=0.2, key=3),
            track("b", "anna", "Two", energy=0.4, key=3),
        ],
    )
    write_playlists(
        raw,
        [(0, 0, "p", "whole"), (0, 1, "q", "whole")],
        [
            {"artist_name": "Anná", "track_name": "Three"} | features("p", energy=0.9, key=5),
            {"artist_name": "Anna", "track_name": "one"} | features("q", energy=1.0),
        ],
    )
    artists = [(1, "Anna"), (2, "Nobody"), (3, "!!!")]
    write_lastfm(raw, taggings=[(1, 1, 1, 1238536800000)], artists=artists)
    anna, nobody, _ = run().lastfm_artists.to_dict("records")
    assert (
        anna["n_recordings"] == 3
    )  # "One" is known twice and counts once, as spotify-tracks has it
    assert anna["energy"] == pytest.approx((0.2 + 0.4 + 0.9) / 3)
    assert anna["key"] == 3
    assert anna["genres"].tolist() == ["pop"]
    assert nobody["n_recordings"] == 0
    assert pd.isna(nobody["energy"])


def test_playlists_count_a_recording_once_at_its_first_position(raw, run):
    write_playlists(
        raw,
        [(7, 0, "a", "whole"), (7, 1, "b", "whole"), (7, 2, "a", "whole"), (7, 3, "c", "whole")],
        [
            {"artist_name": "Anna", "track_name": "One"} | features("a", energy=0.1),
            {"artist_name": None, "track_name": None} | unanalysed("b"),
            {"artist_name": "anna", "track_name": "ONE"} | unanalysed("c"),
        ],
    )
    cleaned = run()
    items = cleaned.playlist_items
    assert items[["playlist_id", "position", "recording"]].to_numpy().tolist() == [
        [7, 0, 0], [7, 1, 1]
    ]  # fmt: skip
    recordings = cleaned.playlist_recordings
    assert [ids.tolist() for ids in recordings["track_ids"]] == [["a", "c"], ["b"]]
    assert recordings["has_audio"].tolist() == [True, False]
    assert recordings["energy"].iloc[0] == 0.1
    assert pd.isna(recordings["title"].iloc[1])
    assert cleaned.step("Drop repeated pairs") == (4, 3, 1)
    assert cleaned.step("Drop repeated recordings") == (3, 2, 1)


def test_an_item_whose_track_is_not_listed_is_named(raw, run):
    tracks = [{"artist_name": "Anna", "track_name": "One"} | features("a")]
    write_playlists(raw, [(0, 0, "a", "whole"), (0, 1, "b", "whole")], tracks)
    with pytest.raises(UserError, match=r"row 2, column track_id: 'b0+' is not in tracks.parquet"):
        run()


def test_unknown_names_are_not_one_recording(raw, run):
    write_playlists(
        raw,
        [(0, 0, "a", "whole"), (0, 1, "b", "whole")],
        [{"artist_name": None, "track_name": None} | unanalysed(x) for x in "ab"],
    )
    assert len(run().playlist_recordings) == 2


def test_the_name_of_a_recording_is_that_of_its_first_id_with_one(raw, run):
    same = {"loudness": -4.5}
    write_playlists(
        raw,
        [(0, 0, "a", "whole"), (0, 1, "b", "whole"), (0, 2, "c", "whole")],
        [
            {"artist_name": None, "track_name": None} | features("a", **same),
            {"artist_name": "Anna", "track_name": "One"} | features("b", **same),
            {"artist_name": "Anna", "track_name": "Uno"} | features("c", **same),
        ],
    )
    recordings = run().playlist_recordings
    assert [ids.tolist() for ids in recordings["track_ids"]] == [["a", "b", "c"]]
    assert recordings["title"].tolist() == ["One"]


def test_a_vector_that_was_looked_up_by_name_does_not_merge_a_remix(raw, run):
    same = {"loudness": -4.5}
    write_playlists(
        raw,
        [(0, 0, "a", "whole"), (0, 1, "b", "whole"), (0, 2, "c", "whole"), (0, 3, "d", "whole")],
        [
            {"artist_name": "Anna", "track_name": "One"} | features("a", **same),
            {"artist_name": "Anna", "track_name": "One - Remix"} | features("b", "name", **same),
            {"artist_name": "Anna", "track_name": "退後"} | features("c", "name"),
            {"artist_name": "Anna", "track_name": "Uno"} | features("d", **same),
        ],
    )
    cleaned = run()
    recordings = cleaned.playlist_recordings
    assert [ids.tolist() for ids in recordings["track_ids"]] == [["a", "d"], ["b"], ["c"]]
    assert recordings["has_audio"].tolist() == [True, True, False]
    assert cleaned.step("Drop audio matched by a vanished title") == (4, 4, 1)


def test_playlists_take_genres_and_missing_audio_from_spotify_tracks(raw, run):
    write_tracks(
        raw,
        [
            track("a", "Anna", "One", "rock", energy=0.3),
            track("z", "Bea;Anna", "Two", "jazz"),
        ],
    )
    write_playlists(
        raw,
        [(0, 0, "a", "whole"), (0, 1, "b", "whole")],
        [
            {"artist_name": "?", "track_name": "?"} | unanalysed("a"),
            {"artist_name": "anna", "track_name": "TWO"} | features("b"),
        ],
    )
    recordings = run().playlist_recordings
    assert [genres.tolist() for genres in recordings["genres"]] == [["rock"], ["jazz"]]
    assert recordings["energy"].tolist() == [0.3, 0.6]
    assert recordings["feature_source"].tolist() == ["spotify-tracks", "x"]


def test_playlists_are_read_from_original_slices_too(raw, run):
    entry = {"pos": 0, "track_uri": "spotify:track:" + "a" * 22, "track_name": "One",
             "artist_name": "Anna", "artist_uri": "u", "album_name": "LP", "album_uri": "v",
             "duration_ms": 1000}  # fmt: skip
    playlist = {"pid": 0, "name": "mine", "tracks": [entry], "num_tracks": 1, "modified_at": 1}
    (raw / "playlists").mkdir(parents=True)
    content = json.dumps({"info": {}, "playlists": [playlist]})
    (raw / "playlists" / "mpd.slice.0-0.json").write_text(content)
    cleaned = run()
    assert cleaned.playlist_recordings["title"].tolist() == ["One"]
    assert len(cleaned.playlist_items) == 1


def test_the_archive_adds_a_recording_once_and_keeps_the_censoring_flag(raw, run):
    start, later, end = "2019-05-25", "2020-01-01", "2020-06-01"
    write_archive(
        raw,
        [
            ("p", "Old name", "a", "One", "Anna", "A", start, later, True),
            ("p", "New name", "b", "one", "ANNA", "A", later, end, False),
            ("p", "New name", "c", "Two", "Anna", "A", later, None, False),
            ("q", "Other", "b", "one", "ANNA", "A", later, None, False),
        ],
        [features("a"), features("c", energy=0.9)],
    )
    cleaned = run()
    additions = cleaned.archive_additions
    assert additions["playlist_id"].tolist() == ["p", "p", "q"]
    assert additions["recording"].tolist() == [0, 1, 0]
    assert additions["playlist_name"].tolist() == ["New name", "New name", "Other"]
    assert additions["left_censored"].tolist() == [True, False, False]
    assert additions["added"].dt.strftime("%F").tolist() == [start, later, later]
    assert additions["removed"].isna().tolist() == [False, True, True]
    assert additions["removed"].iloc[0] == pd.Timestamp(end)
    assert cleaned.step("Songs that only looked new") == (4, 3, 1)


def planted_world(raw):
    write_tracks(raw, [track(x, f"Artist {x}", f"Song {x}") for x in "fedcba"])
    write_playlists(
        raw,
        [(0, i, x, "whole") for i, x in enumerate("pqr")],
        [{"artist_name": x, "track_name": x} | features(x) for x in "pqr"],
    )
    write_lastfm(raw, taggings=[(1, 1, 1, 1238536800000)], artists=[(1, "Artist a"), (2, "p")])


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}


def test_the_same_input_gives_the_same_bytes_whatever_the_threads(raw, tmp_path):
    planted_world(raw)
    one = contents(clean(raw, tmp_path / "one", threads=1))
    assert one == contents(clean(raw, tmp_path / "two", threads=2))
    assert one == contents(clean(raw, tmp_path / "two", threads=2))


def test_absent_sources_are_left_out_and_said(raw, run, caplog):
    write_tracks(raw, [track("a", "Anna", "One")])
    with caplog.at_level(logging.WARNING):
        cleaned = run()
    assert sorted(path.stem for path in cleaned.folder.glob("*.parquet")) == [
        "ledger", "recordings"
    ]  # fmt: skip
    said = " ".join(caplog.messages)
    for source in ("spotify-century", "playlists", "playlist-archive", "lastfm-2k"):
        assert source in said
    assert cleaning.present(raw) == ["spotify-tracks"]


def test_lastfm_needs_no_other_source(raw, run):
    write_lastfm(raw, taggings=[(1, 1, 1, 1238536800000)])
    assert run().lastfm_artists["n_recordings"].tolist() == [0]


def test_nothing_to_clean_is_said(raw, run):
    with pytest.raises(UserError, match="holds no source to clean"):
        run()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text.replace("energy", "enrgy"), "energy"),
        (lambda text: text.replace("0.6,", "loud,"), "loud"),
        (
            lambda text: text.replace("0.6,", "1.6,", 1),
            "row 2, column energy: '1.6' is not between 0 and 1",
        ),
        (
            lambda text: text.replace("0.6,", "inf,", 1),
            "row 2, column energy: 'inf' is not a finite number",
        ),
        (lambda text: "<!DOCTYPE html><html><body>Log in</body></html>\n", "dataset.csv"),
        (lambda text: "", "dataset.csv"),
    ],
)
def test_bad_input_is_one_line_and_the_old_tables_stay(raw, run, tmp_path, spoil, said):
    write_tracks(raw, [track("a", "Anna", "One"), track("b", "Bea", "Two")])
    before = contents(run().folder)
    path = raw / "spotify-tracks" / "dataset.csv"
    path.write_text(spoil(path.read_text()))
    with pytest.raises(UserError) as error:
        run()
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert contents(tmp_path / "processed") == before
    assert [path.name for path in tmp_path.glob(".processed-*")] == []


def test_a_folder_that_cannot_be_written_is_one_line(raw, tmp_path):
    write_tracks(raw, [track("a", "Anna", "One")])
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write the cleaned tables"):
        clean(raw, tmp_path / "file" / "processed")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        duckdb.IOException("Could not write file: No space left on device"),
    ],
)
def test_a_full_disk_is_one_line_and_the_old_tables_stay(raw, run, tmp_path, monkeypatch, error):
    write_tracks(raw, [track("a", "Anna", "One")])
    before = contents(run().folder)

    def full(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(cleaning, "_write", full)
        with pytest.raises(UserError, match=r"No space left on device.*free some space"):
            run()
    assert contents(tmp_path / "processed") == before
    assert contents(run().folder) == before


def test_two_at_once_wait_for_each_other(raw, run, tmp_path):
    planted_world(raw)
    expected = contents(clean(raw, tmp_path / "alone"))
    with ThreadPoolExecutor(2) as both:
        for cleaned in [both.submit(run), both.submit(run)]:
            assert contents(cleaned.result().folder) == expected
    assert [path.name for path in tmp_path.glob(".processed-*")] == []


STALL = """
import sys, time
from pathlib import Path
from nexttrack.data import cleaning

def stall(*_):
    print("started", flush=True)
    time.sleep(60)

cleaning._write = stall
cleaning.clean(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_killed_run_leaves_the_old_tables_and_the_next_one_works(raw, run, tmp_path):
    write_tracks(raw, [track("a", "Anna", "One")])
    before = contents(run().folder)
    command = [sys.executable, "-c", STALL, str(raw), str(tmp_path / "processed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "started\n"
        child.kill()
    assert list(tmp_path.glob(".processed-new"))
    assert contents(tmp_path / "processed") == before
    assert contents(run().folder) == before
    assert [path.name for path in tmp_path.glob(".processed-*")] == []


def test_a_run_killed_between_the_two_renames_is_mended(raw, run, tmp_path):
    write_tracks(raw, [track("a", "Anna", "One")])
    folder = run().folder
    before = contents(folder)
    folder.rename(tmp_path / ".processed-old")
    files.restore_folder(folder)
    assert contents(folder) == before


REAL = project.data_dir() / "raw"
needs = {
    source: pytest.mark.skipif(
        source not in cleaning.present(REAL), reason=f"the real {source} is not on this machine"
    )
    for source in ("spotify-tracks", "lastfm-2k", "playlists", "playlist-archive")
}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return Cleaned(clean(REAL, tmp_path_factory.mktemp("real") / "processed"))


@needs["spotify-tracks"]
def test_the_known_defects_of_spotify_tracks_are_found_again(real):
    changed = real.ledger.query("source == 'spotify-tracks'").set_index("name")["rows_changed"]
    assert changed.drop(
        [
            "A vector without tempo proves nothing",
            "One row per recording",
            "One voice per recording",
        ]
    ).to_dict() == {
        "Drop exact duplicates": 450,
        "Drop what has no name or no duration": 1,
        "Zero tempo is unknown": 157,
        "Zero danceability is unknown": 157,
        "Zero speechiness is unknown": 157,
        "Zero valence is unknown": 176,
        "Zero time_signature is unknown": 163,
        "Keep loudness above 0 dB": 90,
        "One row per id": 16_299,
        "Two popularities": 720,
        "Same artists and title": 13_281,
        "Same feature vector": 9_284,
    }
    recordings = real.recordings
    assert recordings["track_ids"].map(len).sum() == 89_741 - 1
    assert recordings["track_ids"].map(len).max() == 45
    assert recordings["duration_ms"].max() == 5_237_295


@needs["lastfm-2k"]
def test_the_known_sizes_of_lastfm_are_found_again(real):
    listens = real.lastfm_listens
    assert (listens["user_id"].nunique(), len(real.lastfm_artists)) == (1_892, 17_632)
    assert (len(listens), listens["plays"].max()) == (92_834, 352_698)
    assert real.step("Drop impossible dates")[0] == 186_479
    assert real.step("Friends") == (25_434, 12_717, 12_717)


@needs["playlists"]
def test_the_known_defects_of_playlists_are_found_again(real):
    assert real.step("Drop repeated pairs") == (169_486, 169_059, 427)
    playlists = real.playlist_items.groupby("part")["playlist_id"].nunique()
    assert playlists.to_dict() == {"whole": 500, "thinned": 3_272}
    assert real.playlist_recordings["track_ids"].map(len).sum() == 31_432


@needs["playlist-archive"]
def test_the_known_sizes_of_the_archive_are_found_again(real):
    assert real.step("One addition per playlist and recording")[0] == 108_602
    assert real.archive_additions["playlist_id"].nunique() == 238
    assert real.archive_recordings["track_ids"].map(len).sum() == 81_568
    assert real.step("Songs that only looked new")[2] > 300
