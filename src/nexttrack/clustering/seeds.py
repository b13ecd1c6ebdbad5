"""Seeds of scikit-learn's estimators."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone


def seeded(estimator: BaseEstimator, seed: int, **parameters: Any) -> BaseEstimator:
    """Return an unfitted copy with these parameters and with every ``random_state`` set.

    In a Pipeline the steps' are set too. An estimator without one (Ward, HDBSCAN) is just copied.
    """
    copy = clone(estimator).set_params(**parameters)
    return copy.set_params(**dict.fromkeys(seeds_of(copy), seed))


def seeds_of(estimator: BaseEstimator) -> list[str]:
    """Return the names of the parameters that seed an estimator."""
    names = estimator.get_params()
    return sorted(n for n in names if n == "random_state" or n.endswith("__random_state"))


def seed_of(*entropy: int) -> int:
    """Return a seed for scikit-learn (32 bits) that is a hash of whole numbers of at least 0."""
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])
