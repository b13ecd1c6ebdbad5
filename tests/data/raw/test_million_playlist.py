"""The Million Playlist Dataset's JSON slices."""

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexttrack.data.columns import RAW_AUDIO
from nexttrack.data.raw import million_playlist
from nexttrack.data.raw.imports import import_folder
from nexttrack.data.raw.million_playlist import check_slices, read_slice, write_tables
from nexttrack.data.raw.sources import load_sources
from nexttrack.data.raw.verify import verify_source
from nexttrack.errors import UserError

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def a_world(playlists=25, catalogue=40, seed=1):
    """Playlists over a catalogue of (id, artist, title), with repetitions within a playlist."""
    rng = random.Random(seed)
    tracks = [
        ("".join(rng.choices(LETTERS, k=22)), f"artist {i % 7} ö", f"title {i}, 歌")
        for i in range(catalogue)
    ]
    return [rng.choices(tracks, k=rng.randint(0, 15)) for _ in range(playlists)]


def as_parquet(playlists, folder):
    """Write the same world as the two tables of the sample, by another way."""
    folder.mkdir()
    entries = [(pid, pos, *track) for pid, p in enumerate(playlists) for pos, track in enumerate(p)]
    items = {
        "pid": pa.array([e[0] for e in entries], pa.int32()),
        "pos": pa.array([e[1] for e in entries], pa.int32()),
        "track_id": [e[2] for e in entries],
        "part": ["whole"] * len(entries),
    }
    pq.write_table(pa.table(items), folder / "playlist_tracks.parquet")
    distinct = list(dict.fromkeys(e[2:] for e in entries))
    n = len(distinct)
    tracks = {
        "track_id": [track for track, _, _ in distinct],
        "artist_name": [artist for _, artist, _ in distinct],
        "track_name": [title for _, _, title in distinct],
        "name_source": ["slices"] * n,
        "feature_id": pa.nulls(n, pa.string()),
        "feature_match": ["none"] * n,
        **{name: pa.nulls(n, pa.float64()) for name in RAW_AUDIO},
        "feature_source": pa.nulls(n, pa.string()),
    }
    pq.write_table(pa.table(tracks), folder / "tracks.parquet")
    return folder


def tables(folder):
    return [pq.read_table(folder / name) for name in ("playlist_tracks.parquet", "tracks.parquet")]


def test_slices_and_parquet_give_identical_tables(tmp_path, write_slices):
    world = a_world()
    write_slices(world, tmp_path / "slices", size=10)
    as_parquet(world, tmp_path / "parquet")
    assert list(import_folder(tmp_path / "slices", tmp_path / "raw1").sources) == ["playlists"]
    assert list(import_folder(tmp_path / "parquet", tmp_path / "raw2").sources) == ["playlists"]
    one, other = tables(tmp_path / "raw1" / "playlists"), tables(tmp_path / "raw2" / "playlists")
    assert one == other
    verify_source(load_sources()["playlists"], tmp_path / "raw1" / "playlists")


def test_the_tables_have_the_columns_that_the_sources_describe():
    for file, schema in zip(
        load_sources()["playlists"].files,
        (million_playlist.PLAYLIST_TRACKS, million_playlist.TRACKS),
        strict=False,
    ):
        assert schema.names == [column.name for column in file.columns]


@given(seed=st.integers(0, 10_000), size=st.integers(1, 30))
@settings(max_examples=25, deadline=None)
def test_how_the_playlists_are_cut_into_slices_changes_nothing(
    tmp_path_factory, write_slices, seed, size
):
    world = a_world(seed=seed)
    tmp_path = tmp_path_factory.mktemp("slices")
    results = []
    for cut in (size, len(world)):
        paths = write_slices(world, tmp_path / f"in{cut}", cut)
        (tmp_path / f"out{cut}").mkdir(exist_ok=True)
        rows = write_tables(paths, tmp_path / f"out{cut}")
        assert rows == check_slices(paths) == sum(map(len, world))
        results.append(tables(tmp_path / f"out{cut}"))
    assert results[0] == results[1]


