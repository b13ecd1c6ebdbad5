"""What verify says is valid, clean takes; what it refuses, clean refuses with the same line, and
that source alone."""

import csv
import io
import logging
import os
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from raw_folders import CSV, EVENTS, ITEMS, TRACKS, YEARS, ZIP, of_bytes

from nexttrack.data.cleaning import clean, read_made_from
from nexttrack.data.dataset import Dataset
from nexttrack.data.raw.sources import load_sources
from nexttrack.data.raw.verify import inspect_source
from nexttrack.errors import UserError

CENTURY = "spotify-century/data.csv"


def cells(column, *values):
    """Put values into the first rows of a column of a CSV file."""

    def change(path):
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
        at = rows[0].index(column)
        for row, value in zip(rows[1:], values, strict=False):
            row[at] = value
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)

    return change


def values(column, *first, kind=None):
    """Put values into the first rows of a column of a Parquet file."""

    def change(path):
        table = pq.read_table(path)
        at = table.schema.get_field_index(column)
        new = [*first, *table[column].to_pylist()[len(first) :]]
        array = pa.array(new, kind or table.schema.field(column).type)
        pq.write_table(table.set_column(at, column, array), path)

    return change


def of_member(name, change):
    def rewrite(path):
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        members[name] = change(members[name])
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, data in members.items():
                archive.writestr(member, data)

    return rewrite


