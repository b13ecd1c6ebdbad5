"""Neighbours: exact, and apart from the artist's own."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from scipy.spatial.distance import cdist

from nexttrack.features.names import names_incidence
from nexttrack.features.neighbours import nearest, overlap, sharing, squared_distances


def lists(*names):
    return pd.Series([list(row) for row in names])


@given(st.integers(0, 10_000))
def test_neighbours_are_the_nearest_of_all_and_of_those_by_others(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(60, 3))
    artists = [sorted(set(rng.integers(0, 12, rng.integers(1, 4)))) for _ in X]
    queries = rng.choice(60, 9, replace=False)
    everyone, others = nearest(X, queries, 5, names_incidence(pd.Series(artists)))
    distance = cdist(X, X)
    for place, query in enumerate(queries):
        order = [row for row in np.argsort(distance[query]) if row != query]
        apart = [row for row in order if not set(artists[row]) & set(artists[query])]
        assert_array_equal(everyone[place], order[:5])
        assert_array_equal(others[place], apart[:5])


def test_a_query_is_never_its_own_neighbour_even_among_equal_rows():
    X = np.zeros((5, 2))
    everyone, others = nearest(X, np.array([0, 3]), 2, names_incidence(lists(*"aabbc")))
    assert_array_equal(everyone, [[1, 2], [0, 1]])
    assert_array_equal(others, [[2, 3], [0, 1]])


def test_a_row_without_artists_is_not_its_own_neighbour_either():
    X = np.arange(4.0)[:, None]
    _, others = nearest(X, np.array([1]), 2, names_incidence(lists("a", "", "", "b")))
    assert set(others[0]) == {0, 2}


def test_too_few_rows_by_others_are_an_error():
    by_artist = names_incidence(lists(*"aaab"))
    with pytest.raises(ValueError, match="fewer than 2 of the 4 rows are by other artists"):
        nearest(np.eye(4), np.array([0]), 2, by_artist)


def test_overlap_does_not_care_about_order():
    one, other = np.array([[1, 2, 3, 4], [1, 2, 3, 4]]), np.array([[4, 9, 1, 8], [5, 6, 7, 8]])
    assert_array_equal(overlap(one, other), [0.5, 0])


def test_sharing_counts_rows_and_not_names():
    genres = names_incidence(lists("ab", "ab", "b", "c"))
    shares = sharing(genres, np.array([0, 3]), np.array([[1, 2, 3], [0, 1, 2]]))
    assert_allclose(shares, [2 / 3, 0])


def test_no_query_has_no_neighbours():
    everyone, others = nearest(
        np.eye(3), np.array([], dtype=int), 2, names_incidence(lists(*"abc"))
    )
    assert everyone.shape == others.shape == (0, 2)


def test_equal_rows_are_equally_near_and_stand_in_their_order():
    rng = np.random.default_rng(3)
    songs = rng.normal(size=(300, 10))
    X = songs[rng.permutation(np.repeat(np.arange(300), 5))]  # each under five ids
    queries = np.arange(40)
    everyone, _ = nearest(X, queries, 12, csr_matrix(np.eye(len(X))))
    for query, found in zip(queries, everyone, strict=True):
        exact = ((X[query] - X) ** 2).sum(axis=1)
        order = [row for row in np.lexsort((np.arange(len(X)), exact.round(12))) if row != query]
        assert found.tolist() == order[:12]


def test_squared_distances_are_those_of_scipy():
    rng = np.random.default_rng(4)
    one, other = rng.normal(size=(5, 3)), rng.normal(size=(7, 3))
    found = squared_distances(one[:, None], other)
    np.testing.assert_allclose(found, cdist(one, other, "sqeuclidean"), rtol=1e-12)
