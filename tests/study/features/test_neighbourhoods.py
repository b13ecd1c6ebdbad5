"""The ladder of features, and what is said of how neighbours change on it."""

import numpy as np
import pandas as pd
from numpy.testing import assert_array_equal
from sklearn.preprocessing import FunctionTransformer

from nexttrack.features.names import names_incidence
from nexttrack.features.neighbours import nearest, overlap
from nexttrack.study.features.neighbourhoods import MEASURED, changes, compare, ladder


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
