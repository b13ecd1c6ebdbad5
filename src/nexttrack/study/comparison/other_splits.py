"""How far figures hold when the same data are divided another way, and from other starts.

For chapter 08. The settings are those that were chosen on the validation part of the one split;
nothing is chosen here. Users and items are the same, so these figures tell how much a split matters
and are no second test. A draw of the split has a seed of its own, for models that start at random;
the test has all seeds. What each user has is kept (``nexttrack other-splits`` goes on where it was
stopped); ``results/`` has the means, and of each model and each pair what intervals are made of.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from nexttrack.data.dataset import Dataset
from nexttrack.errors import UserError
from nexttrack.evaluation.evaluator import fit_and_evaluate
from nexttrack.evaluation.significance import compare_pairs, model_means
from nexttrack.evaluation.splits import (
    Split,
    artist_disjoint,
    strong_generalization,
    weak_generalization,
)
from nexttrack.features.names import names_incidence
from nexttrack.parallel import in_processes, on_one_thread
from nexttrack.study.comparison.tuned_comparison import load, models
from nexttrack.study.kept import kept
from nexttrack.study.protocol import cut, on_sample, split
from nexttrack.study.results import path_of, stored
from nexttrack.study.search import METRIC, SEED, N, tuned_settings

DRAWS = (1, 2, 3, 4)
"""Seeds of further random splits, and of models that start at random; the test has seed 0."""
SHARES = (0.5, 0.6, 0.7)
"""Of the pairs, before which time is cut as well."""
TEST = "the test"
FILES = {"means": "other-splits.csv", "models": "model-spread.csv", "pairs": "pair-spread.csv"}
"""Tables of :func:`measured`."""


def splits(
    dataset: Dataset, draws: Iterable[int] = DRAWS, shares: Iterable[float] = SHARES
) -> dict[str, Callable[[], Split]]:
    """Return what makes each split of a data set, the test first.

    With dates, a cut before each of the shares. Without, a draw of the same kind for each seed;
    users whom the models have not learned from; and, where the artists of items are known, artists
    new to the user.
    """
    found: dict[str, Callable[[], Split]] = {TEST: partial(split, dataset)}
    if dataset.dates is not None:
        return found | {f"cut at {share:.0%}": partial(cut, dataset, share) for share in shares}
    user_items = dataset.binary()
    for seed in draws:
        found[f"draw {seed}"] = partial(weak_generalization, user_items, seed=SEED + seed)
    found["new users"] = partial(strong_generalization, user_items, seed=SEED)
    if "artists" in dataset.tracks:
        artists = names_incidence(dataset.tracks["artists"])
        found["new artists"] = partial(artist_disjoint, user_items, artists, seed=SEED)
    return found


def seeds_on(name: str, draws: Iterable[int] = DRAWS) -> tuple[int, ...]:
    """Return the seeds that a model which starts at random has on a split: 0 and more on the test.

    Args:
        name: of the split.
        draws: the seeds of further draws.
    """
    if name == TEST:
        return 0, *draws
    return (next((seed for seed in draws if name == f"draw {seed}"), 0),)


def scores(
    dataset: Dataset,
    parts: Split,
    settings: Mapping[str, Mapping],
    seeds: Iterable[int],
    label: str | None = None,
) -> pd.DataFrame:
    """Fit every model with its chosen settings, and measure it on the test part of a split.

    Args:
        dataset: the data.
        parts: of the data.
        settings: for each model its settings.
        seeds: of fits of models that start at random: how much more than the seed that they have.
            The others are fitted once.
        label: of the progress bar; none is shown without.

    Returns:
        One row for each fit and user: ``model``, ``seed``, ``user`` (position) and ``NDCG@10``.
    """
    made = models(dataset, settings)
    tasks = [
        (model, seed)
        for model in made
        for seed in (seeds if hasattr(made[model](), "random_state") else (0,))
    ]
    tables = in_processes(_scores, (made, parts), tasks, label)
    return pd.concat(tables, ignore_index=True)


def measured(
    name: str,
    draws: Iterable[int] = DRAWS,
    shares: Iterable[float] = SHARES,
    on_split: Callable[[pd.DataFrame], None] = lambda means: None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Measure the tuned models on all splits of a data set.

    Args:
        name: one of :data:`nexttrack.study.search.DATASETS`.
        draws: seeds of further draws of the split.
        shares: of the pairs, before which time is cut.
        on_split: called after each split with all means so far, to keep them.

    Returns:
        (means, models, pairs), all with ``data`` and ``settings``, the fingerprint of the settings.
        ``means``: one row for each split and fit: ``split``, ``model``, ``seed``, ``users`` asked,
        ``mean`` of NDCG@10. The others are over users, the draws of the split and the seeds (the
        seeds alone where time is cut): ``models`` and ``pairs`` of
        :func:`nexttrack.evaluation.significance.model_means` and ``compare_pairs``.
    """
    settings = tuned_settings(name)
    known = {"data": name, "settings": settings_fingerprint(settings)}
    means, by_draw = [], []
    for part in splits(load(name), draws, shares):
        seeds = seeds_on(part, draws)
        found = _kept_scores(name, part, settings, list(seeds))
        by_fit = found.groupby(["model", "seed"], sort=False)["NDCG@10"]
        table = by_fit.agg(users="size", mean="mean").reset_index()
        means.append(table.assign(**known, split=part))
        on_split(pd.concat(means, ignore_index=True))
        if part == TEST or part.startswith("draw"):
            by_draw.append(found.assign(draw=seeds[0]))
    values = pd.concat(by_draw).pivot(
        index="user", columns=["model", "draw", "seed"], values="NDCG@10"
    )
    spread = [_rounded(one(values)).assign(**known) for one in (model_means, compare_pairs)]
    return pd.concat(means, ignore_index=True), *spread


