"""``nexttrack data``: what each command prints, and its exit code."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from nexttrack import project
from nexttrack.data.commands import data_app
from nexttrack.errors import UserError


@pytest.fixture
def run(small_sources, tmp_path, monkeypatch):
    """A function that runs a command on an empty data folder and returns its result."""
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path / "data"))
    return lambda *arguments: CliRunner().invoke(data_app, [str(a) for a in arguments])


def test_list_shows_every_source_with_its_address_terms_and_citation(run, small_sources):
    result = run("list")
    assert result.exit_code == 0
    for source in small_sources.values():
        for part in (source.name, source.what, source.address, source.terms, source.citation):
            assert part in result.output


def test_import_then_status_and_verify(run, write_raw, tmp_path, small_sources):
    given = write_raw(tmp_path / "given")
    result = run("import", given)
    assert result.exit_code == 0
    names = [line for line in result.output.splitlines() if not line.startswith(" ")]
    assert names == list(small_sources)
    origin = given / "spotify-tracks" / "dataset.csv"
    assert f"    dataset.csv  30 rows  from {origin}\n" in result.output
    assert (project.raw_dir() / "spotify-tracks" / "dataset.csv").exists()
    lines = run("status").output.splitlines()
    for name in small_sources:
        assert any(name in line and "present" in line for line in lines)
    assert "published edition: not cleaned" in lines
    result = run("verify")
    assert result.exit_code == 0
    assert "spotify-tracks: present, 30 rows are valid" in result.output


def test_import_says_which_sources_are_not_there(run, small_sources, write_source, tmp_path):
    write_source(small_sources["playlists"], tmp_path / "given" / "playlists")
    result = run("import", tmp_path / "given")
    assert result.exit_code == 0
    folder = tmp_path / "given" / "playlists"
    assert result.output == (
        "playlists\n"
        "    playlist_tracks.parquet  30 playlists, 30 entries  from "
        f"{folder / 'playlist_tracks.parquet'}\n"
        f"    tracks.parquet  30 tracks  from {folder / 'tracks.parquet'}\n"
        f"not in {tmp_path / 'given'}: spotify-tracks, spotify-century, lastfm-2k, "
        "playlist-archive\n"
    )
    status = run("status").output
    assert status.count("present") == 1 and status.count("missing") == 4


def test_import_says_what_was_replaced_left_out_and_noted(
    run, small_sources, write_source, tmp_path
):
    source = small_sources["playlist-archive"]
    for seed in (1, 2):
        given = write_source(source, tmp_path / "given" / ":cat: [b]", seed=seed)
        (given / "notes.md").touch()
        result = run("import", given)
    kept = project.raw_dir() / ".previous" / source.name
    back = f"(nexttrack data import {kept} --replace brings it back)"
    assert result.output.splitlines()[-4:] == [
        f"    what was there before: {kept} {back}",
        "left out",
        f"    {given}/notes.md: no file of the sources",
        f"not in {given}: spotify-tracks, spotify-century, lastfm-2k, playlists",
    ]
    few = write_source(source, tmp_path / "few", rows=7)
    assert "add --replace" in str(run("import", few).exception)
    assert run("import", few, "--replace").exit_code == 0


def test_to_list_the_sources_takes_no_heavy_import():
    script = (
        "import sys; from nexttrack.cli import app; app(['data', 'list'], standalone_mode=False); "
        "print(sorted({'duckdb', 'numpy', 'pandas', 'pyarrow', 'requests', 'scipy', 'sklearn', "
        "'numba', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_status_knows_a_cleaned_edition(run):
    ledger = project.processed_dir("sample") / "ledger.parquet"
    ledger.parent.mkdir(parents=True)
    ledger.touch()
    output = run("status").output
    assert "sample edition: cleaned" in output
    assert "published edition: not cleaned" in output


def test_verify_fails_and_names_every_problem(run, write_raw):
    raw = write_raw(project.raw_dir())
    (raw / "spotify-tracks" / "dataset.csv").write_bytes(b"")
    (raw / "playlists" / "tracks.parquet").unlink()
    result = run("verify")
    assert result.exit_code == 1
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == len(result.stderr.splitlines()) == 2
    assert "dataset.csv is empty" in errors[0]
    assert "tracks.parquet is missing" in errors[1]
    status = run("status").output
    assert status.count("invalid") == 2 and status.count("present") == 3


def test_verify_without_any_data_is_no_failure(run):
    result = run("verify")
    assert result.exit_code == 0
    assert result.output.count("missing") == 5


def test_get_says_how_to_bring_what_cannot_be_downloaded(run, write_raw, tmp_path):
    run("import", write_raw(tmp_path / "given"))
    result = run("get")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split(":")[0] for line in lines[:2]] == ["playlists", "playlist-archive"]
    assert all("nexttrack data import FOLDER" in line for line in lines[:2])
    assert lines[2:] == ["nothing to download: all is there"]


def test_clean_refuses_an_unknown_edition(run):
    result = run("clean", "--edition", "draft")
    assert result.exit_code == 2
    assert "draft is neither published nor sample" in result.output


def test_clean_without_any_data_says_so(run):
    result = run("clean")
    assert isinstance(result.exception, UserError)
    assert "holds no source" in str(result.exception)


def test_clean_and_simulate_hand_over_to_their_modules(run, write_raw, monkeypatch):
    raw = write_raw(project.raw_dir())
    calls = []
    cleaning = type(sys)("nexttrack.data.cleaning")
    cleaning.clean = lambda *folders: calls.append(folders) or folders[1]
    simulator = type(sys)("nexttrack.data.simulator")
    simulator.write_sources = lambda folder, **options: calls.append((folder, options))
    monkeypatch.setitem(sys.modules, "nexttrack.data.cleaning", cleaning)
    monkeypatch.setitem(sys.modules, "nexttrack.data.simulator", simulator)
    monkeypatch.setattr("nexttrack.data.cleaning", cleaning, raising=False)
    monkeypatch.setattr("nexttrack.data.simulator", simulator, raising=False)
    assert run("clean").exit_code == 0
    assert run("simulate", "--tracks", 50, "--listeners", 20, "--seed", 3).exit_code == 0
    assert run("clean", "--edition", "sample").exit_code == 0
    sample = project.raw_dir("sample")
    assert calls == [
        (raw, project.processed_dir("published")),
        (sample, {"n_tracks": 50, "n_listeners": 20, "seed": 3}),
        (sample, project.processed_dir("sample")),
    ]
