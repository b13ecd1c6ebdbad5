"""A chapter on data that are not the book's: it says so, and runs to its end without what lacks."""

import shutil

import pytest

from nexttrack import project
from nexttrack.data import simulator
from nexttrack.data.editions import SOURCES, ensure
from nexttrack.press.execute import faults, read, run


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "raw"
    simulator.write_sources(folder, n_tracks=1_000, n_listeners=50, seed=3)
    return folder


@pytest.fixture
def only(raw, tmp_path, monkeypatch):
    """A function that makes some sources the real data at hand."""

    def bring(*sources):
        monkeypatch.setenv("NEXTTRACK_DATA", str(tmp_path))
        for name in sources:
            shutil.copytree(raw / name, tmp_path / "raw" / name)
        ensure("published")

    return bring


def texts(place):
    """What each code cell of a chapter shows on the data at hand, as Markdown; it may be stored."""
    path = project.root() / place
    executed = run(read(path), path.stem, folder=path.parent, edition="published")
    assert faults(executed, path.stem) == []
    return [
        "\n".join(output.get("data", {}).get("text/markdown", "") for output in cell.outputs)
        for cell in executed.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.parametrize(
    ("place", "sources", "said"),
    [
        ("index.ipynb", ["spotify-century"], "lastfm-2k, playlists: not there."),
        ("chapters/03-explore.ipynb", ["lastfm-2k"], "spotify-tracks: not there."),
    ],
)
def test_whatever_is_not_there_a_chapter_runs_and_names_it(only, place, sources, said):
    only(*sources)
    shown = texts(place)
    lacking = ", ".join(source for source in SOURCES if source not in sources)
    assert any(f"**Not there: {lacking}.**" in text for text in shown[:2])
    assert any(text.endswith(f"{said}]*") or f"{said}]* |" in text for text in shown)
    assert not any("CatalogException" in text for text in shown)


def test_a_chapter_marks_what_does_not_hold_and_leaves_out_what_is_not_there(only):
    only("spotify-tracks", "spotify-century", "lastfm-2k")
    shown = texts("chapters/02-data.ipynb")
    assert "Other data than the book's" in shown[1]
    assert "| **Drop exact duplicates.**" in " ".join(shown[3].split())
    lacking = [text for text in shown if "cannot be computed from these data" in text]
    assert lacking == ["*[This cannot be computed from these data. playlists: not there.]*"]
    assert any(text.startswith("| source") and "| lastfm-2k |" in text for text in shown)
    assert "**other data**" in shown[-1]
