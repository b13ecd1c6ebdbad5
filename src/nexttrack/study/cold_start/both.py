"""The table of both: every task's models beside the task's best single one; results/both.csv."""

import numpy as np
import pandas as pd

from nexttrack.evaluation.significance import (
    difference_p,
    holm,
    mean_over_draws,
    t_interval,
)
from nexttrack.study.cold_start.blending import BLEND, measured
from nexttrack.study.cold_start.contenders import BOTH
from nexttrack.study.cold_start.tasks import DATASETS, KINDS
from nexttrack.study.results import path_of, stored

FILE = "both.csv"
COLUMNS = ["data", "task", "model", "NDCG@10", "difference", "low", "high", "p_holm", "best single"]
METRIC = "NDCG@10"


def table() -> pd.DataFrame:
    """Measure all tasks; each is kept.

    Returns:
        One row for each data set, task and model: the mean of ``NDCG@10``, its ``difference`` to
        the task's best single model with ``low`` and ``high`` (95 %, paired, over listeners), and
        ``p_holm``: of the t-test that the difference is 0, corrected for all blends and models of
        both sides in the table; NaN for single models.
    """
    rows = [_rows(name, kind) for kind in KINDS for name in DATASETS]
    found = pd.concat(rows, ignore_index=True)
    asked = found["model"].isin([BLEND, *BOTH]).to_numpy()
    found["p_holm"] = np.nan
    found.loc[asked, "p_holm"] = holm(found.loc[asked, "p"].to_numpy())
    return found[COLUMNS]


def _rows(name: str, kind: str) -> pd.DataFrame:
    _, scores, _ = measured(name, kind)
    values = scores.pivot(index="user", columns="model", values=METRIC)
    single = [model for model in values if model != BLEND and model not in BOTH]
    best = values[single].mean().idxmax()
    rows = []
    for model in scores["model"].unique():
        mean, error, freedom = mean_over_draws((values[model] - values[best]).to_numpy())
        low, high = t_interval(mean, error, freedom)
        p = float(difference_p(mean, error, freedom))
        rows.append((name, kind, model, values[model].mean(), mean, low, high, p, best))
    columns = ["data", "task", "model", METRIC, "difference", "low", "high", "p", "best single"]
    return pd.DataFrame(rows, columns=columns).astype({"low": float, "high": float})


def kept_table() -> pd.DataFrame:
    """Return the rows of ``results/both.csv`` that are of the data at hand.

    On the sample edition the table is made.
    """
    from nexttrack.study.protocol import on_sample

    found, _ = stored(FILE, DATASETS)
    if found.empty and on_sample():
        return table()
    if found.empty:
        from nexttrack.errors import UserError

        raise UserError(f"{path_of(FILE)}: nothing of these data; run: nexttrack both")
    return found[COLUMNS].reset_index(drop=True)
