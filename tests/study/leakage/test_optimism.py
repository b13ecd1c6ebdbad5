"""The best of many: too large by what extreme values predict, and honest where it must be."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack import project
from nexttrack.data.columns import AUDIO
from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.comparison import Candidate
from nexttrack.models import ItemKNN
from nexttrack.study.leakage import leakage, optimism

pytestmark = pytest.mark.filterwarnings("ignore:OpenBLAS is configured")


def test_each_kind_of_model_has_24_settings_and_each_can_be_made():
    for candidate in optimism.models_to_tune().values():
        assert len({str(setting) for setting in candidate.settings}) == 24
        for setting in candidate.settings:
            candidate.make(**setting)


def test_of_equal_settings_the_best_promises_the_expected_maximum():
    rng = np.random.default_rng(1)
    validation, test = rng.normal(size=(2, 4_000, 24))
    table = optimism.promises(optimism.pick(validation, test, (25, 100), n_draws=600))
    # The mean of the largest of 24 standard normal values is 1.948 (tables of order statistics).
    for size in (25, 100):
        assert table.loc[size, "inflated"] == pytest.approx(1.948 / np.sqrt(size), rel=0.08)
        assert table.loc[size, ["honest", "worth"]].tolist() == pytest.approx([0, 0], abs=0.02)


def test_where_one_setting_is_far_ahead_nothing_is_promised_too_much():
    test = np.random.default_rng(1).normal(size=(200, 3)) + np.array([0, 0, 9])
    picked = optimism.pick(test, test, (50,), n_draws=20)
    assert (picked["reported"] == picked["honest"]).all()
    assert picked["worth"][:20].between(8, 10).all()


def test_all_users_come_last_and_once_and_too_large_sizes_not_at_all():
    values = np.random.default_rng(1).random((100, 4))
    picked = optimism.pick(values, values, (50, 51), n_draws=3)
    assert picked["users"].tolist() == [50, 50, 50, 100]
    assert picked["worth"].isna().tolist() == [False, False, False, True]
    assert picked["reported"].iloc[-1] == pytest.approx(values.mean(axis=0).max())


def test_promises_are_means_of_draws_with_the_middle_of_them():
    picked = pd.DataFrame(
        {"users": 10, "reported": [0.2, 0.4], "honest": [0.1, 0.2], "worth": [0.1, 0.3]}
    )
    row = optimism.promises(picked).loc[10]
    assert (row["inflated"], row["honest"], row["worth"]) == pytest.approx((0.3, 0.15, 0.2))
    assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == pytest.approx((2, 2, 2))
    assert row["inflated_low"] == pytest.approx(0.2 + 0.025 * 0.2)


def test_the_best_seed_is_set_against_the_mean_of_all():
    rows = [
        ("split", "a", seed, user, value + user)
        for seed, value in enumerate((0.1, 0.3, 0.2))
        for user in (0, 1)
    ]
    found = pd.DataFrame(rows, columns=["of", "model", "seed", "user", "value"])
    pairs = optimism.best_of_seeds(found)
    assert pairs["inflated"].tolist() == pytest.approx([0.3, 1.3])
    assert pairs["honest"].tolist() == pytest.approx([0.2, 1.2])
    assert leakage.effects(pairs, ["of", "model"])["difference"].item() == pytest.approx(0.1)


@pytest.fixture
def dataset(monkeypatch):
    dense = np.random.default_rng(1).random((40, 60)) < 0.4
    tracks = pd.DataFrame(np.random.default_rng(2).random((60, 9)), columns=list(AUDIO))
    user_items = csr_matrix(dense.astype(np.float32))
    made = Dataset("lastfm-2k", tracks, user_items, np.arange(40), np.arange(60))
    monkeypatch.setattr(project, "edition", lambda: "published")
    monkeypatch.setattr(Dataset, "load", lambda name: made)
    return made


def test_every_setting_is_measured_on_two_parts_inside_the_training_part(dataset, monkeypatch):
    few = {"Item kNN": Candidate(ItemKNN, [{"K": 5}, {"K": 20}])}
    monkeypatch.setattr(optimism, "models_to_tune", lambda: few)
    scores = optimism.tried.__wrapped__()
    validation, test = optimism.as_arrays(scores, "Item kNN")
    assert validation.shape == test.shape == (40, 2)
    assert np.isfinite(validation).all() and (validation != test).any()


def test_splits_and_starts_are_measured_by_seed(dataset, monkeypatch):
    monkeypatch.setattr(optimism, "N_SEEDS", 2)
    settings = {
        "EASE": {},
        "iALS": {"factors": 16, "iterations": 1},
        "Item kNN": {},
        "Audio kNN": {},
        "Popularity": {},
    }
    found = optimism.seeds.__wrapped__(settings)
    models = found.groupby("of")["model"].unique()
    assert sorted(models["split"]) == ["EASE", "Item kNN", "Popularity", "iALS"]
    assert list(models["start"]) == ["iALS"]
    means = found.groupby(["of", "model", "seed"])["value"].mean()
    assert (means.groupby(["of", "model"]).nunique() == 2).all()
