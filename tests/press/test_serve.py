"""The book is served to this machine alone, and only once it is rendered."""

import _thread
import re
import signal
import socket
import threading
import urllib.request
import webbrowser

import pytest
from typer.testing import CliRunner

from nexttrack import project
from nexttrack.errors import UserError
from nexttrack.press.commands import book_app
from nexttrack.press.lab.launch import arguments

CONFIG = """
project: {type: book, output-dir: _book}
book: {chapters: []}
format: {html: {}}
"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """The first page of a rendered book, where the command looks for it."""
    (tmp_path / "_quarto.yml").write_text(CONFIG)
    (tmp_path / "_book").mkdir()
    (tmp_path / "_book" / "index.html").write_text("<p>the book</p>")
    monkeypatch.setattr(project, "root", lambda: tmp_path)
    return tmp_path / "_book" / "index.html"


def serve(*options):
    return CliRunner().invoke(book_app, ["serve", *options])


def test_the_browser_gets_the_first_page_on_loopback_and_ctrl_c_ends_it_quietly(page, monkeypatch):
    seen = []

    def read_and_interrupt(address):
        try:
            with urllib.request.urlopen(address, timeout=60) as opened:
                seen.append((address, opened.read()))
        finally:
            _thread.interrupt_main()

    def browser(address):
        threading.Thread(target=read_and_interrupt, args=[address]).start()

    monkeypatch.setattr(webbrowser, "open", browser)
    # A shell starts what it puts in the background with Ctrl-C ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        result = serve()
    finally:
        signal.signal(signal.SIGINT, before)
    assert (result.exit_code, result.stderr) == (0, "")
    ((address, content),) = seen
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
    assert content == page.read_bytes()
    assert result.stdout == f"the book is at {address}; end with Ctrl-C\n"


def test_a_taken_port_is_one_clear_line(page):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = serve("--no-open", "--port", str(taken.getsockname()[1]))
    assert re.fullmatch(r"port \d+ cannot be used: .*; give another --port", str(result.exception))


def test_no_book_yet_is_one_clear_line(page):
    page.unlink()
    assert str(serve("--no-open").exception).endswith("yet; run: make book")


def test_lab_refuses_a_port_in_use_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} cannot be used: .*; give another --port"):
            arguments(project.root(), port)


@pytest.mark.parametrize("user", [0, 1000])
def test_lab_runs_as_root_too_on_loopback_and_opens_the_clone(monkeypatch, user):
    monkeypatch.setattr("os.geteuid", lambda: user)
    given = arguments(project.root())
    assert ("--allow-root" in given) == (user == 0)
    assert {"--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={project.root()}"} < set(given)
    assert "--LabApp.default_url=/lab/tree/index.ipynb" in given
