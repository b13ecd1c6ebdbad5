"""The evaluator drops what implicit pads lists with, and asks only users with held-out items."""

from functools import partial

import numpy as np
import pytest
from implicit.nearest_neighbours import CosineRecommender
from scipy.sparse import csr_matrix

from nexttrack.evaluation import evaluate, recall_at_k, top_n
from nexttrack.models import Popularity


class Fixed:
    """A model that always says the same."""

    def __init__(self, ids):
        self.ids = np.array(ids)

    def recommend(self, userid, user_items, N, filter_already_liked_items):
        return self.ids[userid, :N], np.zeros((len(userid), N))


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
