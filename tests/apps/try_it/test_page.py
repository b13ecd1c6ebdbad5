"""One file of many parts: what is put together, what it may do, and where the book has it."""

import base64
import hashlib
import re
import subprocess
import sys

import pytest

from nexttrack.apps.try_it import page as module
from nexttrack.apps.try_it.page import DEMONSTRATION, FRAME, KEPT, bundle, page, write_try_it


def test_the_page_names_no_other_file_and_may_run_its_own_script_alone():
    html = page(b"model")
    assert not re.search(r"\b(src|href)=", html.replace("href: `https", ""))
    assert base64.b64encode(b"model").decode() in html
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    for text in (script, style):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_no_import_or_export_is_left_in_a_script():
    for script in (bundle(module.WORKER), bundle(module._PAGE)):
        assert not re.search(r"^(import|export)\b", script, re.MULTILINE)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({"a.mjs": "const one = 1;\n", "b.mjs": "function one() {}\n"}, "two modules declare one"),
        ({"a.mjs": 'const text = "</script>";\n'}, "must not hold </script"),
    ],
)
def test_what_would_break_a_script_is_refused(tmp_path, monkeypatch, parts, says):
    for name, text in parts.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(module, "HERE", tmp_path)
    with pytest.raises(ValueError, match=says):
        bundle(tuple(parts))


@pytest.fixture
def book(tmp_path):
    """A rendered book of two chapters, one of which shows the page."""
    pages = tmp_path / "_book" / "chapters"
    pages.mkdir(parents=True)
    (pages / "01.html").write_text("<p>try-it.html is elsewhere</p>")
    (pages / "13.html").write_text(FRAME)
    return tmp_path


def test_the_book_shows_the_demonstration_or_what_is_at_hand(book):
    written = book / "_book" / "chapters" / "try-it.html"
    write_try_it(book, book / "_book")
    assert written.read_text() == page(DEMONSTRATION.read_bytes())
    (book / KEPT).parent.mkdir()
    (book / KEPT).write_bytes(b"of the data at hand")
    write_try_it(book, book / "_book")
    assert written.read_text() == page(b"of the data at hand")


def test_quarto_runs_it_with_any_python(book):
    environment = {"QUARTO_PROJECT_DIR": str(book), "QUARTO_PROJECT_OUTPUT_DIR": "_book"}
    command = [sys.executable, "-I", "-S", module.__file__]
    subprocess.run(command, env=environment, check=True)
    assert (book / "_book" / "chapters" / "try-it.html").stat().st_size > 400_000
    assert not (book / "_book" / "try-it.html").exists()
