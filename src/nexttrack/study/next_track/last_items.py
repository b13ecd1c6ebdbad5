"""Ask every model for the end of each playlist: settings, the test, and the same without order."""

import json
from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation import metrics
from nexttrack.evaluation.evaluator import Metric, fit_and_evaluate
from nexttrack.evaluation.ordered_splits import last_k
from nexttrack.evaluation.splits import Split
from nexttrack.evaluation.sweeps import sweep
from nexttrack.parallel import in_processes, on_one_thread
from nexttrack.study.kept import kept
from nexttrack.study.next_track.contenders import (
    N_TRIALS,
    Contender,
    artists_of,
    contenders,
    to_try,
)
from nexttrack.study.protocol import SEED, on_sample

DATA = "whole-playlists"
KS = (1, 5)
"""How many tracks at the end of a list are to be found."""
N = 10
METRICS: dict[str, Metric] = {
    "hit rate@10": partial(metrics.hit_rate_at_k, k=N),
    "MRR@10": partial(metrics.reciprocal_rank_at_k, k=N),
    "NDCG@10": partial(metrics.ndcg_at_k, k=N),
}
CRITERION = "NDCG@10"
N_SHUFFLES = 5
"""Orders drawn at random that the models are tested in."""

Settings = Mapping[str, Mapping]


def split(k: int) -> Split:
    """Return the playlists without their last k tracks and with them; values are moments."""
    return last_k(Dataset.load(DATA).order(), k=k)


def unordered(parts: Split) -> Split:
    """Return the same split with ones for values: who has what, not when."""
    return Split(*(_ones(getattr(parts, name)) for name in _PARTS))


def shuffled(parts: Split, seed: int) -> Split:
    """Return the same split with what is known of each list in random order.

    What is to be found stays. The order of a list in validation and in the test is drawn anew.
    """
    rng = np.random.default_rng(seed)
    known = {name: _shuffled(getattr(parts, name), rng) for name in ("validation_in", "test_in")}
    return Split(known["validation_in"], parts.validation_out, known["test_in"], parts.test_out)


@kept
def validated(k: int, in_order: bool = True) -> pd.DataFrame:
    """Measure every setting of every model on validation; kept.

    Args:
        k: tracks to be found.
        in_order: if not, the models that read the order get one drawn at random, and the others are
            left out.

    Returns:
        One row for each model and setting: ``model``, ``settings`` (JSON), and the mean over lists
        of ``NDCG@10``.
    """
    made, parts = _contenders(), split(k)
    parts = parts if in_order else shuffled(parts, SEED)
    tables, n_trials = [], 2 if on_sample() else N_TRIALS
    for reads_order in (True, False) if in_order else (True,):
        models = to_try(_those(made, reads_order), n_trials)
        asked = parts if reads_order else unordered(parts)
        scores, _ = sweep(models, asked, {CRITERION: METRICS[CRITERION]}, length=N)
        by_setting = scores.groupby(["model", "settings"], observed=True, sort=False)
        tables.append(by_setting[CRITERION].mean().reset_index())
    return pd.concat(tables, ignore_index=True).astype({"model": "str", "settings": "str"})


def best(trials: pd.DataFrame) -> dict[str, dict]:
    """Return for each model the settings that were best on validation; of equals, the first."""
    rows = trials.loc[trials.groupby("model", sort=False)[CRITERION].idxmax()]
    return {row.model: json.loads(row.settings) for row in rows.itertuples()}


@kept
def tested(k: int, settings: Settings) -> pd.DataFrame:
    """Fit each model with its settings and ask it for the last k tracks of each list; kept.

    Returns:
        One row for each model and list: ``model``, ``user``, and a column for each metric.
    """
    return _measured(settings, [split(k)])


@kept
def tested_without_order(k: int, settings: Settings) -> pd.DataFrame:
    """As :func:`tested`, with all that is known of the lists in random order; kept.

    Returns:
        The same rows; a value is the mean over :data:`N_SHUFFLES` draws of the order.
    """
    n = 1 if on_sample() else N_SHUFFLES
    return _measured(settings, [shuffled(split(k), SEED + 1 + draw) for draw in range(n)])


def _measured(settings: Settings, splits: list[Split]) -> pd.DataFrame:
    made = _contenders()
    tasks = [(name, place) for name in made if name in settings for place in range(len(splits))]
    tables = in_processes(_asked, (made, settings, splits), tasks, "Test")
    scores = pd.concat(tables, keys=[name for name, _ in tasks], names=["model"]).reset_index()
    return scores.groupby(["model", "user"], sort=False).mean().reset_index()


def _asked(made, settings, splits, name, place):
    model = on_one_thread(made[name].make(**settings[name]))
    parts = splits[place] if made[name].reads_order else unordered(splits[place])
    return fit_and_evaluate(model, parts, "test", METRICS, N=N)[0]


def _contenders() -> dict[str, Contender]:
    return contenders(artists_of(Dataset.load(DATA).tracks))


def _those(made: Mapping[str, Contender], reads_order: bool) -> dict[str, Contender]:
    return {name: one for name, one in made.items() if one.reads_order == reads_order}


_PARTS = ("validation_in", "validation_out", "test_in", "test_out")


def _ones(matrix: csr_matrix) -> csr_matrix:
    parts = np.ones_like(matrix.data), matrix.indices, matrix.indptr
    return csr_matrix(parts, shape=matrix.shape)


def _shuffled(order: csr_matrix, rng: np.random.Generator) -> csr_matrix:
    """Return the matrix with the values of each row in random order."""
    row = np.repeat(np.arange(order.shape[0]), np.diff(order.indptr))
    drawn = np.lexsort((rng.random(order.nnz), row))
    return csr_matrix((order.data[drawn], order.indices, order.indptr), shape=order.shape)
