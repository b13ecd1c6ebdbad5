"""Every setting of a method, on data and on null data; chosen by one figure, judged by another.

A setting that was chosen because it is stable is stable: its stability judges nothing. So the
silhouette chooses and the stability judges, and each null data set gets a choice of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import adjusted_rand_score

from nexttrack.clustering.checks import checked_rows
from nexttrack.clustering.choice import mean_silhouette
from nexttrack.clustering.seeds import seed_of
from nexttrack.clustering.stability import draw_rows

Method = Callable[[np.ndarray, int], Mapping[float, np.ndarray]]
"""Takes rows and a seed; gives the labels of the rows (−1 for no cluster) for each setting."""


@dataclass(frozen=True)
class Sweep:
    """What a method finds at each of its settings.

    Attributes:
        labels: int64, rows x settings.
        figures: one row a setting (the index). ``n_clusters``; ``unclustered`` (share of rows);
            ``silhouette`` (mean in the space of the rows, those in no cluster as 0); ``rand`` (mean
            over draws of the adjusted Rand index between the clusters of all rows and of the draw,
            on the rows drawn). The last two are 0 where there are not two clusters: to leave all
            rows together is stable and says nothing.
    """

    labels: pd.DataFrame
    figures: pd.DataFrame


def sweep(
    X: ArrayLike,
    method: Method,
    *,
    seed: int,
    n_draws: int = 10,
    share: float = 0.5,
    sample: int = 1_500,
) -> Sweep:
    """Cluster rows at every setting of a method; say how separate and how stable the clusters are.

    Args:
        X: rows x columns, numbers.
        method: see ``Method``. One call makes all settings, so a tree or a map is made once.
        seed: the seed of the draws, the fits and the sample, a whole number of at least 0.
        n_draws: number of draws of the rows, 1 or more.
        share: of the rows in a draw, in (0, 1), without replacement.
        sample: most rows that the silhouette is taken over, the same for all settings.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, no draw, or a share not in (0, 1).
    """
    if n_draws < 1 or not 0 < share < 1:
        raise ValueError("n_draws must be 1 or more, and share in (0, 1)")
    rows = checked_rows(X)
    of_all = method(rows, seed_of(seed))
    draws: dict[float, list[float]] = {setting: [] for setting in of_all}
    for draw in range(1, n_draws + 1):
        drawn = draw_rows(len(rows), share, seed, draw)
        for setting, again in method(rows[drawn], seed_of(seed, draw)).items():
            draws[setting].append(_rand(of_all[setting][drawn], again))
    seen = np.random.default_rng(seed).permutation(len(rows))[:sample]
    figures = {
        setting: {
            "n_clusters": len(np.unique(labels[labels >= 0])),
            "unclustered": float((labels < 0).mean()),
            "silhouette": float(np.nan_to_num(mean_silhouette(rows[seen], labels[seen]))),
            "rand": float(np.mean(draws[setting])),
        }
        for setting, labels in of_all.items()
    }
    return Sweep(
        pd.DataFrame(dict(of_all), dtype=np.int64),
        pd.DataFrame.from_dict(figures, orient="index").rename_axis("setting"),
    )


def _rand(labels: np.ndarray, again: np.ndarray) -> float:
    two_each = all(len(np.unique(one[one >= 0])) > 1 for one in (labels, again))
    return float(adjusted_rand_score(labels, again)) if two_each else 0.0


@dataclass(frozen=True)
class Judgement:
    """A setting that one figure chose, judged by another, beside copies without clusters.

    Attributes:
        setting: that of the data.
        observed: the judging figure of the data at their setting.
        null: the same of each copy, at the setting *of the data*: float64, one a copy.
        excess: observed, less the mean over data and copies at that setting, in standard deviations
            of these; 0 where all are the same.
        null_excess: the same of each copy, at the setting *of the copy*: float64.
        p_value: (1 + number of copies of which the excess is as great) / (1 + number of copies):
            under the null data and copies are alike, and are treated alike.
    """

    setting: float
    observed: float
    null: np.ndarray
    excess: float
    null_excess: np.ndarray
    p_value: float


def choose_and_judge(chooses: pd.DataFrame, judges: pd.DataFrame) -> Judgement:
    """Choose a setting by the excess of one figure over copies, and judge it by that of another.

    With few clusters every figure is high, on any data; so what chooses and what judges is the
    excess over the mean of data and copies at the same setting. Settings differ in spread, too:
    what judges is in standard deviations. Each copy chooses as well, so no choice lowers a p-value.

    Args:
        chooses: data (first row) and copies without clusters (the others) x settings: the figure
            that chooses, greater for better clusters.
        judges: the same for the figure that judges.

    Raises:
        ValueError: for tables that do not match, without a copy, or with NaN.
    """
    if not (chooses.index.equals(judges.index) and chooses.columns.equals(judges.columns)):
        raise ValueError("the two figures must have the same rows and settings")
    if len(judges) < 2 or chooses.isna().any(axis=None) or judges.isna().any(axis=None):
        raise ValueError("data and at least one copy are needed, without NaN")
    chosen = (chooses - chooses.mean()).to_numpy().argmax(axis=1)
    spread = judges.std(ddof=0)
    excess = ((judges - judges.mean()) / spread.where(spread > 0, 1.0)).to_numpy()
    excess = excess[np.arange(len(judges)), chosen]
    of_setting = judges.iloc[:, chosen[0]].to_numpy(dtype=np.float64)
    return Judgement(
        judges.columns[chosen[0]],
        float(of_setting[0]),
        of_setting[1:],
        float(excess[0]),
        excess[1:],
        float((excess >= excess[0]).mean()),
    )
