import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from listener_exports import track_id

from nexttrack import project
from nexttrack.data.listener import profile
from nexttrack.data.listener.formats import Like, Play
from nexttrack.data.listener.kept import _write
from nexttrack.data.listener.profiles import match, own_folder, tracks_of
from nexttrack.errors import UserError


def at(minute):
    return datetime(2023, 1, 1, 10, minute, tzinfo=UTC)


def play(i, title, minute, ms=40_000, artist="Anna"):
    return Play(None if i is None else track_id(i), title, artist, at(minute), ms, None, "history")


def like(i, title, time=None):
    return Like(None if i is None else track_id(i), title, "Anna", time, None, "library")


PLAYS = [
    play(1, "One", 1),
    play(1, "One", 2),
    play(None, "One", 3, 29_999),
    play(None, "Two - Remastered 2011", 4, 30_000),
    play(7, "Seven", 5),
    play(None, "Skipped", 6, 1_000),
    play(9, None, 7, artist=None),
]
LIKES = [like(None, "One", at(30)), like(8, "Eight"), like(None, "Nowhere")]


@pytest.fixture
def recordings(tmp_path, monkeypatch):
    """A cleaned table of recordings, the ids of which are those above."""
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path))
    folder = project.processed_dir("published")
    folder.mkdir(parents=True)
    frame = {
        "recording": pa.array([0, 1, 2, 3], pa.int32()),
        "track_ids": [[track_id(1), track_id(8)], [track_id(2)], [track_id(3)], [track_id(9)]],
        "title": ["One", "Two", "Seven", None],
        "artists": [["Anna"], ["Anna"], ["The Anna", "Otto"], None],
    }
    pq.write_table(pa.table(frame), folder / "recordings.parquet")
    return folder / "recordings.parquet"


def test_tracks_count_plays_of_thirty_seconds_and_likes():
    tracks = tracks_of(PLAYS, LIKES).set_index("title")
    assert tracks.loc["One", ["plays", "ms", "liked", "last"]].tolist() == [2, 80_000, True, at(30)]
    assert tracks.loc["One", "track_ids"] == [track_id(1)]
    assert tracks.loc["One", "weight"] == np.log(1 + 2 + 5)
    assert tracks.loc["Two - Remastered 2011", "weight"] == np.log(2)
    assert tracks.loc["Eight", "weight"] == pytest.approx(np.log(6))
    assert pd.isna(tracks.loc["Eight", "last"])
    assert "Skipped" not in tracks.index
    assert tracks["weight"].is_monotonic_decreasing
    assert len(tracks_of([], [])) == 0


def test_matching_goes_by_id_and_else_by_name(recordings):
    found = match(tracks_of(PLAYS, LIKES), recordings)
    assert (found.by_id, found.by_name) == (3, 2)
    assert sorted(found.recordings) == [-1, 0, 0, 1, 2, 3]


def test_the_profile_adds_up_what_is_one_recording(recordings, monkeypatch):
    monkeypatch.setattr("nexttrack.data.listener.profiles.ensure", project.processed_dir)
    _write(PLAYS, LIKES, own_folder())
    frame = profile()
    assert frame.columns.tolist() == ["recording", "weight", "plays", "last"]
    assert frame["recording"].tolist() == [0, 1, 2, 3]
    assert frame["plays"].tolist() == [2, 1, 1, 1]
    assert frame["weight"].tolist() == pytest.approx(np.log([8, 2, 2, 2]))
    assert frame["last"].tolist() == [at(30), at(4), at(5), at(7)]
    with pytest.raises(UserError, match="there is no table 'archive_recordings'"):
        profile("archive_recordings")


def test_without_anything_imported_the_profile_says_what_to_do(recordings):
    with pytest.raises(UserError, match=r"nothing of your own is in .*nexttrack data import"):
        profile()


def test_no_chapter_and_nothing_that_makes_one_reads_it(pytestconfig):
    root = pytestconfig.rootpath
    files = [*root.glob("chapters/*.ipynb"), *root.glob("index.ipynb")]
    for room in ("study", "book", "press"):
        files += (root / "src" / "nexttrack" / room).rglob("*.py")
    assert len(files) > 50
    naming = [f.name for f in files if re.search(r"data[./]listener", f.read_text("utf-8"))]
    assert naming == []