def test_one_slice_is_held_at_a_time(tmp_path, write_slices, monkeypatch):
    """No entry of a slice is alive when the next slice is parsed, and each is a row group."""
    world = a_world(playlists=40)
    paths = write_slices(world, tmp_path, size=10)
    alive = set()

    class Entries(list):
        def __init__(self, entries):
            super().__init__(entries)
            alive.add(id(self))

        def __del__(self):
            alive.discard(id(self))

    held = []

    def watched(path):
        held.append(len(alive))
        return Entries(read_slice(path))

    monkeypatch.setattr(million_playlist, "read_slice", watched)
    (tmp_path / "out").mkdir()
    write_tables(paths, tmp_path / "out")
    assert held == [0, 0, 0, 0]
    assert pq.read_metadata(tmp_path / "out" / "playlist_tracks.parquet").num_row_groups == 4


def edit(path, change):
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda c: c.pop("playlists"), 'has no list "playlists"'),
        (lambda c: c.update(playlists=3), '"playlists" is no list'),
        (lambda c: c["playlists"][2].pop("pid"), "playlist number 3: no pid"),
        (lambda c: c["playlists"][2].pop("tracks"), 'playlist 12: no list "tracks"'),
        (lambda c: c["playlists"][1].update(pid=10), "playlist 10 occurs twice"),
        (lambda c: c["playlists"][1].update(pid=999), "playlist 999 does not belong"),
        (
            lambda c: c["playlists"][0]["tracks"][1].pop("track_uri"),
            "playlist 10, track number 2: no track_uri",
        ),
        (
            lambda c: c["playlists"][0]["tracks"][1].update(track_uri=None),
            "playlist 10, track number 2: no track_uri",
        ),
        (
            lambda c: c["playlists"][0]["tracks"][1].update(track_uri="spotify:local:x"),
            "playlist 10, position 1: 'spotify:local:x' is no spotify:track:ID",
        ),
        (
            lambda c: c["playlists"][0]["tracks"][1].update(pos=0),
            "playlist 10, position 0 occurs twice",
        ),
        (
            lambda c: c["playlists"][0]["tracks"][1].update(track_name=7),
            "playlist 10, track number 2: no track_name",
        ),
    ],
)
def test_a_damaged_slice_is_named_with_the_place(tmp_path, write_slices, change, line):
    world = [[t for t in p if t] or a_world(1)[0] for p in a_world(playlists=20, seed=3)]
    world[10] = a_world(1, seed=5)[0] * 2
    paths = write_slices(world, tmp_path, size=10)
    edit(paths[1], change)
    with pytest.raises(UserError) as error:
        check_slices(paths)
    assert str(error.value).startswith(str(paths[1]))
    assert line in str(error.value)


def test_a_slice_that_is_cut_short_is_named_with_line_and_column(tmp_path, write_slices):
    paths = write_slices(a_world(), tmp_path, size=10)
    text = paths[2].read_text(encoding="utf-8")
    paths[2].write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(UserError, match=rf"{paths[2].name}, line \d+, column \d+: not valid JSON"):
        check_slices(paths)


def test_a_slice_in_another_encoding_is_named(tmp_path, write_slices):
    paths = write_slices(a_world(), tmp_path, size=10)
    text = json.dumps(json.loads(paths[0].read_text(encoding="utf-8")), ensure_ascii=False)
    paths[0].write_bytes(text.replace("歌", "ü").encode("latin-1"))
    with pytest.raises(UserError, match=rf"{paths[0].name}, byte \d+: not UTF-8"):
        read_slice(paths[0])


def test_slices_that_overlap_are_refused(tmp_path, write_slices):
    paths = write_slices(a_world(), tmp_path, size=10)
    copy = tmp_path / "mpd.slice.5-8.json"
    copy.write_bytes(paths[0].read_bytes())
    with pytest.raises(UserError, match="hold the same playlists"):
        check_slices([*paths, copy])


def test_a_damaged_slice_leaves_what_was_there(tmp_path, write_slices):
    world = a_world()
    write_slices(world, tmp_path / "good", size=10)
    import_folder(tmp_path / "good", tmp_path / "raw")
    before = tables(tmp_path / "raw" / "playlists")
    paths = write_slices(a_world(seed=2), tmp_path / "bad", size=10)
    paths[1].write_text("{", encoding="utf-8")
    with pytest.raises(UserError, match=paths[1].name):
        import_folder(tmp_path / "bad", tmp_path / "raw")
    assert tables(tmp_path / "raw" / "playlists") == before
