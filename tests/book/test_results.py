"""The comparison as table and figure shows the numbers that it was given."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from nexttrack.book import plot_result, result_table

RESULT = pd.DataFrame(
    {
        "mean": [0.1, 0.2, 0.05, 0.04],
        "low": [0.09, 0.18, 0.04, 0.03],
        "high": [0.11, 0.22, 0.06, 0.05],
    },
    index=pd.MultiIndex.from_product([["x", "y"], ["Popularity", "iALS"]], names=["data", "model"]),
)


def test_the_highest_mean_of_each_group_is_bold():
    table = result_table({"NDCG@10": RESULT})
    assert table["NDCG@10"].tolist() == [
        "0.100 (0.090 to 0.110)",
        "**0.200** (0.180 to 0.220)",
        "**0.050** (0.040 to 0.060)",
        "0.040 (0.030 to 0.050)",
    ]
    assert table["data"].tolist() == ["x", "x", "y", "y"]


def test_a_panel_for_each_group_with_a_point_for_each_model():
    plot_result(RESULT)
    try:
        axes = plt.gcf().axes
        assert [ax.get_title(loc="left") or ax.get_title() for ax in axes] == ["x", "y"]
        for ax, group in zip(axes, ("x", "y"), strict=True):
            points = [bars[0].get_xdata()[0] for bars in ax.containers]
            assert points == pytest.approx(RESULT.loc[group, "mean"].tolist())
    finally:
        plt.close("all")
