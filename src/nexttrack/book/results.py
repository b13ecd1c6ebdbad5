"""The comparison of recommenders, as a table and as a figure."""

from collections.abc import Mapping

import pandas as pd

from nexttrack.book.charts import intervals
from nexttrack.book.colours import MODELS
from nexttrack.book.figures import GREY, panels
from nexttrack.book.tables import MINUS


def result_table(results: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return means with intervals as text, one row for each group of users and model.

    Args:
        results: for each metric a frame of ``mean``, ``low``, ``high`` indexed by (data, model).

    Returns:
        Columns ``data``, ``model`` and one for each metric, Markdown such as
        ``**0.184** (0.178 to 0.190)``: bold for the highest mean of its group.
    """
    columns = {}
    for metric, frame in results.items():
        best = frame["mean"] == frame.groupby(level="data")["mean"].transform("max")
        columns[metric] = [
            _with_interval(row, bold) for row, bold in zip(frame.itertuples(), best, strict=True)
        ]
    index = next(iter(results.values())).index
    return pd.DataFrame(columns, index=index).reset_index()


def plot_result(result: pd.DataFrame, metric: str = "NDCG@10") -> None:
    """Draw means with intervals, a panel for each group of users.

    Args:
        result: ``mean``, ``low``, ``high`` indexed by (data, model).
        metric: what to write on the axis.
    """
    groups = list(dict.fromkeys(result.index.get_level_values("data")))
    _, axes = panels(len(groups), height=2.5, sharey=True)
    for ax, group in zip(axes, groups, strict=True):
        intervals(ax, result.loc[group, ["mean", "low", "high"]], colours=MODELS)
        ax.axvline(0, color=GREY, linewidth=0.8)
        ax.set(title=group, xlabel=metric, xlim=(-0.03 * result.loc[group]["high"].max(), None))
    axes[0].invert_yaxis()


def _with_interval(row, bold: bool) -> str:
    mean = f"**{row.mean:.3f}**" if bold else f"{row.mean:.3f}"
    return f"{mean} ({row.low:.3f} to {row.high:.3f})".replace("-", MINUS)
