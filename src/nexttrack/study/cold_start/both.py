"""The table of both: every task's models beside the task's best single one; results/both.csv."""

import json

import numpy as np
import pandas as pd

from nexttrack.errors import NotThereError
from nexttrack.evaluation.significance import difference_p, holm, mean_over_draws, t_interval
from nexttrack.study.cold_start.blending import BLEND, measured
from nexttrack.study.cold_start.contenders import BOTH, SINGLE
from nexttrack.study.cold_start.tasks import DATASETS, KINDS
from nexttrack.study.protocol import on_sample
from nexttrack.study.results import stored

FILE = "both.csv"
METRIC = "NDCG@10"
COLOURS = {
    "EASE, content": "#000000",
    "iALS, content": "#D55E00",
    "Softmax MF, content": "#B2182B",
    "Blend": "#0072B2",
    "Same artist, count": "#66A61E",
    "Same genre, count": "#CC79A7",
    **{f"iALS, {kind}": "#E8A27C" for kind in ("audio", "genres", "artists", "all")},
}
"""Of models that are of this chapter alone."""
COUNTS = ("Random", "Same artist, count", "Same genre, count")
COLUMNS = [
    *("data", "task", "model", "users", METRIC, "error", "difference", "low", "high", "p_holm"),
    *("best single", "settings"),
]


def table() -> pd.DataFrame:
    """Measure all tasks; each is kept.

    Returns:
        One row for each data set, ``task`` (of :data:`KINDS`) and model: the number of ``users``
        asked, the mean of ``NDCG@10`` and its standard ``error``, its ``difference`` to the task's
        ``best single`` model with ``low`` and ``high`` (95 %, paired, over users), and ``p_holm``:
        of the t-test that the difference is 0, for each blend and model of both sides corrected for
        the number of tasks; NaN for
        others. ``settings`` is JSON: what was chosen on validation, for a blend the weights of its
        members.
    """
    rows = [_rows(name, kind) for kind in KINDS for name in DATASETS]
    found = pd.concat(rows, ignore_index=True)
    found["p_holm"] = np.nan
    for model in (BLEND, *BOTH):
        asked = found["model"] == model
        found.loc[asked, "p_holm"] = holm(found.loc[asked, "p"].to_numpy())
    return found[COLUMNS]


def kept_table() -> pd.DataFrame:
    """Return the table of the data at hand from ``results/``; on the sample edition it is made.

    Raises:
        NotThereError: if nothing is kept for the published edition of the data at hand.
    """
    found, _ = stored(FILE, DATASETS)
    if found.empty and on_sample():
        return table()
    if found.empty:
        raise NotThereError(f"results/{FILE}: nothing of these data; run: nexttrack both")
    return found[COLUMNS].reset_index(drop=True)


def _rows(name: str, kind: str) -> pd.DataFrame:
    trials, scores, members = measured(name, kind)
    values = scores.pivot(index="user", columns="model", values=METRIC)
    single = [model for model in values if model in (*SINGLE, *COUNTS)]
    best = values[single].mean().idxmax()
    settings = trials[trials["chosen"]].set_index("model")["settings"].to_dict()
    weights = members.set_index("model")["weight"].round(4).to_dict()
    settings[BLEND] = json.dumps(weights)
    rows = []
    for model in scores["model"].unique():
        mean, error, freedom = mean_over_draws((values[model] - values[best]).to_numpy())
        low, high = (float(end) for end in t_interval(mean, error, freedom))
        p = float(difference_p(mean, error, freedom))
        of_model = values[model].mean(), values[model].sem()
        known = (name, kind, model, len(values), *of_model, mean, low, high, p)
        rows.append((*known, best, settings[model]))
    columns = ["data", "task", "model", "users", METRIC, "error", "difference", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=[*columns, "best single", "settings"])
    return table.round(dict.fromkeys([METRIC, "error", "difference", "low", "high"], 6))
