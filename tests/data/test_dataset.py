"""Datasets and SQL views, on a small simulated world."""

import shutil

import numpy as np
import pandas as pd
import pytest

from nexttrack.data.dataset import Dataset, connect, table
from nexttrack.errors import NotThereError, UserError


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("lastfm-2k", "SELECT user_id, artist_id, plays FROM lastfm_listens"),
        ("playlists", "SELECT playlist_id, recording, 1 FROM playlist_items"),
        ("playlist-archive", "SELECT playlist_id, recording, 1 FROM archive_additions"),
    ],
)
def test_a_dataset_is_its_table_as_a_matrix_and_back(data, name, query):
    found = Dataset.load(name)
    matrix = found.user_items
    assert matrix.dtype == np.float32
    assert matrix.has_canonical_format
    assert matrix.shape == (len(found.user_ids), len(found.item_ids))
    assert len(found.tracks) == matrix.shape[1]
    assert found.tracks.index.tolist() == list(range(matrix.shape[1]))
    user, item = matrix.nonzero()
    back = zip(found.user_ids[user], found.item_ids[item], matrix.data, strict=True)
    with connect() as tables:
        assert sorted(back) == sorted(tables.sql(query).fetchall())


def test_tracks_have_audio_as_floats_and_a_label(data):
    for name in ("lastfm-2k", "playlists", "playlist-archive"):
        tracks = Dataset.load(name).tracks
        audio = tracks[["energy", "tempo", "key", "mode", "duration_ms"]]
        assert (audio.dtypes == np.float64).all()
        assert audio.notna().any().all()
        assert tracks["label"].str.len().min() > 0
    unknown = tracks["title"].isna()
    known = tracks[~unknown].iloc[0]
    assert known["label"] == f"{', '.join(known['artists'])} – {known['title']}"


def test_dates_go_with_the_stored_values_and_parts_with_the_users(data):
    archive = Dataset.load("playlist-archive")
    assert archive.parts is None
    user, item = archive.user_items.nonzero()
    rows = pd.DataFrame(
        {
            "playlist_id": archive.user_ids[user],
            "recording": archive.item_ids[item],
            "date": archive.dates,
        }
    )
    both = rows.merge(table("archive_additions"), on=["playlist_id", "recording"])
    assert len(both) == len(rows)
    assert (both["date"] == both["added"]).all()

    playlists = Dataset.load("playlists")
    assert playlists.dates is None
    part = table("playlist_items").drop_duplicates("playlist_id").set_index("playlist_id")["part"]
    assert playlists.parts.tolist() == part.loc[playlists.user_ids].tolist()


@pytest.mark.parametrize("part", ["whole", "thinned"])
def test_whole_and_thinned_playlists_are_data_sets_with_their_own_items(data, part):
    found, joined = Dataset.load(f"{part}-playlists"), Dataset.load("playlists")
    assert found.parts is None
    users = joined.parts == part
    assert found.user_ids.tolist() == joined.user_ids[users].tolist()
    rows = joined.user_items[users]
    items = np.flatnonzero(rows.getnnz(axis=0))
    assert found.item_ids.tolist() == joined.item_ids[items].tolist()
    assert (found.user_items != rows[:, items]).nnz == 0
    assert found.tracks["label"].tolist() == joined.tracks["label"].iloc[items].tolist()


def test_who_tagged_an_artist_has_it_from_the_month_of_the_first_tag_on(data):
    found = Dataset.load("lastfm-2k-tags")
    tags = table("lastfm_tags").groupby(["user_id", "artist_id"], as_index=False)["month"].min()
    user, item = found.user_items.nonzero()
    rows = pd.DataFrame(
        {
            "user_id": found.user_ids[user],
            "artist_id": found.item_ids[item],
            "date": found.dates.astype("datetime64[us]"),
        }
    )
    both = rows.merge(tags, on=["user_id", "artist_id"])
    assert len(both) == len(rows) == len(tags)
    assert (both["date"] == both["month"]).all()
    assert found.item_ids.tolist() == Dataset.load("lastfm-2k").item_ids.tolist()


def test_the_order_is_that_of_positions_or_of_days(data):
    for name in ("whole-playlists", "playlists"):
        found = Dataset.load(name)
        order, items = found.order(), table("playlist_items")
        for row in (0, len(found.user_ids) - 1):
            by_place = items[items["playlist_id"] == found.user_ids[row]].sort_values("position")
            listed = order.indices[order.indptr[row] : order.indptr[row + 1]]
            values = order.data[order.indptr[row] : order.indptr[row + 1]]
            assert sorted(values) == list(range(1, len(values) + 1))
            assert found.item_ids[listed[np.argsort(values)]].tolist() == list(
                by_place["recording"]
            )
    archive = Dataset.load("playlist-archive")
    order, days = archive.order(), archive.days()
    for row in range(3):
        ours, day = order[row].data, days[row].data
        assert (np.unique(day, return_inverse=True)[1] + 1 == ours).all()
    with pytest.raises(UserError, match="lastfm-2k has no order"):
        Dataset.load("lastfm-2k").order()


def test_binary_has_the_same_places_and_leaves_the_counts_alone(data):
    found = Dataset.load("lastfm-2k")
    binary = found.binary()
    assert (binary.indices == found.user_items.indices).all()
    assert set(binary.data) == {1.0}
    assert found.user_items.data.max() > 1


def test_the_first_users_keep_what_is_theirs(data):
    for name in ("playlists", "playlist-archive"):
        whole = Dataset.load(name)
        part = whole.first_users(3)
        assert part.user_items.shape == (3, whole.user_items.shape[1])
        assert (part.user_items != whole.user_items[:3]).nnz == 0
        assert part.user_ids.tolist() == whole.user_ids[:3].tolist()
        assert (part.order() != whole.order()[:3]).nnz == 0
        if whole.dates is not None:
            assert (part.days() != whole.days()[:3]).nnz == 0
        if whole.parts is not None:
            assert part.parts.tolist() == whole.parts[:3].tolist()
    assert whole.first_users(10**6).user_items.shape == whole.user_items.shape


def test_unknown_names_say_what_there_is(data):
    with pytest.raises(UserError, match="there are lastfm-2k, lastfm-2k-tags, playlists, "):
        Dataset.load("spotify")
    with pytest.raises(UserError, match=r"there are .*recordings"):
        table("nothing")


def test_a_dataset_whose_source_is_absent_says_how_to_bring_it(own):
    shutil.rmtree(own / "raw-sample" / "lastfm-2k")
    with pytest.raises(NotThereError, match=r"^lastfm-2k: not there; bring it"):
        Dataset.load("lastfm-2k")
    with pytest.raises(NotThereError, match=r"^lastfm-2k: not there"):
        table("lastfm_tags")
    assert "lastfm_tags" not in {name for (name,) in connect().sql("SHOW TABLES").fetchall()}
    with pytest.raises(NotThereError, match=r"^lastfm-2k: not there"):
        connect(any_of=["lastfm-2k"])
    both = connect(any_of=["lastfm-2k", "playlists"])
    assert both.sql("SELECT user_id, tag FROM lastfm_tags").fetchall() == []
    assert both.sql("SELECT count(*) > 0 FROM playlist_items").fetchall() == [(True,)]
