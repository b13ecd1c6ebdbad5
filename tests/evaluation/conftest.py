"""Made interactions for the comparison of models."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation import weak_generalization


@pytest.fixture(scope="session")
def split():
    """Two kinds of users, each with half of the catalogue: neighbours tell more than popularity."""
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, 80)
    chance = np.where((np.arange(40) < 20) == (kind[:, None] == 0), 0.6, 0.03)
    return weak_generalization(csr_matrix((rng.random((80, 40)) < chance).astype("f4")), seed=1)
