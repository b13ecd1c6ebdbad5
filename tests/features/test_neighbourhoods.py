"""Neighbours: exact, apart from the artist's own, and what is said of their changes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.preprocessing import FunctionTransformer

from nexttrack.study.features.neighbourhoods import (
    MEASURED,
    changes,
    compare,
    ladder,
    names_incidence,
    nearest,
    overlap,
    sharing,
)


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


def test_steps_are_compared_on_a_line_of_known_neighbours():
    recordings = pd.DataFrame(
        {
            "artists": [["a"], ["a"], ["b"], ["c"], ["d"]],
            "genres": [["x"], ["y"], ["x"], ["y"], ["x"]],
            "one": [0.0, 1, 2, 9, 9],
            "two": [0.0, 9, 1, 2, 9],
        }
    )
    steps = {
        name: FunctionTransformer(lambda frame, name=name: frame[[name]]) for name in ("one", "two")
    }
    frame = compare(steps, recordings, np.array([0]), k=2)
    assert frame["step"].tolist() == ["one", "two"]
    # One: rows 1 and 2 are near; by others 2 and 3. Two: rows 2 and 3, which are by others.
    assert_array_equal(frame["kept"], [np.nan, 0.5])
    assert_array_equal(frame["same_artist"], [0.5, 0])
    assert_array_equal(frame["same_genre"], [0.5, 0.5])


def test_who_leaves_and_who_joins():
    recordings = pd.DataFrame(
        {"artists": [[name] for name in "abcd"], "one": [0.0, 1, 2, 9], "two": [0.0, 2, 9, 1]},
        index=[5, 6, 7, 8],
    )
    one, two = (
        FunctionTransformer(lambda frame, name=name: frame[[name]]) for name in ("one", "two")
    )
    frame = changes(one, two, recordings, query=0, k=2)
    assert frame["change"].to_dict() == {7: "leaves", 8: "joins"}


def test_no_query_has_no_neighbours():
    everyone, others = nearest(
        np.eye(3), np.array([], dtype=int), 2, names_incidence(lists(*"abc"))
    )
    assert everyone.shape == others.shape == (0, 2)


def test_every_step_of_the_ladder_gives_finite_numbers_and_only_adds(recordings):
    widths = []
    for step in ladder().values():
        if hasattr(step, "set_params") and "genres__n_components" in step.get_params():
            step.set_params(genres__n_components=3)  # the made world has four genres
        X = np.asarray(step.fit_transform(recordings))
        assert np.isfinite(X).all()
        widths.append(X.shape[1])
    assert widths[:5] == [len(MEASURED)] * 5
    assert widths == sorted(widths)


def test_raw_columns_are_ruled_by_the_column_of_large_numbers(recordings):
    shares = recordings.assign(energy=np.nan_to_num(recordings["energy"]) * 0)
    steps = {name: ladder()[name] for name in ("raw columns", "standardised")}
    by_artist = names_incidence(shares["artists"])
    queries = np.arange(10)
    raw, _ = nearest(steps["raw columns"].fit_transform(shares), queries, 3, by_artist)
    milliseconds = shares[["duration_ms"]].to_numpy(dtype=float)
    by_duration, _ = nearest(milliseconds, queries, 3, by_artist)
    standardised, _ = nearest(steps["standardised"].fit_transform(shares), queries, 3, by_artist)
    assert overlap(by_duration, raw).mean() > 0.9
    assert overlap(by_duration, standardised).mean() < 0.5
