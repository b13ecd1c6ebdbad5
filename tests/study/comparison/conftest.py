"""Small fits, one after the other."""

import pytest

from nexttrack.study.comparison import fits_on_splits, margins


@pytest.fixture
def in_this_process(monkeypatch):
    """To start two processes takes longer than such small fits."""

    def one_by_one(work, shared, tasks, label=None):
        return [work(*shared, *task) for task in tasks]

    for module in (fits_on_splits, margins):
        monkeypatch.setattr(module, "in_processes", one_by_one)
