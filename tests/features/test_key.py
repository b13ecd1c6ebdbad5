"""The circle of fifths: rotation, relative keys, the way back, and what is no key."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from nexttrack.features import CircleOfFifths

KEYS = np.array([(key, mode) for key in range(12) for mode in (0, 1)], dtype=float)
C, D, A, FIS = 0, 2, 9, 6
TWELFTH = 2 * np.pi / 12


def circle(X, **parameters):
    return CircleOfFifths(**parameters).fit_transform(np.asarray(X, dtype=float))


def turned(points, angle):
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([[c, s], [-s, c]])


@given(st.lists(st.sampled_from(KEYS.tolist()), min_size=1), st.integers(-12, 12))
def test_raising_all_keys_by_fifths_turns_the_circle(keys, fifths):
    X = np.array(keys)
    raised = np.column_stack([(X[:, 0] + 7 * fifths) % 12, X[:, 1]])
    assert_allclose(circle(raised), turned(circle(X), fifths * TWELFTH), atol=1e-12)


def test_rotation_by_a_fifth_permutes_the_24_points_and_keeps_their_distances():
    raised = np.column_stack([(KEYS[:, 0] + 7) % 12, KEYS[:, 1]])
    before, after = circle(KEYS).round(9) + 0.0, circle(raised).round(9) + 0.0
    assert {tuple(p) for p in before} == {tuple(p) for p in after}
    assert len({tuple(p) for p in before}) == 24

    def distances(points):
        return np.linalg.norm(points[:, None] - points, axis=2)

    assert_allclose(distances(before), distances(after), atol=1e-8)


def test_the_relative_minor_stands_beside_its_major():
    majors, minors = KEYS[KEYS[:, 1] == 1], KEYS[KEYS[:, 1] == 0]
    gaps = np.linalg.norm(circle(minors)[:, None] - circle(majors), axis=2)
    assert_array_equal(gaps.argmin(axis=1), (minors[:, 0] + 3) % 12)
    assert_allclose(gaps.min(axis=1), 0.5)


def test_neighbours_are_fifths_and_the_opposite_is_the_tritone():
    points = circle(KEYS[KEYS[:, 1] == 1])
    gaps = np.linalg.norm(points - points[C], axis=1)
    assert set(np.argsort(gaps)[1:3]) == {5, 7}
    assert gaps.argmax() == FIS
    assert_allclose(points[C], [1, 0])


@given(st.floats(0.05, 0.95))
def test_key_and_mode_come_back(radius):
    fifths = CircleOfFifths(minor_radius=radius).fit(KEYS)
    assert_array_equal(fifths.inverse_transform(fifths.transform(KEYS)), KEYS)


def test_what_is_unknown_has_no_point_and_comes_back_unknown():
    X = np.array([[np.nan, 1], [3, np.nan], [C, 1]])
    fifths = CircleOfFifths(handle_unknown="error").fit(X)
    points = fifths.transform(X)
    assert np.isnan(points[:2]).all()
    assert np.isnan(fifths.inverse_transform(points)[:2]).all()


@pytest.mark.parametrize(("row", "rule"), [((-1, 1), "key"), ((12, 0), "key"), ((0.5, 1), "key")])
def test_what_is_no_key_is_missing_or_an_error(row, rule):
    assert np.isnan(circle([row])).all()
    with pytest.raises(ValueError, match=f"a {rule} is"):
        circle([row], handle_unknown="error")


def test_what_is_no_mode_is_missing_or_an_error():
    assert np.isnan(circle([(A, 2)])).all()
    with pytest.raises(ValueError, match="a mode is 0 or 1 or NaN, not 2"):
        circle([(A, 2)], handle_unknown="error")


def test_names_are_kept():
    X = pd.DataFrame({"key": [C, D], "mode": [1, 0]}, index=[4, 5])
    out = CircleOfFifths().set_output(transform="pandas").fit_transform(X)
    assert list(out.columns) == ["key_x", "key_y"]
    assert list(out.index) == [4, 5]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"minor_radius": 1}, "minor_radius"), ({"handle_unknown": "guess"}, "handle_unknown")],
)
def test_parameters_out_of_range_are_an_error(parameters, message):
    with pytest.raises(ValueError, match=message):
        circle(KEYS, **parameters)


def test_infinities_and_a_lone_column_are_errors():
    with pytest.raises(ValueError, match="infinity"):
        circle([(np.inf, 1)])
    with pytest.raises(ValueError, match="minimum of 2"):
        circle([[1.0]])