def settings_fingerprint(settings: Mapping[str, Mapping]) -> str:
    """Return eight letters that change with the chosen settings of the models."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def stored_tables(name: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return what was measured on the splits of a data set, from ``results/``.

    The sample edition needs none: where nothing is kept for it, one draw or cut and the other
    kinds of splits are measured when they are first asked for.

    Returns:
        The tables of :func:`measured`.

    Raises:
        UserError: if nothing is kept for the published edition of the data at hand, or it was
            measured with other settings than those that are chosen now.
    """
    settings = tuned_settings(name)
    tables = {what: stored(file, [name])[0] for what, file in FILES.items()}
    if on_sample() and all(rows.empty for rows in tables.values()):
        return _of_the_sample(name, settings)
    for what, rows in tables.items():
        if rows.empty or set(rows["settings"]) != {settings_fingerprint(settings)}:
            raise UserError(
                f"{path_of(FILES[what])}: not of {name} with the settings chosen now; "
                "run: make tune"
            )
    means, of_models, pairs = (rows.reset_index(drop=True) for rows in tables.values())
    return means, of_models, pairs


def spread_of_means(means: pd.DataFrame) -> pd.DataFrame:
    """Tell how much a model's mean differs from draw to draw and from seed to seed.

    Args:
        means: of :func:`measured`.

    Returns:
        ``draws`` and ``seeds``, indexed by ``data`` and ``model``: standard deviations of the mean
        over draws (each with a seed of its own) and over the seeds of the test, NaN where there is
        one.
    """
    by = ["data", "model"]
    drawn = means["split"].str.match(f"{TEST}|draw")
    first = means[drawn & ((means["seed"] == 0) | (means["split"] != TEST))]
    on_test = means[means["split"] == TEST]
    table = {"draws": first.groupby(by)["mean"].std(), "seeds": on_test.groupby(by)["mean"].std()}
    return pd.DataFrame(table)


@kept
def _of_the_sample(
    name: str, settings: dict[str, dict]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return measured(name, DRAWS[:1], SHARES[:1])


@kept
def _kept_scores(name: str, part: str, settings: dict[str, dict], seeds: list[int]) -> pd.DataFrame:
    dataset = load(name)
    return scores(dataset, splits(dataset)[part](), settings, seeds, f"{name}, {part}")


def _scores(
    made: Mapping[str, Callable[[], Any]], parts: Split, name: str, seed: int
) -> pd.DataFrame:
    model = on_one_thread(made[name]())
    if hasattr(model, "random_state"):
        model.random_state += seed
    found, _ = fit_and_evaluate(model, parts, "test", {"NDCG@10": METRIC}, N=N)
    return found.reset_index().assign(model=name, seed=np.int64(seed))


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it is stored: a millionth of an NDCG says nothing."""
    return table.round(dict.fromkeys(table.select_dtypes("float"), 7))
