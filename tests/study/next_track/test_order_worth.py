"""The worth of order: paired differences, and the power of the test by simulation."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.study.next_track.order_worth import detectable, gains


def rows(model, values):
    return pd.DataFrame({"model": model, "user": range(len(values)), "m": values})


def test_gains_are_paired_and_of_the_models_that_are_in_both():
    rng = np.random.default_rng(0)
    base = rng.random(80)
    one = pd.concat([rows("a", base + 0.1), rows("b", base), rows("c", base)])
    other = pd.concat([rows("b", base[::-1]), rows("a", base)])
    found = gains(one, other, "m", seed=1)
    assert found.index.tolist() == ["a", "b"]
    assert found.loc["a", ["gain", "low", "high"]].tolist() == pytest.approx([0.1] * 3)
    assert found.loc["a", "p_holm"] < 0.001
    assert found.loc["b", "gain"] == pytest.approx(0)
    assert found.loc["b", "p_holm"] > 0.5
    assert found.loc["a", "one"] - found.loc["a", "other"] == pytest.approx(0.1)


def test_what_is_detectable_is_detected_as_often_as_said():
    rng = np.random.default_rng(2)
    n, spread = 100, 2.0
    difference = detectable(rng.normal(0, spread, 100_000)) * np.sqrt(100_000 / n)
    draws = rng.normal(difference, spread, (4_000, n))
    z = draws.mean(axis=1) / (draws.std(axis=1, ddof=1) / np.sqrt(n))
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.03)
    with pytest.raises(ValueError, match="two lists or more"):
        detectable(np.ones(1))
