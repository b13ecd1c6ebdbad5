"""Downloads: verified, installed as imports are, patient."""

import functools
import hashlib
import http.server
import threading
from dataclasses import replace
from pathlib import Path

import kagglehub
import pytest
from raw_folders import contents

from nexttrack.data.raw import fetch
from nexttrack.data.raw.fetch import get
from nexttrack.data.raw.imports import import_folder
from nexttrack.errors import UserError


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
    """A function that makes lastfm-2k come from a server on this machine, of any checksum unless
    one is given."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(fetch, "PAUSES", (0.0, 0.0))
    servers = []

    def start(*answers, sha256=None):
        asked = []
        handler = functools.partial(Server, answers, asked)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/hetrec2011-lastfm-2k.zip"
        source = small_sources["lastfm-2k"]
        file = replace(source.files[0], sha256=sha256)
        source = replace(source, url=url, files=(file,))
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


def test_a_download_of_other_bytes_than_were_published_is_refused(serve, archive, tmp_path):
    """A copy that the user brings may differ; what the network gives may not."""
    serve((200, archive, None), sha256="0" * 64)
    with pytest.raises(UserError, match=r"is not the published file: its sha256 is .*, not 000"):
        get(["lastfm-2k"], tmp_path / "raw")
    assert contents(tmp_path / "raw") == {}
    serve((200, archive, None), sha256=hashlib.sha256(archive).hexdigest())
    assert get(["lastfm-2k"], tmp_path / "raw") == ["lastfm-2k"]


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
