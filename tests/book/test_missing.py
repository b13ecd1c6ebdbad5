"""Where a cell cannot be computed from other data, it says so; what can be is shown as ever."""

import matplotlib.pyplot as plt
import pytest
from IPython.core.interactiveshell import InteractiveShell

from nexttrack.book import missing


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(missing, "missing_sources", lambda: ["playlists"])
    monkeypatch.setattr(missing, "display", lambda what, metadata: outputs.append((what, metadata)))
    return outputs


def texts(shown):
    return [what.data for what, _ in shown]


@pytest.fixture
def shell():
    shell = InteractiveShell()
    missing.go_on(shell)
    missing.go_on(shell)  # a second chapter in the same kernel
    return shell


def test_what_can_be_computed_is_as_ever(shell, shown):
    cell = "def double(x):\n    return 2 * x\na = [double(n) for n in range(3)]\na"
    for source, value in ((cell, [0, 2, 4]), ("a[1] + 1", 3), ("b = 1", None), ("", None)):
        found = shell.run_cell(source)
        assert found.success
        assert found.result == value
    assert shown == []


@pytest.mark.parametrize("last", ["b['playlists']", "c = b['playlists']\nc", "c = b['playlists']"])
def test_an_error_becomes_a_sentence_and_the_next_cell_runs(shell, shown, last):
    found = shell.run_cell(
        f"import matplotlib.pyplot as plt\nb = {{}}\nfigure = plt.figure()\n{last}"
    )
    assert found.success
    assert found.result is None
    assert texts(shown) == ["*[This cannot be computed from these data. playlists: not there.]*"]
    assert plt.get_fignums() == []
    assert shell.run_cell("len(b)").result == 0
    assert shell.run_cell("figures + 1").success
    assert texts(shown)[1].endswith("It needs what could not be computed above.]*")
    assert [metadata for _, metadata in shown] == [missing.NOT_THERE] * 2


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise not_there(['playlists', 'lastfm-2k'])", "playlists, lastfm-2k: not there."),
        ("duckdb.sql('FROM playlist_items')", "playlists: not there."),
        ("open('/data/raw/playlists/tracks.parquet')", "playlists: not there."),
        ("{}['Item kNN', 'whole-playlists']", "playlists: not there."),
        ("{}['whole-playlists: recordings']", "playlists: not there."),
        ("duckdb.sql('FROM century_years')", None),  # it is there: another error
        ("duckdb.sql('FROM no_such_table')", None),
        ("{}['lastfm-2k']", None),
        ("open('/data/raw/lastfm-2k/no_such_file')", None),
        ("{}[0]", None),
        ("1 / 0", None),
    ],
)
def test_what_is_not_there_is_named_and_no_other_error_passes_for_it(shell, shown, code, said):
    shell.run_cell("import duckdb\nfrom nexttrack.data.editions import not_there")
    assert shell.run_cell(code).success
    ((sentence, metadata),) = shown
    assert metadata == (missing.NOT_THERE if said else {})
    assert sentence.data.endswith(f" data. {said}]*") is bool(said)


def test_what_is_labelled_as_a_figure_or_table_stays_one(shell, shown):
    assert shell.run_cell("#| label: tbl-a\n{}['playlists']").success
    assert texts(shown)[0].startswith("| left out |\n|:--|\n| *[This cannot be computed")
    assert shell.run_cell("#| label: fig-a\n{}['playlists']").success
    drawn, metadata = shown[1]
    assert "playlists: not there." in drawn.axes[0].texts[0].get_text()
    assert metadata == missing.NOT_THERE
    assert plt.get_fignums() == []


def test_the_place_of_the_answer_says_why_there_is_none(shell, shown, monkeypatch):
    said = []
    monkeypatch.setattr(missing, "leave_answer_out", said.append)
    assert shell.run_cell("{}['playlists']").success
    assert said == []
    assert shell.run_cell("book.answer(no_such_number)").success
    assert said[0].endswith("It needs what could not be computed above.")


def test_an_interrupt_stops_as_ever(shell, shown):
    assert not shell.run_cell("raise KeyboardInterrupt").success
    assert shown == []
