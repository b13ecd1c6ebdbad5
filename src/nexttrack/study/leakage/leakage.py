"""Mistakes of evaluation made on purpose, each beside the honest way, for the same users.

Every function here returns pairs: a row for each model and user with ``honest``, the value of the
metric as it should be measured, and ``inflated``, the value with the mistake. All is measured on
the validation part of the book's splits, so that the test part stays closed.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.evaluator import Metric, evaluate
from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.sampled_metrics import NEGATIVES, full_ranks, sampled_ndcg
from nexttrack.evaluation.splits import Split
from nexttrack.parallel import in_processes, on_one_thread
from nexttrack.study.kept import kept
from nexttrack.study.protocol import Task, on_sample, task
from nexttrack.study.registry import MODELS
from nexttrack.study.search import tuned_settings

SEED = 20_260_110
K = 10
METRICS: dict[str, Metric] = {"value": partial(ndcg_at_k, k=K)}  # NDCG@10, everywhere here
RANKED_USERS = 1_000  # whose whole catalogue is ranked: as long a list as there are items
SAMPLE_RANKED_USERS = 150  # on the sample edition, which every test run goes through
BATCH = 200  # users whose whole rankings are in memory at once
DATED = ("lastfm-2k-tags", "playlist-archive")

NAMES = ("EASE", "iALS", "Item kNN", "Audio kNN", "Popularity")

Models = Mapping[str, Callable[[], Any]]
Settings = Mapping[str, Mapping[str, Any]]


def chosen(name: str) -> Settings:
    """Return the settings of the models that are measured both ways: the book's on a data set.

    Args:
        name: one of :data:`nexttrack.study.search.DATASETS`.

    Raises:
        UserError: if nothing is kept for the published edition of the data at hand.
    """
    found = tuned_settings(name)
    return {model: found[model] for model in NAMES}


def recommenders(dataset: Dataset, settings: Settings) -> dict[str, Callable[[], Any]]:
    """Return functions that make the models for a data set, unfitted, with their settings."""
    return {name: partial(MODELS[name].on(dataset), **one) for name, one in settings.items()}


def fitted(make: Callable[[], Any], train: csr_matrix) -> Any:
    """Return a model that has learned from ``train``, on one thread."""
    model = on_one_thread(make())
    model.fit(train, show_progress=False)
    return model


def effects(pairs: pd.DataFrame, by: list[str], *, n_draws: int = 10_000) -> pd.DataFrame:
    """Return what a mistake adds: both means, their difference and their ratio, with intervals.

    Users are resampled, each with both values (paired percentile bootstrap, 95 %).

    Args:
        pairs: with ``honest``, ``inflated`` and the columns of ``by``.
        by: columns that tell groups apart.
        n_draws: number of bootstrap samples.

    Returns:
        One row for each group in the order of appearance, indexed by ``by``: ``users``, and each of
        ``honest``, ``inflated``, ``difference`` and ``ratio`` (inflated / honest) with ``_low`` and
        ``_high``. A ratio to an honest mean of 0 is infinite.
    """
    rows = {}
    for key, group in pairs.groupby(by, sort=False, observed=True):
        values = group[["honest", "inflated"]].to_numpy(dtype=np.float64)
        draws = bootstrap_means(values, n_draws=n_draws, seed=SEED)
        row = {"users": len(values)}
        for name, of in (
            ("honest", lambda both: both[..., 0]),
            ("inflated", lambda both: both[..., 1]),
            ("difference", lambda both: both[..., 1] - both[..., 0]),
            ("ratio", _ratio),
        ):
            row[name] = float(of(values.mean(axis=0)))
            middle = _middle if name == "ratio" else interval
            row[f"{name}_low"], row[f"{name}_high"] = map(float, middle(of(draws)))
        rows[key] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.set_axis(pd.MultiIndex.from_tuples(table.index, names=by))


def _ratio(both: np.ndarray) -> np.ndarray:
    honest, inflated = both[..., 0], both[..., 1]
    return np.divide(inflated, honest, out=np.full_like(inflated, np.inf), where=honest > 0)


def _middle(draws: np.ndarray) -> np.ndarray:
    """Return the bounds of the middle 95 %; draws may be infinite, so nothing is interpolated."""
    last = len(draws) - 1
    return np.sort(draws)[[int(0.025 * last), int(np.ceil(0.975 * last))]]


@kept
def on_interactions(name: str, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make two mistakes on a data set without dates: fitted on everything, and sampled negatives.

    Takes half a minute; the result is kept until the code, the data or the settings change.

    Args:
        name: one of :data:`nexttrack.study.protocol.DATASETS`.
        settings: see :func:`chosen`.

    Returns:
        (fitted on everything, sampled negatives): pairs with ``model`` and ``user``; the NDCG@10
        of a list, and for sampled negatives that of each single held-out item, see
        :func:`sampled_negatives`.
    """
    asked = task(name)
    parts, models = asked.asked, recommenders(asked.dataset, settings)
    n_users = SAMPLE_RANKED_USERS if on_sample() else RANKED_USERS
    return fitted_on_everything(models, parts), sampled_negatives(models, parts, n_users)


def fitted_on_everything(models: Models, split: Split) -> pd.DataFrame:
    """Let models learn from what they are to find too; lists leave out only the user's profile."""
    seen, out = split.validation_in, split.validation_out
    return _compared(models, (seen, seen, out), (seen + out, seen, out))


