"""The page's statistics are those of the library: the same numbers for the same input."""

import json
import subprocess
from pathlib import Path

import numpy as np
import playwright
import pytest

from nexttrack.experiments import (
    always_valid_p_value,
    bounds,
    crossing_probability,
    preference_interval,
    team_draft,
)
from nexttrack.experiments.sequential import KINDS

NODE = Path(playwright.__file__).parent / "driver" / "node"
TWINS = Path(__file__).with_name("twins.mjs")


def found_by_the_page(cases, folder):
    path = folder / "cases.json"
    path.write_text(json.dumps([{"name": name, "given": given} for name, given in cases]))
    done = subprocess.run([NODE, TWINS, path], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_preferences_are_the_same(tmp_path):
    rng = np.random.default_rng(1)
    counts = [(wins, losses) for wins in range(12) for losses in range(12)]
    counts += [tuple(map(int, 10 ** rng.uniform(0, 7, 2))) for _ in range(200)]
    given = [(*pair, alpha) for pair in counts for alpha in (0.05, 0.001)]
    given += [(7, 30, 0.1, [float(a), float(b)]) for a, b in 10 ** rng.uniform(-1, 2, (50, 2))]
    found = found_by_the_page([("preferenceInterval", one) for one in given], tmp_path)
    np.testing.assert_allclose(found, [preference_interval(*one) for one in given], atol=1e-9)
    found = found_by_the_page([("alwaysValidPValue", one) for one in counts], tmp_path)
    np.testing.assert_allclose(found, [always_valid_p_value(*one) for one in counts], atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_bounds_and_what_crosses_them_are_the_same(kind, tmp_path):
    rng = np.random.default_rng(2)
    looks = [1, 2, 5, 30, [0.1, 0.2, 0.9, 1], [0.02, 1], [0.3, 0.301, 0.7, 1]]
    looks += [[*np.sort(rng.choice(999, 6, replace=False) + 1) / 1000, 1.0] for _ in range(4)]
    given = [(one, alpha, kind) for one in looks for alpha in (0.05, 1e-4)]
    expected = [bounds(*one) for one in given]
    found = found_by_the_page([("bounds", one) for one in given], tmp_path)
    for ours, theirs in zip(expected, found, strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-8)
    drifts = rng.normal(0, 3, len(given))
    asked = [
        (list(of), one[0], float(drift))
        for one, of, drift in zip(given, expected, drifts, strict=True)
    ]
    found = found_by_the_page([("crossingProbability", one) for one in asked], tmp_path)
    np.testing.assert_allclose(found, [crossing_probability(*one) for one in asked], atol=1e-8)


class Lots:
    def __init__(self, draws):
        self.draws = iter(draws)

    def random(self):
        return next(self.draws)


def test_drafts_are_the_same(tmp_path):
    rng = np.random.default_rng(3)
    given = []
    for _ in range(300):
        a, b = (rng.permutation(12)[: rng.integers(0, 10)].tolist() for _ in "ab")
        given.append((a, b, int(rng.integers(0, 14)), rng.random(20).tolist()))
    found = found_by_the_page([("teamDraft", one) for one in given], tmp_path)
    for (a, b, n, draws), theirs in zip(given, found, strict=True):
        assert team_draft(a, b, n, Lots(draws)) == (theirs["items"], theirs["teams"])
