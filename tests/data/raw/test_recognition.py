"""A file is recognised by its columns, else by its name."""

import pyarrow.parquet as pq
import pytest

from nexttrack.data.raw.recognition import Found, plain_name, recognise
from nexttrack.data.raw.sources import load_sources


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("archive (1).zip", "archive.zip"),
        ("Dataset(12).CSV", "dataset.csv"),
        ("dataset - Copy.csv", "dataset.csv"),
        ("dataset - Copy (2).csv", "dataset.csv"),
        ("dataset copy 3.csv.gz", "dataset.csv"),
        ("data_by_year.csv", "data_by_year.csv"),
    ],
)
def test_what_browsers_and_file_managers_add_to_a_name_is_taken_off(name, plain):
    assert plain_name(name) == plain


def test_every_table_of_the_sources_is_recognised_by_its_columns_alone(write_source, tmp_path):
    """Also the two called tracks.parquet, of which one has most of the other's columns."""
    seen = set()
    for name, source in load_sources().items():
        write_source(source, tmp_path / "x", optional=True)
        for file in source.files:
            if file.kind in ("csv", "parquet"):
                path = (tmp_path / "x" / file.name).rename(tmp_path / "renamed.csv")
                found = recognise(path, "shown")
                assert isinstance(found, Found)
                assert (found.source.name, found.file, found.member) == (name, file, None)
                seen.add((name, file.name))
    assert len(seen) == 8


def test_a_table_that_misses_columns_is_still_known_and_one_of_few_is_not(tmp_path):
    columns = [column.name for column in load_sources()["spotify-tracks"].files[0].columns]
    path = tmp_path / "x.csv"
    path.write_text(",".join(columns[:-3]) + "\n")
    assert isinstance(recognise(path, "x"), Found)
    path.write_text(",".join(columns[:8]) + "\n")
    assert recognise(path, "x").startswith("no file of the sources (its columns are track_id, ")


def test_a_table_in_the_folder_of_its_source_is_that_sources(write_source, tmp_path):
    """Without the columns that tell it from the other tracks.parquet."""
    folder = write_source(load_sources()["playlists"], tmp_path / "playlists")
    path = folder / "tracks.parquet"
    table = pq.read_table(path).drop_columns(["artist_name", "track_name", "name_source"])
    pq.write_table(table, path)
    assert recognise(path, "x").source.name == "playlists"
    moved = tmp_path / path.name
    path.rename(moved)
    assert recognise(moved, "x").source.name == "playlist-archive"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("challenge_set.json", "the challenge set"),
        ("userid-timestamp-artid-artname-traid-traname.tsv", "Last.fm 1K"),
        ("usersha1-artmbid-artname-plays.tsv", "Last.fm 360K"),
    ],
)
def test_other_files_are_known_by_name(name, start, tmp_path):
    (tmp_path / name).write_text("{}\n")
    assert recognise(tmp_path / name, name).startswith(start)
