"""Each mistake adds what it must, on worlds where that is known, and nothing where it cannot."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack import project
from nexttrack.data.columns import AUDIO
from nexttrack.data.dataset import Dataset
from nexttrack.evaluation import weak_generalization
from nexttrack.evaluation.evaluator import top_n
from nexttrack.evaluation.sampled_metrics import full_ranks
from nexttrack.models import EASE, ItemKNN, Popularity
from nexttrack.study.leakage import leakage
from nexttrack.study.protocol import split as split_of

SETTINGS = {
    "EASE": {"regularization": 20.0},
    "iALS": {"factors": 8},
    "Item kNN": {"K": 20, "shrinkage": 5},
    "Audio kNN": {"features": "sound"},
    "Popularity": {},
}

# implicit says so once in a process, wherever its model is made first; here it has one thread.
pytestmark = pytest.mark.filterwarnings("ignore:OpenBLAS is configured")


@pytest.fixture(scope="module")
def user_items():
    dense = np.random.default_rng(1).random((60, 200)) < np.linspace(0.3, 0.02, 200)
    return csr_matrix(dense.astype(np.float32))


@pytest.fixture(scope="module")
def split(user_items):
    return weak_generalization(user_items, seed=1)


def test_who_learned_the_answers_finds_them(split):
    pairs = leakage.fitted_on_everything({"EASE": lambda: EASE(1.0)}, split)
    users = np.flatnonzero(np.diff(split.validation_out.indptr))
    assert pairs["user"].tolist() == users.tolist()
    assert pairs["inflated"].mean() > 2 * pairs["honest"].mean()


def test_nothing_is_gained_by_learning_from_answers_that_are_not_there(split):
    seen = split.validation_in
    same = leakage._compared({"Popularity": Popularity}, *[(seen, seen, split.validation_out)] * 2)
    np.testing.assert_array_equal(same["honest"], same["inflated"])


def test_effects_are_means_differences_and_ratios():
    pairs = pd.DataFrame(
        {
            "data": ["a"] * 4 + ["b"] * 3,
            "honest": [0.1, 0.2, 0.3, 0.4, 0, 0, 0],
            "inflated": [0.2, 0.4, 0.6, 0.8, 1, 1, 1],
        }
    )
    table = leakage.effects(pairs, ["data"], n_draws=200)
    assert table.index.get_level_values("data").tolist() == ["a", "b"]
    a, b = table.loc["a"].iloc[0], table.loc["b"].iloc[0]
    assert (a["users"], a["honest"], a["inflated"]) == pytest.approx((4, 0.25, 0.5))
    # Each user has just twice as much, so the paired ratio has no width and the means have.
    assert (a["ratio_low"], a["ratio"], a["ratio_high"]) == pytest.approx((2, 2, 2))
    assert a["honest_low"] < a["honest"] < a["honest_high"]
    assert a["difference_low"] < a["difference"] == pytest.approx(0.25)
    assert np.isinf(b["ratio"]) and np.isinf(b["ratio_high"]) and b["difference_low"] == 1


def test_whole_rankings_begin_as_the_lists_do_and_hold_every_other_item_once(split):
    seen, users = split.validation_in, np.array([3, 0, 7])
    model = leakage.fitted(lambda: ItemKNN(K=5), seen)
    rankings = leakage.whole_rankings(model, seen, users)
    lists = top_n(model, seen, users, 10)
    for user, ranking, head in zip(users, rankings, lists, strict=True):
        ranked = ranking[ranking >= 0]
        others = np.setdiff1d(np.arange(seen.shape[1]), seen[user].indices)
        assert sorted(ranked) == others.tolist()
        assert (ranking[: len(ranked)] >= 0).all()
        found = head[head >= 0]
        assert ranking[: len(found)].tolist() == found.tolist()


def test_sampled_negatives_agree_with_drawing_them(split):
    pairs = leakage.sampled_negatives({"Popularity": Popularity}, split, n_users=5)
    assert len(pairs) == 5 and (pairs["inflated"] > pairs["honest"]).all()
    users = pairs["user"].to_numpy()
    model = leakage.fitted(Popularity, split.validation_in)
    rankings = leakage.whole_rankings(model, split.validation_in, users)
    row, above, others = full_ranks(rankings, split.validation_out[users])
    rng = np.random.default_rng(2)
    drawn = rng.hypergeometric(above, others - above, leakage.NEGATIVES, size=(4_000, len(above)))
    gain = np.where(drawn < leakage.K, 1 / np.log2(drawn + 2), 0).mean(axis=0)
    by_user = np.bincount(row, gain) / np.bincount(row)
    np.testing.assert_allclose(pairs["inflated"], by_user, atol=0.02)
    exact = np.where(above < leakage.K, 1 / np.log2(above + 2), 0)
    np.testing.assert_allclose(pairs["honest"], np.bincount(row, exact) / np.bincount(row))


def test_a_random_division_changes_which_pairs_and_not_how_many(split):
    seen, out = split.validation_in, split.validation_out
    mixed, hidden = leakage.divided_at_random(seen, out, seed=1)
    assert (np.diff(mixed.indptr) == np.diff(seen.indptr)).all()
    assert (np.diff(hidden.indptr) == np.diff(out.indptr)).all()
    assert ((mixed + hidden) != (seen + out)).nnz == 0
    assert (hidden != out).nnz > 0
    again = leakage.divided_at_random(seen, out, seed=1)[1]
    assert (hidden != again).nnz == 0


@pytest.fixture
def dated(monkeypatch, user_items):
    """Items whose popularity turns round: those at the end of the catalogue are new."""
    rng = np.random.default_rng(4)
    item = user_items.indices
    day = 10_000 + rng.integers(0, 400, len(item)) + 5 * item
    dataset = Dataset(
        "lastfm-2k-tags",
        pd.DataFrame(rng.random((200, 9)), columns=list(AUDIO)),
        user_items,
        np.arange(60),
        np.arange(200),
        dates=day.astype("datetime64[D]"),
    )
    monkeypatch.setattr(project, "edition", lambda: "published")
    monkeypatch.setattr(Dataset, "load", lambda name: dataset)
    return dataset


def test_counts_of_the_future_know_what_will_be_popular(dated):
    future, mixed = leakage.on_dates.__wrapped__("lastfm-2k-tags", SETTINGS)
    assert set(future["model"]) == {"Popularity"}
    assert future["inflated"].mean() > future["honest"].mean()
    assert set(mixed["model"]) == set(SETTINGS)
    asked = np.flatnonzero(np.diff(split_of(dated).validation_out.indptr))
    assert set(mixed["user"]) == set(asked)
    popular = mixed[mixed["model"] == "Popularity"]
    assert popular["inflated"].mean() > popular["honest"].mean()


def test_settings_are_those_of_the_books_search_on_the_data_set(dated, monkeypatch):
    found = {"lastfm-2k-tags": SETTINGS | {"SLIM": {"l1": 1.0}}}
    monkeypatch.setattr(leakage, "tuned_settings", found.__getitem__)
    chosen = leakage.chosen("lastfm-2k-tags")
    assert chosen == SETTINGS
    made = {name: make() for name, make in leakage.recommenders(dated, chosen).items()}
    assert list(made) == ["EASE", "iALS", "Item kNN", "Audio kNN", "Popularity"]
    assert (made["iALS"].factors, made["Item kNN"].shrinkage) == (8, 5)


def test_the_sample_edition_takes_the_settings_of_each_class(monkeypatch):
    monkeypatch.setattr(project, "edition", lambda: "sample")
    assert set(leakage.chosen("whole-playlists")) == set(leakage.NAMES)
