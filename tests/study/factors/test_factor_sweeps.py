"""The sweeps of factor models: what is tried, what is chosen, and curves through one point."""

import numpy as np
import pandas as pd
import pytest
from implicit.als import AlternatingLeastSquares as ImplicitALS
from scipy.sparse import csr_matrix

from nexttrack import project
from nexttrack.data.dataset import Dataset
from nexttrack.study.factors import factor_sweeps
from nexttrack.study.registry import MODELS

# implicit says so once in a process, wherever its model is made first; sweeps run with one thread.
pytestmark = pytest.mark.filterwarnings("ignore:OpenBLAS is configured")

START = {
    "factors": 4,
    "regularization": 0.1,
    "unobserved_weight": 0.1,
    "frequency_exponent": 0.5,
    "iterations": 4,
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


def test_each_model_of_the_chapter_can_be_made_as_the_search_chose(monkeypatch):
    best = {"EASE": {"regularization": 9.0}, "iALS": START, "Random": {}}
    monkeypatch.setattr(factor_sweeps, "tuned_settings", lambda name: best)
    settings = factor_sweeps.chosen("lastfm-2k")
    assert set(settings) == set(factor_sweeps.NAMES)
    made = {model: MODELS[model].make(**one) for model, one in settings.items()}
    assert made["EASE"].regularization == 9 and made["iALS"].factors == 4


def test_as_it_comes_it_has_the_defaults_of_implicit():
    ours, theirs = MODELS["iALS as it comes"].make(), ImplicitALS()
    for name in ("factors", "regularization", "alpha", "iterations"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_plain_is_the_model_of_hu_et_al():
    model = MODELS["iALS, plain"].make(alpha=5, regularization=10)
    assert (model.unobserved_weight, model.frequency_exponent) == (1, 0)


def test_all_curves_go_through_the_start_also_where_they_are_thinned():
    for name, points in factor_sweeps.moved(START).items():
        values = [point[name] for point in points]
        assert len(set(values)) == len(values) >= 5
        assert points[0] == START
        fixed = {key for key in START if key != name}
        assert all(point[key] == START[key] for point in points for key in fixed)


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
        *("factors, as it comes", "factors, PureSVD"),
    }


def test_seeds_change_the_start_and_nothing_else(dataset):
    scores = factor_sweeps.seeds.__wrapped__("lastfm-2k", START)
    assert sorted(scores["seed"].unique()) == list(range(factor_sweeps.N_SEEDS))
    assert scores.groupby("seed")["NDCG@10"].mean().std() > 0


def test_all_models_are_measured_as_they_are_set(dataset):
    scores = factor_sweeps.tuned.__wrapped__("lastfm-2k", {"iALS": START, "Popularity": {}})
    assert scores.groupby("model")["user"].nunique().to_dict() == {"iALS": 40, "Popularity": 40}
