"""The evaluator drops what implicit pads lists with, and asks only users with held-out items."""

import time
from functools import partial

import numpy as np
import pytest
from implicit.nearest_neighbours import CosineRecommender
from scipy.sparse import csr_matrix

from nexttrack.evaluation import (
    cold_items,
    evaluate,
    evaluate_models,
    fit_and_evaluate,
    ndcg_at_k,
    recall_at_k,
    strong_generalization,
    top_n,
    weak_generalization,
)
from nexttrack.models import Popularity, PureSVD


class Fixed:
    """A model that always says the same."""

    def __init__(self, ids):
        self.ids = np.array(ids)

    def recommend(self, userid, user_items, N, filter_already_liked_items):
        return self.ids[userid, :N], np.zeros((len(userid), N))


def test_a_score_that_is_no_number_is_named():
    model = Fixed([[1, 2], [2, 1]])
    model.recommend = lambda userid, *_, **__: (
        model.ids[userid],
        np.array([[1.0, 0.5], [1, np.nan]]),
    )
    with pytest.raises(ValueError, match="list of user 1: the score of item 1 is NaN"):
        top_n(model, csr_matrix((2, 3)), np.array([0, 1]), 2)


def test_new_users_are_folded_in_and_only_some_items_come_up():
    rng = np.random.default_rng(0)
    learned = csr_matrix(rng.random((30, 12)) < 0.4, dtype=np.float32)
    asked = csr_matrix(rng.random((40, 12)) < 0.3, dtype=np.float32)
    model = PureSVD(factors=4)
    model.fit(learned, show_progress=False)
    users = np.arange(30, 40)  # none of them is known
    lists = top_n(model, asked, users, 3, fold_in=True, items=np.array([1, 4, 7]))
    assert set(lists.ravel()) <= {-1, 1, 4, 7}
    with pytest.raises(IndexError):
        top_n(model, asked, users, 3)


def test_padding_repeats_and_seen_items_go_and_the_rest_moves_up():
    seen = csr_matrix(np.array([[0, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0, 0]]))
    model = Fixed([[-1, 3, 2, 2, 5], [0, 4, -1, 1, 4]])
    np.testing.assert_array_equal(
        top_n(model, seen, np.array([0, 1]), 5), [[2, 5, -1, -1, -1], [4, 1, -1, -1, -1]]
    )


@pytest.mark.filterwarnings("ignore:Method expects CSR")
def test_item_knn_of_implicit_pads_with_liked_items_and_we_drop_them():
    user_items = csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]], dtype=np.float32))
    model = CosineRecommender(K=4)
    model.fit(user_items, show_progress=False)
    users = np.arange(3)
    raw, _ = model.recommend(users, user_items, N=4)
    assert np.isin(raw[0], user_items[0].indices).any()  # the reason for the rule
    assert (top_n(model, user_items, users, 4) == -1).all()


def test_one_row_for_each_user_with_something_held_out():
    user_items = csr_matrix(np.eye(4, 6, dtype=np.float32))
    relevant = csr_matrix(([1.0, 1.0], ([1, 3], [5, 4])), shape=(4, 6))
    model = Popularity()
    model.fit(user_items)
    table = evaluate(model, user_items, relevant, {"Recall@5": partial(recall_at_k, k=5)}, N=5)
    assert table.index.tolist() == [1, 3]
    assert table["Recall@5"].tolist() == pytest.approx([1.0, 1.0])


def test_models_are_fitted_on_the_training_part_and_their_cost_is_told():
    user_items = csr_matrix(np.random.default_rng(1).random((60, 20)) < 0.4, dtype=np.float32)
    metrics = {"NDCG@5": partial(ndcg_at_k, k=5)}
    models = {"popular": Popularity, "factors": partial(PureSVD, factors=4)}
    for split in (
        weak_generalization(user_items, seed=2),
        strong_generalization(user_items, seed=2),
        cold_items(user_items, seed=2),
    ):
        scores, costs = evaluate_models(models, split, metrics, N=5)
        assert list(costs.index) == list(models) and (costs >= 0).all(axis=None)
        for name, make in models.items():
            model = make()
            model.fit(split.test_train, show_progress=False)
            table = evaluate(
                model,
                split.test_in,
                split.test_out,
                metrics,
                N=5,
                fold_in=split.fold_in,
                items=split.test_items,
            )
            rows = scores[scores["model"] == name].set_index("user")
            np.testing.assert_array_equal(rows["NDCG@5"], table["NDCG@5"])


def test_memory_is_that_of_the_fit():
    class Greedy(Popularity):
        def fit(self, user_items, show_progress=True):
            kept = np.ones(25_000_000)
            super().fit(user_items, show_progress)
            time.sleep(0.1)
            del kept

    user_items = csr_matrix(np.random.default_rng(1).random((60, 20)) < 0.4, dtype=np.float32)
    split = weak_generalization(user_items, seed=2)
    fit_and_evaluate(Popularity(), split, "validation", {}, N=5)  # compiles what it calls
    _, cost = fit_and_evaluate(Greedy(), split, "validation", {}, N=5)
    assert 180 < cost.megabytes < 260
    assert cost.fit > 0.1


def test_a_transposed_matrix_and_metrics_that_are_none_are_said():
    user_items = csr_matrix(np.eye(4, 3, dtype=np.float32))
    model = Popularity()
    model.fit(user_items, show_progress=False)
    turned = user_items.T.tocsr()
    with pytest.raises(ValueError, match=r"has 4 items, the model 3; it looks transposed: give"):
        evaluate(model, turned, turned, {}, N=2)
    for wrong in ("NDCG@10", ["NDCG@10"], {"NDCG@10": "ndcg"}, None):
        with pytest.raises(TypeError, match="metrics must be a dict of functions by name"):
            evaluate(model, user_items, user_items, wrong, N=2)
    with pytest.raises(ValueError, match=r"N must be a whole number of 0 or more, not 2\.5"):
        evaluate(model, user_items, user_items, {}, N=2.5)
