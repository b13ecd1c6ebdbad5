"""A search finds what is good, spends the same on all, and goes on where it was stopped."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation import Candidate, ndcg_at_k, weak_generalization
from nexttrack.evaluation.evaluator import fit_and_evaluate
from nexttrack.evaluation.tuning import (
    RANDOM_TRIALS,
    best_settings,
    propose,
    space_fingerprint,
    tune,
)
from nexttrack.models import ItemKNN, Popularity
from nexttrack.models.space import OneOf, Range

SPACE = {
    "x": Range(-10, 10),
    "n": Range(1, 1000, log=True, whole=True),
    "kind": OneOf(("good", "bad")),
}
METRIC = partial(ndcg_at_k, k=5)
TUNABLES = {
    "world": {
        "Item kNN": Candidate(
            ItemKNN,
            space={
                "K": Range(1, 30, log=True, whole=True),
                "shrinkage": Range(0.1, 100, log=True),
            },
        ),
        "Popularity": Candidate(Popularity),
    }
}


@pytest.fixture(scope="module")
def splits():
    rng = np.random.default_rng(3)
    taste = rng.random((80, 3)) @ rng.random((3, 40)) ** 4
    user_items = csr_matrix(rng.random(taste.shape) < taste / 2, dtype=np.float32)
    return {"world": weak_generalization(user_items, seed=1)}


def test_the_search_is_better_than_chance():
    def value(settings):
        return -((settings["x"] - 3) ** 2) - 50 * (settings["kind"] == "bad")

    done = []
    for _ in range(40):
        settings = propose(SPACE, done, seed=0)
        done.append((settings, value(settings)))
    rng = np.random.default_rng(0)
    at_random = [max(-((rng.uniform(-10, 10, 40) - 3) ** 2)) for _ in range(200)]
    found = [value for _, value in done]
    assert max(found) > -0.5
    assert np.mean(found[RANDOM_TRIALS + 10 :]) > np.mean(found[:RANDOM_TRIALS]) + 20
    assert np.median(at_random) > -1  # so the first line alone would say little


def test_proposals_are_in_the_space_and_the_seed_decides():
    proposals = [propose(SPACE, [], seed=seed) for seed in range(20)]
    for one in proposals:
        assert -10 <= one["x"] <= 10 and 1 <= one["n"] <= 1000 and one["kind"] in ("good", "bad")
    assert len({one["x"] for one in proposals}) == 20
    assert proposals[4] == propose(SPACE, [], seed=4)
    assert propose({}, [({}, 0.5)], seed=0) == {}


def test_all_have_the_same_budget_and_the_best_is_what_was_measured(splits):
    rounds = []
    trials = tune(TUNABLES, splits, METRIC, N=5, budget=3, seed=7, on_round=rounds.append)
    assert trials.groupby("model").size().to_dict() == {"Item kNN": 3, "Popularity": 1}
    assert [len(one) for one in rounds] == [2, 3, 4]
    best = best_settings(trials, "world", "Item kNN")
    scores, _ = fit_and_evaluate(
        ItemKNN(**best), splits["world"], "validation", {"value": METRIC}, N=5
    )
    of_model = trials.loc[trials["model"] == "Item kNN", "value"]
    assert scores["value"].mean() == pytest.approx(of_model.max())
    assert best_settings(trials, "world", "Popularity") == {}


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(splits, tmp_path):
    whole = tune(TUNABLES, splits, METRIC, N=5, budget=4, seed=7)
    part = tune(TUNABLES, splits, METRIC, N=5, budget=2, seed=7)
    part.to_csv(tmp_path / "trials.csv", index=False)
    kept = pd.read_csv(tmp_path / "trials.csv")
    rounds = []
    resumed = tune(
        TUNABLES, splits, METRIC, N=5, budget=4, seed=7, done=kept, on_round=rounds.append
    )
    assert len(rounds) == 2
    pd.testing.assert_frame_equal(
        resumed.drop(columns="seconds"), whole.drop(columns="seconds"), check_dtype=False
    )


def test_trials_of_another_space_or_seed_do_not_count(splits):
    part = tune(TUNABLES, splits, METRIC, N=5, budget=1, seed=7)
    wider = Candidate(ItemKNN, space={"K": Range(1, 60, log=True, whole=True)})
    models = {"world": {"Item kNN": wider, "Popularity": TUNABLES["world"]["Popularity"]}}
    assert space_fingerprint(wider.space) != space_fingerprint(TUNABLES["world"]["Item kNN"].space)
    rounds = []
    tune(models, splits, METRIC, N=5, budget=1, seed=7, done=part, on_round=rounds.append)
    space = rounds[0].loc[rounds[0]["model"] == "Item kNN", "space"].item()
    assert space == space_fingerprint(wider.space)
    again = tune(TUNABLES, splits, METRIC, N=5, budget=1, seed=8, done=part)
    assert (again["seed"] == 8).all()


def test_what_cannot_go_on_is_refused(splits):
    part = tune(TUNABLES, splits, METRIC, N=5, budget=2, seed=7)
    with pytest.raises(ValueError, match="Item kNN on world: trial 0 is missing"):
        tune(TUNABLES, splits, METRIC, N=5, budget=2, seed=7, done=part[part["trial"] > 0])
    with pytest.raises(ValueError, match="1 or more"):
        tune(TUNABLES, splits, METRIC, N=5, budget=0, seed=7)
    with pytest.raises(ValueError, match="BPR was not tuned on world"):
        best_settings(part, "world", "BPR")
