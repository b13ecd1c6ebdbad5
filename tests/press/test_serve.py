"""The book is served to this machine alone, and only once it is rendered."""

import threading
import urllib.request

import pytest

from nexttrack.errors import UserError
from nexttrack.press.serve import book_server

CONFIG = """
project: {type: book, output-dir: _book}
book: {chapters: []}
format: {html: {}}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "_quarto.yml").write_text(CONFIG)
    (tmp_path / "_book").mkdir()
    (tmp_path / "_book" / "index.html").write_text("<p>the book</p>")
    return tmp_path


def test_the_first_page_is_at_the_address_given_on_loopback(root):
    with book_server(root) as (server, address):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert address.startswith("http://127.0.0.1:")
        assert server.server_address[0] == "127.0.0.1"
        with urllib.request.urlopen(address) as page:
            assert page.read() == b"<p>the book</p>"
        server.shutdown()


def test_a_taken_port_is_one_clear_line(root):
    with (
        book_server(root) as (server, _),
        pytest.raises(UserError, match=r"port \d+ cannot be used: .*give another --port"),
        book_server(root, server.server_address[1]),
    ):
        pass


def test_no_book_yet_is_one_clear_line(root):
    (root / "_book" / "index.html").unlink()
    with pytest.raises(UserError, match="run: make book"), book_server(root):
        pass
