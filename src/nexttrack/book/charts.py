"""Values with their intervals: points by category, and curves with a band.

Both take a frame of three columns, the value and the low and the high end of its interval, whose
index says where each row is drawn.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

BAND = 0.15  # opacity: where two bands lie on each other, both are seen


def intervals(
    ax: Axes,
    values: pd.DataFrame,
    *,
    vertical: bool = False,
    colours: Mapping[str, str] | None = None,
    **style: object,
) -> None:
    """Draw points with their intervals, one row of the plot for each name or place in the index.

    Args:
        ax: where to draw.
        values: value, low, high (columns in this order) by name or place.
        vertical: draw values upwards, with names or places side by side.
        colours: a colour for each name in the index, in place of one ``color``.
        **style: passed to :meth:`matplotlib.axes.Axes.errorbar`.

    Raises:
        ValueError: if ``values`` has not three columns.
    """
    if colours is not None:
        for name in values.index:
            row = values.loc[[name]]
            intervals(ax, row, vertical=vertical, color=colours[name], **style)
        return
    middle, low, high = _columns(values)
    way = "yerr" if vertical else "xerr"
    places = (values.index, middle) if vertical else (middle, values.index)
    given = {"fmt": "o", "capsize": 3, way: np.stack([middle - low, high - middle])} | style
    ax.errorbar(*places, **given)  # type: ignore[arg-type]


def curve(ax: Axes, values: pd.DataFrame, **style: object) -> None:
    """Draw a line through points, and the band between the ends of their intervals.

    Args:
        ax: where to draw.
        values: value, low, high (columns in this order) by place, in the order of the line.
        **style: of the line, passed to :meth:`matplotlib.axes.Axes.plot`.

    Raises:
        ValueError: if ``values`` has not three columns.
    """
    middle, low, high = _columns(values)
    given = {"marker": "o", "markersize": 3} | style
    (line,) = ax.plot(values.index, middle, **given)  # type: ignore[arg-type]
    ax.fill_between(values.index, low, high, color=line.get_color(), alpha=BAND, linewidth=0)


def log_axis(ax: Axes, ticks: Sequence[float]) -> None:
    """Make the horizontal axis logarithmic, with these ticks and no others."""
    ax.set_xscale("log")
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()


def _columns(values: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if values.shape[1] != 3:
        raise ValueError(
            f"columns {', '.join(map(str, values.columns))}: give three, the value and the low and "
            "the high end of its interval"
        )
    middle, low, high = values.to_numpy(dtype=float).T
    return middle, low, high
