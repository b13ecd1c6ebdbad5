"""What people bring: however it is packed, named or saved, the rows are those of the plain files,
or one line says what it is and what to do."""

import csv
import gzip
import io
import os
import shutil
import struct
import tarfile
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from raw_folders import CSV, ITEMS, YEARS, ZIP, unprivileged

from nexttrack.data.database import open_database
from nexttrack.data.raw.cells import store
from nexttrack.data.raw.imports import import_folder
from nexttrack.data.raw.sources import load_sources
from nexttrack.data.raw.verify import read_source
from nexttrack.errors import UserError

TRACKS = "spotify-tracks"


@pytest.fixture(scope="module")
def plain(write_source, tmp_path_factory):
    """The files as they are published, small."""
    place = tmp_path_factory.mktemp("plain")
    for name, source in load_sources().items():
        write_source(source, place / name)
    return place


@pytest.fixture(scope="module")
def plain_rows(plain, tmp_path_factory):
    """The rows of each source after a plain import."""
    raw = tmp_path_factory.mktemp("raw")
    import_folder(plain, raw)
    return {name: rows_of(raw, name) for name in load_sources()}


def rows_of(raw, name):
    """The rows of every table of a source, as the cleaning reads them."""
    with open_database() as database:
        database.execute("CREATE SCHEMA IF NOT EXISTS raw")
        report, tables = read_source(database, load_sources()[name], raw / name)
        assert not report.problems
        for cells in tables:
            store(database, cells)
        names = sorted(cells.file.table for cells in tables)
        return {table: database.sql(f'FROM raw."{table}"').fetchall() for table in names}


def zipped(files, target):
    """Write a zip of (name, bytes or path)."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, bytes) else content.read_bytes())
    return target


def everything(folder, under=""):
    return {
        under + path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def as_text(path, separator, encoding, first="", decimal="."):
    """The bytes of a CSV as another program saves it."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    if decimal == ",":
        rows[1:] = [[c.replace(".", ",") if is_number(c) else c for c in row] for row in rows[1:]]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return (first + stream.getvalue()).encode(encoding)


def is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def with_column(path, name):
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.insert(0, name, [str(i) for i in range(len(frame))])
    return frame.to_csv(index=False).encode()


def reordered(path):
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    return frame[sorted(frame.columns)].assign(more="x").to_csv(index=False).encode()


