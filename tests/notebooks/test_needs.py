"""A cell that reads data says by its tags from which sources, for a check without all of them."""

import ast
import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from nexttrack import project
from nexttrack.data import contracts
from nexttrack.data.editions import SOURCES
from nexttrack.press.execute import cell_name, chapters, read
from nexttrack.press.freshness import needed

SOURCE = {
    "recordings": {"spotify-tracks"},
    "century": {"spotify-century"},
    "lastfm": {"lastfm-2k"},
    "playlist": {"playlists"},
    "archive": {"playlist-archive"},
    "ledger": set(SOURCES),
}
"""The source of a processed table, by the first word of its name."""

every_chapter = pytest.mark.parametrize(
    "path", chapters(project.root()), ids=lambda path: path.stem
)


def code_cells(path):
    """Each code cell: its name in messages, its code as Python, the sources that it needs."""
    notebook = read(path)
    for index, (cell, needs) in enumerate(zip(notebook.cells, needed(notebook), strict=True)):
        if cell.cell_type == "code":
            code = TransformerManager().transform_cell(cell.source)
            yield cell_name(notebook, index), code, needs


@every_chapter
def test_cells_that_need_no_source_run_where_there_is_none(path, tmp_path, monkeypatch):
    folder = tmp_path / "processed" / "published"
    folder.mkdir(parents=True)
    (folder / "made-from.json").write_text('{"code": "", "raw": {}}')
    pd.DataFrame({"empty": [0]}).to_parquet(folder / "ledger.parquet")
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path))
    monkeypatch.setenv("NEXTTRACK_EDITION", "published")
    names = {"__name__": "__main__"}
    for cell, code, needs in code_cells(path):
        if not needs:
            try:
                exec(compile(code, cell, "exec"), names)
            except Exception as error:
                pytest.fail(f"{cell}: {error!r}: its data want a tag, such as needs=playlists")
    plt.close("all")


@every_chapter
def test_cells_that_name_a_table_need_its_source(path):
    tables = {name: SOURCE[name.split("_")[0]] for name in contracts.processed_schemas()}
    for cell, code, needs in code_cells(path):
        for call in ast.walk(ast.parse(code)):
            if isinstance(call, ast.Call) and re.search(r"\b(sql|table)$", ast.unparse(call.func)):
                for word in re.findall(r"\w+", " ".join(map(ast.unparse, call.args))):
                    assert tables.get(word, set()) <= needs, f"{cell}: {word}"
