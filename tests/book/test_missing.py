"""Where a cell cannot be computed from other data, it says so; what can be is shown as ever."""

import matplotlib.pyplot as plt
import pytest
from IPython.core.interactiveshell import InteractiveShell

from nexttrack.book import missing


@pytest.fixture
def shown(monkeypatch):
    texts = []
    monkeypatch.setattr(missing, "display", lambda markdown: texts.append(markdown.data))
    return texts


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
    assert shown == ["*[This cannot be computed from these data. KeyError: 'playlists']*"]
    assert plt.get_fignums() == []
    assert shell.run_cell("len(b)").result == 0
    assert shell.run_cell("figures + 1").success
    assert shown[1].endswith("It needs what could not be computed above.]*")


def test_what_is_labelled_as_a_figure_or_table_stays_one(shell, shown):
    assert shell.run_cell("#| label: tbl-a\n{}['playlists']").success
    assert shown[0].startswith("| left out |\n|:--|\n| *[This cannot be computed")
    assert shell.run_cell("#| label: fig-a\n{}['playlists']").success
    (ax,) = plt.gcf().axes
    assert "KeyError: 'playlists'" in ax.texts[0].get_text()
    plt.close("all")
    assert len(shown) == 1


def test_an_interrupt_stops_as_ever(shell, shown):
    assert not shell.run_cell("raise KeyboardInterrupt").success
    assert shown == []
