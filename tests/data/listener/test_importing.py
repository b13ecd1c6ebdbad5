"""``nexttrack data import`` on a listener's own files: what it prints, keeps and leaves out."""

import json

import pytest
from listener_exports import TRACKS, exported_files, written, zipped
from typer.testing import CliRunner

from nexttrack import project
from nexttrack.data.commands import data_app
from nexttrack.errors import UserError


@pytest.fixture
def run(small_sources, tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path / "data"))
    return lambda *arguments: CliRunner().invoke(data_app, [str(a) for a in arguments])


@pytest.fixture
def own(tmp_path):
    return tmp_path / "data" / "listener"


def test_a_folder_an_archive_and_a_single_file(run, own, tmp_path):
    folder = written(exported_files(), tmp_path / "given")
    single = folder / "liked_songs.csv"
    assert run("import", single).output == (
        "your own music\n"
        f"    {own}/plays.parquet  0 plays, 0 of them new\n"
        f"    {own}/likes.parquet  3 likes, 3 of them new\n"
        "    3 tracks; to match them to recordings, bring the sources, run `nexttrack data "
        "clean`, and import your own files again\n"
    )
    lines = run("import", folder).output.splitlines()
    assert lines[1:3] == [
        f"    {own}/plays.parquet  200 plays, 200 of them new",
        f"    {own}/likes.parquet  12 likes, 9 of them new",
    ]
    extended = "Spotify Extended Streaming History/Streaming_History_Audio_2023_0.json"
    account = f"{folder}/Spotify Account Data"
    assert lines[4:] == [
        "left out",
        f"    {account}/Playlist1.json: 1 of 4 entries left out (no tracks, or without title and "
        "artist)",
        f"    {account}/StreamingHistory_podcast_0.json: podcasts or audiobooks, which are not "
        "read",
        f"    {folder}/{extended}: 1 of 201 plays left out (podcasts, or without title and artist)",
        f"    {account}/Userdata.json: no file of the sources",
    ]
    archive = zipped({"x/my.zip": zipped(exported_files(), tmp_path / "b").read_bytes()}, own / "a")
    archive = archive.rename(tmp_path / "my_spotify_data.zip")
    assert "200 plays, 0 of them new" in run("import", archive).output
    assert "your own music: 200 plays, 12 likes" in run("status").output


def test_with_cleaned_tables_tracks_are_matched_and_the_others_listed(run, own, tmp_path, recorded):
    folder = written(exported_files(), tmp_path / "given")
    lines = run("import", folder).output.splitlines()
    at = lines.index("    recordings: 3 of 42 tracks matched, 1 by id, 2 by name")
    assert lines[at + 1] == f"    39 not matched, listed in {own}/unmatched.csv; first"
    assert len([line for line in lines if line.startswith("        ")]) == 12
    assert len((own / "unmatched.csv").read_text("utf-8").splitlines()) == 40


@pytest.fixture
def recorded(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path / "data" / "processed" / "published"
    folder.mkdir(parents=True)
    rows = {
        "recording": [0, 1, 2],
        "track_ids": [[f"{1:022}"], ["x"], ["y"]],
        "title": ["Song 2", "numb", TRACKS[5][0].upper()],
        "artists": [["Blur"], ["Others"], [TRACKS[5][1]]],
    }
    pq.write_table(pa.table(rows), folder / "recordings.parquet")


def test_sources_and_own_files_in_one_folder(run, own, write_raw, tmp_path, small_sources):
    given = write_raw(tmp_path / "given")
    written(exported_files(), given / "mine")
    lines = run("import", given).output.splitlines()
    assert [line for line in lines if line in small_sources] == list(small_sources)
    assert f"    {own}/plays.parquet  200 plays, 200 of them new" in lines
    assert (project.raw_dir() / "spotify-tracks" / "dataset.csv").exists()


BAD = {
    "YourLibrary.json": (b"", "empty"),
    "StreamingHistory0.json": (
        b"<html>",
        "cut short, or no JSON; ask Spotify for the export again",
    ),
    "Playlist1.json": (
        b'{"a": 1}',
        "no plays, library or playlists of Spotify's export in it",
    ),
    "liked.csv": (
        b'Track URI,Track Name\nspotify:track:1,"' + str(list(range(200_000))).encode(),
        "damaged: a cell that does not end; export it again",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_one_line_and_loses_nothing(name, run, own, tmp_path):
    written(exported_files(), tmp_path / "given")
    run("import", tmp_path / "given")
    before = {path.name: path.read_bytes() for path in own.iterdir()}
    data, line = BAD[name]
    (tmp_path / name).write_bytes(data)
    result = run("import", tmp_path / name)
    assert isinstance(result.exception, UserError)
    assert str(result.exception) == f"{tmp_path / name}: {line}"
    assert {path.name: path.read_bytes() for path in own.iterdir()} == before


def test_of_several_files_the_bad_ones_are_left_out(run, own, tmp_path):
    files = exported_files() | {name: data for name, (data, _) in BAD.items()}
    zeros = json.dumps([{"endTime": "0" * 3_000_000, "msPlayed": 1, "trackName": ""}]).encode()
    archive = zipped(files | {"bomb.json": zeros}, tmp_path / "a.zip")
    result = run("import", archive)
    assert result.exit_code == 0
    for name, (_, line) in BAD.items():
        assert f"{archive}: {name}: {line}\n" in result.output
    assert f"{archive}: bomb.json: would unpack to over 200 times its size" in result.output
    assert "200 plays, 200 of them new" in result.output


def test_what_is_kept_is_out_of_the_repository(pytestconfig):
    ignored = (pytestconfig.rootpath / ".gitignore").read_text().splitlines()
    assert "/data/listener/" in ignored
