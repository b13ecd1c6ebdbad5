"""Every defect that a raw file can have gets one line with file, row, column and what to do, and
an import that meets it leaves what was there before."""

import csv
import io
import sys
import zipfile
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from raw_folders import CSV, EVENTS, ITEMS, TRACKS, YEARS, ZIP, of_bytes

from nexttrack.cli import main
from nexttrack.data.raw.imports import import_folder
from nexttrack.data.raw.verify import inspect_source, verify_source

LOGIN = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Log in</body></html>\n"


def cell(row, column, value):
    """Put a value into one cell of a CSV file; the header is row 1."""

    def change(data):
        lines = data.decode().splitlines()
        at = lines[0].split(",").index(column)
        cells = next(csv.reader([lines[row - 1]]))
        cells[at] = value
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerow(cells)
        lines[row - 1] = stream.getvalue().rstrip("\n")
        return "\n".join(lines).encode() + b"\n"

    return of_bytes(change)


def of_table(change):
    """Change a Parquet file by a function from table to table."""
    return lambda path: pq.write_table(change(pq.read_table(path)), path)


def at(row, column, value):
    """Put a value into one cell of a Parquet table; the first row is row 1."""

    def change(table):
        values = table[column].to_pylist()
        values[row - 1] = value
        i = table.schema.get_field_index(column)
        return table.set_column(i, column, pa.array(values, table.schema.field(column).type))

    return of_table(change)


def of_member(name, change):
    """Change a member of a zip by a function from bytes to bytes, or drop it (None)."""

    def rewrite(path):
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        data = members.pop(name)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for other, content in members.items():
                archive.writestr(other, content)
            if change is not None:
                archive.writestr(name, change(data))

    return rewrite


def with_member(name):
    """Add a member of that name to a zip."""

    def add(path):
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, b"x")

    return add


def flip_in_member(path):
    """Damage the compressed bytes of a zip's largest member."""
    with zipfile.ZipFile(path) as archive:
        info = max(archive.infolist(), key=lambda info: info.compress_size)
    data = bytearray(path.read_bytes())
    middle = info.header_offset + 60 + info.compress_size // 2
    data[middle : middle + 8] = bytes(b ^ 0xFF for b in data[middle : middle + 8])
    path.write_bytes(data)


def rename(old, new):
    return of_bytes(lambda data: data.replace(old, new, 1))


def without_column(column):
    return of_table(lambda table: table.drop_columns([column]))


def as_text(column):
    return of_table(
        lambda table: table.set_column(
            table.schema.get_field_index(column), column, pc.cast(table[column], pa.string())
        )
    )


def cut(share):
    return of_bytes(lambda data: data[: int(len(data) * share)])


