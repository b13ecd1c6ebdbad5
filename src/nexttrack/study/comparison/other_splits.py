"""Does the order of models hold when the same data are divided another way? For chapter 08.

The settings are those that were chosen on the validation part of the one split; nothing is chosen
here. Users and items are the same, so these figures tell how much a split matters, and are no
second test.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from nexttrack.data.dataset import Dataset
from nexttrack.errors import UserError
from nexttrack.evaluation.bootstrap import bootstrap_means, interval
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
from nexttrack.study.protocol import cut, on_sample
from nexttrack.study.results import path_of, stored
from nexttrack.study.search import METRIC, SEED, N, tuned_settings

SEEDS = range(1, 5)
"""Of further random splits."""
SHARES = (0.5, 0.6, 0.7)
"""Of the pairs, before which time is cut as well."""
COLUMNS = ["data", "split", "model", "users", "mean", "low", "high", "settings"]


def further_splits(
    dataset: Dataset, seeds: Iterable[int] = SEEDS, shares: Iterable[float] = SHARES
) -> Iterator[tuple[str, Split]]:
    """Give further splits of a data set, each with its name.

    With dates, a cut before each of the shares. Without, a draw of the same kind for each seed;
    users whom the models have not learned from; and, where the artists of items are known, artists
    new to the user.
    """
    if dataset.dates is not None:
        for share in shares:
            yield f"cut at {share:.0%}", cut(dataset, share)
        return
    user_items = dataset.binary()
    for seed in seeds:
        yield f"draw {seed}", weak_generalization(user_items, seed=SEED + seed)
    yield "new users", strong_generalization(user_items, seed=SEED)
    if "artists" in dataset.tracks:
        artists = names_incidence(dataset.tracks["artists"])
        yield "new artists", artist_disjoint(user_items, artists, seed=SEED)


def means_by_split(
    dataset: Dataset,
    splits: Iterable[tuple[str, Split]],
    settings: Mapping[str, Mapping],
    label: Callable[[str], str] = str,
) -> Iterator[pd.DataFrame]:
    """Fit every model with its chosen settings on each further split, and measure it on the test.

    Args:
        dataset: the data.
        splits: of the data, each with its name.
        settings: for each model its settings.
        label: of the progress bar, from the name of the split.

    Yields:
        For each split one row for each model: ``data``, ``split``, ``model``, ``users`` asked,
        ``mean`` of NDCG@10, ``low`` and ``high`` (95 %, bootstrap over users), and ``settings``,
        the fingerprint of the settings.
    """
    made = models(dataset, settings)
    for name, parts in splits:
        values = in_processes(_values, (made, parts), [(model,) for model in made], label(name))
        rows = []
        for model, ndcg in zip(made, values, strict=True):
            low, high = interval(bootstrap_means(ndcg, seed=SEED))
            rows.append((dataset.name, name, model, len(ndcg), ndcg.mean(), low[0], high[0]))
        table = pd.DataFrame(rows, columns=COLUMNS[:-1])
        yield table.assign(settings=settings_fingerprint(settings))


def settings_fingerprint(settings: Mapping[str, Mapping]) -> str:
    """Return eight letters that change with the chosen settings of the models."""
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def stored_means(name: str) -> pd.DataFrame:
    """Return what was measured on further splits of a data set: ``results/other-splits.csv``.

    The sample edition needs none: where nothing is kept for it, one draw or cut and the other
    kinds of splits are measured when they are first asked for.

    Returns:
        The rows of :func:`means_by_split`, all splits one below the other.

    Raises:
        UserError: if nothing is kept for the published edition of the data at hand, or it was
            measured with other settings than those that are chosen now.
    """
    settings = tuned_settings(name)
    rows, _ = stored("other-splits.csv", [name])
    if rows.empty and on_sample():
        return _of_the_sample(name, settings)
    if rows.empty or set(rows["settings"]) != {settings_fingerprint(settings)}:
        raise UserError(
            f"{path_of('other-splits.csv')}: not of {name} with the settings chosen now; "
            "run: make tune"
        )
    return rows.reset_index(drop=True)


@kept
def _of_the_sample(name: str, settings: dict[str, dict]) -> pd.DataFrame:
    dataset = load(name)
    splits = further_splits(dataset, SEEDS[:1], SHARES[:1])
    return pd.concat(list(means_by_split(dataset, splits, settings)), ignore_index=True)


def _values(made: Mapping[str, Callable[[], Any]], parts: Split, name: str) -> np.ndarray:
    model = on_one_thread(made[name]())
    scores, _ = fit_and_evaluate(model, parts, "test", {"NDCG@10": METRIC}, N=N)
    return scores["NDCG@10"].to_numpy()
