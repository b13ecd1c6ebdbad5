"""What is drawn stands where the data say."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from nexttrack import book

VALUES = pd.DataFrame(
    {"mean": [0.2, 0.5, 0.4], "low": [0.1, 0.45, 0.1], "high": [0.25, 0.9, 0.5]},
    index=[3.0, 1.0, 8.0],
)


@pytest.fixture
def ax():
    _, ax = plt.subplots()
    yield ax
    plt.close("all")


def drawn(ax):
    """The points and the ends of the bars, as arrays of (x, y)."""
    points = np.concatenate([bars[0].get_xydata() for bars in ax.containers])
    ends = [segment for bars in ax.containers for segment in bars[2][0].get_segments()]
    return points, np.array(ends)


def test_intervals_lie_across_each_at_its_place(ax):
    book.intervals(ax, VALUES)
    points, ends = drawn(ax)
    assert points == pytest.approx(np.column_stack([VALUES["mean"], VALUES.index]))
    assert ends[:, :, 0] == pytest.approx(VALUES[["low", "high"]].to_numpy())
    assert ends[:, :, 1] == pytest.approx(np.column_stack([VALUES.index] * 2))


def test_vertical_intervals_are_the_same_with_the_axes_exchanged(ax):
    book.intervals(ax, VALUES)
    _, other = plt.subplots()
    book.intervals(other, VALUES, vertical=True)
    for across, upright in zip(drawn(ax), drawn(other), strict=True):
        assert upright == pytest.approx(across[..., ::-1])


def test_each_name_has_its_row_and_its_colour(ax):
    colours = {"iALS": "red", "EASE": "blue", "Popularity": "green"}
    book.intervals(ax, VALUES.set_axis(["EASE", "iALS", "Popularity"]), colours=colours)
    assert [bars[0].get_color() for bars in ax.containers] == ["blue", "red", "green"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["EASE", "iALS", "Popularity"]
    points, _ = drawn(ax)
    assert points == pytest.approx(np.column_stack([VALUES["mean"], range(3)]))


def test_a_curve_has_its_line_and_around_it_the_band_in_its_colour(ax):
    values = VALUES.sort_index()
    book.curve(ax, values, color="red", label="iALS")
    (line,), (band,) = ax.lines, ax.collections
    assert line.get_label() == "iALS"
    assert line.get_xydata() == pytest.approx(np.column_stack([values.index, values["mean"]]))
    assert band.get_facecolor()[0, :3] == pytest.approx(to_rgba("red")[:3])
    corners = {tuple(corner) for corner in band.get_paths()[0].vertices.tolist()}
    assert corners == {*values["low"].items(), *values["high"].items()}


def test_a_logarithmic_axis_has_the_given_ticks_and_no_others(ax):
    ax.plot([1, 500], [0, 1])
    book.log_axis(ax, [1, 10, 400])
    assert ax.get_xscale() == "log"
    assert ax.get_xticks().tolist() == [1, 10, 400]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "10", "400"]
    assert ax.get_xticks(minor=True).size == 0


@pytest.mark.parametrize("draw", [book.intervals, book.curve])
def test_other_than_three_columns_are_refused_by_name(ax, draw):
    with pytest.raises(ValueError, match=r"columns mean, low: give three, the value and the low"):
        draw(ax, VALUES[["mean", "low"]])
