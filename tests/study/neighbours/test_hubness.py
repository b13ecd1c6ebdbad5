"""Hubs are counted as by hand, and mutual proximity is what the loops of its definition give."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist
from scipy.stats import norm, skew
from sklearn.neighbors import NearestNeighbors

from nexttrack.study.neighbours.hubness import (
    ListedKNN,
    describe,
    nearest_lists,
    occurrences,
    skewness,
)


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(3).normal(size=(300, 30))


def test_occurrences_are_counted_over_all_lists():
    lists = np.array([[1, 2], [2, -1], [1, 0], [2, 1]])
    assert occurrences(lists, 5).tolist() == [1, 3, 3, 0, 0]


def test_skewness_is_that_of_scipy():
    counts = np.random.default_rng(0).poisson(3, 500)
    assert skewness(counts) == pytest.approx(skew(counts))
    assert np.isnan(skewness(np.ones(4)))


def test_a_hub_is_described():
    lists = np.zeros((200, 1), dtype=int)
    lists[0] = 1
    found = describe(lists, 200)
    assert found["antihubs"] == pytest.approx(198 / 200)
    assert found["largest"] == 199
    assert found["top_share"] == 1
    assert found["skewness"] > 5


def test_neighbours_by_distance_are_those_of_scikit_learn(rows):
    expected = NearestNeighbors(n_neighbors=5).fit(rows).kneighbors(return_distance=False)
    np.testing.assert_array_equal(nearest_lists(rows, 5), expected)


def test_neighbours_by_mutual_proximity_are_those_of_the_definition(rows):
    far = cdist(rows, rows)
    n = len(rows)
    apart = [np.delete(far[i], i) for i in range(n)]
    above = np.array([norm.sf(far[i], apart[i].mean(), apart[i].std()) for i in range(n)])
    proximity = above * norm.sf(far, [one.mean() for one in apart], [one.std() for one in apart])
    np.fill_diagonal(proximity, -1)
    expected = np.argsort(-proximity, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(nearest_lists(rows, 5, mutual=True), expected)


def test_mutual_proximity_takes_hubs_away_where_there_are_many_dimensions(rows):
    by_distance, by_proximity = (
        describe(nearest_lists(rows, 5, mutual=mutual), len(rows)) for mutual in (False, True)
    )
    assert by_distance["skewness"] > 1.5
    assert by_proximity["skewness"] < by_distance["skewness"] / 2
    assert by_proximity["antihubs"] < by_distance["antihubs"]


@pytest.mark.parametrize("mutual", [False, True])
def test_rows_by_a_common_artist_are_not_neighbours(rows, mutual):
    artist = np.arange(300) % 3
    by_artist = csr_matrix(artist[:, None] == np.arange(3), dtype=float)
    lists = nearest_lists(rows, 5, mutual=mutual, by_artist=by_artist)
    assert (lists >= 0).all() and (artist[lists] != artist[:, None]).all()


def test_lists_are_short_where_no_row_is_left():
    rows = np.arange(6.0)[:, None]
    by_artist = csr_matrix([[1], [1], [1], [1], [1], [0]])
    lists = nearest_lists(rows, 3, by_artist=by_artist)
    assert lists[0].tolist() == [5, -1, -1]
    assert lists[5].tolist() == [4, 3, 2]


def test_listed_neighbours_are_weighted_by_their_rank():
    lists = np.array([[1, 2], [0, 3], [3, -1], [-1, -1]])
    model = ListedKNN(lists, num_threads=1)
    profile = csr_matrix(np.array([[1, 1, 0, 0]], dtype="f4"))
    model.fit(profile)
    ids, scores = model.recommend(np.array([0]), profile, N=3)
    assert ids.tolist() == [[2, 3, -1]]
    assert scores[0, :2].tolist() == [0.5, 0.5]
