"""Small raw files, made from the description of the sources alone: no real data."""

import csv
import io
import json
import random
import shutil
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nexttrack.data import editions
from nexttrack.data.raw.sources import Column, Source, SourceFile, load_sources

SMALL = {"n_tracks": 1_000, "n_listeners": 50, "seed": 3}


@pytest.fixture
def small_sources():
    """The sources as described; a test may change them."""
    load_sources.cache_clear()
    yield load_sources()
    load_sources.cache_clear()


@pytest.fixture(scope="session")
def write_source():
    """A function that writes the required files of a source into a folder, valid and seeded."""

    def write(source: Source, folder: Path, rows: int = 30, seed: int = 0, optional: bool = False):
        folder.mkdir(parents=True, exist_ok=True)
        for file in source.files:
            if file.kind != "json-slices" and (file.required or optional):
                write_file(file, folder / file.name, rows, random.Random(f"{seed} {file.name}"))
        return folder

    return write


@pytest.fixture
def write_raw(small_sources, write_source):
    """A function that writes all sources, laid out as ``data/raw`` is."""

    def write(folder: Path, seed: int = 0) -> Path:
        for source in small_sources.values():
            write_source(source, folder / source.name, seed=seed)
        return folder

    return write


@pytest.fixture(scope="session")
def write_slices():
    """A function that writes playlists, a list of lists of (id, artist, title), as JSON slices."""

    def write(playlists: list[list[tuple[str, str, str]]], folder: Path, size: int) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for first in range(0, len(playlists), size):
            path = folder / f"mpd.slice.{first}-{first + size - 1}.json"
            entries = [
                {
                    "pid": pid,
                    "name": f"playlist {pid}",
                    "num_tracks": len(tracks),
                    "modified_at": 1493424000,
                    "tracks": [
                        {
                            "pos": pos,
                            "track_uri": f"spotify:track:{track}",
                            "artist_name": artist,
                            "track_name": title,
                            "album_name": "an album",
                            "duration_ms": 200_000,
                        }
                        for pos, (track, artist, title) in enumerate(tracks)
                    ],
                }
                for pid, tracks in enumerate(playlists[first : first + size], start=first)
            ]
            text = json.dumps({"info": {"version": "v1"}, "playlists": entries}, indent=1)
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return paths

    return write


def write_file(file: SourceFile, path: Path, rows: int, rng: random.Random) -> None:
    if file.kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in file.members:
                archive.writestr(member.name, text_of(member, rows, rng))
    elif file.kind == "parquet":
        cells = {column.name: cells_of(column, file, rows, rng) for column in file.columns}
        types = {
            "text": pa.large_string(),
            "number": pa.float64(),
            "integer": pa.float64(),
            "boolean": pa.bool_(),
            "date": pa.timestamp("us"),
        }
        schema = pa.schema([(column.name, types[column.type]) for column in file.columns])
        pq.write_table(pa.table(cells, schema=schema), path)
    else:
        path.write_bytes(text_of(file, rows, rng))


def text_of(file: SourceFile, rows: int, rng: random.Random) -> bytes:
    stream = io.StringIO()
    tabs = file.kind == "tsv"
    writer = csv.writer(stream, delimiter="\t" if tabs else ",", lineterminator="\n")
    writer.writerow(column.name for column in file.columns)
    cells = [cells_of(column, file, rows, rng) for column in file.columns]
    writer.writerows(zip(*cells, strict=True))
    return stream.getvalue().encode(file.encoding)


def cells_of(column: Column, file: SourceFile, rows: int, rng: random.Random) -> list:
    # Keys, and what refers to them, count the rows.
    key = any(column.name in names for names in (*file.unique, *file.references))
    return [
        None if column.empty and not key and i % 7 == 3 else cell_of(column, i, key, rng)
        for i in range(rows)
    ]


def cell_of(column: Column, i: int, key: bool, rng: random.Random):
    if column.type == "boolean":
        return rng.random() < 0.5
    if column.type == "date":
        return datetime(2020, 1, 1) + timedelta(days=i)
    if column.type == "text":
        if column.values:
            return rng.choice(column.values)
        if column.pattern.startswith("[0-9A-Za-z]"):
            return f"{i:022}"
        if column.pattern.startswith("\\["):
            return "['Anna', \"D'Arc\"]"
        return "1999-05" if column.pattern else f"é {column.name}, {i}"
    low = int(column.minimum)
    if key:
        return low + i
    high = low + 1000 if column.maximum is None else int(column.maximum)
    if column.type == "integer":
        return rng.randint(low, high)
    return round(rng.uniform(low, high), 4)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A data folder with a small sample edition, made by ensure()."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEXTTRACK_DATA", str(folder))
        patch.delenv("NEXTTRACK_EDITION", raising=False)
        patch.setattr(editions, "SAMPLE", SMALL)
        editions.ensure()
    return folder


@pytest.fixture
def data(world, monkeypatch):
    """The shared small world, read only."""
    monkeypatch.setenv("NEXTTRACK_DATA", str(world))
    monkeypatch.delenv("NEXTTRACK_EDITION", raising=False)
    monkeypatch.setattr(editions, "SAMPLE", SMALL)
    return world


@pytest.fixture
def own(data, tmp_path, monkeypatch):
    """A copy of the small world that a test may change."""
    shutil.copytree(data, tmp_path / "data", copy_function=shutil.copy2)
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"
