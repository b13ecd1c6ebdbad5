"""Every setting is measured on every user of validation, and compared in pairs."""

import json

import numpy as np
import pandas as pd
import pytest
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from nexttrack.evaluation import Candidate, choose, grid
from nexttrack.evaluation.comparison import difference, summarise
from nexttrack.evaluation.splits import Split
from nexttrack.evaluation.sweeps import curve_table, sweep
from nexttrack.models import ItemKNN, Popularity


@pytest.fixture(scope="module")
def candidates():
    def ials(factors):
        return AlternatingLeastSquares(factors=factors, random_state=1)

    return {
        "iALS": Candidate(ials, grid(factors=[4])),
        "Popularity": Candidate(Popularity),
        "Item kNN": Candidate(ItemKNN, grid(K=[1, 20], weighting=["cosine", "bm25"])),
    }


@pytest.fixture(scope="module")
def swept(candidates, split):
    return sweep(candidates, split)


def test_the_means_are_those_of_choosing_one_by_one(swept, candidates, split):
    with threadpool_limits(1, user_api="blas"):  # as implicit wants it
        trials = choose(candidates, split)
    means = swept[0].groupby(["model", "settings"], sort=False, observed=True)["NDCG@10"].mean()
    assert list(means.index) == [
        (row.model, json.dumps(row.settings)) for row in trials.itertuples()
    ]
    np.testing.assert_allclose(means, trials["validation"], rtol=1e-12)


def test_the_test_part_is_not_looked_at(swept, candidates, split):
    empty = csr_matrix(split.test_in.shape)
    blind = Split(split.validation_in, split.validation_out, empty, empty)
    pd.testing.assert_frame_equal(sweep(candidates, blind)[0], swept[0])


def test_there_is_a_row_for_each_setting_and_user_and_seconds_for_each_setting(swept, split):
    scores, seconds = swept
    users = np.flatnonzero(np.diff(split.validation_out.indptr))
    for _, rows in scores.groupby(["model", "settings"], observed=True):
        assert rows["user"].tolist() == users.tolist()
    assert len(seconds) == 6 and (seconds[["fit", "recommend"]] > 0).all(axis=None)


def test_the_models_have_one_thread(split):
    class Counting(Popularity):
        def fit(self, user_items, show_progress=True, callback=None):
            super().fit(user_items)
            assert self.num_threads == 1

    sweep({"Popularity": Candidate(lambda: Counting(num_threads=0))}, split)


def test_points_of_a_curve_are_means_and_paired_differences(swept):
    scores = swept[0]
    table = curve_table(scores, "NDCG@10", ("Popularity", {}), seed=3)
    by_model = scores.assign(model=scores["model"].astype("str") + scores["settings"].astype("str"))
    expected = summarise(by_model, "NDCG@10", seed=3)
    np.testing.assert_allclose(table[["mean", "low", "high"]], expected)
    for row in table.itertuples():
        found = row.difference, row.difference_low, row.difference_high
        one, other = row.model + row.settings, "Popularity{}"
        assert found == pytest.approx(difference(by_model, "NDCG@10", one, other, seed=3))


def test_settings_are_columns(swept):
    table = curve_table(swept[0], "NDCG@10", ("Popularity", {}), seed=3, n_draws=10)
    knn = table[table["model"] == "Item kNN"]
    assert knn["K"].tolist() == [1, 1, 20, 20]
    assert knn["weighting"].tolist() == ["cosine", "bm25"] * 2
    assert table.loc[table["model"] == "Popularity", ["K", "weighting"]].isna().all(axis=None)


def test_some_users_can_be_drawn_alone(swept):
    some = swept[0][swept[0]["user"] < 30]
    table = curve_table(some, "Recall@20", ("Popularity", {}), seed=3, n_draws=10)
    popular = some[some["model"] == "Popularity"]
    assert table.loc[table["model"] == "Popularity", "mean"].item() == pytest.approx(
        popular["Recall@20"].mean()
    )


def test_a_reference_that_was_not_tried_is_refused(swept):
    with pytest.raises(ValueError, match=r"Item kNN with \{'K': 3\} is not one of the settings"):
        curve_table(swept[0], "NDCG@10", ("Item kNN", {"K": 3}), seed=3)


def test_a_user_whom_one_setting_lacks_is_refused(swept):
    with pytest.raises(ValueError, match="not every setting has a value for every user"):
        curve_table(swept[0].iloc[:-1], "NDCG@10", ("Popularity", {}), seed=3)
