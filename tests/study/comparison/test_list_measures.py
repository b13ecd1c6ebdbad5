"""Measures of lists: they know the data set's training part, and a weight of 0 changes nothing."""

import numpy as np
import pytest

from nexttrack.evaluation import beyond_accuracy, ndcg_at_k
from nexttrack.evaluation.evaluator import top_n
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.models import ItemKNN, Popularity
from nexttrack.study import protocol
from nexttrack.study.comparison.list_measures import WEIGHTS, ListMeasures
from nexttrack.study.comparison.tuned_comparison import ACCURACY, Answers


@pytest.fixture(scope="module")
def answers(made):
    dataset = made("playlists")
    split = protocol.split(dataset)
    users = np.flatnonzero(np.diff(split.test_out.indptr))
    lists = {}
    for name, model in {"Popularity": Popularity(), "Item kNN": ItemKNN(K=20)}.items():
        model.fit(split.test_train, show_progress=False)
        ids = top_n(model, split.test_in, users, 100)
        lists[name] = RankedLists(ids, split.test_out[users], split.test_in[users])
    group = np.array([f"playlists, {part}" for part in dataset.parts[users]])
    return Answers(dataset, split, users, group, lists)


def test_popularity_is_that_of_the_training_data(answers):
    found = answers.scores(ListMeasures(answers).beyond_accuracy)
    shares = np.asarray(answers.split.test_train.astype(np.float64).mean(axis=0)).ravel()
    for model, lists in answers.lists.items():
        ours = found.loc[found["model"] == model, "popularity"]
        expected = [shares[row[row >= 0]].mean() for row in lists.ids[:, :10]]
        np.testing.assert_allclose(ours, expected)


def test_nothing_of_popularity_is_unexpected(answers):
    found = answers.scores(ListMeasures(answers).beyond_accuracy).groupby("model")
    assert found["unexpectedness"].mean()["Popularity"] == 0
    assert found["unexpectedness"].mean()["Item kNN"] > 0


def test_the_catalogue_is_counted_over_all_lists(answers):
    table = ListMeasures(answers).of_the_catalogue()
    for model, lists in answers.lists.items():
        shown = np.unique(lists.ids[:, :10])
        assert table.loc[model, "coverage"] == (shown >= 0).sum() / lists.n_items
        exposure = beyond_accuracy.exposure_at_k(lists, 10)
        assert table.loc[model, "Gini"] == beyond_accuracy.gini(exposure)


def test_lift_is_told_for_all_and_by_taste(answers):
    measures = ListMeasures(answers)
    everybody, by_taste = measures.of_the_catalogue()["lift"], measures.by_taste()
    for model, rows in by_taste.groupby("model"):
        assert rows.droplevel("model").index.tolist() == ["niche", "diverse", "blockbuster"]
        assert rows["users"].sum() == len(answers.users)
        assert rows["profile"].is_monotonic_increasing
        listed, profile = (
            np.average(rows[column], weights=rows["users"]) for column in ("listed", "profile")
        )
        assert everybody[model] == pytest.approx(listed / profile - 1)


def test_a_frontier_starts_at_the_model_and_moves_to_what_is_wanted(answers):
    measures = ListMeasures(answers)
    table = measures.frontiers(["Item kNN"])
    assert len(table) == 3 * len(WEIGHTS)
    start = table[table["weight"] == 0]
    assert start["NDCG@10"].to_numpy() == pytest.approx(
        ndcg_at_k(answers.lists["Item kNN"], 10).mean()
    )
    for wish, rows in table.groupby("wish"):
        as_it_is = measures.beyond_accuracy[wish](answers.lists["Item kNN"])
        assert rows["wanted"].iloc[0] == pytest.approx(np.nanmean(as_it_is))
        sign = -1 if wish == "miscalibration" else 1
        assert sign * (rows["wanted"].iloc[-1] - rows["wanted"].iloc[0]) > 0
        assert (rows["low"] <= rows["NDCG@10"]).all() and (rows["NDCG@10"] <= rows["high"]).all()


def test_all_measures_have_a_value_for_every_user(answers):
    found = answers.scores(ACCURACY | ListMeasures(answers).beyond_accuracy)
    assert len(found) == 2 * len(answers.users)
    assert found.notna().all(axis=None)


def test_strata_hold_all_users_and_average_to_the_whole(answers):
    table = ListMeasures(answers).by_stratum(["Item kNN"])
    whole = ndcg_at_k(answers.lists["Item kNN"], 10).mean()
    for what, rows in table.groupby("what"):
        assert rows["part"].tolist() == ["low", "middle", "high"]
        assert (rows["low"] <= rows["mean"]).all() and (rows["mean"] <= rows["high"]).all()
        if what != "item popularity":
            assert rows["users"].sum() == len(answers.users)
            assert np.average(rows["mean"], weights=rows["users"]) == pytest.approx(whole)
    assert set(table["what"]) == {"mainstreaminess", "profile size", "item popularity"}


def test_profiles_of_one_size_are_not_divided_by_it(answers):
    same = answers.users[np.diff(answers.split.test_in.indptr)[answers.users] == 12]
    place = np.searchsorted(answers.users, same)
    lists = {
        name: RankedLists(one.ids[place], one.relevant[place], one.seen[place])
        for name, one in answers.lists.items()
    }
    few = Answers(answers.dataset, answers.split, same, answers.group[place], lists)
    assert "profile size" not in set(ListMeasures(few).by_stratum(["Item kNN"])["what"])
