"""Settings are chosen on validation alone, the test is measured once, differences are paired."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation import (
    Candidate,
    choose,
    difference,
    equivalence,
    grid,
    measure,
    summarise,
)
from nexttrack.evaluation.significance import equivalence_test
from nexttrack.evaluation.splits import Split
from nexttrack.models import ItemKNN, Popularity, Random


@pytest.fixture(scope="module")
def candidates():
    return {
        "Popularity": Candidate(Popularity),
        "Item kNN": Candidate(ItemKNN, grid(K=[1, 20], shrinkage=[0, 5])),
    }


def test_a_grid_has_every_combination_in_order():
    assert grid(a=[1, 2], b="xy") == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]


def test_the_best_on_validation_is_chosen_one_for_each_model(split, candidates):
    trials = choose(candidates, split)
    assert trials["model"].tolist() == ["Popularity"] + ["Item kNN"] * 4
    for _, tried in trials.groupby("model"):
        assert tried["chosen"].sum() == 1
        assert tried.loc[tried["chosen"], "validation"].item() == tried["validation"].max()


def test_the_test_part_has_no_say_in_the_choice(split, candidates):
    empty = csr_matrix(split.test_out.shape, dtype="f4")
    blind = Split(split.validation_in, split.validation_out, empty, empty)
    pd.testing.assert_frame_equal(choose(candidates, blind), choose(candidates, split))


def test_every_model_is_measured_on_the_same_users(split, candidates):
    scores = measure(candidates, choose(candidates, split), split)
    users = np.flatnonzero(np.diff(split.test_out.indptr))
    for _, part in scores.groupby("model"):
        assert part["user"].tolist() == users.tolist()
    means = scores.groupby("model")["NDCG@10"].mean()
    assert means["Item kNN"] > means["Popularity"]


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(4)
    a = rng.random(200)
    one = pd.DataFrame({"model": "A", "user": range(200), "NDCG@10": a})
    two = pd.DataFrame({"model": "B", "user": range(200), "NDCG@10": a - 0.01})
    return pd.concat([one, two])


def test_means_lie_within_their_intervals(scores):
    table = summarise(scores, "NDCG@10", seed=1)
    assert table.index.tolist() == ["A", "B"]
    assert ((table["low"] < table["mean"]) & (table["mean"] < table["high"])).all()


def test_a_paired_difference_sees_what_two_intervals_hide(scores):
    table = summarise(scores, "NDCG@10", seed=1)
    assert table.loc["A", "low"] < table.loc["B", "high"]  # they overlap
    assert difference(scores, "NDCG@10", "A", "B", seed=1) == pytest.approx((0.01, 0.01, 0.01))


def test_two_models_are_equivalent_only_within_a_margin_that_their_spread_allows(scores):
    values = scores.pivot(index="user", columns="model", values="NDCG@10")
    apart = (values["A"] - values["B"]).to_numpy()
    for margin in (0.005, 0.02):
        p = equivalence(scores, "NDCG@10", "A", "B", margin=margin)
        assert p == equivalence_test(apart, margin)
    assert equivalence(scores, "NDCG@10", "A", "B", margin=0.005) > 0.5 > p


def test_a_user_whom_one_model_lacks_is_refused(scores):
    with pytest.raises(ValueError, match="not every model has a value for every user"):
        summarise(scores.iloc[:-1], "NDCG@10", seed=1)


def test_chance_scores_what_chance_must(split):
    """Expected NDCG of a random list: every place hits with probability relevant / unseen."""
    scores = []
    for seed in range(30):
        candidate = {"Random": Candidate(lambda seed=seed: Random(seed))}
        trials = pd.DataFrame({"model": ["Random"], "settings": [{}], "chosen": [True]})
        scores.append(measure(candidate, trials, split)["NDCG@10"].mean())
    n_relevant, n_seen = (np.diff(m.indptr) for m in (split.test_out, split.test_in))
    asked = n_relevant > 0
    n_relevant, n_seen = n_relevant[asked], n_seen[asked]
    discounts = 1 / np.log2(np.arange(2, 12))
    ideal = np.cumsum(discounts)[np.minimum(n_relevant, 10) - 1]
    expected = (n_relevant / (40 - n_seen) * discounts.sum() / ideal).mean()
    assert np.mean(scores) == pytest.approx(expected, abs=4 * np.std(scores) / np.sqrt(30))
