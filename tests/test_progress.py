"""Progress is shown or not; the items are the same."""

import sys

import IPython.display  # noqa: F401 (the module that a kernel has loaded)
import pytest

from nexttrack.progress import steps


@pytest.mark.parametrize("with_rich", [True, False])
def test_items_come_as_they_are_with_and_without_rich(monkeypatch, capfd, with_rich):
    if not with_rich:
        monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setenv("FORCE_COLOR", "1")  # which asks for colours, and makes no terminal
    assert list(steps([3, 1, 2], "Counting")) == [3, 1, 2]
    assert capfd.readouterr().err == ""  # no terminal


def test_in_jupyter_a_line_below_the_cell_counts_and_is_empty_at_the_end(monkeypatch):
    shown = []

    class Line:
        def update(self, data, raw):
            shown.append(data["text/plain"])

    def display(data, raw, display_id):
        shown.append(data["text/plain"])
        return Line()

    seconds = iter([0.0, 0.1, 2.0, 2.5, 4.0])
    monkeypatch.setenv("JPY_SESSION_NAME", "/chapters/01-one.ipynb")
    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr("nexttrack.progress.time.monotonic", lambda: next(seconds))
    assert list(steps([3, 1, 2, 5], "Counting")) == [3, 1, 2, 5]
    assert shown == ["Counting 1 of 4, 6 s left", "Counting 3 of 4, 1 s left", ""]


def test_in_jupyter_what_is_quick_shows_nothing(monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/chapters/01-one.ipynb")
    monkeypatch.setattr("IPython.display.display", lambda *_, **__: pytest.fail("shown"))
    assert list(steps([3, 1, 2], "Counting")) == [3, 1, 2]
