"""A chapter on data that are not the book's: it says so, and runs to its end without what lacks."""

import shutil

import pytest

from nexttrack import project
from nexttrack.data import simulator
from nexttrack.data.editions import ensure
from nexttrack.press.execute import faults, read, run


@pytest.fixture
def without_playlists(tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path))
    simulator.write_sources(tmp_path / "raw", n_tracks=1_000, n_listeners=50, seed=3)
    for name in ("playlists", "playlist-archive"):
        shutil.rmtree(tmp_path / "raw" / name)
    ensure("published")


def test_a_chapter_marks_what_does_not_hold_and_leaves_out_what_is_not_there(without_playlists):
    path = project.root() / "chapters" / "02-data.ipynb"
    executed = run(read(path), path.stem, folder=path.parent, edition="published")
    assert faults(executed, path.stem) == []
    shown = [
        "\n".join(output.get("data", {}).get("text/markdown", "") for output in cell.outputs)
        for cell in executed.cells
        if cell.cell_type == "code"
    ]
    assert "Other data than the book's" in shown[1]
    assert "| **Drop exact duplicates.**" in " ".join(shown[3].split())
    lacking = [text for text in shown if "cannot be computed from these data" in text]
    assert any("playlist" in text for text in lacking)
    assert lacking[-1].endswith("It needs what could not be computed above.]*")
    assert len(lacking) < len(shown) / 2
    assert "**other data**" in shown[-1]
