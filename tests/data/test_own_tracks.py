"""What the items of one's own interactions are: rows by id, lists of names, labels."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.data.dataset import Dataset
from nexttrack.errors import UserError
from nexttrack.models.content import artists_and_genres

PLAYS = pd.DataFrame({"u": [1, 1, 2], "i": ["b", "c", "a"]})
TRACKS = pd.DataFrame(
    {
        "i": ["z", "b", "a", "b"],
        "title": ["Zed", "Bee", None, "other"],
        "artists": ["Q", "Earth, Wind & Fire;Q", "Solo", "R"],
        "genres": ["['soul', 'funk']", "soul", "", "pop"],
        "energy": pd.array([1, 2, None, 3], dtype="Int64"),
    }
)


def made(tracks, **more):
    return Dataset.from_frame(PLAYS, user="u", item="i", tracks=tracks, **more)


def test_an_item_has_its_row_and_nan_where_there_is_none():
    found = made(TRACKS)
    assert found.item_ids.tolist() == found.tracks["i"].tolist() == ["a", "b", "c"]
    assert found.tracks.index.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(found.tracks["energy"], [np.nan, 2, np.nan])
    assert found.tracks["label"].tolist() == ["a", "Earth, Wind & Fire, Q – Bee", "c"]
    assert found.tracks["artists"].tolist()[:2] == [["Solo"], ["Earth, Wind & Fire", "Q"]]
    assert found.tracks["genres"].isna().tolist() == [True, False, True]
    what = found.ledger.iloc[-1]["what"]
    assert what == (
        "2 items have a row of tracks, 1 have none; 1 rows are no items, "
        "1 repeat an id or have none"
    )
    assert artists_and_genres(found.tracks).shape[0] == 3


def test_tracks_that_nobody_has_may_be_items_too():
    found = made(TRACKS, all_tracks=True)
    assert found.item_ids.tolist() == ["a", "b", "c", "z"]
    assert found.user_items.toarray().tolist() == [[0, 1, 1, 0], [1, 0, 0, 0]]
    assert found.tracks["genres"].iloc[3] == ["soul", "funk"]
    assert found.ledger.iloc[-1]["items"] == 4
    assert found.ledger.iloc[-1]["interactions"] == 3


def test_tracks_come_from_files_and_from_an_index_too(tmp_path):
    expected = made(TRACKS).tracks
    TRACKS.to_csv(tmp_path / "t.csv", index=False)
    TRACKS.to_parquet(tmp_path / "t.parquet")
    for tracks in (tmp_path / "t.csv", str(tmp_path / "t.parquet"), TRACKS.set_index("i")):
        pd.testing.assert_frame_equal(made(tracks).tracks, expected, check_dtype=False)
    renamed = made(TRACKS.rename(columns={"i": "track"}), track_id="track").tracks
    pd.testing.assert_frame_equal(renamed, expected)


def test_numbers_as_ids_meet_in_two_csv_files(tmp_path):
    (tmp_path / "p.csv").write_text("u,i\n1,10\n2,9\n")
    (tmp_path / "t.csv").write_text("i;name\n10;Ten\n9;Nine\n")
    plays = {"user": "u", "item": "i", "tracks": tmp_path / "t.csv"}
    found = Dataset.from_csv(tmp_path / "p.csv", **plays)
    assert found.tracks["label"].tolist() == ["Nine", "Ten"]


def test_without_tracks_the_label_is_the_id():
    assert made(None).tracks["label"].tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        (TRACKS.drop(columns="i"), "tracks: no column 'i'; it has title, artists"),
        (TRACKS.assign(i=range(4)), r"none of its ids is an item: items are such as 'a' \(str\)"),
        (TRACKS.assign(artists=3.0), "column 'artists': 3.0 is neither a list of names nor a text"),
        (TRACKS.head(0), "column 'i': no row has an id"),
        (TRACKS.set_axis(["i", "i", *"xyz"], axis=1), "tracks have column 'i' twice"),
        ("no.csv", "no.csv: no such file"),
        (7, "tracks must be a frame or a path, not int"),
    ],
)
def test_tracks_that_are_none_are_one_line(tracks, message):
    with pytest.raises(UserError, match=message):
        made(tracks)
