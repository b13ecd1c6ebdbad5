"""A search finds what is good, by one rule for all, and goes on where it was stopped."""

import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation import Candidate, ndcg_at_k, weak_generalization
from nexttrack.evaluation.evaluator import fit_and_evaluate
from nexttrack.evaluation.tuning import (
    KNOWN,
    NEIGHBOUR,
    RANDOM_TRIALS,
    RESTARTS,
    agreement,
    best_settings,
    neighbours,
    next_trials,
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
ONE = {"world": 1}
SHRINKAGE = {"shrinkage": Range(0.1, 100, log=True)}
TUNABLES = {
    "world": {
        "Item kNN": Candidate(ItemKNN, ({}, {"K": 3, "shrinkage": 1.0}), SHRINKAGE),
        "Popularity": Candidate(Popularity),
    }
}


@pytest.fixture(scope="module")
def splits():
    rng = np.random.default_rng(3)
    taste = rng.random((80, 3)) @ rng.random((3, 40)) ** 4
    user_items = csr_matrix(rng.random(taste.shape) < taste / 2, dtype=np.float32)
    return {"world": weak_generalization(user_items, seed=1)}


def searched(value, candidate, *, budget=4, seed=0, error=0.5):
    """Return all rows of a search of a function of the settings."""
    rows = []
    while asked := next_trials(candidate, rows, budget=budget, seed=seed):
        for origin, settings in asked:
            row = {"origin": origin, "settings": json.dumps(settings), "value": value(settings)}
            rows.append(row | {"error": error, "data": "world", "model": "made"})
    return rows


def bowl(settings):
    return -((settings["x"] - 3) ** 2) - 50 * (settings["kind"] == "bad")


def test_the_search_is_better_than_chance():
    done = []
    for _ in range(40):
        settings = propose(SPACE, done, seed=0)
        done.append((settings, bowl(settings)))
    rng = np.random.default_rng(0)
    at_random = [max(-((rng.uniform(-10, 10, 40) - 3) ** 2)) for _ in range(200)]
    found = [value for _, value in done]
    assert max(found) > -0.5
    assert np.mean(found[RANDOM_TRIALS + 10 :]) > np.mean(found[:RANDOM_TRIALS]) + 10
    assert np.median(at_random) > -1  # so the first line alone would say little


def test_proposals_are_in_the_space_and_the_seed_decides():
    proposals = [propose(SPACE, [], seed=seed) for seed in range(20)]
    for one in proposals:
        assert -10 <= one["x"] <= 10 and 1 <= one["n"] <= 1000 and one["kind"] in ("good", "bad")
    assert len({one["x"] for one in proposals}) == 20
    assert proposals[4] == propose(SPACE, [], seed=4)
    assert propose({}, [({}, 0.5)], seed=0) == {}


def test_neighbours_move_one_setting_and_stay_in_the_space():
    start = {"x": 9.5, "n": 1, "kind": "good"}
    assert neighbours(start, SPACE) == [
        start | {"x": pytest.approx(9.5 - 20 / 12, abs=1e-3)},
        start | {"x": 10},
        start | {"n": 2},  # the range ends below 1
        start | {"kind": "bad"},
    ]
    assert neighbours({"n": 1000}, SPACE) == [{"n": round(1000 ** (11 / 12))}]
    assert neighbours({"x": 11.0}, SPACE) == []  # known, and outside


def test_what_is_known_comes_first_and_the_budget_grows_with_the_settings():
    known = ({"x": -9.0, "n": 5, "kind": "bad"}, {"x": 1.0, "n": 5, "kind": "good"})
    for space in (SPACE, {"x": SPACE["x"]}):
        candidate = Candidate(None, known, space)
        rows = searched(lambda s: bowl({"kind": "good"} | s), candidate, error=1e3)
        origins = pd.Series([row["origin"] for row in rows])
        assert origins[:2].tolist() == [KNOWN, KNOWN] and (origins == KNOWN).sum() == 2
        assert {(origins == one).sum() for one in RESTARTS} == {4 * (len(space) + 1)}
    assert len(searched(lambda s: 0.0, Candidate(None, known))) == 2


def test_a_restart_that_does_not_find_what_is_known_goes_on():
    known = ({"x": 3.0, "n": 5, "kind": "good"},)
    near = {"x": Range(-10, -5)}
    rows = searched(bowl, Candidate(None, known, near | {"kind": SPACE["kind"]}), error=1.0)
    count = pd.Series([row["origin"] for row in rows]).value_counts()
    assert count[list(RESTARTS)].tolist() == [24, 24]  # twice the budget, and no more
    (row,) = agreement(pd.DataFrame(rows)).to_dict("records")
    assert row["origin"] == KNOWN and not row["agree"] and row["best"] == 0


def test_the_best_is_better_than_its_neighbours_where_they_were_all_tried():
    candidate = Candidate(None, ({"x": 0.0},), {"x": SPACE["x"]})
    rows = searched(lambda s: bowl({"kind": "good"} | s), candidate, budget=1, error=100.0)
    tried = {row["settings"] for row in rows}
    best = max(rows, key=lambda row: row["value"])
    around = [json.dumps(one) for one in neighbours(json.loads(best["settings"]), candidate.space)]
    assert NEIGHBOUR in {row["origin"] for row in rows}
    assert set(around) <= tried and best["value"] > -1


def test_the_best_is_what_was_measured(splits):
    rounds = []
    trials = tune(TUNABLES, splits, METRIC, N=5, budget=ONE, seed=7, on_round=rounds.append)
    assert (trials["model"] == "Popularity").sum() == 1 and len(rounds) >= 3
    assert len(rounds[0]) == 3  # what is known
    best = best_settings(trials, "world", "Item kNN")
    scores, _ = fit_and_evaluate(
        ItemKNN(**best), splits["world"], "validation", {"value": METRIC}, N=5
    )
    row = trials.loc[trials["value"].where(trials["model"] == "Item kNN").idxmax()]
    assert scores["value"].mean() == pytest.approx(row["value"])
    assert scores["value"].sem() == pytest.approx(row["error"])
    assert best_settings(trials, "world", "Popularity") == {}


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(splits, tmp_path):
    rounds = []
    whole = tune(TUNABLES, splits, METRIC, N=5, budget=ONE, seed=7, on_round=rounds.append)
    rounds[1].to_csv(tmp_path / "trials.csv", index=False)
    kept, later = pd.read_csv(tmp_path / "trials.csv"), []
    resumed = tune(
        TUNABLES, splits, METRIC, N=5, budget=ONE, seed=7, done=kept, on_round=later.append
    )
    assert len(later) == len(rounds) - 2
    pd.testing.assert_frame_equal(
        resumed.drop(columns="seconds"), whole.drop(columns="seconds"), check_dtype=False
    )


def test_trials_of_another_space_or_seed_do_not_count(splits):
    part = tune(TUNABLES, splits, METRIC, N=5, budget=ONE, seed=7)
    wider = Candidate(ItemKNN, space={"K": Range(1, 60, log=True, whole=True)})
    models = {"world": {"Item kNN": wider, "Popularity": TUNABLES["world"]["Popularity"]}}
    assert space_fingerprint(wider.space) != space_fingerprint(SHRINKAGE)
    rounds = []
    tune(models, splits, METRIC, N=5, budget=ONE, seed=7, done=part, on_round=rounds.append)
    space = set(rounds[0].loc[rounds[0]["model"] == "Item kNN", "space"])
    assert space == {space_fingerprint(wider.space)}
    again = tune(TUNABLES, splits, METRIC, N=5, budget=ONE, seed=8, done=part)
    assert (again["seed"] == 8).all()


def test_what_cannot_go_on_is_refused(splits):
    part = tune(TUNABLES, splits, METRIC, N=5, budget=ONE, seed=7)
    with pytest.raises(ValueError, match="Item kNN on world: trial 0 is missing"):
        tune(
            TUNABLES, splits, METRIC, N=5, budget={"world": 2}, seed=7, done=part[part["trial"] > 0]
        )
    with pytest.raises(ValueError, match="1 or more"):
        tune(TUNABLES, splits, METRIC, N=5, budget={"world": 0}, seed=7)
    with pytest.raises(ValueError, match="BPR was not tuned on world"):
        best_settings(part, "world", "BPR")
