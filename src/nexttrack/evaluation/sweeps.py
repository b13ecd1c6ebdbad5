"""Curves of a model's settings on validation: every setting measured on every user."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.comparison import METRICS, Candidate, N
from nexttrack.evaluation.evaluator import Metric, fit_and_evaluate
from nexttrack.evaluation.splits import Split
from nexttrack.parallel import in_processes, on_one_thread


def sweep(
    candidates: Mapping[str, Candidate],
    split: Split,
    metrics: Mapping[str, Metric] = METRICS,
    *,
    length: int = N,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure every setting of every candidate on the validation part of a split, user by user.

    Settings run in two processes, each with one thread for BLAS and one for the model
    (``num_threads``, where it has that): the numbers do not depend on it, and the seconds of
    settings can be compared with each other.

    Args:
        candidates: what to try. Models that are slow to fit should come first.
        split: only its validation part is looked at.
        metrics: for each name a function of ``RankedLists`` that gives a value for each user.
        length: length of the lists, at least the largest cut-off of the metrics.

    Returns:
        (scores, seconds). ``scores``: one row for each setting and user with something held out:
        ``model``, ``settings`` (JSON), ``user`` (position) and a column for each metric.
        ``seconds``: one row for each setting: ``model``, ``settings``, ``fit`` and ``recommend``,
        which depend on the machine and on what else it does.
    """
    tasks = [
        (name, settings)
        for name, candidate in candidates.items()
        for settings in candidate.settings
    ]
    shared = (candidates, split, metrics, length)
    tables, seconds = zip(*in_processes(_measured, shared, tasks, "Validation"), strict=True)
    keys = pd.DataFrame(
        [(name, json.dumps(settings)) for name, settings in tasks], columns=["model", "settings"]
    )
    place = np.repeat(np.arange(len(tasks)), [len(table) for table in tables])
    scores = pd.concat(tables).reset_index()
    for name in reversed(keys.columns):
        scores.insert(0, name, keys[name].astype("category").take(place).to_numpy())
    times = pd.DataFrame(seconds, columns=["fit", "recommend"])
    return scores, pd.concat([keys, times], axis=1)


def _measured(candidates, split, metrics, length, name, settings):
    model = on_one_thread(candidates[name].make(**settings))
    table, cost = fit_and_evaluate(model, split, "validation", metrics, N=length)
    return table, (cost.fit, cost.recommend)


def curve_table(
    scores: pd.DataFrame,
    metric: str,
    reference: tuple[str, Mapping],
    *,
    seed: int,
    n_draws: int = 10_000,
) -> pd.DataFrame:
    """Return the points of curves: the mean of each setting, and how far it is from a reference.

    Users are resampled, each with the values of all settings (paired percentile bootstrap), so an
    interval of a difference is narrower than the two intervals of means would let one expect.

    Args:
        scores: what :func:`sweep` returns, or the rows of some of its users or settings.
        metric: name of the column of scores.
        reference: model and setting to compare with.
        seed: the seed of the bootstrap.
        n_draws: number of bootstrap samples.

    Returns:
        One row for each setting, in the order of the rows: ``model``, ``settings`` (JSON), a column
        for each name that settings have (missing where a model has no such setting), ``mean``,
        ``low``, ``high``, and ``difference``, ``difference_low``, ``difference_high``: the mean
        paired difference to the reference; all intervals are of 95 %.

    Raises:
        ValueError: if the reference is not among the settings, or a setting lacks a user.
    """
    names = ["model", "settings"]
    rows = scores[names].drop_duplicates().astype("str").reset_index(drop=True)
    wanted = (rows["model"] == reference[0]) & (rows["settings"].map(json.loads) == reference[1])
    if wanted.sum() != 1:
        raise ValueError(f"{reference[0]} with {dict(reference[1])} is not one of the settings")
    values = scores.pivot(index="user", columns=names, values=metric)
    values = values[list(rows.itertuples(index=False, name=None))].to_numpy()
    if not np.isfinite(values).all():
        raise ValueError(f"{metric}: not every setting has a value for every user")
    draws = bootstrap_means(values, n_draws=n_draws, seed=seed)
    low, high = interval(draws)
    at = int(np.flatnonzero(wanted)[0])
    difference_low, difference_high = interval(draws - draws[:, [at]])
    settings = pd.DataFrame(rows["settings"].map(json.loads).tolist(), index=rows.index)
    return pd.concat([rows, settings], axis=1).assign(
        mean=values.mean(axis=0),
        low=low,
        high=high,
        difference=(values - values[:, [at]]).mean(axis=0),
        difference_low=difference_low,
        difference_high=difference_high,
    )
