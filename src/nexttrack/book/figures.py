"""One figure style for the whole book."""

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe & Ito (2008), told apart by readers with any colour vision; the yellow is left out, as it is
# too pale for lines on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
GREY = "#7F7F7F"

WIDTH = 6.2  # inches: letters of 10 points are those of the text, and legible on a telephone
DPI = 144

STYLE = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "figure.figsize": (WIDTH, 3.6),
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters on every machine
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "axes.prop_cycle": cycler(color=PALETTE),
}


def use_style() -> None:
    """Make the book's style matplotlib's default, for the whole process."""
    plt.rcParams.update(STYLE)


def figure(rows: int = 1, columns: int = 1, height: float = 3.6, **kwargs) -> tuple[Figure, Axes]:
    """Return a new figure of the width of the text and its axes, as ``plt.subplots`` does.

    Args:
        rows: number of panels one below the other.
        columns: number of panels side by side.
        height: height of the whole figure, in inches.
        **kwargs: passed to :func:`matplotlib.pyplot.subplots`.
    """
    return plt.subplots(rows, columns, figsize=(WIDTH, height), **kwargs)


def panels(n: int, height: float = 3.6, **kwargs) -> tuple[Figure, np.ndarray]:
    """Return a new figure and the n axes of its one row, an array also where n is 1.

    Args:
        n: number of panels side by side.
        height: height of the figure, in inches.
        **kwargs: passed to :func:`matplotlib.pyplot.subplots`.
    """
    drawn, axes = figure(1, n, height, squeeze=False, **kwargs)
    return drawn, axes[0]
