"""Progress is shown or not; the items are the same."""

import sys

import pytest

from nexttrack.progress import steps


@pytest.mark.parametrize("with_rich", [True, False])
def test_items_come_as_they_are_with_and_without_rich(monkeypatch, capfd, with_rich):
    if not with_rich:
        monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setenv("FORCE_COLOR", "1")  # which asks for colours, and makes no terminal
    assert list(steps([3, 1, 2], "Counting")) == [3, 1, 2]
    assert capfd.readouterr().err == ""  # no terminal