def save(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def folder_of(files, place):
    for name, content in files.items():
        save(place / name, content if isinstance(content, bytes) else content.read_bytes())
    return place


def as_parquet(path, target):
    target.parent.mkdir(parents=True)
    pd.read_csv(path, dtype={"track_id": str}).to_parquet(target)
    return target


def linked(plain, place):
    place.mkdir()
    (place / "music").symlink_to(plain / "spotify-tracks")
    return place


ALL = ["spotify-tracks", "spotify-century", "lastfm-2k", "playlists", "playlist-archive"]
# What is brought, made of the plain files at a place; and which sources come in.
TAKEN = {
    "the whole folder zipped": (lambda p, at: zipped(everything(p), at / "raw.zip"), ALL),
    "a zip as a browser names it": (
        lambda p, at: zipped({"dataset.csv": p / CSV}, at / "archive (1).zip"),
        [TRACKS],
    ),
    "a zip again zipped with its folder": (
        lambda p, at: zipped(everything(p / "spotify-century", "a/Archive/"), at / "x.zip"),
        ["spotify-century"],
    ),
    "a zip in a zip": (
        lambda p, at: zipped(
            {"in/archive.zip": zipped({"dataset.csv": p / CSV}, at / "archive.zip")}, at / "out.zip"
        ),
        [TRACKS],
    ),
    "a zip made on a Mac": (
        lambda p, at: zipped(
            {"s/dataset.csv": p / CSV, "__MACOSX/s/._dataset.csv": b"\0\5\x16\7"}, at / "s.zip"
        ),
        [TRACKS],
    ),
    "names in capitals": (
        lambda p, at: folder_of({"Tracks/DATASET.CSV": p / CSV}, at / "given"),
        [TRACKS],
    ),
    "another name": (
        lambda p, at: folder_of({"spotify tracks 2022.csv": p / CSV}, at / "given"),
        [TRACKS],
    ),
    "a file alone": (lambda p, at: p / CSV, [TRACKS]),
    "a folder that is a link": (lambda p, at: linked(p, at / "x"), [TRACKS]),
    "a zip beside what was unpacked of it": (
        lambda p, at: folder_of(
            {
                "dataset.csv": p / CSV,
                "archive.zip": zipped({"dataset.csv": p / CSV}, at / "archive.zip"),
            },
            at / "given",
        ),
        [TRACKS],
    ),
    "three sources flat in one folder": (
        lambda p, at: folder_of(
            {
                "dataset.csv": p / CSV,
                "data_by_year.csv": p / YEARS,
                "data_by_genres.csv": p / "spotify-century/data_by_genres.csv",
                "hetrec2011-lastfm-2k.zip": p / ZIP,
                "readme.txt": b"hello\n",
            },
            at / "given",
        ),
        ["spotify-tracks", "spotify-century", "lastfm-2k"],
    ),
    "gzip": (
        lambda p, at: save(at / "dataset.csv.gz", gzip.compress((p / CSV).read_bytes())),
        [TRACKS],
    ),
    "Parquet for CSV": (lambda p, at: as_parquet(p / CSV, at / "a/train.parquet"), [TRACKS]),
    "semicolons and decimal commas": (
        lambda p, at: save(at / "d.csv", as_text(p / CSV, ";", "utf-8-sig", decimal=",")),
        [TRACKS],
    ),
    "semicolons said in the first line": (
        lambda p, at: save(at / "d.csv", as_text(p / CSV, ";", "utf-8", first="sep=;\r\n")),
        [TRACKS],
    ),
    "Excel's Unicode text": (
        lambda p, at: save(at / "dataset.txt", as_text(p / CSV, "\t", "utf-16")),
        [TRACKS],
    ),
    "UTF-16 without a mark": (
        lambda p, at: save(at / "dataset.csv", as_text(p / CSV, ",", "utf-16-le")),
        [TRACKS],
    ),
    "UTF-8 with a mark": (
        lambda p, at: save(at / "dataset.csv", as_text(p / CSV, ",", "utf-8-sig")),
        [TRACKS],
    ),
    "an index without a name": (
        lambda p, at: save(at / "dataset.csv", with_column(p / CSV, "")),
        [TRACKS],
    ),
    "an index that pandas named": (
        lambda p, at: save(at / "dataset.csv", with_column(p / CSV, "Unnamed: 0")),
        [TRACKS],
    ),
    "columns in another order, and more": (
        lambda p, at: save(at / "dataset.csv", reordered(p / CSV)),
        [TRACKS],
    ),
    "CSV for Parquet": (
        lambda p, at: folder_of(
            {
                f"{name}.csv": pd.read_parquet(p / f"playlists/{name}.parquet")
                .to_csv(index=False)
                .encode()
                for name in ("playlist_tracks", "tracks")
            },
            at / "given",
        ),
        ["playlists"],
    ),
    "lastfm-2k unpacked": (
        lambda p, at: folder_of(members(p / ZIP), at / "hetrec2011-lastfm-2k"),
        ["lastfm-2k"],
    ),
    "lastfm-2k unpacked and zipped again": (
        lambda p, at: zipped(
            {f"hetrec/{name.upper()}": data for name, data in members(p / ZIP).items()},
            at / "lastfm.zip",
        ),
        ["lastfm-2k"],
    ),
    "lastfm-2k as a browser names it": (
        lambda p, at: save(at / "hetrec2011-lastfm-2k (2).zip", (p / ZIP).read_bytes()),
        ["lastfm-2k"],
    ),
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_is_taken_has_the_rows_of_the_plain_files(what, plain, plain_rows, tmp_path):
    bring, names = TAKEN[what]
    (tmp_path / "at").mkdir()
    done = import_folder(bring(plain, tmp_path / "at"), tmp_path / "raw")
    assert list(done.sources) == names
    for name in names:
        assert rows_of(tmp_path / "raw", name) == plain_rows[name]


# What is refused ---------------------------------------------------------------------------------


def lying_zip(place):
    """A zip whose header says 100 bytes, of a member that unpacks to 64 MB."""
    zipped({"dataset.csv": bytes(2**26)}, place)
    size = struct.pack("<I", 2**26)
    place.write_bytes(place.read_bytes().replace(size, struct.pack("<I", 100)))
    return place


def zip_with_link(place):
    with zipfile.ZipFile(place, "w") as archive:
        info = zipfile.ZipInfo("dataset.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    return place


def tarred(path, place):
    with tarfile.open(place, "w:gz") as archive:
        archive.add(path, "dataset.csv")
    return place


def dangling(place):
    place.mkdir()
    (place / "dataset.csv").symlink_to("/nowhere/dataset.csv")
    return place


OWN = (
    "of your own music, Spotify's data export and Exportify's tables are read; the models take any "
    "other matrix of users and items (README.md, Use the code)"
)
EXCEL = (
    "an Excel workbook; save its sheet as CSV UTF-8, and better get the file as published: Excel "
    "changes numbers and names"
)
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 20118244\n"
# What is brought, and the whole line; {at} is where it was put.
REFUSED = {
    "a Git LFS pointer": (
        lambda p, at: save(at / "dataset.csv", POINTER),
        "{at}/dataset.csv is a Git LFS pointer, not the file itself: run git lfs pull in the "
        "repository it is from",
    ),
    "scrobbles": (
        lambda p, at: save(
            at / "me.csv",
            b"uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n1,x,a,,b,,c,\n",
        ),
        f"{{at}}/me.csv: a last.fm scrobbles export: {OWN}",
    ),
    "scrobbles without a header": (
        lambda p, at: save(at / "me.csv", "Björk,Post,Hyper:cat:,12 Feb 2020 10:11\n".encode()),
        f"{{at}}/me.csv: a last.fm scrobbles export: {OWN}",
    ),
    "a zip bomb": (
        lambda p, at: zipped({"dataset.csv": b"0" * 3_000_000}, at / "a.zip"),
        "{at}/a.zip: dataset.csv: would unpack to over 200 times its size, as no data do; get the "
        "file again",
    ),
    "an Excel workbook": (
        lambda p, at: zipped(
            {"[Content_Types].xml": b"<?xml", "xl/workbook.xml": b"<?xml"}, at / "dataset.xlsx"
        ),
        f"{{at}}/dataset.xlsx: {EXCEL}",
    ),
    "a tar archive": (
        lambda p, at: tarred(p / CSV, at / "dataset.tar.gz"),
        "{at}/dataset.tar.gz: a tar archive; unpack it and give the folder",
    ),
    "a 7z archive": (
        lambda p, at: save(at / "dataset.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40)),
        "{at}/dataset.7z: a 7z archive: no file of the sources; unpack or convert it",
    ),
    "another data set": (
        lambda p, at: save(at / "data.csv", b"user,item,rating\n1,2,3\n"),
        "{at}/data.csv: no file of the sources (its columns are user, item, rating)",
    ),
    "two that differ": (
        lambda p, at: folder_of({"train.csv": p / CSV, "test.csv": reordered(p / CSV)}, at / "x"),
        "{at}/x/test.csv and {at}/x/train.csv differ, and each would be dataset.csv of "
        "spotify-tracks; leave one (or give it alone: nexttrack data import FILE); if they are "
        "parts of one table, join them first",
    ),
    "columns missing": (
        lambda p, at: save(
            at / "dataset.csv",
            pd.read_csv(p / CSV, dtype=str)
            .drop(columns=["tempo", "key"])
            .to_csv(index=False)
            .encode(),
        ),
        "{at}/dataset.csv: columns key, tempo are missing; get the file again",
    ),
    "gzip cut short": (
        lambda p, at: save(at / "dataset.csv.gz", gzip.compress((p / CSV).read_bytes())[:-100]),
        "{at}/dataset.csv.gz is cut short or damaged (Compressed file ended before the "
        "end-of-stream marker was reached); get the file again",
    ),
    "a zip cut short": (
        lambda p, at: save(
            at / "archive (1).zip",
            zipped({"dataset.csv": p / CSV}, at / "whole.zip").read_bytes()[:-50],
        ),
        "{at}/archive (1).zip: a zip archive that is cut short or damaged; get the file again",
    ),
    "Parquet cut short": (
        lambda p, at: save(at / "train.parquet", (p / ITEMS).read_bytes()[:-50]),
        "{at}/train.parquet: a Parquet file that is cut short or damaged; get the file again",
    ),
    "a zip that climbs out": (
        lambda p, at: zipped({"../dataset.csv": p / CSV}, at / "a.zip"),
        "{at}/a.zip holds the name '../dataset.csv', which leads out of its folder: do not unpack "
        "it; get the file again from its publisher",
    ),
    "a zip with a link": (
        lambda p, at: zip_with_link(at / "a.zip"),
        "{at}/a.zip holds 'dataset.csv', a link and no file: do not unpack it; get the file again "
        "from its publisher",
    ),
    "a zip with a lying header": (
        lambda p, at: lying_zip(at / "a.zip"),
        "{at}/a.zip: dataset.csv is damaged (Bad CRC-32 for file 'dataset.csv'); get the file "
        "again",
    ),
    "a pipe": (
        lambda p, at: os.mkfifo(at / "dataset.csv") or at / "dataset.csv",
        "{at}/dataset.csv: no regular file",
    ),
    "a link to nothing": (
        lambda p, at: dangling(at / "x"),
        "{at}/x/dataset.csv is a link to /nowhere/dataset.csv, which is not there; bring the file "
        "itself, or remove the link",
    ),
    "a semicolon file whose commas may group thousands": (
        lambda p, at: save(
            at / "d.csv",
            as_text(p / CSV, ";", "utf-8").replace(
                as_text(p / CSV, ";", "utf-8").splitlines()[1].split(b";")[5], b"230,666", 1
            ),
        ),
        "{at}/d.csv, row 2, column duration_ms: '230,666' is not a number; mend it or get the "
        "file again",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_gets_a_line(what, plain, tmp_path):
    bring, line = REFUSED[what]
    (tmp_path / "at").mkdir()
    place = bring(plain, tmp_path / "at")
    with pytest.raises(UserError) as error:
        import_folder(place, tmp_path / "raw")
    assert str(error.value) == line.format(at=tmp_path / "at")
    assert [path.name for path in (tmp_path / "raw").iterdir()] == [".lock"]


def test_a_folder_of_nothing_known_says_the_first_thing_that_it_knows(tmp_path):
    save(tmp_path / "my.data" / "notes.txt", b"a\n")
    save(tmp_path / "my.data" / "lastfm-scrobbles.csv", b"x,y\n")
    with pytest.raises(UserError) as error:
        import_folder(tmp_path / "my.data", tmp_path / "raw")
    line = str(error.value)
    assert line.startswith(f"{tmp_path / 'my.data'} holds none of the sources; ")
    assert "lastfm-scrobbles.csv: a last.fm scrobbles export" in line


@pytest.fixture
def open_folder():
    """A folder that everybody may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_may_not_be_read_gets_a_line(what, plain, open_folder):
    place = open_folder
    shutil.copytree(plain / "spotify-tracks", place / "given")
    (place / "raw").mkdir()
    (place / "raw").chmod(0o777)
    secret = place / "given" if what == "folder" else place / "given" / "dataset.csv"
    secret.chmod(0)
    with unprivileged(), pytest.raises(UserError) as error:
        import_folder(place / "given", place / "raw")
    secret.chmod(0o755)
    assert str(error.value).startswith(str(secret))
    assert str(error.value).endswith(" may not be read; change its permissions")


def test_what_was_left_out_is_told(plain, tmp_path):
    given = folder_of(
        {
            "dataset.csv": plain / CSV,
            "copy/dataset (1).csv": plain / CSV,
            "readme.md": b"x",
            "data_by_artist.csv": b"mode,count,acousticness,artists,danceability,duration_ms,"
            b"energy,instrumentalness,liveness,loudness,speechiness,tempo,valence,popularity,key\n",
        },
        tmp_path / "given",
    )
    done = import_folder(given, tmp_path / "raw")
    assert done.left_out == [
        f"{given}/data_by_artist.csv: means by artist, which the study does not read",
        f"{given}/readme.md: no file of the sources",
        f"{given}/copy/dataset (1).csv: the same as {given}/dataset.csv",
    ]


def test_an_optional_file_alone_joins_those_that_are_there(write_source, small_sources, tmp_path):
    source = small_sources["spotify-century"]
    write_source(source, tmp_path / "all", optional=True)
    write_source(source, tmp_path / "some")
    import_folder(tmp_path / "some", tmp_path / "raw")
    import_folder(tmp_path / "all" / "data.csv", tmp_path / "raw")
    names = {path.name for path in (tmp_path / "raw" / "spotify-century").iterdir()}
    assert names == {"data_by_year.csv", "data_by_genres.csv", "data.csv"}
    with pytest.raises(UserError, match=r"data_by_year\.csv is missing"):
        import_folder(tmp_path / "all" / "data.csv", tmp_path / "other")
