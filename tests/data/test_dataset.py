"""Datasets, SQL views and the upkeep of an edition, on a small simulated world."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest

from nexttrack import project
from nexttrack.data import cleaning, dataset, simulator
from nexttrack.data.dataset import Dataset, connect, ensure, fingerprint, table
from nexttrack.errors import UserError

SMALL = {"n_tracks": 1_000, "n_listeners": 50, "seed": 3}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A data folder with a small sample edition, made by ensure()."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEXTTRACK_DATA", str(folder))
        patch.delenv("NEXTTRACK_EDITION", raising=False)
        patch.setattr(dataset, "SAMPLE", SMALL)
        ensure()
    return folder


@pytest.fixture
def data(world, monkeypatch):
    """The shared small world, read only."""
    monkeypatch.setenv("NEXTTRACK_DATA", str(world))
    monkeypatch.delenv("NEXTTRACK_EDITION", raising=False)
    monkeypatch.setattr(dataset, "SAMPLE", SMALL)
    return world


@pytest.fixture
def own(data, tmp_path, monkeypatch):
    """A copy of the small world that a test may change."""
    shutil.copytree(data, tmp_path / "data", copy_function=shutil.copy2)
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def made(monkeypatch):
    """What was made during a test: "simulated" and "cleaned", in order."""
    log = []

    def noted(word, work):
        return lambda *a, **k: (log.append(word), work(*a, **k))[1]

    monkeypatch.setattr(simulator, "write_sources", noted("simulated", simulator.write_sources))
    monkeypatch.setattr(cleaning, "clean", noted("cleaned", cleaning.clean))
    return log


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
    with pytest.raises(UserError, match="the tables of lastfm-2k are not there"):
        Dataset.load("lastfm-2k")


def test_what_is_fresh_is_not_made_again(own, made):
    ensure()
    table("recordings")
    assert made == []


def test_the_sample_is_made_again_when_the_simulator_changes(own, made, monkeypatch):
    before = fingerprint()
    monkeypatch.setattr(dataset, "SAMPLE", SMALL | {"seed": 4})
    ensure()
    assert made == ["simulated", "cleaned"]
    assert fingerprint() != before
    ensure()
    assert made == ["simulated", "cleaned"]


def test_the_tables_are_made_again_when_the_cleaning_changes(own, made, monkeypatch):
    before = fingerprint()
    monkeypatch.setattr(cleaning, "code_hash", lambda: "other")
    ensure()
    assert made == ["cleaned"]
    assert fingerprint() == before


def test_raw_files_that_someone_simulated_are_kept(own, made):
    simulator.write_sources(project.raw_dir("sample"), **(SMALL | {"seed": 5}))
    ensure()
    ensure()
    assert made == ["simulated", "cleaned"]  # the simulation is the one above


def test_the_published_edition_is_asked_for_in_vain_without_data(own, monkeypatch):
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    with pytest.raises(UserError, match="run `make data`"):
        ensure()


def test_published_raw_files_are_cleaned_and_cleaned_again_when_they_change(own, made):
    raw = own / "raw" / "spotify-tracks"
    shutil.copytree(own / "raw-sample" / "spotify-tracks", raw)
    ensure("published")
    assert project.edition() == "published"
    ensure("published")
    assert made == ["cleaned"]
    before, rows = fingerprint(), len(table("recordings"))
    path = raw / "dataset.csv"
    text = path.read_text().splitlines(keepends=True)
    path.write_text("".join(text[: len(text) // 2]))
    assert len(table("recordings")) < rows
    assert made == ["cleaned", "cleaned"]
    assert fingerprint() != before


def test_published_tables_without_raw_files_are_used_as_they_are(own, made):
    shutil.move(own / "processed" / "sample", own / "processed" / "published")
    assert len(table("recordings")) > 0
    assert made == []


def test_tables_left_aside_by_a_killed_run_are_put_back(own, made):
    shutil.move(own / "processed" / "sample", own / "processed" / ".published-old")
    assert len(table("recordings")) > 0
    assert project.edition() == "published"
    assert made == []


def test_the_fingerprint_follows_content_and_not_time_or_place(own):
    before = fingerprint()
    assert len(before) == 12
    for path in (own / "raw-sample").rglob("*.csv"):
        os.utime(path, (1, 1))
    assert fingerprint() == before
