"""What the order of a list is worth to a model, and how small a worth could have been seen."""

import numpy as np
import pandas as pd
from scipy import stats

from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.significance import holm

POWER = 0.8
ALPHA = 0.05


def detectable(differences: np.ndarray, power: float = POWER, alpha: float = ALPHA) -> float:
    """Return the mean paired difference that as many lists would show with a given power.

    ``(z_(1 - alpha / 2) + z_power) sd / sqrt(n)``, of a two-sided z-test (Cohen 1988), with the
    standard deviation of these differences.

    Args:
        differences: one for each list, two or more.
        power: chance that a true difference so large comes out significant, in (alpha, 1).
        alpha: of the test.

    Raises:
        ValueError: if there are fewer than two lists.
    """
    n = len(differences)
    if n < 2:
        raise ValueError("a spread takes two lists or more")
    z = stats.norm.ppf(1 - alpha / 2) + stats.norm.ppf(power)
    return float(z * np.std(differences, ddof=1) / np.sqrt(n))


def gains(one: pd.DataFrame, other: pd.DataFrame, metric: str, *, seed: int) -> pd.DataFrame:
    """Compare models with themselves: measured in one way and in another, on the same lists.

    Args:
        one, other: rows of ``model``, ``user`` and the metric. Models that are not in both are
            left out.
        metric: the column to compare.
        seed: of the bootstrap.

    Returns:
        One row for each model in the order of ``one``: ``one``, ``other`` (means), ``gain`` (mean
        paired difference), ``low``, ``high`` (95 %, bootstrap over lists), ``p_holm``
        (paired t-test, corrected for the number of models) and ``detectable``.
    """
    left, right = (
        scores.pivot(index="user", columns="model", values=metric) for scores in (one, other)
    )
    models = [model for model in one["model"].unique() if model in right]
    differences = (left[models] - right[models]).to_numpy()
    low, high = interval(bootstrap_means(differences, seed=seed))
    p = np.nan_to_num(stats.ttest_1samp(differences, 0).pvalue, nan=1.0)  # NaN: nothing differs
    return pd.DataFrame(
        {
            "one": left[models].mean(),
            "other": right[models].mean(),
            "gain": differences.mean(axis=0),
            "low": low,
            "high": high,
            "p_holm": holm(p),
            "detectable": [detectable(column) for column in differences.T],
        },
        index=pd.Index(models, name="model"),
    )
