"""The margin of equivalence: its reasons from validation, and what other margins would say."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.power import NormalIndPower

from nexttrack.evaluation.evaluator import fit_and_evaluate
from nexttrack.evaluation.significance import compare_pairs, model_means
from nexttrack.models import Popularity
from nexttrack.study.comparison import margins
from nexttrack.study.comparison.fits_on_splits import splits
from nexttrack.study.comparison.margins import listeners_needed, sensitivity, with_margin
from nexttrack.study.comparison.tuned_comparison import MARGIN
from nexttrack.study.search import METRIC, N


def test_listeners_are_those_of_statsmodels():
    theirs = NormalIndPower().solve_power(0.2 / 1.5, alpha=0.05, power=0.8)
    assert listeners_needed(0.2, 1.5) == np.ceil(theirs)


@pytest.fixture
def compared():
    """Three models 3 % and 30 % apart, of which users think nearly the same."""
    rng = np.random.default_rng(1)
    base = rng.random(400)
    values = pd.DataFrame({"first": base, "near": base * 0.97, "far": base * 0.7})
    return compare_pairs(values), model_means(values)


def test_a_margin_is_a_share_of_the_best(compared):
    found = with_margin(*compared).set_index(["model", "other"])["p_equivalence_holm"]
    assert found["first", "near"] < 0.001 < 0.9 < found["first", "far"]


def test_a_narrow_margin_calls_less_equivalent(compared):
    table = sensitivity(*compared)
    assert table["margin"].tolist() == [MARGIN / 2, MARGIN, 2 * MARGIN]
    assert table["pairs"].tolist() == [0, 1, 1] and set(table["of"]) == {3}
    assert table["equivalent to the best"].tolist() == ["none", "near", "near"]


def test_reasons_are_of_validation(tmp_path, monkeypatch, made, in_this_process):
    monkeypatch.setattr("nexttrack.cache.cache_dir", lambda: tmp_path)
    monkeypatch.setattr("nexttrack.study.kept.fingerprint", lambda: "of these data")
    monkeypatch.setattr("nexttrack.data.dataset.Dataset.load", made)
    tried = pd.DataFrame(
        {"model": ["Random", "Popularity", "iALS, plain"], "value": [0.1, 0.2, 0.3]}
    )
    monkeypatch.setattr(margins, "trials", lambda name: tried)
    monkeypatch.setattr(margins, "tuned_settings", lambda name: {"Popularity": {}, "Random": {}})
    row = margins.reasons("lastfm-2k").iloc[0]
    parts = splits(made("lastfm-2k"))
    values = np.column_stack(
        [
            fit_and_evaluate(Popularity(), parts[part](), "validation", {"is": METRIC}, N=N)[0]
            for part in ("the test", *(f"draw {k}" for k in range(1, 5)))
        ]
    )
    means = values.mean(axis=0)
    assert row["model"] == "Popularity" and row["mean"] == pytest.approx(means.mean())
    assert row["range"] == pytest.approx((means.max() - means.min()) / means.mean())
    spread = np.sqrt(values.var(axis=0, ddof=1).mean())
    assert row["listeners"] == listeners_needed(MARGIN * means.mean(), spread)
    assert np.isnan(margins.reasons("lastfm-2k-tags").iloc[0]["range"])
