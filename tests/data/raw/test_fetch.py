"""Imports and downloads: found, verified, atomic, one at a time, patient."""

import errno
import functools
import http.server
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import kagglehub
import pytest

from nexttrack.data.raw import fetch
from nexttrack.data.raw.fetch import find_sources, get, import_folder, settle
from nexttrack.data.raw.sources import load_sources
from nexttrack.data.raw.verify import verify_source
from nexttrack.errors import UserError


def contents(folder):
    """The files of a folder, the lock aside."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


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
    assert import_folder(one, tmp_path / "raw") == list(small_sources)
    assert contents(tmp_path / "raw") == contents(one) != contents(other)
    assert import_folder(other, tmp_path / "raw") == list(small_sources)
    assert contents(tmp_path / "raw") == contents(other)


def test_sources_are_found_in_every_layout(write_source, tmp_path):
    sources = load_sources()
    write_source(sources["playlists"], tmp_path / "a" / "data" / "raw" / "playlists")
    assert list(find_sources(tmp_path / "a")) == ["playlists"]
    assert list(find_sources(tmp_path / "a" / "data")) == ["playlists"]
    assert list(find_sources(tmp_path / "a" / "data" / "raw")) == ["playlists"]
    assert list(find_sources(tmp_path / "a" / "data" / "raw" / "playlists")) == ["playlists"]
    write_source(sources["playlist-archive"], tmp_path / "downloads")
    assert list(find_sources(tmp_path / "downloads")) == ["playlist-archive"]
    write_source(sources["spotify-century"], tmp_path / "kaggle" / "data")
    assert list(find_sources(tmp_path / "kaggle")) == ["spotify-century"]


def test_a_folder_without_any_source_is_told_what_was_looked_for(tmp_path):
    with pytest.raises(UserError, match=r"holds none of the sources; .*spotify-tracks"):
        find_sources(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        find_sources(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is a file; give the folder"):
        find_sources(tmp_path / "file")


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


def test_one_bad_source_stops_the_import_of_all(write_raw, tmp_path):
    import_folder(write_raw(tmp_path / "one", seed=1), tmp_path / "raw")
    write_raw(tmp_path / "other", seed=2)
    (tmp_path / "other" / "playlist-archive" / "events.parquet").write_bytes(b"")
    with pytest.raises(UserError, match=r"events\.parquet is empty"):
        import_folder(tmp_path / "other", tmp_path / "raw")
    assert contents(tmp_path / "raw") == contents(tmp_path / "one")


def test_a_file_that_changes_while_it_is_copied_is_refused(archives, monkeypatch):
    first, second, raw = archives
    stage = fetch._stage

    def change_and_stage(source, reports, *folders):
        with reports[0].path.open("ab") as stream:
            stream.write(b"more")
        stage(source, reports, *folders)

    monkeypatch.setattr(fetch, "_stage", change_and_stage)
    with pytest.raises(UserError, match="changed while it was copied"):
        import_folder(second, raw)
    assert contents(raw) == contents(first)


def test_slices_put_in_place_by_hand_become_tables(write_slices, tmp_path):
    world = [[("0" * 22, "a", "b"), ("1" * 22, "c", "d")]] * 3
    write_slices(world, tmp_path / "raw" / "playlists", size=2)
    fetch.tabulate_slices(tmp_path / "raw")
    names = {path.name for path in (tmp_path / "raw" / "playlists").iterdir()}
    assert names == {"playlist_tracks.parquet", "tracks.parquet"}
    before = contents(tmp_path / "raw")
    fetch.tabulate_slices(tmp_path / "raw")
    assert contents(tmp_path / "raw") == before


# Killed, two at once, full, read-only -----------------------------------------------------------

DYING_IMPORT = """
import os, signal, sys
from pathlib import Path
from nexttrack import files
from nexttrack.data.raw import fetch

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
    fetch.BLOCK = 1000
    fetch.Progress.advance = after(3, fetch.Progress.advance)
elif point == "before the copies are written through":
    fetch.write_through = die
elif point == "before the renaming":
    Path.rename = die
elif point == "between the two renamings":
    Path.rename = after(1, Path.rename)
elif point == "after the renaming":
    remove = files.remove
    files.remove = lambda path: die() if path.exists() else remove(path)
fetch.import_folder(Path(sys.argv[1]), Path(sys.argv[2]))
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
from nexttrack.data.raw import fetch

stage = fetch._stage
def slowly(*arguments):
    print("holding", flush=True)
    sys.stdin.readline()
    stage(*arguments)
fetch._stage = slowly
fetch.import_folder(Path(sys.argv[1]), Path(sys.argv[2]))
"""
PLAIN_IMPORT = """
import sys
from pathlib import Path
from nexttrack.data.raw import fetch
fetch.import_folder(Path(sys.argv[1]), Path(sys.argv[2]))
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
from nexttrack.data.raw import fetch
from nexttrack.errors import UserError

