"""A simulated world whose truth is known: what classifiers may and may not reach in it."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from nexttrack.study.leakage import outcome_features as outcome


@pytest.fixture(scope="module")
def world():
    return outcome.simulate(400, 600, 30, seed=2)


@pytest.fixture(scope="module")
def means(world):
    return outcome.measure(world, 20).groupby(["way", "when"])[["ndcg", "auc"]].mean()


def test_likes_come_as_often_as_their_chances(world):
    bins = np.digitize(world.chance, np.linspace(0, 1, 6))
    for one in np.unique(bins):
        inside = bins == one
        error = np.sqrt(world.chance[inside].var() + 0.25) / np.sqrt(inside.sum())
        gap = world.liked[inside].mean() - world.chance[inside].mean()
        assert abs(gap) < 4 * error
    odds = np.log(world.chance / (1 - world.chance))
    spread = np.sqrt((outcome.WEIGHTS**2).sum() + outcome.QUALITY**2)
    assert odds.mean() == pytest.approx(outcome.INTERCEPT, abs=0.1)
    assert odds.std() == pytest.approx(spread, rel=0.05)


def test_rates_of_before_do_not_hold_this_play():
    track = np.array([[0, 0, 1], [1, 0, 1]])
    liked = np.array([[1, 0, 1], [0, 1, 1]], dtype=bool)
    before, after = outcome.like_rates(track, liked, 2)
    prior, mean = outcome.PRIOR, 4 / 6

    def rate(likes, plays):
        return (likes + prior * mean) / (plays + prior)

    np.testing.assert_allclose(before[0], [rate(0, 0), rate(1, 1), rate(0, 1)])
    np.testing.assert_allclose(before[1], [rate(0, 0), rate(1, 1), rate(0, 1)])
    np.testing.assert_allclose(after[0], [rate(2, 3), rate(2, 3), rate(2, 3)])
    changed = liked.copy()
    changed[0, 2] = False
    np.testing.assert_array_equal(
        outcome.like_rates(track, changed, 2)[0][:, 0] > 0, before[:, 0] > 0
    )


def test_auc_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    score, liked = rng.integers(0, 5, (20, 12)).astype(float), rng.random((20, 12)) < 0.4
    liked[:2] = [[True], [False]]
    ours = outcome.auc(score, liked)
    assert np.isnan(ours[:2]).all()
    theirs = [roc_auc_score(one, other) for one, other in zip(liked[2:], score[2:], strict=True)]
    np.testing.assert_allclose(ours[2:], theirs)


@pytest.mark.parametrize("played", [False, True])
def test_the_best_auc_is_what_the_best_ranking_has(played):
    world = outcome.simulate(3_000, 600, 10, seed=5)
    score = np.log(world.chance / (1 - world.chance))
    if played:
        likely = outcome.beta.pdf(world.played, *outcome.LIKED)
        score += np.log(likely / outcome.beta.pdf(world.played, *outcome.NOT_LIKED))
    seen = roc_auc_score(world.liked.ravel(), score.ravel())
    assert outcome.best_auc(played) == pytest.approx(seen, abs=0.012)
    assert outcome.best_auc(played, 400, 100) == pytest.approx(outcome.best_auc(played), abs=1e-3)


def test_the_best_auc_of_one_chance_for_all_is_that_of_a_coin(monkeypatch):
    monkeypatch.setattr(outcome, "WEIGHTS", np.zeros(1))
    monkeypatch.setattr(outcome, "QUALITY", 1e-6)
    assert outcome.best_auc(played=False) == pytest.approx(0.5)


def test_honest_features_stay_below_the_ceiling_and_those_of_the_outcome_do_not(means):
    before, played, counted = outcome.WAYS
    ceiling = means.loc[("true chances", "offline"), "auc"]
    assert means.loc[(before, "offline"), "auc"] < ceiling
    assert means.loc[(played, "offline"), "auc"] > ceiling + 0.05
    assert means.loc[(counted, "offline"), "auc"] > means.loc[(before, "offline"), "auc"]
    assert means.loc[(before, "in service")].tolist() == means.loc[(before, "offline")].tolist()
    for way in (played, counted):
        assert means.loc[(way, "in service"), "auc"] < ceiling


def test_the_same_listeners_are_ranked_in_every_way(world):
    scores = outcome.measure(world, 20)
    users = scores.groupby(["way", "when"])["user"].agg(tuple)
    assert users.nunique() == 1
    liked = world.liked[:, 20:]
    assert set(users.iloc[0]) == set(np.flatnonzero(liked.any(1) & ~liked.all(1)))


def test_a_world_depends_on_its_seed_alone():
    one, other = (outcome.simulate(20, 30, 5, seed=9) for _ in range(2))
    np.testing.assert_array_equal(one.played, other.played)
    assert (outcome.simulate(20, 30, 5, seed=10).played != one.played).any()
    assert expit(outcome.INTERCEPT) < 0.5  # more is disliked than liked
