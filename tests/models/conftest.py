"""The small world that most trials of models share."""

import pytest
import worlds


@pytest.fixture(scope="session")
def user_items():
    return worlds.counts()


@pytest.fixture(scope="session")
def features():
    return worlds.audio()


@pytest.fixture(scope="session")
def labels():
    return worlds.clusters()
