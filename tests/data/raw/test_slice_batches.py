"""Slices of the Million Playlist Dataset: taken however they are packed, held to the contract
before they replace anything, and added to those imported before."""

import gzip
import json
import zipfile

import pyarrow.parquet as pq
import pytest

from nexttrack.data.raw.imports import import_folder
from nexttrack.data.raw.sources import load_sources
from nexttrack.errors import UserError


def zipped(files, target):
    """Write a zip of (name, path)."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files.items():
            archive.write(path, name)
    return target


def folder_of(files, place):
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.read_bytes()
        (place / name).write_bytes(data)
    return place


WORLD = [
    [(f"{t:022}", f"artist {t % 3}", f"title {t} ö") for t in range(pid % 5, pid % 5 + 4)]
    for pid in range(8)
]


def tables(raw):
    return [
        pq.read_table(raw / "playlists" / name).to_pylist()
        for name in ("playlist_tracks.parquet", "tracks.parquet")
    ]


@pytest.fixture
def slices(write_slices, tmp_path):
    """Four slices, and their tables by a plain import in ``tmp_path / "plain-raw"``."""
    paths = write_slices(WORLD, tmp_path / "slices", size=2)
    import_folder(tmp_path / "slices", tmp_path / "plain-raw")
    return paths


SLICES = {
    "in a subfolder": lambda paths, at: folder_of(
        {f"spotify_million_playlist_dataset/data/{p.name}": p for p in paths}, at / "x"
    ),
    "in a zip": lambda paths, at: zipped({f"data/{p.name}": p for p in paths}, at / "mpd.zip"),
    "in a zip in a zip": lambda paths, at: zipped(
        {"mpd.zip": zipped({f"data/{p.name}": p for p in paths}, at / "mpd.zip")}, at / "x.zip"
    ),
    "by gzip": lambda paths, at: folder_of(
        {f"{p.name}.gz": gzip.compress(p.read_bytes()) for p in paths}, at / "x"
    ),
    "in UTF-16": lambda paths, at: folder_of(
        {p.name: p.read_text("utf-8").encode("utf-16") for p in paths}, at / "x"
    ),
    "with a mark": lambda paths, at: folder_of(
        {p.name: b"\xef\xbb\xbf" + p.read_bytes() for p in paths}, at / "x"
    ),
    "as a browser names them, and in capitals": lambda paths, at: folder_of(
        {p.name.upper().replace(".JSON", " (1).JSON"): p for p in paths}, at / "x"
    ),
    "twice": lambda paths, at: folder_of(
        {f"{folder}/{p.name}": p for p in paths for folder in "ab"}, at / "x"
    ),
}


@pytest.mark.parametrize("how", SLICES)
def test_slices_are_taken(how, slices, tmp_path):
    (tmp_path / "at").mkdir()
    import_folder(SLICES[how](slices, tmp_path / "at"), tmp_path / "raw")
    assert tables(tmp_path / "raw") == tables(tmp_path / "plain-raw")


@pytest.mark.parametrize("batches", [(0, 1, 2, 3), (3, 1, 0, 2), (1, 1, 3, 0, 2, 0)])
def test_batches_of_slices_add_up_in_any_order(batches, slices, tmp_path):
    for number in batches:
        import_folder(slices[number], tmp_path / "raw")
    assert tables(tmp_path / "raw") == tables(tmp_path / "plain-raw")


def test_slices_replace_all_where_that_is_asked_for(slices, tmp_path):
    import_folder(slices[0], tmp_path / "alone")
    import_folder(slices[0], tmp_path / "plain-raw", replace=True)
    assert tables(tmp_path / "plain-raw") == tables(tmp_path / "alone")


def test_slices_do_not_replace_other_tables_unasked(slices, write_source, tmp_path):
    before = tables(tmp_path / "plain-raw")
    write_source(load_sources()["playlists"], tmp_path / "sample")
    import_folder(tmp_path / "sample", tmp_path / "plain-raw", replace=True)
    sample = tables(tmp_path / "plain-raw")
    with pytest.raises(UserError, match=r"made otherwise than of slices; nothing .*--replace"):
        import_folder(tmp_path / "slices", tmp_path / "plain-raw")
    assert tables(tmp_path / "plain-raw") == sample
    import_folder(tmp_path / "slices", tmp_path / "plain-raw", ask=lambda question: True)
    assert tables(tmp_path / "plain-raw") == before


def first_track(**values):
    return lambda c: c["playlists"][0]["tracks"][0].update(values)


DAMAGED = {
    "no playlists": (lambda c: c.update(playlists=[]), " holds no playlist"),
    "a pid that is true": (
        lambda c: c["playlists"][0].update(pid=True),
        ", playlist number 1: pid True is no whole number",
    ),
    "pids with decimals": (
        lambda c: [p.update(pid=0.2 + i / 2) for i, p in enumerate(c["playlists"])],
        ", playlist number 1: pid 0.2 is no whole number",
    ),
    "half a letter": (
        first_track(track_name="a\ud800"),
        ", playlist 0, track number 1: track_name has half a letter (a lone surrogate)",
    ),
    "an id with a stroke": (
        first_track(track_uri="spotify:track:" + "-" * 22),
        f", playlist 0, position 0: 'spotify:track:{'-' * 22}' is no spotify:track:ID",
    ),
    "a local file": (
        first_track(track_uri="spotify:local:A:B:C:12"),
        ", playlist 0, position 0: 'spotify:local:A:B:C:12' is no spotify:track:ID",
    ),
    "a position of three billion": (
        first_track(pos=3_000_000_000),
        ", playlist 0, position 3000000000 is not between 0 and 2147483647",
    ),
    "tracks by name": (
        lambda c: c["playlists"][0].update(tracks={}),
        ', playlist 0: no list "tracks"',
    ),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_slice_that_breaks_the_contract_replaces_nothing(what, slices, tmp_path):
    change, line = DAMAGED[what]
    before = tables(tmp_path / "plain-raw")
    content = json.loads(slices[0].read_text("utf-8"))
    change(content)
    slices[0].write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError) as error:
        import_folder(tmp_path / "slices", tmp_path / "plain-raw")
    assert str(error.value) == f"{slices[0]}{line}; copy the slice again"
    assert tables(tmp_path / "plain-raw") == before


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b'{"playlists": ' + b"[" * 100_000, " is no slice: brackets nested too deep"),
        (b'{"playlists": [{"pid": 1' + b"0" * 5000 + b"}]}", ": not valid JSON (Exceeds the limit"),
        (b'{"playlists": [{"pid": ', ", line 1, column 24: not valid JSON"),
        (b'{"playlists": ["\xe9"]}', ", byte 16: not UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\noid", " is a Git LFS pointer, not the file"),
        (b"<html>log in</html>", " is a web page (a log-in page, perhaps), not JSON"),
        (b"", " is empty"),
    ],
)
def test_a_slice_that_is_no_json_gets_a_line(text, line, slices, tmp_path):
    slices[0].write_bytes(text)
    with pytest.raises(UserError) as error:
        import_folder(slices[0], tmp_path / "plain-raw")
    assert str(error.value).startswith(f"{slices[0]}{line}")


def test_slices_without_a_track_are_refused(slices, tmp_path):
    for path in slices:
        content = json.loads(path.read_text("utf-8"))
        for playlist in content["playlists"]:
            playlist["tracks"] = []
        path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match="no playlist in the slices has a track"):
        import_folder(tmp_path / "slices", tmp_path / "raw")
