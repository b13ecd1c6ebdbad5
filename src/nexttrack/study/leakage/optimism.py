"""How much the best of many promises by the figure it was picked by: settings, and seeds.

The largest of several noisy means is too large (Cawley & Talbot 2010, JMLR 11). Everything here is
inside the training part of the book's split, which is divided anew: the book's test stays closed.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.evaluation.comparison import Candidate, grid
from nexttrack.evaluation.evaluator import evaluate
from nexttrack.evaluation.splits import Split, weak_generalization
from nexttrack.parallel import in_processes
from nexttrack.study.kept import kept
from nexttrack.study.leakage.leakage import METRICS, SEED, K, Settings, fitted, recommenders
from nexttrack.study.protocol import fewer_asked, on_sample, task, thinned
from nexttrack.study.registry import MODELS

DATA = "lastfm-2k"
N_SEEDS = 10
SIZES = (25, 50, 100, 200, 400, 800)
"""Numbers of test users that are drawn."""
N_DRAWS = 1_000


def models_to_tune() -> dict[str, Candidate]:
    """Return two kinds of models, each with 24 settings around those that are good on lastfm-2k."""
    settings = grid(
        factors=[64],
        frequency_exponent=[0.5, 1.0],
        regularization=[1.0, 2.0, 3.0, 4.0],
        unobserved_weight=[0.03, 0.1, 0.3],
    )
    return {
        "iALS": Candidate(MODELS["iALS"].make, settings),
        "Item kNN": Candidate(
            MODELS["Item kNN"].make, grid(K=[50, 100, 200, 400], shrinkage=[2, 5, 10, 20, 50, 100])
        ),
    }


@kept
def tried() -> pd.DataFrame:
    """Measure all settings on a validation and a test part of their own; kept.

    Takes half a minute. The training part of lastfm-2k is split by the seed of this module; models
    learn for the test from validation too.

    Returns:
        One row for each setting and user: ``model``, ``settings`` (JSON), ``user``, and the NDCG@10
        in ``validation`` and in ``test``.
    """
    models = thinned(thinned(models_to_tune()))
    inner = weak_generalization(task(DATA).split.validation_in, seed=SEED)
    parts = {
        "validation": (inner.validation_in, asked(inner.validation_in, inner.validation_out)),
        "test": (inner.test_in, asked(inner.test_in, inner.test_out)),
    }
    tasks = [
        (name, setting, part)
        for name, one in models.items()
        for setting in one.settings
        for part in parts
    ]
    values = in_processes(_measured, (models, parts), tasks, "Settings")
    tables = [
        pd.DataFrame({"validation": one, "test": other}).reset_index()
        for one, other in zip(values[::2], values[1::2], strict=True)
    ]
    keys = [(name, json.dumps(setting)) for name, setting, _ in tasks[::2]]
    found = pd.concat(dict(zip(keys, tables, strict=True)), names=["model", "settings"])
    return found.reset_index(["model", "settings"]).reset_index(drop=True)


def _measured(models, parts, name, setting, part) -> pd.Series:
    seen, out = parts[part]
    model = fitted(partial(models[name].make, **setting), seen)
    return evaluate(model, seen, out, METRICS, N=K)["value"]


def asked(seen: csr_matrix, out: csr_matrix) -> csr_matrix:
    """Return what is to be found; on the sample edition that of some users only."""
    return fewer_asked(Split(seen, out, seen, out)).validation_out


def pick(
    validation: np.ndarray,
    test: np.ndarray,
    sizes: Sequence[int] = SIZES,
    *,
    n_draws: int = N_DRAWS,
    seed: int = SEED,
) -> pd.DataFrame:
    """Pick the best of some settings with few users, by the test figure and by validation.

    For each size users are drawn without replacement, again and again; both figures are of the
    users drawn. What the pick by test is worth is told by all the other users. Last come all users,
    once, with no others to tell.

    Args:
        validation, test: users x settings.
        sizes: numbers of users; those that leave fewer than as many others are left out.
        n_draws: draws for each size.
        seed: the seed of the draws.

    Returns:
        One row for each size and draw: ``users``, ``reported`` (the best test figure), ``honest``
        (the test figure of the best by validation) and ``worth`` (the test figure, among the other
        users, of the setting that was reported).
    """
    rng = np.random.default_rng(seed)
    n, total = len(test), test.sum(axis=0)
    rows = []
    for size in [size for size in sizes if 2 * size <= n for _ in range(n_draws)] + [n]:
        drawn = rng.choice(n, size, replace=False)
        sums = test[drawn].sum(axis=0)
        best, by_validation = sums.argmax(), validation[drawn].sum(axis=0).argmax()
        others = (total[best] - sums[best]) / (n - size) if size < n else np.nan
        rows.append((size, sums[best] / size, sums[by_validation] / size, others))
    return pd.DataFrame(rows, columns=["users", "reported", "honest", "worth"])


def promises(picked: pd.DataFrame) -> pd.DataFrame:
    """Return what the picks of each size promise, on average over the draws.

    Args:
        picked: rows of :func:`pick`.

    Returns:
        One row for each number of users, indexed by ``users``: the means of ``honest``,
        ``inflated`` (what was reported) and ``worth``, ``ratio`` (of the means), and for each the
        middle 95 % of the draws as ``_low`` and ``_high``.
    """
    draws = picked.rename(columns={"reported": "inflated"})
    draws["ratio"] = draws["inflated"] / draws["honest"]
    groups = draws.groupby("users")
    table = groups[["honest", "inflated", "worth"]].mean()
    table["ratio"] = table["inflated"] / table["honest"]
    for name in ("honest", "inflated", "worth", "ratio"):
        table[f"{name}_low"] = groups[name].quantile(0.025)
        table[f"{name}_high"] = groups[name].quantile(0.975)
    return table


def as_arrays(scores: pd.DataFrame, model: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a model's (validation, test) of :func:`tried` as arrays of users x settings."""
    of_model = scores[scores["model"] == model]
    settings = of_model["settings"].unique()
    return tuple(
        of_model.pivot(index="user", columns="settings", values=part)[settings].to_numpy()
        for part in ("validation", "test")
    )


