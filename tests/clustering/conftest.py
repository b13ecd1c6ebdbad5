"""Data of which the clusters are known."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def mixture():
    """Four round clusters of 60 rows in 3 dimensions, far apart, as (rows, labels)."""
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0, 0], [8, 0, 0], [0, 8, 0], [0, 0, 8]])
    labels = np.repeat(np.arange(4), 60)
    return centres[labels] + rng.normal(size=(240, 3)), labels


@pytest.fixture(scope="session")
def correlated():
    """One oblong cloud of 240 rows: no clusters."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(240, 4)) @ rng.normal(size=(4, 4))
