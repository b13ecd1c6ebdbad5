"""JupyterLab as ``nexttrack book lab`` starts it: a chapter reads as words, and stays as stored."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, expect

from nexttrack.press.lab.launch import arguments

SAID = "> **Sample edition.** See @tbl-two-rows and `@tbl-two-rows`."


@pytest.fixture
def lab(tmp_path: Path):
    """Yield the address of a JupyterLab at home in a folder with one chapter."""
    output = new_output("display_data", {"text/markdown": SAID})
    code = '#| label: tbl-two-rows\n#| tbl-cap: "Two \\"rows\\"."\nprint(1)'
    cells = [
        new_markdown_cell("# One {#sec-one}\n\nAs in @fig-a-line, $x_i$ [@steck2019a; @hu2008b]."),
        new_code_cell(code, outputs=[output], execution_count=1),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "index.ipynb")
    own = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("DATA", "RUNTIME", "CONFIG")}
    own |= {"IPYTHONDIR": str(tmp_path / "ipython")}
    command = [sys.executable, "-m", "jupyter", *arguments(tmp_path, browser=False)]
    said = tmp_path / "said.txt"  # a pipe that nobody reads would fill up, and Lab wait for ever
    with said.open("w") as stderr:
        process = subprocess.Popen(
            [*command, "--IdentityProvider.token=known"],
            env={**os.environ, **own},
            stderr=stderr,
            start_new_session=True,
        )
    try:
        port = address(process, said)
        yield f"http://127.0.0.1:{port}/lab/tree/index.ipynb?token=known"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:  # the end of Lab is not what is tested
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def address(process: subprocess.Popen, said: Path) -> str:
    """Return the port of a JupyterLab that starts, once it says it."""
    for _ in range(600):
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/lab", said.read_text()):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"no JupyterLab: {said.read_text()}")


def test_labels_references_and_captions_are_words_and_nothing_is_stored(
    lab: str, browser: Browser, tmp_path: Path
):
    stored = (tmp_path / "index.ipynb").read_bytes()
    page = browser.new_page()
    page.goto(lab)
    notebook = page.locator(".jp-Notebook")
    expect(notebook.locator("h1")).to_have_text(re.compile("^One¶?$"), timeout=60_000)
    text = notebook.locator(".jp-MarkdownCell p").first
    expect(text).to_contain_text("As in figure a line")
    expect(text).to_contain_text("(Steck 2019; Hu 2008)")
    expect(notebook.locator("blockquote")).to_have_text(
        "Sample edition. See table two rows and @tbl-two-rows."
    )
    cell = notebook.locator(".jp-CodeCell")
    expect(cell).to_have_attribute("data-caption", 'Two "rows".')
    shown = cell.evaluate("cell => getComputedStyle(cell, '::after').content")
    assert "Two" in shown
    assert (tmp_path / "index.ipynb").read_bytes() == stored
    page.close()