@kept
def seeds(settings: Settings) -> pd.DataFrame:
    """Measure models on ten random splits, and iALS from ten random starts on one; kept.

    Takes some twenty seconds. The training part of lastfm-2k is split; the same users are asked
    about each time.

    Args:
        settings: see :func:`nexttrack.study.leakage.leakage.chosen`; Audio kNN is left out.

    Returns:
        One row for each ``of`` (split, start), ``model``, ``seed`` (from 0) and ``user``, with the
        NDCG@10 as ``value``.
    """
    whole = task(DATA)
    known = whole.split.validation_in
    models = recommenders(whole.dataset, settings)
    del models["Audio kNN"]
    n_seeds = 3 if on_sample() else N_SEEDS
    splits = []
    for seed in range(n_seeds):
        parts = weak_generalization(known, seed=SEED + seed)
        seen = parts.validation_in
        splits.append((seen, asked(seen, parts.validation_out)))
    tasks = [("split", name, seed) for name in models for seed in range(n_seeds)]
    tasks += [("start", "iALS", seed) for seed in range(n_seeds)]
    values = in_processes(_of_seed, (models, splits), tasks, "Seeds")
    found = pd.concat(dict(zip(tasks, values, strict=True)), names=["of", "model", "seed", "user"])
    return found.rename("value").reset_index()


def _of_seed(models: Mapping, splits, of, name, seed) -> pd.Series:
    make, place = (models[name], seed)
    if of == "start":
        make, place = partial(models[name], random_state=seed), 0
    seen, out = splits[place]
    return evaluate(fitted(make, seen), seen, out, METRICS, N=K)["value"]


def best_of_seeds(found: pd.DataFrame) -> pd.DataFrame:
    """Set the seed with the best mean against the mean of all seeds, user by user.

    Args:
        found: rows of :func:`seeds`.

    Returns:
        Pairs as :mod:`nexttrack.study.leakage.leakage` has them: one row for each ``of``, ``model``
        and ``user``, with ``honest``, the mean over all seeds, and ``inflated``, that of the best.
    """
    rows = []
    for (of, model), group in found.groupby(["of", "model"], sort=False):
        values = group.pivot(index="user", columns="seed", values="value")
        best = values.mean().idxmax()
        pairs = pd.DataFrame({"honest": values.mean(axis=1), "inflated": values[best]})
        rows.append(pairs.reset_index().assign(of=of, model=model))
    return pd.concat(rows, ignore_index=True)