# A file may not grow beyond this: the writing fails as it does on a full disk or over a quota.
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    fetch.import_folder(Path(sys.argv[1]), Path(sys.argv[2]))
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


@contextmanager
def unprivileged():
    """Act as a user to whom permissions apply; root is none."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


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


# Downloads --------------------------------------------------------------------------------------


class Server(http.server.BaseHTTPRequestHandler):
    """Answers each request with the next of ``answers``: (status, body, bytes really sent)."""

    def __init__(self, answers, asked, *arguments):
        self.answers, self.asked = answers, asked
        super().__init__(*arguments)

    def do_GET(self):
        self.asked.append(self.path)
        status, body, sent = self.answers[min(len(self.asked), len(self.answers)) - 1]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def serve(small_sources, monkeypatch):
    """A function that makes lastfm-2k come from a server on this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "PAUSES", (0.0, 0.0))
    servers = []

    def start(*answers):
        asked = []
        handler = functools.partial(Server, answers, asked)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/hetrec2011-lastfm-2k.zip"
        source = replace(small_sources["lastfm-2k"], url=url)
        small_sources["lastfm-2k"] = source
        return asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def archive(small_sources, write_source, tmp_path):
    folder = write_source(small_sources["lastfm-2k"], tmp_path / "made")
    return (folder / "hetrec2011-lastfm-2k.zip").read_bytes()


def test_a_download_is_verified_and_installed_once(serve, archive, tmp_path):
    asked = serve((200, archive, None))
    raw = tmp_path / "raw"
    assert get(["lastfm-2k"], raw) == ["lastfm-2k"]
    assert contents(raw) == {"lastfm-2k/hetrec2011-lastfm-2k.zip": archive}
    assert get(["lastfm-2k"], raw) == []
    assert len(asked) == 1
    assert get(["lastfm-2k"], raw, force=True) == ["lastfm-2k"]
    assert len(asked) == 2


def test_a_download_is_tried_again_when_the_failure_may_pass(serve, archive, tmp_path):
    asked = serve((503, b"", None), (200, archive, 500), (200, archive, None))
    assert get(["lastfm-2k"], tmp_path / "raw") == ["lastfm-2k"]
    assert len(asked) == 3
    assert contents(tmp_path / "raw") == {"lastfm-2k/hetrec2011-lastfm-2k.zip": archive}


def test_a_refused_download_is_named_and_not_tried_again(serve, tmp_path):
    asked = serve((404, b"", None))
    with pytest.raises(UserError, match=r"lastfm-2k: 127\.0\.0\.1:\d+ answered 404; .*import"):
        get(["lastfm-2k"], tmp_path / "raw")
    assert len(asked) == 1
    assert contents(tmp_path / "raw") == {}


def test_a_bad_download_replaces_nothing(serve, archive, tmp_path):
    serve((200, archive, None), (200, b"<html>log in</html>", None))
    raw = tmp_path / "raw"
    get(["lastfm-2k"], raw)
    with pytest.raises(UserError, match="is a web page"):
        get(["lastfm-2k"], raw, force=True)
    assert contents(raw) == {"lastfm-2k/hetrec2011-lastfm-2k.zip": archive}


def test_without_a_network_every_source_is_named_in_one_line(
    small_sources, write_raw, tmp_path, monkeypatch
):
    # A proxy at a port where nothing listens: whatever is asked, nobody answers.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch, "PAUSES", (0.0,))
    raw = tmp_path / "raw"
    import_folder(write_raw(tmp_path / "given"), raw)
    with pytest.raises(UserError) as error:
        get([], raw, force=True)
    line = str(error.value)
    assert "\n" not in line
    for name, source in small_sources.items():
        assert (f"{name}: " in line) == source.downloadable
    assert line.count("cannot be reached (no network?)") == 3
    assert contents(raw) == contents(tmp_path / "given")


def test_a_download_from_kaggle_is_verified_and_installed(
    small_sources, write_source, tmp_path, monkeypatch
):
    """Kaggle itself is replaced by a function that lays its files out as Kaggle does."""
    source = small_sources["spotify-century"]
    handles = []

    def download(handle, force_download, output_dir):
        handles.append(handle)
        write_source(source, Path(output_dir) / "data", optional=True)
        (Path(output_dir) / ".complete").mkdir()
        return output_dir

    monkeypatch.setattr(kagglehub, "dataset_download", download)
    assert get(["spotify-century"], tmp_path / "raw") == ["spotify-century"]
    assert handles == ["vatsalmavani/spotify-dataset"]
    names = {path.name for path in (tmp_path / "raw" / "spotify-century").iterdir()}
    assert names == {file.name for file in source.files}


def test_what_cannot_be_downloaded_says_how_to_bring_it(tmp_path):
    with pytest.raises(UserError, match=r"playlists: bring the folder with .*data import FOLDER"):
        get(["playlists"], tmp_path)
    with pytest.raises(UserError, match="did you mean playlists"):
        get(["playlist"], tmp_path)
