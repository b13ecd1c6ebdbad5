"""Conditions that compare something are seen to fail; those that compare nothing are not."""

from dataclasses import dataclass
from types import SimpleNamespace

import pandas as pd
import pytest

from nexttrack.book.changes import can_fail


@dataclass(frozen=True)
class Interval:
    """An estimate, as functions of a study return it."""

    low: float
    high: float


VARIABLES = """
import numpy as np
a, b, low, high, p, n = 2.0, 1.0, -0.1, 0.2, 0.001, 3
decided = a > b
best = "iALS"
means = pd.Series({"iALS": 0.3, "EASE": 0.2})
table = pd.DataFrame({"model": ["iALS", "EASE"], "mean": [0.3, 0.2]})
gain = {("iALS", "EASE"): (0.1, 0.05, 0.15)}
row = SimpleNamespace(energy=0.7, name="pop")
interval = Interval(0.1, 0.3)
pair = next(table.itertuples())
counts = np.array([3, 2, 1])

def beats(one, other):
    return gain[one, other][1] > 0

def every(one):
    return all(beats(one, other) for other in ["EASE"])
"""


def condition(text):
    """A condition as a cell of a notebook defines it, beside variables of a notebook."""
    world = {"pd": pd, "SimpleNamespace": SimpleNamespace, "Interval": Interval}
    exec(f"{VARIABLES}\nheld = lambda: {text}", world)
    assert world["held"](), "must hold before anything is changed"
    return world["held"]


@pytest.mark.parametrize(
    "text",
    [
        "a > b",
        "low < 0 < high",
        "abs(p) < 0.05",
        "0.02 < means.mean() < 0.3",
        "(means > 0).all()",
        "means.idxmax() == 'iALS'",
        "means.max() - means.min() < 0.2",
        "table.set_index('model')['mean'].idxmax() == 'iALS'",
        "len(table) == 2",
        "gain['iALS', 'EASE'][1] > 0",
        "every('iALS')",
        "all(value > 0 for value in counts)",
        "(np.diff(counts) < 0).all()",
        "row.energy > 0.5",
        "interval.low > 0",
        "pair.mean > 0.2",
        "best == 'iALS'",
    ],
)
def test_what_compares_something_can_fail(text):
    assert can_fail(condition(text))


@pytest.mark.parametrize(
    "text",
    ["True", "decided", "a == a", "0 <= abs(low)", "len(means) >= 0", "means.max() >= means.min()"],
)
def test_what_holds_whatever_the_data_are_cannot(text):
    assert not can_fail(condition(text))


def test_the_notebooks_variables_stay_as_they_are():
    held = condition("means['iALS'] > means['EASE'] and counts[0] == 3")
    can_fail(held)
    assert held()
    assert held.__globals__["counts"].tolist() == [3, 2, 1]


def test_a_change_with_which_nothing_can_be_computed_shows_nothing():
    held = condition("np.linalg.cholesky([[a]]).shape == (1, 1)")
    assert not can_fail(held)