def lie_about_size(path):
    """Say in both headers of a member that its zeros unpack to ten bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("artists.dat", "tags.dat"):
            archive.writestr(name, bytes(20_000_000))
    size = (20_000_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (10).to_bytes(4, "little")))


def mixed_line_ends(data):
    first, second, rest = data.split(b"\n", 2)
    return first + b"\n" + second + b"\r\n" + rest


TAKEN = {
    "line ends of old Macs": (
        YEARS, of_bytes(lambda data: data.replace(b"\n", b"\r")), "count(*) FROM century_years", 30
    ),
    "playlists without a name": (
        EVENTS,
        values("playlist_name", None, " \t"),
        "count(*) FROM archive_additions WHERE playlist_name IS NULL",
        4 + 2,  # every seventh of the 30 is empty as it is, and now the first two
    ),
    "a blank title in Parquet": (
        TRACKS,
        values("track_name", "NA", " "),
        "count(*) FROM playlist_recordings WHERE title = '' OR title = 'NA'",
        1,
    ),
    "a title of blanks": (
        CENTURY, cells("name", " \u00a0"), "count(*) FROM century_tracks WHERE title = ''", 0
    ),
    "a century before": (
        CENTURY, cells("year", "1899"), "first(year ORDER BY track_id) FROM century_tracks", 1899
    ),
    "explicit in words": (
        CENTURY, cells("explicit", *["True"] * 30), "count_if(explicit) FROM century_tracks", 30
    ),
    "a slow tempo": (CENTURY, cells("tempo", "0.129"), "min(tempo) FROM century_tracks", 0.129),
    "less than half a millisecond": (
        TRACKS, values("duration_ms", 0.3), "min(duration_ms) > 0 FROM playlist_recordings", True
    ),
    "NaN for missing in Parquet": (
        TRACKS,
        values("energy", *[float("nan")] * 30),
        "count_if(feature_source = 'spotify-tracks') FROM playlist_recordings",
        30 - 4,  # whose ids are in spotify-tracks and have names there
    ),
    "artists called NA, null and NaN": (
        CSV,
        cells("artists", "NA", "null", "NaN"),
        "count(*) FROM recordings WHERE artists[1] IN ('NA', 'null', 'NaN')",
        3,
    ),
    "escapes in a list": (
        CENTURY,
        cells("artists", r"""['AC\\DC', "O\'Neil", 'Beyonc\xe9', 'a\q', 'N\u014d\n']"""),
        "list_sort(artists) FROM century_tracks WHERE len(artists) = 5",
        sorted(["AC\\DC", "O'Neil", "Beyoncé", "a\\q", "Nō\n"]),
    ),
    "removed on the day it was added": (
        EVENTS,
        lambda path: values("removed", pq.read_table(path)["added"][0].as_py())(path),
        "count(*) FROM archive_additions",
        30,
    ),
    "one CRLF among LF": (CSV, of_bytes(mixed_line_ends), "count(*) FROM recordings", 30 - 4),
}  # fmt: skip

REFUSED = {
    "a track that is not listed": (
        ITEMS, values("track_id", "x" * 22), "row 1, column track_id: 'xxx"
    ),
    "a tag that is not listed": (
        ZIP,
        of_member(
            "user_taggedartists-timestamps.dat",
            lambda data: data.splitlines(keepends=True)[0] + b"1\t1\t999\t1238536800000\n",
        ),
        "row 2, column tagID: 999 is not in tags.dat",
    ),
    "a pid beyond 32 bits": (
        ITEMS, values("pid", 3_000_000_000), "column pid: 3000000000.0 is not between 0 and 21474"
    ),
    "a position beyond 32 bits": (
        ITEMS, values("pos", 3_000_000_000, kind=pa.int64()), "column pos: 3000000000 is not"
    ),
    "artists as plain text": (
        CENTURY, cells("artists", "Anna"), "column artists: 'Anna' is not a Python list of names"
    ),
    "half a point of popularity": (
        CSV, cells("popularity", "12.5"), "column popularity: '12.5' is not a whole number"
    ),
    "an artist without a name": (
        ZIP,
        of_member("artists.dat", lambda data: data.replace("é name, 0".encode(), b"  ", 1)),
        "row 2, column name: empty",
    ),
    "a genre under two spellings": (
        "spotify-century/data_by_genres.csv",
        cells("genres", "pop", " pop "),
        "rows 2 and 3, column genres: the same in both",
    ),
    "removed before it was added": (
        EVENTS,
        values("removed", datetime(2019, 12, 31)),
        "row 1, column removed: 2019-12-31 is before added, 2020-01-01",
    ),
    "NA among the numbers": (CSV, cells("tempo", "NA"), "column tempo: 'NA' is not a number"),
    "columns missing": (
        ITEMS,
        lambda path: pq.write_table(pq.read_table(path).select(["pid"]), path),
        "columns pos, track_id, part are missing",
    ),
    "a column twice, but for case": (
        TRACKS,
        lambda path: pq.write_table(
            pq.read_table(path).add_column(0, "Tempo", pa.array([1.0] * 30)), path
        ),
        "two columns are called tempo",
    ),
    "a header that lies": (ZIP, lie_about_size, "artists.dat is damaged"),
    "a file missing": (TRACKS, lambda path: path.unlink(), "tracks.parquet is missing"),
    "a damaged page": (
        TRACKS,
        of_bytes(lambda data: data[:4] + b"\xff" * 400 + data[404:]),
        "cannot be read",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def cleaned(write_source, tmp_path_factory):
    """A data folder with every file of every source, cleaned."""
    folder = tmp_path_factory.mktemp("cleaned")
    for source in load_sources().values():
        write_source(source, folder / "raw" / source.name, optional=True)
    clean(folder / "raw", folder / "processed" / "published")
    return folder


@pytest.fixture
def given(cleaned, tmp_path, monkeypatch):
    """The raw folder of a copy that a test may change, and a function that cleans it again."""
    shutil.copytree(cleaned, tmp_path, copy_function=shutil.copy2, dirs_exist_ok=True)
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path))
    return tmp_path / "raw", lambda: clean(tmp_path / "raw", tmp_path / "processed" / "published")


def state(raw, file):
    source = load_sources()[file.partition("/")[0]]
    return inspect_source(source, raw / source.name)


def contents(folder):
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}


@pytest.fixture(scope="module")
def odd(cleaned, tmp_path_factory):
    """The raw files with everything odd that is valid, and a database of what cleaning makes."""
    folder = tmp_path_factory.mktemp("odd")
    shutil.copytree(cleaned / "raw", folder / "raw")
    for file, change, _, _ in TAKEN.values():
        change(folder / "raw" / file)
    with duckdb.connect() as database:
        for path in clean(folder / "raw", folder / "processed").glob("*.parquet"):
            database.read_parquet(str(path)).create_view(path.stem)
        yield folder / "raw", database


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_valid_is_cleaned(name, odd):
    file, _, query, expected = TAKEN[name]
    raw, database = odd
    assert state(raw, file).problems == ()
    assert database.execute(f"SELECT {query}").fetchone()[0] == expected


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_source_costs_only_itself(name, given, cleaned, caplog):
    file, spoil, said = REFUSED[name]
    raw, run = given
    before = contents(cleaned / "processed" / "published")
    spoil(raw / file)
    problems = state(raw, file).problems
    assert said in problems[0]
    assert "\n" not in problems[0]
    with caplog.at_level(logging.WARNING):
        after = contents(run())
    bad = file.partition("/")[0]
    assert caplog.messages == [f"{problems[0]}; until then the tables of {bad} stay as they were"]
    assert after == before  # its own are the old ones, and the others are cleaned as ever
    for dataset in ("lastfm-2k", "playlists", "playlist-archive"):
        assert Dataset.load(dataset, "published").user_items.nnz > 0


def test_without_old_tables_a_bad_source_is_left_out(given, caplog):
    raw, run = given
    shutil.rmtree(raw.parent / "processed")
    values("pid", -1)(raw / ITEMS)
    tables = contents(run())
    assert "playlist_items" not in tables
    assert "are left out" in caplog.messages[0]
    assert Dataset.load("playlist-archive", "published").user_items.nnz > 0
    with pytest.raises(UserError, match="playlists: not there"):
        Dataset.load("playlists", "published")


def test_what_was_kept_is_told_by_what_it_was_made_from(given):
    raw, run = given
    before = read_made_from(raw.parent / "processed" / "published")
    assert set(before["raw"]) == set(before["seen"])
    values("pid", -1)(raw / ITEMS)
    after = read_made_from(run())
    assert after["raw"] == before["raw"]
    assert after["seen"] != before["seen"]


def test_an_id_whose_rows_differ_is_counted(given):
    raw, run = given
    rows = list(csv.reader(io.StringIO((raw / CSV).read_text("utf-8"))))
    other = list(rows[1])
    other[rows[0].index("energy")] = "0.123"
    with (raw / CSV).open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerow(other)
    path = run() / "ledger.parquet"
    with duckdb.connect() as database:
        query = "SELECT rows_changed FROM ledger WHERE name = 'Two descriptions of one id'"
        database.read_parquet(str(path)).create_view("ledger")
        assert database.execute(query).fetchall() == [(1,)]


ZONED = """
import sys
from pathlib import Path
from nexttrack.data.cleaning import clean
clean(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_day_is_the_same_in_every_time_zone(given, tmp_path):
    raw, _ = given
    day = datetime(2019, 5, 25, 0, 30, tzinfo=UTC)
    values("added", *[day] * 30, kind=pa.timestamp("us", tz="UTC"))(raw / EVENTS)
    for name in ("spotify-tracks", "spotify-century", "playlists"):
        shutil.rmtree(raw / name)
    found = {}
    for zone in ("UTC", "America/New_York", "Pacific/Auckland"):
        folder = tmp_path / zone.replace("/", "-")
        command = [sys.executable, "-c", ZONED, str(raw), str(folder)]
        subprocess.run(command, env=os.environ | {"TZ": zone}, check=True)
        found[zone] = contents(folder)
    assert found["America/New_York"] == found["Pacific/Auckland"] == found["UTC"]
    days = pq.read_table(tmp_path / "UTC" / "archive_additions.parquet")["added"].to_pylist()
    assert set(map(str, days)) == {"2019-05-25"}


@pytest.mark.parametrize("name", ["music [1]", "what? *", "year=2020 {a,b} it's"])
def test_a_folder_is_not_read_as_a_pattern(
    name, small_sources, write_source, tmp_path, monkeypatch
):
    for place, rows in ((tmp_path / name, 20), (tmp_path / "music 1", 30)):
        for source in ("lastfm-2k", "playlists"):
            write_source(small_sources[source], place / "raw" / source, rows=rows)
        clean(place / "raw", place / "processed" / "published")
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path / name))
    assert Dataset.load("playlists", "published").user_items.nnz == 20
    assert Dataset.load("lastfm-2k", "published").user_items.nnz == 20


def test_memory_that_does_not_suffice_is_one_line(given, monkeypatch):
    _, run = given

    def exhausted(*_):
        raise duckdb.OutOfMemoryException("Out of Memory Error: at 600 MB")

    monkeypatch.setattr("nexttrack.data.cleaning.store", exhausted)
    with pytest.raises(UserError, match=r"^\S+spotify-tracks: the memory does not suffice"):
        run()


def test_a_folder_that_may_not_be_read_is_a_bad_source_and_no_absent_one(
    given, monkeypatch, caplog
):
    raw, run = given
    listed = Path.iterdir

    def refuse(folder):
        if folder == raw / "playlists":
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    said = f"{raw / 'playlists'} may not be read; change its permissions"
    assert state(raw, ITEMS).problems == (said,)
    assert "playlist_items" in contents(run())
    assert caplog.messages == [f"{said}; until then the tables of playlists stay as they were"]
