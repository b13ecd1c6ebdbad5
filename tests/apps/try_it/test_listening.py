"""The page reads a listener's files as the package does: same tracks, weights and words."""

import json
import random
import subprocess
from pathlib import Path

import playwright
import pytest
from listener_exports import HEADERS, TRACKS, exported_files, exportify, written, zipped

from nexttrack.data.listener.formats import NotReadableError, read
from nexttrack.data.listener.kept import keep, key_of
from nexttrack.data.listener.names import join_keys, track_key
from nexttrack.data.listener.profiles import tracks_of

NODE = Path(playwright.__file__).parent / "driver" / "node"
READER = Path(__file__).parent / "read_export.mjs"


def in_page(*arguments, given=None):
    done = subprocess.run(
        [NODE, READER, *arguments], input=given, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_same(paths, tmp_path):
    kept = keep([(path, path.name) for path in paths], tmp_path / "kept")
    frame = tracks_of(kept.plays, kept.likes)
    there = in_page("files", *paths)
    ours = {
        (min(ids, default=None), title, artist): (plays, ms, liked, pytest.approx(weight))
        for title, artist, ids, plays, ms, liked, weight in frame.drop(columns="last").itertuples(
            index=False
        )
    }
    theirs = {
        (t["id"], t["title"], t["artist"]): (t["plays"], t["ms"], t["liked"], t["weight"])
        for t in there["tracks"]
    }
    # Of one track in several files, which spelling is shown is the order's.
    assert {key[0] or key[1:]: value for key, value in theirs.items()} == {
        key[0] or key[1:]: value for key, value in ours.items()
    }
    return kept, there


def test_every_kind_of_file_gives_the_same_tracks_and_weights(tmp_path):
    folder = written(exported_files(), tmp_path / "export")
    paths = sorted(
        path for path in folder.rglob("*") if path.name != "Userdata.json" and path.is_file()
    )
    kept, there = assert_same(paths, tmp_path)
    assert len(there["tracks"]) == len(tracks_of(kept.plays, kept.likes)) > 30
    assert there["notes"] == kept.left_out != []


def test_an_archive_gives_what_its_files_do(tmp_path):
    files = exported_files()
    inner = zipped({"liked.csv": files.pop("liked_songs.csv")}, tmp_path / "spotify_playlists.zip")
    outer = zipped(files | {"nested/a.zip": inner.read_bytes()}, tmp_path / "my_spotify_data.zip")
    folder = written(exported_files(), tmp_path / "export")
    apart = in_page("files", *(path for path in sorted(folder.rglob("*")) if path.is_file()))
    there = in_page("files", outer)
    assert {t["id"]: t for t in there["tracks"]} == {t["id"]: t for t in apart["tracks"]}
    assert there["notes"][-1] == (
        "1 other file not read: my_spotify_data.zip: Spotify Account Data/Userdata.json"
    )


@pytest.mark.parametrize("language", HEADERS)
def test_tables_of_every_language_are_read_alike(language, tmp_path):
    tracks = tuple(range(len(TRACKS)))
    place = tmp_path / "a.csv"
    for separator, encoding in ((",", "utf-8"), (";", "utf-16"), ("\t", "utf-8-sig")):
        place.write_bytes(exportify(tracks, language, separator).encode(encoding))
        assert len(read(place).likes) == len(TRACKS)
    _, there = assert_same([place], tmp_path)
    assert there["notes"] == []


ROW = {"endTime": "2023-01-01 10:00", "artistName": "A", "trackName": "T", "msPlayed": 40_000}
ODD = {
    "empty.json": b"",
    "blank.csv": b" \n",
    "a.json": b"[]",
    "StreamingHistory0.json": b'[{"endTime": "2020"}]',
    "YourLibrary.json": b'{"tracks": {}}',
    "Playlist1.json": b'{"playlists": [{"items": null}, 3, null, {"items": [null, 4, []]}]}',
    "cut.json": json.dumps([ROW]).encode()[:-9],
    "nan.json": b'[{"endTime": "2020-01-01", "trackName": "a", "msPlayed": NaN}]',
    "deep.json": b"[" * 200_000,
    "latin.json": json.dumps([ROW | {"trackName": "é"}], ensure_ascii=False).encode("latin-1"),
    "page.json": b"<!doctype html><title>Log in</title>",
    "rows.json": json.dumps(
        [
            ROW,
            ROW | {"msPlayed": -1},
            ROW | {"msPlayed": "40000"},
            ROW | {"msPlayed": True},
            ROW | {"msPlayed": 10**12},
            ROW | {"endTime": "2023-02-30 10:00"},
            ROW | {"endTime": "yesterday"},
            ROW | {"endTime": None},
            ROW | {"trackName": None},
            ROW | {"trackName": 7},
            ROW | {"trackName": " "},
            ROW | {"trackName": "half \ud83d a pair"},
            ROW | {"trackName": "x" * 10_000},
            ROW | {"trackName": "ΟΔΟΣ", "artistName": "ΣΣ"},
            None,
            3,
            [],
        ]
    ).encode(),
    "huge.json": json.dumps([ROW]).replace("40000", "9" * 6000).encode(),
    "other.csv": b"user,item,rating\n1,2,3\n",
    "unknown.csv": "Ссылка,Название,Артист\nspotify:track:0000000000000000000001,a,b\n".encode(),
    "endless.csv": b'Track URI,Track Name\nspotify:track:0000000000000000000001,"' + b"a" * 2**21,
    "header.csv": b"Track URI,Track Name,Artist Name(s)\n",
    "short.csv": (
        b'sep=;\r\nTrack Name;Artist Name(s);Added At\r\n\r\nA "b" c;"d ""e""\n f";\r\nA\r\n'
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_wrong_gets_the_same_words(name, tmp_path):
    place = tmp_path / name
    place.write_bytes(ODD[name])
    _, there = assert_same([place], tmp_path)
    try:
        lines = [f"{name}: {note}" for note in read(place).notes]
    except NotReadableError as error:
        lines = [f"{name}: {error}"]
    told = there["notes"]
    if told and told[0].startswith("1 other file"):  # of a file whose name says nothing
        assert told == [f"1 other file not read: {name}"]
        assert "no plays, library or playlists" in lines[0]
    elif lines or there["tracks"]:
        assert told == lines
    else:
        assert told == ["nothing in it: no plays, library or playlists"]


def test_names_have_the_same_keys():
    rng = random.Random(1)
    parts = [
        *(
            "é",
            "É",
            "ß",
            "İ",
            "ς",
            "Σ",
            "Ⅷ",
            "ﬁ",
            "가",
            "が",
            "ー",
            "ｱ",
            "👩‍🎤",
            "\u200f",
            "\u00ad",
            "\u00a0",
        ),
        *(
            " ",
            "  ",
            "\t",
            "\u2028",
            "The ",
            "the",
            "&",
            "and",
            ", ",
            "; ",
            "\\,",
            "!!!",
            "a",
            "B",
            "7",
        ),
        *("(feat. X)", " feat. Y", " ft. Z", "[with W]", " - Remastered 2011", " - 2011 Remaster"),
        *(
            " (Remastered)",
            " - Live",
            " - 2004 - Remaster",
            " [2015 Digital Remaster]",
            "-",
            "̈",
            "ا",
            "हि",
        ),
    ]
    pairs = [
        ("".join(rng.choices(parts, k=rng.randint(1, 7))), "".join(rng.choices(parts, k=4)))
        for _ in range(3_000)
    ]
    ours = [[track_key(*pair), *join_keys(*pair)] for pair in pairs]
    assert in_page("names", given=json.dumps(pairs)) == ours


def test_a_track_has_one_key_in_all_files(tmp_path):
    folder = written(exported_files(), tmp_path / "export")
    kept = keep([(p, p.name) for p in sorted(folder.rglob("*.*"))], tmp_path / "kept")
    keys = {}
    for row in (*kept.plays, *kept.likes):
        keys.setdefault(row.track_id, set()).add(key_of(row))
    assert all(len(several) == 1 for key, several in keys.items() if key)
