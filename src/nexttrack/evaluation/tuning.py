"""One search for every model, on validation: seeded, restarted, and looked at around its best.

What is tried next depends on the seed and on the trials before, and on nothing else: a search that
was stopped goes on as if it had not been, and two processes find what one finds.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
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
RANDOM_TRIALS = 6
"""Trials of a restart drawn at random from the space before it looks at what was good."""
KNOWN, NEIGHBOUR = "known", "neighbour"
RESTARTS = ("search 1", "search 2")
"""What a trial comes from: a setting known before, one of two searches, or next to the best."""
MOST = 2
"""A restart that does not find what is known elsewhere goes on to so many times its budget."""
STEP = 1 / 12
"""From a setting to its neighbours, as a share of the range on its scale."""
COLUMNS = ["data", "model", "trial", "origin", "settings", "space", "seed", "value", "error"]
COLUMNS += ["seconds"]

Row = Mapping[str, Any]


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


def neighbours(settings: Mapping[str, Any], space: Space) -> list[dict[str, Any]]:
    """Return the settings next to some: each one moved on its own, by ``STEP`` down and up.

    A choice is exchanged for each of the others. A setting that is not given, or lies at the end of
    its range, is not moved on there.
    """
    return [
        {**settings, name: value}
        for name, range_ in space.items()
        if name in settings
        for value in _moved(settings[name], range_)
        if value != settings[name]
    ]


def _moved(value: Any, range_: Range | OneOf) -> list[Any]:
    if isinstance(range_, OneOf):
        return [one for one in range_.choices if one != value]
    scale, back = (np.log, np.exp) if range_.log else (float, float)
    step = STEP * (scale(range_.high) - scale(range_.low))
    found = [
        min(max(float(back(scale(value) + way * step)), range_.low), range_.high)
        for way in (-1, 1)
        if range_.low <= value <= range_.high
    ]
    return [round(one) if range_.whole else float(f"{one:.4g}") for one in found]


def next_trials(
    candidate: Candidate, rows: Sequence[Row], *, budget: int, seed: int
) -> list[tuple[str, dict[str, Any]]]:
    """Return what a search tries next: origin and settings; nothing when it has ended.

    First come the settings that are known (``candidate.settings``), then two restarts that know
    nothing of them or of each other. Each has ``budget`` trials for every setting that is searched,
    and as many more. One whose best is below the best of all by more than that one's standard
    error has not found it, and goes on, up to ``MOST`` times its budget. Last the neighbours of the
    best are tried, and those of a better one among them, twice around at most.

    Args:
        candidate: the model, what is known, and the space.
        rows: its trials so far, with ``origin``, ``settings`` (JSON), ``value`` and ``error``.
        budget: trials for each setting and restart, at least 1.
        seed: the seed of the search.
    """
    tried = {row["settings"] for row in rows}
    missing = [one for one in map(dict, candidate.settings) if json.dumps(one) not in tried]
    if missing or not candidate.space:
        return [(KNOWN, one) for one in missing]
    best = max(rows, key=lambda row: row["value"])
    size = budget * (len(candidate.space) + 1)
    asked = []
    for number, origin in enumerate(RESTARTS):
        own = [
            (json.loads(row["settings"]), row["value"]) for row in rows if row["origin"] == origin
        ]
        found = max((value for _, value in own), default=-np.inf)
        behind = found < best["value"] - best["error"]
        if len(own) < size or (behind and len(own) < MOST * size):
            asked.append((origin, propose(candidate.space, own, seed=seed + number)))
    around = neighbours(json.loads(best["settings"]), candidate.space)
    untried = [one for one in around if json.dumps(one) not in tried]
    n_tried = sum(row["origin"] == NEIGHBOUR for row in rows)
    if asked or n_tried >= 2 * 2 * len(candidate.space):
        return asked
    return [(NEIGHBOUR, one) for one in untried]


def tune(
    candidates: Mapping[str, Mapping[str, Candidate]],
    splits: Mapping[str, Split],
    metric: Metric,
    *,
    N: int,
    budget: Mapping[str, int],
    seed: int,
    done: pd.DataFrame | None = None,
    on_round: Callable[[pd.DataFrame], None] = lambda trials: None,
) -> pd.DataFrame:
    """Search the settings of each model on each data set by one rule; trials that are done count.

    What :func:`next_trials` asks for in all searches is a round; a round runs in two processes with
    one thread each.

    Args:
        candidates: for each data set the models, with the settings that are known (at least one)
            and the space of the search.
        splits: for each data set; only the validation part is looked at.
        metric: its mean over users is the value of a trial; larger is better.
        N: length of the lists.
        budget: for each data set the trials of a restart for each setting that is searched, at
            least 1.
        seed: the seed of the search.
        done: trials of before, as they are returned. Those of other models, spaces or seeds are
            left out.
        on_round: called after each round with all trials so far, to keep them.

    Returns:
        One row for each trial: ``data``, ``model``, ``trial`` (from 0), ``origin``, ``settings``
        (JSON), ``space`` (its fingerprint), ``seed``, ``value``, ``error`` (the standard error of
        that mean), ``seconds`` of fit and recommendation.

    Raises:
        ValueError: if the budget is below 1, or an earlier trial is missing.
    """
    if min(budget.values()) < 1:
        raise ValueError("the budget is the number of trials for each setting: 1 or more")
    trials: dict[tuple[str, str], list[Row]] = {
        (data, name): [] for data, models in candidates.items() for name in models
    }
    for row in _that_count(candidates, done, seed):
        search = row["data"], row["model"]
        if row["trial"] != len(trials[search]):
            raise ValueError(f"{search[1]} on {search[0]}: trial {len(trials[search])} is missing")
        trials[search].append(row)

    def all_trials():
        rows = [row for rows in trials.values() for row in rows]
        return pd.DataFrame(rows, columns=COLUMNS)

    round_ = 0
    while tasks := [
        (*search, *task)
        for search in sorted(trials, key=lambda search: -_seconds(trials[search]))
        for task in next_trials(
            candidates[search[0]][search[1]], trials[search], budget=budget[search[0]], seed=seed
        )
    ]:
        round_ += 1
        work = [(data, name, settings) for data, name, _, settings in tasks]
        label = f"Round {round_}, {len(tasks)} trials"
        values = in_processes(_tried, (candidates, splits, metric, N), work, label)
        for (data, name, origin, settings), measured in zip(tasks, values, strict=True):
            rows, space = trials[data, name], candidates[data][name].space
            known = (data, name, len(rows), origin, json.dumps(settings), space_fingerprint(space))
            rows.append(dict(zip(COLUMNS, (*known, seed, *measured), strict=True)))
        on_round(all_trials())
    return all_trials()


def _that_count(
    candidates: Mapping[str, Mapping[str, Candidate]], done: pd.DataFrame | None, seed: int
) -> Iterator[dict]:
    for row in [] if done is None else done[COLUMNS].to_dict("records"):
        candidate = candidates.get(row["data"], {}).get(row["model"])
        if candidate and row["space"] == space_fingerprint(candidate.space) and row["seed"] == seed:
            yield row


def _seconds(rows: Sequence[Row]) -> float:
    """Return what a trial takes, for those that take long to come first."""
    return float(np.mean([row["seconds"] for row in rows])) if rows else np.inf


def best_settings(trials: pd.DataFrame, data: str, model: str) -> dict[str, Any]:
    """Return the settings of the best trial of a model on a data set; of equals, the first.

    Raises:
        ValueError: if there is no trial of it.
    """
    rows = trials[(trials["data"] == data) & (trials["model"] == model)]
    if rows.empty:
        raise ValueError(f"{model} was not tuned on {data}")
    return json.loads(rows.loc[rows["value"].idxmax(), "settings"])


def agreement(trials: pd.DataFrame) -> pd.DataFrame:
    """Say for each search what it found, and whether both restarts found it too.

    Returns:
        One row for each data set and model that was searched: ``data``, ``model``, ``trials``,
        ``best``, ``error``, ``origin`` of the best, the best of each restart, and ``agree``:
        whether both are within the standard error of the best.
    """
    rows = []
    for (data, model), own in trials.groupby(["data", "model"], sort=False):
        best = own.loc[own["value"].idxmax()]
        found = own.groupby("origin")["value"].max().reindex(list(RESTARTS))
        if found.notna().all():
            agree = bool((found >= best["value"] - best["error"]).all())
            known = (data, model, len(own), best["value"], best["error"], best["origin"])
            rows.append((*known, *found, agree))
    columns = ["data", "model", "trials", "best", "error", "origin", *RESTARTS, "agree"]
    return pd.DataFrame(rows, columns=columns)


def _tried(candidates, splits, metric, N, data, name, settings):
    model = on_one_thread(candidates[data][name].make(**settings))
    scores, cost = fit_and_evaluate(model, splits[data], "validation", {"value": metric}, N=N)
    values = scores["value"].to_numpy()
    error = values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(error), round(cost.fit + cost.recommend, 3)
