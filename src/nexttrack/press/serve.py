"""Serve the rendered book on the loopback address."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from nexttrack.errors import UserError
from nexttrack.press.outline import read_outline


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing of each request."""


@contextmanager
def book_server(root: Path, port: int = 0) -> Iterator[tuple[ThreadingHTTPServer, str]]:
    """Open a server of the rendered pages that only this machine can reach.

    Args:
        root: folder of the clone.
        port: 0 for any that is free.

    Yields:
        (server, address): the address of the first page.

    Raises:
        UserError: if the book is not rendered or the port is taken.
    """
    pages = read_outline(root).output
    if not (pages / "index.html").exists():
        raise UserError(f"there is no book in {pages} yet; run: make book")
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(pages)))
    except OSError as error:
        raise UserError(
            f"port {port} cannot be used: {error.strerror}; give another --port"
        ) from None
    with server:
        yield server, f"http://127.0.0.1:{server.server_address[1]}/"
