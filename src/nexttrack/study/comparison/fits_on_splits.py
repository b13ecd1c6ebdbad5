"""What each user has from every model, with its chosen settings, on each split and from each start.

It is kept until the code, the data or the settings change. No table that is made of it is named
here, so it stays when they are written.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.evaluator import fit_and_evaluate
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
from nexttrack.study.protocol import cut, split
from nexttrack.study.search import METRIC, SEED, SLOW, N

DRAWS = (1, 2, 3, 4)
"""Seeds of further random splits, and of models that start at random; the test has seed 0."""
SHARES = (0.5, 0.6, 0.7)
"""Of the pairs, before which time is cut as well."""
TEST = "the test"


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
            The others, and those of ``SLOW``, are fitted once, with the first.
        label: of the progress bar; none is shown without.

    Returns:
        One row for each fit and user: ``model``, ``seed``, ``user`` (position) and ``NDCG@10``.
    """
    made, seeds = models(dataset, settings), list(seeds)
    tasks = [
        (model, seed)
        for model in made
        for seed in (
            (0,)
            if not hasattr(made[model](), "random_state")
            else seeds[:1]
            if model in SLOW
            else seeds
        )
    ]
    tables = in_processes(_scores, (made, parts), tasks, label)
    return pd.concat(tables, ignore_index=True)


@kept
def kept_scores(name: str, part: str, settings: dict[str, dict], seeds: list[int]) -> pd.DataFrame:
    """Return :func:`scores` of a data set on a split that is named; kept."""
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
