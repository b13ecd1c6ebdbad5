"""Benchmarks start processes of their own, which find them in the clone's folder."""

import pytest

from nexttrack import project

CLONE = project.root()  # before a test puts another in its place


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(CLONE))