def _compared(models: Models, honest: tuple, inflated: tuple) -> pd.DataFrame:
    """Return pairs of all models for two ways to (train, seen, out), on the same users."""
    tasks = [(name, *way) for name in models for way in (honest, inflated)]
    values = in_processes(_measured, (models,), tasks, "Models")
    pairs = {
        name: pd.DataFrame({"honest": right, "inflated": wrong})
        for name, right, wrong in zip(models, values[::2], values[1::2], strict=True)
    }
    return pd.concat(pairs, names=["model", "user"]).reset_index()


def _measured(models, name, train, seen, out) -> pd.Series:
    return evaluate(fitted(models[name], train), seen, out, METRICS, N=K)["value"]


def sampled_negatives(models: Models, split: Split, n_users: int) -> pd.DataFrame:
    """Rank each held-out item among 100 that are drawn, in place of the whole catalogue.

    Both values are of single items: NDCG@10 of a held-out item among the catalogue without the
    user's other items, and what it is expected to be among those drawn; nothing is drawn. A user's
    value is the mean over the user's held-out items.

    Args:
        models: unfitted, by name.
        split: only its validation part is looked at.
        n_users: how many users are asked about, evenly from all who have anything held out.
    """
    users = np.flatnonzero(np.diff(split.validation_out.indptr))
    users = users[np.linspace(0, len(users) - 1, min(n_users, len(users))).astype(int)]
    shared = (models, split.validation_in, split.validation_out, np.unique(users))
    tables = in_processes(_ranked_both_ways, shared, [(name,) for name in models], "Rankings")
    return pd.concat(dict(zip(models, tables, strict=True)), names=["model"]).reset_index("model")


def _ranked_both_ways(models, seen, out, users, name) -> pd.DataFrame:
    model = fitted(models[name], seen)
    tables = []
    for start in range(0, len(users), BATCH):
        batch = users[start : start + BATCH]
        row, above, others = full_ranks(whole_rankings(model, seen, batch), out[batch])
        tables.append(
            pd.DataFrame(
                {
                    "user": batch[row],
                    "honest": np.where(above < K, 1 / np.log2(above + 2), 0),
                    "inflated": sampled_ndcg(above, others, K, NEGATIVES),
                }
            )
        )
    return pd.concat(tables).groupby("user", as_index=False).mean()


def whole_rankings(model: Any, seen: csr_matrix, users: np.ndarray) -> np.ndarray:
    """Return a model's order of all items that each user does not have.

    Items of which the model says nothing come last, in a random order of the user's own: they are
    all alike to it.

    Returns:
        int64 of users x items, padded with -1.
    """
    n_items = seen.shape[1]
    rankings, _ = model.recommend(users, seen[users], N=n_items, filter_already_liked_items=True)
    rankings = np.asarray(rankings, dtype=np.int64)
    for user, ranking in zip(users, rankings, strict=True):
        ranked = ranking[ranking >= 0]
        left = np.ones(n_items, dtype=bool)
        left[ranked] = left[seen.indices[slice(*seen.indptr[user : user + 2])]] = False
        rest = np.random.default_rng((SEED, user)).permutation(np.flatnonzero(left))
        ranking[:] = -1
        ranking[: len(ranked) + len(rest)] = np.concatenate([ranked, rest])
    return rankings


@kept
def on_dates(name: str, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make two mistakes on a data set with dates: popularity of the future, and a random split.

    Takes some seconds; the result is kept until the code, the data or the settings change.

    Args:
        name: one of ``DATED``.
        settings: see :func:`chosen`.

    Returns:
        (popularity of the future, random split): pairs with ``model`` and ``user``, without the
        lists of one artist (:func:`nexttrack.study.protocol.of_one_artist`).
    """
    asked = task(name)
    dataset, parts = asked.dataset, asked.asked
    seen, out = parts.validation_in, parts.validation_out
    popularity = {"Popularity": MODELS["Popularity"].make}
    future = _compared(popularity, (seen, seen, out), (dataset.binary(), seen, out))
    mixed, hidden = divided_at_random(seen, out, seed=SEED)
    at_random = _compared(
        recommenders(dataset, settings), (seen, seen, out), (mixed, mixed, hidden)
    )
    return _of_several_artists(future, asked), _of_several_artists(at_random, asked)


def _of_several_artists(pairs: pd.DataFrame, asked: Task) -> pd.DataFrame:
    """Leave out lists of one artist: what comes next there is not what these mistakes are about."""
    if asked.parts is None:
        return pairs
    return pairs[asked.parts[pairs["user"]] != "of one artist"].reset_index(drop=True)


def divided_at_random(
    seen: csr_matrix, out: csr_matrix, *, seed: int
) -> tuple[csr_matrix, csr_matrix]:
    """Divide the pairs of a split anew, by chance in place of time.

    Each user has as many items to be found as before, so nothing changes but which.

    Args:
        seen, out: users x items without a common pair.
        seed: the seed of the draw.

    Returns:
        (seen, out).
    """
    both = (seen + out).tocsr()
    both.sort_indices()
    n = np.diff(both.indptr)
    rows = np.repeat(np.arange(both.shape[0]), n)
    order = np.lexsort((np.random.default_rng(seed).random(both.nnz), rows))
    rank = np.empty(both.nnz, dtype=np.int64)
    rank[order] = np.arange(both.nnz) - np.repeat(both.indptr[:-1], n)
    held = rank < np.diff(out.indptr)[rows]
    return tuple(
        csr_matrix((both.data[kept], (rows[kept], both.indices[kept])), shape=both.shape)
        for kept in (~held, held)
    )
