"""Tune every model with the same budget on validation: a search by TPE that can be taken up again.

Each trial depends on the seed, its number and the trials before it, and on nothing else: a search
that was stopped goes on as if it had not been, and two processes find what one finds.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from nexttrack.evaluation.comparison import Candidate
from nexttrack.evaluation.evaluator import Metric, fit_and_evaluate
from nexttrack.evaluation.splits import Split
from nexttrack.models.space import OneOf, Range, Space
from nexttrack.parallel import in_processes, on_one_thread

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it says a line for each study
RANDOM_TRIALS = 8
"""Trials drawn at random from the space before the search looks at what was good."""
COLUMNS = ["data", "model", "trial", "settings", "space", "seed", "value", "seconds"]


def space_fingerprint(space: Space) -> str:
    """Return eight letters that change with a space."""
    ranges = sorted(_distributions(space).items())
    text = {name: distribution_to_json(range_) for name, range_ in ranges}
    return hashlib.sha256(json.dumps(text).encode()).hexdigest()[:8]


def _distributions(space: Space) -> dict[str, BaseDistribution]:
    return {name: _distribution(range_) for name, range_ in space.items()}


def _distribution(range_: Range | OneOf) -> BaseDistribution:
    if isinstance(range_, OneOf):
        return CategoricalDistribution(range_.choices)
    if range_.whole:
        return IntDistribution(int(range_.low), int(range_.high), log=range_.log)
    return FloatDistribution(range_.low, range_.high, log=range_.log)


def propose(space: Space, done: list[tuple[dict[str, Any], float]], *, seed: int) -> dict[str, Any]:
    """Return the settings to try next.

    The first ``RANDOM_TRIALS`` are random; later ones come from a tree-structured Parzen estimator
    (Bergstra, Bardenet, Bengio & Kégl 2011, NeurIPS), which takes the settings of a good trial to
    be near those of other good ones, all settings together (Falkner, Klein & Hutter 2018, ICML).

    Args:
        space: the range of each setting.
        done: settings and value of the trials before, in their order; larger values are better.
        seed: the seed of the search.
    """
    if not space:
        return {}
    distributions = _distributions(space)
    number = int(np.random.SeedSequence([seed, len(done)]).generate_state(1)[0])
    sampler = optuna.samplers.TPESampler(
        seed=number, n_startup_trials=RANDOM_TRIALS, multivariate=True
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.add_trials(
        [
            optuna.trial.create_trial(params=settings, distributions=distributions, value=value)
            for settings, value in done
        ]
    )
    return study.ask(distributions).params


def tune(
    candidates: Mapping[str, Mapping[str, Candidate]],
    splits: Mapping[str, Split],
    metric: Metric,
    *,
    N: int,
    budget: int,
    seed: int,
    done: pd.DataFrame | None = None,
    on_round: Callable[[pd.DataFrame], None] = lambda trials: None,
) -> pd.DataFrame:
    """Give each model on each data set the same number of trials; those that are done count.

    One trial of every model is a round; a round runs in two processes with one thread each. Models
    with nothing to tune have one trial.

    Args:
        candidates: for each data set the models with the spaces of their settings; those that
            take long should come first.
        splits: for each data set; only the validation part is looked at.
        metric: its mean over users is the value of a trial; larger is better.
        N: length of the lists.
        budget: trials of each model on each data set, at least 1.
        seed: the seed of the search.
        done: trials of before, as they are returned. Those of other models, spaces or seeds are
            left out.
        on_round: called after each round with all trials so far, to keep them.

    Returns:
        One row for each trial: ``data``, ``model``, ``trial`` (from 0), ``settings`` (JSON),
        ``space`` (its fingerprint), ``seed``, ``value``, ``seconds`` of fit and recommendation.

    Raises:
        ValueError: if the budget is below 1, or an earlier trial is missing.
    """
    if budget < 1:
        raise ValueError("the budget is the number of trials of each model: 1 or more")
    searches = [(data, name) for data, models in candidates.items() for name in models]
    trials: dict[tuple[str, str], list] = {search: [] for search in searches}
    for row in [] if done is None else done[COLUMNS].to_dict("records"):
        search = row["data"], row["model"]
        if search not in trials:
            continue
        space = space_fingerprint(candidates[row["data"]][row["model"]].space)
        if row["space"] != space or row["seed"] != seed:
            continue
        if row["trial"] != len(trials[search]):
            raise ValueError(f"{search[1]} on {search[0]}: trial {len(trials[search])} is missing")
        trials[search].append(row)

    def all_trials():
        rows = [row for search in searches for row in trials[search]]
        return pd.DataFrame(rows, columns=COLUMNS)

    for round_ in range(budget):
        waiting = [
            (data, name)
            for data, name in searches
            if len(trials[data, name]) == round_ and (round_ == 0 or candidates[data][name].space)
        ]
        if not waiting:
            continue
        tasks = []
        for data, name in waiting:
            before = [(json.loads(row["settings"]), row["value"]) for row in trials[data, name]]
            tasks.append((data, name, propose(candidates[data][name].space, before, seed=seed)))
        label = f"Round {round_ + 1} of {budget}"
        values = in_processes(_tried, (candidates, splits, metric, N), tasks, label)
        for (data, name, settings), (value, seconds) in zip(tasks, values, strict=True):
            space = space_fingerprint(candidates[data][name].space)
            row = (data, name, round_, json.dumps(settings), space, seed, value, seconds)
            trials[data, name].append(dict(zip(COLUMNS, row, strict=True)))
        on_round(all_trials())
    return all_trials()


def best_settings(trials: pd.DataFrame, data: str, model: str) -> dict[str, Any]:
    """Return the settings of the best trial of a model on a data set; of equals, the first.

    Raises:
        ValueError: if there is no trial of it.
    """
    rows = trials[(trials["data"] == data) & (trials["model"] == model)]
    if rows.empty:
        raise ValueError(f"{model} was not tuned on {data}")
    return json.loads(rows.loc[rows["value"].idxmax(), "settings"])


def _tried(candidates, splits, metric, N, data, name, settings):
    model = on_one_thread(candidates[data][name].make(**settings))
    scores, cost = fit_and_evaluate(model, splits[data], "validation", {"value": metric}, N=N)
    return float(scores["value"].mean()), round(cost.fit + cost.recommend, 3)
