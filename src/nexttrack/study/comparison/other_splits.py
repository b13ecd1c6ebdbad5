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

import pandas as pd

from nexttrack.errors import NotThereError
from nexttrack.evaluation.significance import compare_pairs, model_means
from nexttrack.study.comparison.fits_on_splits import (
    DRAWS,
    SHARES,
    TEST,
    kept_scores,
    seeds_on,
    splits,
)
from nexttrack.study.comparison.tuned_comparison import load
from nexttrack.study.kept import kept
from nexttrack.study.protocol import DATASETS, on_sample
from nexttrack.study.results import stored
from nexttrack.study.search import tuned_settings

FILES = {"means": "other-splits.csv", "models": "model-spread.csv", "pairs": "pair-spread.csv"}
"""Tables of :func:`measured`."""
DRAWN = DATASETS
"""Data sets whose split is drawn at random; the others are cut in time, and the test is one."""
COLUMNS = ["data", "split", "model", "seed", "users", "mean", "settings"]


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
        found = kept_scores(name, part, settings, list(seeds))
        by_fit = found.groupby(["model", "seed"], sort=False)["NDCG@10"]
        table = by_fit.agg(users="size", mean="mean").reset_index()
        means.append(table.assign(**known, split=part)[COLUMNS])
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
        NotThereError: if nothing is kept for the published edition of the data at hand, or it was
            measured with other settings than those that are chosen now.
    """
    settings = tuned_settings(name)
    tables = {what: stored(file, [name])[0] for what, file in FILES.items()}
    if on_sample() and all(rows.empty for rows in tables.values()):
        return _of_the_sample(name, settings)
    for what, rows in tables.items():
        if rows.empty or set(rows["settings"]) != {settings_fingerprint(settings)}:
            raise NotThereError(
                f"results/{FILES[what]}: not of {name} with the settings chosen now; run: make tune"
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


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it is stored: a millionth of an NDCG says nothing."""
    return table.round(dict.fromkeys(table.select_dtypes("float"), 7))
