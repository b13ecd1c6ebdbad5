"""Neighbours by sound among rows with duplicates: what is kept apart is not found."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.errors import UserError
from nexttrack.study.leakage import duplicates


@pytest.fixture
def rows():
    """120 recordings by 60 artists with two rows each, alike to the last digit."""
    rng = np.random.default_rng(3)
    of = np.repeat(np.arange(120), 2)
    table = pd.DataFrame(rng.random((120, 11)), columns=list(duplicates.FEATURES)).iloc[of]
    return table.assign(
        recording=of,
        artists=[f"artist {i // 2};Guest {i}" for i in of],
        track_genre=np.where(of % 2, "jazz", "folk"),
        popularity=rng.integers(0, 100, 120)[of],
    ).reset_index(drop=True)


def test_the_copy_is_nearest_until_recordings_are_kept_apart(rows):
    asked, answering = np.arange(0, 240, 2), np.arange(1, 240, 2)
    found = duplicates.found_by_sound(rows, asked, answering)
    means = found.groupby("apart", sort=False)[["own", "artist"]].mean()
    assert means.index.tolist() == list(duplicates.APART)
    assert (means["own"] == 1).all()
    assert means.loc["nothing", "artist"] == 1
    assert means.loc["recordings", "artist"] < 0.5
    assert means.loc["artists", "artist"] == 0


def test_values_are_those_of_a_search_by_hand(rows):
    asked, answering = np.array([0, 100]), np.arange(2, 240)
    answering = answering[answering != 100]
    found = duplicates.found_by_sound(rows, asked, answering).set_index(["apart", "query"])
    X = rows[list(duplicates.FEATURES)]
    X = ((X - X.mean()) / X.std(ddof=0)).to_numpy()
    for query in asked:
        for apart, allowed in (
            ("nothing", answering),
            ("recordings", answering[rows["recording"][answering] != rows["recording"][query]]),
        ):
            distance = ((X[allowed] - X[query]) ** 2).sum(axis=1)
            ten = allowed[np.argsort(distance)[:10]]
            row = found.loc[(apart, query)]
            same = (rows["track_genre"][ten] == rows["track_genre"][query]).mean()
            assert row["genre"] == pytest.approx(same, abs=0.11)  # of a pair one may be cut off
            assert row["predicted"] == pytest.approx(rows["popularity"][ten].mean(), abs=10)
    assert not found["own"].loc[("nothing", 0)] and found["own"].loc[("nothing", 100)]


def test_too_few_answers_are_refused(rows):
    with pytest.raises(ValueError, match="fewer than 10 rows"):
        duplicates.found_by_sound(rows, np.array([0]), np.arange(1, 10))
    with pytest.raises(ValueError, match="with recordings kept apart"):
        duplicates.found_by_sound(rows, np.array([0]), np.arange(1, 11))


def test_without_the_file_the_line_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path))
    monkeypatch.setenv("NEXTTRACK_EDITION", "sample")
    with pytest.raises(UserError, match="nexttrack data get spotify-tracks"):
        duplicates.as_downloaded()


def test_rows_keep_their_genres_and_have_the_recording_of_their_id(monkeypatch, tmp_path):
    folder = tmp_path / "raw-sample" / "spotify-tracks"
    folder.mkdir(parents=True)
    columns = ["track_id", "artists", "album_name", "track_name", "popularity", "duration_ms"]
    columns += ["explicit", "danceability", "energy", "key", "loudness", "mode", "speechiness"]
    columns += ["acousticness", "instrumentalness", "liveness", "valence", "tempo"]
    columns += ["time_signature", "track_genre"]
    x, y, z = (letter * 22 for letter in "xyz")
    lines = [
        f"{n},{track},A;B,Album,Song,5,1000,False,.5,.5,1,-5,1,.1,.1,.1,.1,.5,120,4,{genre}"
        for n, (track, genre) in enumerate([(x, "folk"), (x, "jazz"), (y, "jazz"), (z, "tango")])
    ]
    (folder / "dataset.csv").write_text("\n".join(["," + ",".join(columns), *lines]) + "\n")
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path))
    monkeypatch.setenv("NEXTTRACK_EDITION", "sample")
    known = pd.DataFrame({"recording": [7], "track_ids": [[x, y]]})
    monkeypatch.setattr(duplicates, "table", lambda name: known)
    rows = duplicates.as_downloaded()
    assert rows["track_id"].tolist() == [x, x, y]
    assert rows["recording"].tolist() == [7, 7, 7]
    assert rows["track_genre"].tolist() == ["folk", "jazz", "jazz"]
