"""Runs of artists and kinds of next tracks, on lists that can be counted by hand."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from nexttrack.evaluation import last_k
from nexttrack.study.next_track import runs

# Items 0 to 5 by artists A, A, B, B, C and nobody.
ARTISTS = csr_matrix(np.array([[1, 0, 0]] * 2 + [[0, 1, 0]] * 2 + [[0, 0, 1], [0, 0, 0]], "f4"))


def in_lists(*lists):
    dense = np.zeros((len(lists), 6), dtype=np.float32)
    for row, items in zip(dense, lists, strict=True):
        row[items] = np.arange(1, len(items) + 1)
    return csr_matrix(dense)


def test_shares_by_distance_are_means_over_lists():
    order = in_lists([1, 0, 2, 3], [0, 4, 1], [5, 4])
    found = runs.by_distance(order, ARTISTS, range(1, 4), seed=1)
    assert found["mean"].tolist() == pytest.approx([(2 / 3 + 0 + 0) / 3, (0 + 1) / 2, 0])
    assert (found["low"] <= found["mean"]).all()
    assert (found["mean"] <= found["high"]).all()


def test_in_any_order_all_pairs_count():
    order = in_lists([1, 0, 2, 3], [0, 4, 1], [5, 4], [3])
    assert runs.in_any_order(order, ARTISTS) == pytest.approx((2 / 6 + 1 / 3 + 0) / 3)


def test_any_order_is_the_mean_over_all_orders():
    rng = np.random.default_rng(0)
    anywhere = runs.in_any_order(in_lists([0, 1, 2, 3, 4]), ARTISTS)
    orders = in_lists(*(rng.permutation(5) for _ in range(3_000)))
    found = runs.by_distance(orders, ARTISTS, range(1, 4), seed=1)
    np.testing.assert_allclose(found["mean"], anywhere, atol=0.02)


def test_the_next_track_is_by_the_last_artist_or_an_earlier_one_or_none():
    order = in_lists([4, 2, 0, 1], [0, 2, 3, 1], [0, 1, 2, 4], [0, 1, 2, 5], [3, 4])
    kinds = runs.kinds_of_next(last_k(order), ARTISTS)
    assert kinds.to_dict() == dict(enumerate(runs.KINDS))