def cut_in_row(row):
    """Cut a text file in the middle of a row."""

    def change(data):
        lines = data.splitlines(keepends=True)
        return b"".join(lines[: row - 1]) + lines[row - 1][: len(lines[row - 1]) // 2]

    return of_bytes(change)


def damage_pages(path):
    """Overwrite a Parquet file's data and leave its footer."""
    data = bytearray(path.read_bytes())
    data[4:400] = b"\xff" * 396
    path.write_bytes(data)


DEFECTS = {
    "csv cut in a row": (CSV, cut_in_row(20), ["ends in the middle of row 20", "cut short"]),
    "parquet cut short": (ITEMS, cut(0.6), ["no valid footer", "cut short"]),
    "parquet of a few bytes": (ITEMS, of_bytes(lambda data: data[:4]), ["cut short"]),
    "parquet damaged inside": (TRACKS, damage_pages, ["cannot be read"]),
    "zip cut short": (ZIP, cut(0.7), ["cut short"]),
    "zip damaged inside": (ZIP, flip_in_member, [".dat is damaged"]),
    "csv without a column": (
        YEARS,
        rename(b",tempo,", b",t,"),
        ["column tempo is missing", "get the file again"],
    ),
    "csv with a renamed column": (
        CSV,
        rename(b"danceability", b"Danceabilty"),
        ["column danceability is missing", "rename Danceabilty"],
    ),
    "csv with a column twice": (
        YEARS,
        rename(b"energy", b"tempo"),
        ["two columns are called tempo"],
    ),
    "parquet without a column": (ITEMS, without_column("part"), ["column part is missing"]),
    "zip without a member": (
        ZIP,
        of_member("tags.dat", None),
        ["tags.dat is missing in the zip", "get the file again"],
    ),
    "commas in a member": (
        ZIP,
        of_member("user_artists.dat", lambda data: data.replace(b"\t", b",")),
        ["user_artists.dat, row 1", "commas separate the columns where tabs should"],
    ),
    "latin-1": (
        CSV,
        of_bytes(lambda data: data.decode().encode("latin-1")),
        ["row 2", "byte 0xe9 is not UTF-8", "iconv -f latin1"],
    ),
    "zero bytes": (
        CSV,
        of_bytes(lambda data: data[:-600] + bytes(600)),
        ["zero bytes", "damaged"],
    ),
    "log-in page as csv": (CSV, of_bytes(lambda data: LOGIN), ["web page", "log in"]),
    "log-in page as zip": (ZIP, of_bytes(lambda data: LOGIN), ["web page", "log in"]),
    "log-in page as parquet": (ITEMS, of_bytes(lambda data: LOGIN), ["web page", "log in"]),
    "zip as csv": (CSV, of_bytes(lambda data: b"PK\x03\x04" + data), ["is a zip archive"]),
    "csv as parquet": (ITEMS, of_bytes(lambda data: b"pid,pos\n1,2\n"), ["is not Parquet"]),
    "empty csv": (CSV, of_bytes(lambda data: b""), ["is empty", "get the file again"]),
    "empty zip": (ZIP, of_bytes(lambda data: b""), ["is empty"]),
    "empty parquet": (ITEMS, of_bytes(lambda data: b""), ["is empty"]),
    "empty member": (ZIP, of_member("tags.dat", lambda data: b""), ["tags.dat is empty"]),
    "csv with a header alone": (
        YEARS,
        of_bytes(lambda data: data.splitlines(keepends=True)[0]),
        ["column names and no rows"],
    ),
    "parquet without rows": (ITEMS, of_table(lambda table: table.slice(0, 0)), ["no rows"]),
    "text in a number": (
        CSV,
        cell(5, "tempo", "fast"),
        ["row 5, column tempo: 'fast' is not a number", "mend it"],
    ),
    "text in a column of numbers of a member": (
        ZIP,
        of_member("user_artists.dat", lambda data: data.replace(b"\n1\t", b"\nx\t", 1)),
        ["user_artists.dat, row 2, column userID: 'x' is not a number"],
    ),
    "parquet with numbers as text": (
        TRACKS,
        as_text("tempo"),
        ["column tempo: type string where number is wanted"],
    ),
    "infinity": (
        CSV,
        cell(7, "loudness", "-inf"),
        ["row 7, column loudness: '-inf' is not a finite number"],
    ),
    "not a number": (CSV, cell(7, "valence", "nan"), ["row 7, column valence: 'nan' is not a fin"]),
    "infinity in parquet": (
        TRACKS,
        at(2, "tempo", float("inf")),
        ["row 2, column tempo: inf is not a finite number"],
    ),
    "out of range": (
        CSV,
        cell(3, "energy", "1.5"),
        ["row 3, column energy: '1.5' is not between 0 and 1"],
    ),
    "out of range, with a unit": (
        CSV,
        cell(31, "tempo", "900"),
        ["row 31, column tempo: '900' is not between 0 and 300 BPM"],
    ),
    "out of range in parquet": (ITEMS, at(4, "pid", -1), ["row 4, column pid: -1"]),
    "a date out of range": (
        EVENTS,
        at(4, "added", datetime(1970, 1, 1)),
        ["row 4, column added: 1970-01-01 is not between 2006-01-01"],
    ),
    "not a whole number": (CSV, cell(6, "key", "2.5"), ["column key: '2.5' is not a whole number"]),
    "not true or false": (
        CSV,
        cell(6, "explicit", "perhaps"),
        ["row 6, column explicit: 'perhaps' is not true or false"],
    ),
    "not one of the values": (ITEMS, at(9, "part", "half"), ["row 9, column part: 'half' is none"]),
    "not an id": (
        CSV,
        cell(4, "track_id", "abc"),
        ["row 4, column track_id: 'abc' is not an id of 22"],
    ),
    "an empty cell": (CSV, cell(8, "tempo", ""), ["row 8, column tempo: empty"]),
    "an id twice": (
        TRACKS,
        lambda path: at(9, "track_id", pq.read_table(path)["track_id"][1].as_py())(path),
        ["rows 2 and 9, column track_id", "must be unique"],
    ),
    "a year twice": (
        YEARS,
        of_bytes(lambda data: data + data.splitlines(keepends=True)[3]),
        ["rows 4 and 32, column year", "must be unique"],
    ),
    "a pair twice": (
        ZIP,
        of_member("user_artists.dat", lambda data: data + data.splitlines(keepends=True)[1]),
        ["user_artists.dat, rows 2 and 32, column userID and artistID", "must be unique"],
    ),
    "a row too short": (
        CSV,
        of_bytes(lambda data: data + b"7,8\n"),
        ["row 32: 2 cells where the header has 20"],
    ),
    "a row too long": (
        ZIP,
        of_member("tags.dat", lambda data: data + b"77\ta\tb\n"),
        ["tags.dat, row 32: 3 cells where the header has 2"],
    ),
    "a name that climbs out": (
        ZIP,
        with_member("../evil.dat"),
        ["'../evil.dat', which leads out of its folder", "do not unpack it"],
    ),
    "an absolute name": (ZIP, with_member("/etc/evil"), ["'/etc/evil', which leads out"]),
    "an absolute name of Windows": (ZIP, with_member("C:\\evil"), ["leads out of its folder"]),
    "a name that climbs out, by backslashes": (
        ZIP,
        with_member("a\\..\\..\\evil"),
        ["leads out of its folder"],
    ),
    "a required file missing": (
        TRACKS,
        lambda path: path.unlink(),
        ["playlists/tracks.parquet is missing", "nexttrack data import"],
    ),
}


@pytest.fixture
def before(small_sources, write_source, tmp_path, monkeypatch):
    """A function that imports valid data of a source and returns another valid folder, to be spoilt
    and imported, and the folder with what was imported."""
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path / "data"))

    def bring(name):
        for seed, folder in enumerate(("first", "second")):
            write_source(small_sources[name], tmp_path / folder / name, seed=seed)
        import_folder(tmp_path / "first", tmp_path / "data" / "raw")
        return tmp_path / "second", tmp_path / "data" / "raw"

    return bring


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_gets_a_line_and_what_was_there_stays(
    name, before, small_sources, monkeypatch, capsys
):
    target, spoil, words = DEFECTS[name]
    source = target.split("/")[0]
    given, raw = before(source)
    spoil(given / target)
    kept = contents(raw)
    monkeypatch.setattr(sys, "argv", ["nexttrack", "data", "import", str(given)])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1 and err.startswith("error: ")
    assert str(given / target) in err or str((given / target).parent) in err
    for word in words:
        assert word in err
    assert contents(raw) == kept
    verify_source(small_sources[source], raw / source)


