"""The sweeps of factor models: what is tried, what is chosen, and curves through one point."""

import json

import numpy as np
import pandas as pd
import pytest
from implicit.als import AlternatingLeastSquares as ImplicitALS
from scipy.sparse import csr_matrix

from nexttrack import project
from nexttrack.data.dataset import Dataset
from nexttrack.evaluation import summarise
from nexttrack.evaluation.comparison import Candidate
from nexttrack.models import IALS
from nexttrack.study.factors import factor_sweeps
from nexttrack.study.registry import MODELS

# implicit says so once in a process, wherever its model is made first; sweeps run with one thread.
pytestmark = pytest.mark.filterwarnings("ignore:OpenBLAS is configured")

START = {
    "factors": 4,
    "regularization": 0.1,
    "unobserved_weight": 0.1,
    "frequency_exponent": 0.5,
}


@pytest.fixture
def dataset(monkeypatch):
    monkeypatch.setattr(project, "edition", lambda: "published")
    dense = np.random.default_rng(1).random((40, 30)) < 0.4
    user_items = csr_matrix(dense.astype(np.float32))
    tracks = pd.DataFrame({"label": [f"item {i}" for i in range(30)]})
    made = Dataset("lastfm-2k", tracks, user_items, np.arange(40), np.arange(30))
    monkeypatch.setattr(Dataset, "load", lambda name: made)
    return made


def test_no_model_gets_more_than_six_settings_and_each_can_be_made():
    for candidate in factor_sweeps.factor_models().values():
        assert 1 <= len(candidate.settings) <= 6
        for setting in candidate.settings:
            candidate.make(**setting)


def test_as_it_comes_it_has_the_defaults_of_implicit():
    ours, theirs = MODELS["iALS as it comes"].make(), ImplicitALS()
    for name in ("factors", "regularization", "alpha", "iterations"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_plain_is_the_model_of_hu_et_al():
    model = MODELS["iALS, plain"].make(alpha=5, regularization=10)
    assert (model.unobserved_weight, model.frequency_exponent) == (1, 0)


def test_the_best_mean_is_chosen_and_of_equals_the_first():
    scores = pd.DataFrame(
        {
            "model": ["a"] * 6 + ["b"] * 2,
            "settings": ["1", "1", "2", "2", "3", "3", "1", "1"],
            "user": [0, 1] * 4,
            "NDCG@10": [0.1, 0.1, 0.4, 0.2, 0.2, 0.4, 0.0, 0.5],
        }
    ).astype({"model": "category", "settings": "category"})
    best = factor_sweeps.best_per_model(scores)
    assert best.to_dict() == {"a": "2", "b": "1"}
    summary = summarise(factor_sweeps.only(scores, best), "NDCG@10", seed=1)
    assert summary["mean"].to_dict() == pytest.approx({"a": 0.3, "b": 0.25})


def test_all_curves_go_through_the_start(dataset):
    curves = factor_sweeps.moved(START, dataset.user_items)
    for name, points in curves.items():
        values = [point.get(name) for point in points]
        assert len(set(values)) == len(values) >= 5
        if name not in ("factors", "iterations"):
            assert START in points
            assert START in points[::2]
        fixed = {key for key in START if key != name}
        fixed -= {"regularization"} if name == "frequency_exponent" else set()
        assert all(point[key] == START[key] for point in points for key in fixed)


def test_thinned_curves_keep_what_they_are_compared_with(dataset):
    curves = factor_sweeps.moved(START | {"factors": 64}, dataset.user_items)
    for name, value in (("factors", 64), ("iterations", 15)):
        assert value in [point[name] for point in curves[name][::2]]
    assert 64 in factor_sweeps.SIZES[::-1][::2]


def test_with_the_exponent_the_mean_ridge_stays(dataset):
    users = np.diff(dataset.user_items.indptr)
    items = np.bincount(dataset.user_items.indices, minlength=30)
    means = []
    for point in factor_sweeps.moved(START, dataset.user_items)["frequency_exponent"]:
        model = IALS(**point)
        ridges = [model._ridge(users, 30), model._ridge(items, 40)]
        means.append(np.concatenate(ridges).mean())
    np.testing.assert_allclose(means, means[0], rtol=1e-3)


def test_a_sweep_has_each_user_at_each_point(dataset, monkeypatch):
    monkeypatch.setattr(factor_sweeps, "SIZES", (2, 4))
    monkeypatch.setattr(factor_sweeps, "ROUNDS", (1, 2))
    monkeypatch.setattr(factor_sweeps, "TIMES", (1, 3))
    monkeypatch.setattr(factor_sweeps, "EXPONENTS", (0.5, 1.0))
    scores = factor_sweeps.curves.__wrapped__("lastfm-2k", START)
    per_point = scores.groupby(["curve", "settings"], observed=True)["user"].nunique()
    assert (per_point == 40).all()
    assert set(scores["curve"]) == {
        *("factors", "iterations", "regularization", "unobserved_weight", "frequency_exponent"),
        "factors, as it comes",
    }


def test_seeds_change_the_start_and_nothing_else(dataset):
    scores = factor_sweeps.seeds.__wrapped__("lastfm-2k", START)
    assert sorted(scores["seed"].unique()) == list(range(factor_sweeps.N_SEEDS))
    assert scores.groupby("seed")["NDCG@10"].mean().std() > 0


def test_all_candidates_are_measured(dataset, monkeypatch):
    few = {"iALS": Candidate(IALS, [START, START | {"factors": 2}])}
    monkeypatch.setattr(factor_sweeps, "factor_models", lambda: few)
    scores = factor_sweeps.tuned.__wrapped__("lastfm-2k")
    best = factor_sweeps.best_per_model(scores)
    assert json.loads(best["iALS"])["factors"] in (2, 4)
