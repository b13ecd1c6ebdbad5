"""Imports: found, verified, atomic, one at a time."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from raw_folders import contents, unprivileged

from nexttrack.data.raw import imports
from nexttrack.data.raw.imports import import_folder
from nexttrack.data.raw.installing import settle
from nexttrack.data.raw.search import Search
from nexttrack.data.raw.sources import load_sources
from nexttrack.data.raw.verify import verify_source
from nexttrack.errors import UserError


@pytest.fixture
def archives(write_source, tmp_path):
    """Two valid folders of playlist-archive, and a raw folder into which the first was imported."""
    source = load_sources()["playlist-archive"]
    for seed, name in enumerate(("first", "second")):
        write_source(source, tmp_path / name / source.name, rows=400, seed=seed)
    import_folder(tmp_path / "first", tmp_path / "raw")
    return tmp_path / "first", tmp_path / "second", tmp_path / "raw"


# Where the sources are --------------------------------------------------------------------------


def test_an_import_copies_byte_for_byte_and_replaces(write_raw, tmp_path, small_sources):
    one, other = write_raw(tmp_path / "one", seed=1), write_raw(tmp_path / "other", seed=2)
    assert list(import_folder(one, tmp_path / "raw").sources) == list(small_sources)
    assert contents(tmp_path / "raw") == contents(one) != contents(other)
    assert list(import_folder(other, tmp_path / "raw").sources) == list(small_sources)
    assert contents(tmp_path / "raw") == contents(other)


def found_in(place, scratch):
    """The names of the sources found in a place."""
    scratch.mkdir(exist_ok=True)
    search = Search(scratch)
    search.look(place)
    return list(dict.fromkeys(found.source.name for found in search.found))


def test_sources_are_found_in_every_layout(write_source, tmp_path):
    sources, scratch = load_sources(), tmp_path / "scratch"
    write_source(sources["playlists"], tmp_path / "a" / "data" / "raw" / "playlists")
    for place in ("a", "a/data", "a/data/raw", "a/data/raw/playlists"):
        assert found_in(tmp_path / place, scratch) == ["playlists"]
    write_source(sources["playlist-archive"], tmp_path / "downloads")
    assert found_in(tmp_path / "downloads", scratch) == ["playlist-archive"]
    write_source(sources["spotify-century"], tmp_path / "kaggle" / "data")
    assert found_in(tmp_path / "kaggle", scratch) == ["spotify-century"]


def test_a_folder_without_any_source_is_told_what_was_looked_for(tmp_path):
    raw = tmp_path / "raw"
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"holds none of the sources; .*spotify-tracks"):
        import_folder(tmp_path / "empty", raw)
    with pytest.raises(UserError, match="does not exist"):
        import_folder(tmp_path / "nowhere", raw)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file: no file of the sources"):
        import_folder(tmp_path / "file", raw)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="link is a link to nothing"):
        import_folder(tmp_path / "link", raw)


def test_the_data_folder_is_not_imported_into_itself(archives):
    _, _, raw = archives
    with pytest.raises(UserError, match="is the data folder itself"):
        import_folder(raw, raw)


def test_optional_files_stay_when_the_folder_has_none(small_sources, write_source, tmp_path):
    source = small_sources["spotify-century"]
    write_source(source, tmp_path / "full" / source.name, seed=1, optional=True)
    write_source(source, tmp_path / "part" / source.name, seed=2)
    import_folder(tmp_path / "full", tmp_path / "raw")
    import_folder(tmp_path / "part", tmp_path / "raw")
    expected = contents(tmp_path / "full") | contents(tmp_path / "part")
    assert contents(tmp_path / "raw") == expected
    assert len(expected) == 3


def test_what_was_replaced_is_kept_until_the_next_success(archives, write_source, tmp_path):
    first, second, raw = archives
    done = import_folder(second, raw).sources["playlist-archive"]
    assert done.previous == raw / ".previous" / "playlist-archive"
    assert contents(done.previous) == contents(first / "playlist-archive")
    # The same files again replace nothing, and what was kept stays.
    again = import_folder(second, raw).sources["playlist-archive"]
    assert again.unchanged and again.previous is None
    assert contents(done.previous) == contents(first / "playlist-archive")
    # It can be imported as any folder can, and then the other is kept.
    import_folder(done.previous, raw)
    assert contents(raw) == contents(first)
    assert contents(done.previous) == contents(second / "playlist-archive")


def test_fewer_rows_replace_more_only_where_that_is_allowed(archives, write_source, tmp_path):
    first, _, raw = archives
    write_source(load_sources()["playlist-archive"], tmp_path / "few", rows=300, seed=5)
    events = raw / "playlist-archive" / "events.parquet"
    with pytest.raises(UserError) as error:
        import_folder(tmp_path / "few", raw)
    assert str(error.value) == (
        f"{tmp_path / 'few' / 'events.parquet'} has 300 rows where {events} has 400; "
        "nothing was replaced; to replace it all the same, add --replace"
    )
    asked = []
    with pytest.raises(UserError):
        import_folder(tmp_path / "few", raw, ask=lambda line: asked.append(line))
    assert len(asked) == 1 and asked[0].endswith("has 400; replace it?")
    assert contents(raw) == contents(first)
    import_folder(tmp_path / "few", raw, replace=True)
    assert contents(raw / "playlist-archive") == contents(tmp_path / "few")


def test_a_file_in_the_place_of_a_folder_is_named_or_replaced(archives, tmp_path):
    _, second, _ = archives
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file: is in the way .*move it away"):
        import_folder(second, tmp_path / "file")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "playlist-archive").touch()
    import_folder(second, tmp_path / "other")
    assert contents(tmp_path / "other") == contents(second)


def test_one_bad_source_stops_the_import_of_all(write_raw, tmp_path):
    import_folder(write_raw(tmp_path / "one", seed=1), tmp_path / "raw")
    write_raw(tmp_path / "other", seed=2)
    (tmp_path / "other" / "playlist-archive" / "events.parquet").write_bytes(b"")
    with pytest.raises(UserError, match=r"events\.parquet is empty"):
        import_folder(tmp_path / "other", tmp_path / "raw")
    assert contents(tmp_path / "raw") == contents(tmp_path / "one")


def test_slices_put_in_place_by_hand_become_tables(write_slices, tmp_path):
    world = [[("0" * 22, "a", "b"), ("1" * 22, "c", "d")]] * 3
    write_slices(world, tmp_path / "raw" / "playlists", size=2)
    imports.tabulate_slices(tmp_path / "raw")
    names = {path.name for path in (tmp_path / "raw" / "playlists").iterdir()}
    assert names == {"playlist_tracks.parquet", "tracks.parquet"}
    before = contents(tmp_path / "raw")
    imports.tabulate_slices(tmp_path / "raw")
    assert contents(tmp_path / "raw") == before


# Killed, two at once, full, read-only -----------------------------------------------------------

DYING_IMPORT = """
import os, signal, sys
from pathlib import Path
from nexttrack import files
from nexttrack.data.raw import conversion, imports, installing

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(count, verb):
    done = []
    def counted(*args, **kwargs):
        if len(done) == count:
            die()
        done.append(1)
        return verb(*args, **kwargs)
    return counted