def test_verify_names_every_bad_file_and_column_once(before, small_sources):
    given, _ = before("spotify-tracks")
    for row in (3, 5, 6):
        cell(row, "tempo", "fast")(given / CSV)
    cell(9, "key", "99")(given / CSV)
    report = inspect_source(small_sources["spotify-tracks"], given / "spotify-tracks")
    assert report.state == "invalid"
    assert len(report.problems) == 2
    assert "row 9, column key: '99' is not between -1 and 11" in report.problems[0]
    assert "row 3, column tempo: 'fast' is not a number (and 2 more like it)" in report.problems[1]


def test_a_byte_order_mark_is_harmless(before, small_sources):
    given, raw = before("spotify-century")
    of_bytes(lambda data: b"\xef\xbb\xbf" + data)(given / YEARS)
    source = small_sources["spotify-century"]
    rows = [report.rows for report in verify_source(source, given / source.name)]
    assert rows == [30, 30]
    import_folder(given, raw)
    assert contents(raw)[(raw / YEARS).relative_to(raw)].startswith(b"\xef\xbb\xbf")


def test_line_ends_of_windows_are_harmless(before, small_sources):
    given, _ = before("spotify-century")
    of_bytes(lambda data: data.replace(b"\n", b"\r\n"))(given / YEARS)
    source = small_sources["spotify-century"]
    assert verify_source(source, given / source.name)[0].rows == 30


def test_a_quoted_line_break_is_harmless(before, small_sources):
    given, _ = before("spotify-tracks")
    cell(4, "track_name", "a\nb")(given / CSV)
    source = small_sources["spotify-tracks"]
    assert verify_source(source, given / source.name)[0].rows == 30


def test_what_differs_from_the_published_file_is_a_note_and_no_fault(
    small_sources, write_source, tmp_path
):
    source = small_sources["lastfm-2k"]
    report = inspect_source(source, write_source(source, tmp_path))
    assert report.state == "present"
    assert len(report.notes) == 6  # rows of five members, and a checksum
    assert "artists.dat has 30 rows where the published file has 17,632" in report.notes[0]
    assert report.notes[-1].endswith("is not, byte for byte, the published file")


def test_a_folder_name_that_looks_like_a_pattern_is_taken_literally(
    small_sources, write_source, tmp_path
):
    source = small_sources["playlists"]
    write_source(source, tmp_path / "what? [1] it's *")
    assert len(verify_source(source, tmp_path / "what? [1] it's *")) == 2
