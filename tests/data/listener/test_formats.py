import json
from datetime import UTC, datetime

import pytest
from listener_exports import TRACKS, exported_files, exportify, track_id

from nexttrack.data.listener import formats
from nexttrack.data.listener.formats import NotReadableError, is_own, read, text_of, track_id_of


def saved(folder, name, data):
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize("name", exported_files())
def test_files_are_known_whatever_they_are_called(name, tmp_path):
    data = exported_files()[name]
    renamed = saved(tmp_path, "a." + name.rsplit(".", 1)[1], data)
    assert is_own(renamed) == ("Userdata" not in name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mpd.json", '{"info": {}, "playlists": [{"tracks": [{"track_uri": "spotify:track:1"}]}]}'),
        ("a.json", '{"tracks": 1}'),
        ("a.csv", "track_id,artists,track_name\n1,a,b\n"),
        ("a.csv", "Track Name,Artist Name\na,b\n"),
        ("a.csv", "rank,uri\n1,spotify:track:0000000000000000000001\n"),
        ("a.csv", ""),
    ],
)
def test_other_files_are_not(name, text, tmp_path):
    assert not is_own(saved(tmp_path, name, text.encode()))


def test_a_play_of_each_history(tmp_path):
    row = {
        "ts": "2021-03-04T05:06:07Z",
        "ms_played": 40_000.0,
        "skipped": False,
        "master_metadata_track_name": " T ",
        "master_metadata_album_artist_name": "A",
        "spotify_track_uri": "spotify:track:" + track_id(5),
    }
    (play,) = read(saved(tmp_path, "a.json", json.dumps([row]).encode())).plays
    moment = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert play == (track_id(5), "T", "A", moment, 40_000, False, "extended history")
    row = {
        "endTime": "2021-03-04 05:06",
        "msPlayed": 1,
        "trackName": "T",
        "artistName": "A",
        "skipped": 1,
    }
    (play,) = read(saved(tmp_path, "a.json", json.dumps([row]).encode("utf-16"))).plays
    assert play == (None, "T", "A", moment.replace(second=0), 1, None, "history")


def test_likes_of_the_library_playlists_and_tables(tmp_path):
    for name, data in exported_files().items():
        saved(tmp_path, name.rsplit("/", 1)[-1], data)
    library = read(tmp_path / "YourLibrary.json").likes
    assert [like.track_id for like in library] == [track_id(i) for i in (0, 3, 12, 49)]
    playlists = read(tmp_path / "Playlist1.json")
    assert [like.playlist for like in playlists.likes] == ["Morning", "Morning", "Evening"]
    assert playlists.likes[0].time == datetime(2023, 5, 6, tzinfo=UTC)
    assert playlists.notes == ["1 of 4 entries left out (no tracks, or without title and artist)"]
    table = read(tmp_path / "lieblinge.csv").likes
    assert table[0].title == TRACKS[21][0]
    assert (table[0].playlist, table[0].source) == ("lieblinge", "exportify")
    assert table[0].time == datetime(2022, 1, 1, tzinfo=UTC)


def test_playlists_of_older_exports_name_tracks_without_a_wrapper(tmp_path):
    old = {"playlists": [{"name": "P", "tracks": [{"trackName": "T", "artistName": "A"}]}]}
    (like,) = read(saved(tmp_path, "Playlist.json", json.dumps(old).encode())).likes
    assert like == (None, "T", "A", None, "P", "playlist")


def test_a_table_in_another_language_is_read_by_its_ids(tmp_path):
    text = exportify((3, 4)).replace("Track Name", "Название").replace("Track URI", "Ссылка")
    contents = read(saved(tmp_path, "a.csv", text.encode()))
    assert [like.track_id for like in contents.likes] == [track_id(3), track_id(4)]
    assert contents.notes == ["read by ids alone: no column is called Track Name"]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "empty"),
        (b"[]", "empty"),
        (b'[{"endTime":', "cut short, or no JSON; ask Spotify for the export again"),
        (b"[" * 200_000, "cut short, or no JSON; ask Spotify for the export again"),
        (b'{"a": 1}', "no plays, library or playlists of Spotify's export in it"),
        (b'[{"podcastName": "P"}]', "podcasts or audiobooks, which are not read"),
        (b"\xe9", "not UTF-8 text; ask Spotify for the export again, or save it as UTF-8"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(data, line, tmp_path):
    with pytest.raises(NotReadableError) as error:
        read(saved(tmp_path, "StreamingHistory0.json", data))
    assert str(error.value) == line


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(500_000_000)  # a hole: no bytes on the disk
    with pytest.raises(NotReadableError, match=r"^500 MB, where at most 128 MB are read; ask"):
        read(tmp_path / "a.json")


def test_the_limit_itself_is_read(tmp_path, monkeypatch):
    data = exported_files()["Spotify Account Data/YourLibrary.json"]
    place = saved(tmp_path, "a.json", data)
    monkeypatch.setattr(formats, "LARGEST", len(data))
    assert len(read(place).likes) == 4
    monkeypatch.setattr(formats, "LARGEST", len(data) - 1)
    with pytest.raises(NotReadableError):
        read(place)


@pytest.mark.parametrize(
    ("cell", "result"),
    [
        (f"spotify:track:{track_id(7)}", track_id(7)),
        (f"https://open.spotify.com/track/{track_id(7)}?si=1", track_id(7)),
        (f"https://open.spotify.com/intl-de/track/{track_id(7)}", track_id(7)),
        (f" {track_id(7)} ", track_id(7)),
        ("spotify:local:A:B:C:200", None),
        (f"spotify:episode:{track_id(7)}", None),
        ("", None),
        (7, None),
    ],
)
def test_ids(cell, result):
    assert track_id_of(cell) == result


def test_half_a_pair_of_surrogates_can_be_stored():
    assert text_of(json.loads('"a\\ud83d"')) == "a\ufffd"
    assert text_of(json.loads('"\\ud83d\\ude00"')) == "😀"