point = sys.argv[3]
if point == "in the middle of a copy":
    def cut(source, target):
        target.write_bytes(source.read_bytes()[:1000])
        die()
    conversion.shutil.copyfile = cut
elif point == "before the copies are written through":
    installing.write_through = die
elif point == "before the renaming":
    Path.rename = die
elif point == "between the two renamings":
    Path.rename = after(1, Path.rename)
elif point == "after the renaming":
    retire = files._retire
    files._retire = lambda old, keep: die() if old.exists() else retire(old, keep)
imports.import_folder(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def python(script, *arguments):
    return [sys.executable, "-c", script, *map(str, arguments)]


@pytest.mark.parametrize(
    ("point", "replaced"),
    [
        ("in the middle of a copy", False),
        ("before the copies are written through", False),
        ("before the renaming", False),
        ("between the two renamings", False),
        ("after the renaming", True),
    ],
)
def test_a_killed_import_leaves_valid_data_and_the_next_one_works(archives, point, replaced):
    first, second, raw = archives
    killed = subprocess.run(
        python(DYING_IMPORT, second, raw, point), capture_output=True, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    settle(raw)
    source = load_sources()["playlist-archive"]
    verify_source(source, raw / source.name)
    kept = contents(raw / source.name)
    assert kept == contents((second if replaced else first) / source.name)
    import_folder(second, raw)
    assert contents(raw) == contents(second)


SLOW_IMPORT = """
import sys, time
from pathlib import Path
from nexttrack.data.raw import imports

stage = imports._stage
def slowly(*arguments):
    print("holding", flush=True)
    sys.stdin.readline()
    stage(*arguments)
imports._stage = slowly
imports.import_folder(Path(sys.argv[1]), Path(sys.argv[2]))
"""
PLAIN_IMPORT = """
import sys
from pathlib import Path
from nexttrack.data.raw import imports
imports.import_folder(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_the_second_of_two_imports_waits_and_says_so(archives):
    first, second, raw = archives
    pipes = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
    }
    with subprocess.Popen(python(SLOW_IMPORT, first, raw), **pipes) as one:
        assert one.stdout.readline() == "holding\n"
        with subprocess.Popen(python(PLAIN_IMPORT, second, raw), **pipes) as other:
            said = other.stderr.readline()
            assert said == f"another import into {raw} is running; waiting for it\n"
            assert contents(raw / "playlist-archive") == contents(first / "playlist-archive")
            errors = one.communicate("\n", timeout=120)[1] + other.communicate(timeout=120)[1]
    assert (one.returncode, other.returncode) == (0, 0), errors
    assert contents(raw) == contents(second)


FULL_DISK_IMPORT = """
import resource, sys
from pathlib import Path
from nexttrack.data.raw import imports
from nexttrack.errors import UserError

# A file may not grow beyond this: the writing fails as it does on a full disk or over a quota.
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    imports.import_folder(Path(sys.argv[1]), Path(sys.argv[2]))
except UserError as error:
    print(error)
    sys.exit(1)
"""


def test_a_full_disk_is_named_and_leaves_what_was_there(archives):
    first, second, raw = archives
    assert (second / "playlist-archive" / "events.parquet").stat().st_size > 5000
    full = subprocess.run(
        python(FULL_DISK_IMPORT, second, raw), capture_output=True, text=True, timeout=120
    )
    assert full.returncode == 1, full.stderr
    assert full.stdout.count("\n") == 1
    assert "the disk is full (File too large): free some space" in full.stdout
    assert f"what was in {raw} before is unchanged" in full.stdout
    assert contents(raw) == contents(first)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_when_written_through_is_named(archives, monkeypatch, code):
    first, second, raw = archives

    def full(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"the disk is full \(.*unchanged"):
        import_folder(second, raw)
    assert contents(raw) == contents(first)


@pytest.fixture
def open_folder(archives):
    """A copy of the second folder of ``archives`` where every user can read it."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(archives[1], folder / "second")
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_read_only_folder_is_named(open_folder):
    raw = open_folder / "raw"
    import_folder(open_folder / "second", raw)
    before = contents(raw)
    (raw / ".lock").chmod(0o444)
    raw.chmod(0o555)
    for target in (raw, raw / "inner"):
        with unprivileged(), pytest.raises(UserError) as error:
            import_folder(open_folder / "second", target)
        assert "may not be written (Permission denied): change its permissions" in str(error.value)
        assert str(raw) in str(error.value)
    assert contents(raw) == before
    raw.chmod(0o755)


def test_a_file_that_may_not_be_read_is_named(open_folder):
    secret = open_folder / "second" / "playlist-archive" / "events.parquet"
    secret.chmod(0)
    source = load_sources()["playlist-archive"]
    line = r"events\.parquet may not be read; change its permissions"
    with unprivileged(), pytest.raises(UserError, match=line):
        verify_source(source, secret.parent)
