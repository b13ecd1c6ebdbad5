"""A browser, and the book served to it from this machine."""

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def browser_program(playwright: Playwright) -> str | None:
    """Return the browser in ``$CHROMIUM``, on the path, or of Playwright's own, or None."""
    own = playwright.chromium.executable_path
    found = (shutil.which(name) for name in (os.environ.get("CHROMIUM", ""), *PROGRAMS) if name)
    return next(filter(None, found), own if Path(own).exists() else None)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Return a headless Chromium, at home in a folder of the tests; skip where there is none."""
    with sync_playwright() as playwright:
        program = browser_program(playwright)
        if program is None:
            pytest.skip("no browser here: set CHROMIUM, or run playwright install chromium")
        home = str(tmp_path_factory.mktemp("home"))
        environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home}
        browser = playwright.chromium.launch(
            executable_path=program, args=ARGUMENTS, env=environment
        )
        yield browser
        browser.close()


class Quiet(SimpleHTTPRequestHandler):
    """A file server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def address(stored_book: Path) -> Iterator[str]:
    """Serve the rendered book, and return its address."""
    handler = functools.partial(Quiet, directory=stored_book)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class Reader:
    """Someone who reads the book in a browser, and what went wrong while they did."""

    def __init__(self, context: BrowserContext, address: str):
        self.context, self.address = context, address
        self.complaints: list[str] = []
        context.on("request", self.watch)
        context.on("requestfailed", lambda request: self.complaints.append(f"failed {request.url}"))
        context.on(
            "console",
            lambda message: message.type == "error" and self.complaints.append(message.text),
        )
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def watch(self, request: Request) -> None:
        """Note a request that leaves this machine."""
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"left this machine for {request.url}")

    def open(self, path: str) -> Page:
        """Open a page of the book."""
        page = self.context.new_page()
        page.goto(self.address + path, wait_until="networkidle")
        return page


@pytest.fixture
def reader(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Return a reader, who must have had nothing to complain of when the test ends.

    A test may pass settings of the browser's context as the fixture's parameter.
    """
    settings = {"viewport": {"width": 1400, "height": 900}, "color_scheme": "light"}
    context = browser.new_context(**settings | getattr(request, "param", {}))
    context.set_default_timeout(10_000)
    reader = Reader(context, address)
    yield reader
    context.close()
    assert reader.complaints == []
