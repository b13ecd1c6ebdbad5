"""The one search for settings of the book: which models, on which data, and what was chosen.

What any chapter shows of a model, it shows at these settings or around them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from nexttrack.data.dataset import Dataset
from nexttrack.errors import NotThereError
from nexttrack.evaluation import metrics
from nexttrack.evaluation.comparison import Candidate
from nexttrack.evaluation.evaluator import Metric
from nexttrack.evaluation.tuning import best_settings, tune
from nexttrack.models.space import OneOf, Range
from nexttrack.study.kept import kept
from nexttrack.study.protocol import fingerprint, on_sample, task
from nexttrack.study.registry import MODELS
from nexttrack.study.results import stored

SEED = 20_260_108
DATASETS = (
    *("lastfm-2k", "whole-playlists", "thinned-playlists"),
    *("lastfm-2k-tags", "playlist-archive"),
)
BUDGET = {name: 2 if name == "playlist-archive" else 3 for name in DATASETS}
"""Trials of a restart for each setting of a model, and as many more.

The archive asks few lists about many recordings: a trial takes longest there and tells least.
"""
METRIC: Metric = partial(metrics.ndcg_at_k, k=10)
N = 10
"""What settings are chosen by, NDCG@10, and the length of the lists that it takes."""
COMPARED = (
    *("Softmax MF", "Softmax MF, pooled", "BPR", "SLIM", "fsSLIM", "Logistic MF", "NMF", "iALS"),
    *("RDLAE", "RLAE", "EASE, scaled", "EASE", "GF-CF", "User kNN", "Item kNN", "RP3beta"),
    *("PureSVD", "Content kNN", "Learned sound kNN", "Audio kNN", "Same artist"),
    *("Recent popularity", "Popularity", "Random"),
)
"""What chapter 08 compares, those that take long first."""
SEARCHED = (*COMPARED, "iALS, plain")
SLOW = ("SLIM", "Softmax MF", "Softmax MF, pooled")
"""What takes a minute or more for a trial with 78,000 items."""


def tunables(dataset: Dataset) -> dict[str, Candidate]:
    """Return the models that are searched on a data set, with what is known and their spaces.

    Without dates there is no recent popularity; items that are artists have no artists to compare,
    and cannot be recommended by artist. The archive, which has most items, has none of ``SLOW``.
    """
    found = {}
    for name in SEARCHED:
        entry, space = MODELS[name], dict(MODELS[name].space)
        if name == "Recent popularity" and dataset.dates is None:
            continue
        if name == "Same artist" and "artists" not in dataset.tracks:
            continue
        if name in SLOW and dataset.name == "playlist-archive":
            continue
        if name == "Content kNN" and "artists" not in dataset.tracks:
            space["names"] = OneOf(("genres",))
        found[name] = Candidate(entry.on(dataset), entry.known, space)
    return found


def trials(name: str) -> pd.DataFrame:
    """Return the trials that settings are chosen from: those of ``results/tuning.csv``.

    The sample edition needs none: where nothing is kept for it, each model has one trial, made
    when it is first asked for.

    Args:
        name: one of :data:`DATASETS`.

    Returns:
        The trials of :func:`nexttrack.evaluation.tuning.tune`.

    Raises:
        NotThereError: if nothing is kept for the published edition of the data at hand.
    """
    found, _ = stored("tuning.csv", [name])
    if found.empty and on_sample():
        return _one_trial(name)
    if found.empty:
        raise NotThereError(
            f"results/tuning.csv: no trials of {name} on these data ({fingerprint()}); "
            "run: make tune"
        )
    return found.reset_index(drop=True)


def tuned_settings(name: str) -> dict[str, dict[str, Any]]:
    """Return for each model the settings that were best on validation, as keywords.

    Where nothing is kept for the data at hand, the sample edition has those of a model's class, and
    other data than the book's have what was best on the book's.

    Raises:
        NotThereError: if nothing is kept of the data set at all.
    """
    tried, others = stored("tuning.csv", [name])
    if tried.empty and on_sample():
        return {model: dict(MODELS[model].known[0]) for model in SEARCHED}
    if tried.empty:
        tried = others[others["data"] == name]
        if tried.empty:
            raise NotThereError(f"results/tuning.csv: no trials of {name}; run: make tune")
        tried = tried[tried["fingerprint"] == tried["fingerprint"].iloc[0]]  # the book's come first
    return {model: best_settings(tried, name, model) for model in tried["model"].unique()}


def as_tuned(model: str, dataset: Dataset) -> Callable[[], Any]:
    """Return a function that makes a model for a data set, unfitted, with its chosen settings.

    Raises:
        NotThereError: if nothing is kept of the data set at all.
    """
    return partial(tunables(dataset)[model].make, **tuned_settings(dataset.name)[model])


@kept
def _one_trial(name: str) -> pd.DataFrame:
    asked = task(name, first_users=True)
    models = tunables(asked.dataset)
    first = {model: Candidate(one.make, one.settings[:1]) for model, one in models.items()}
    return tune({name: first}, {name: asked.split}, METRIC, N=N, budget=BUDGET, seed=SEED)


def space_table(tunables: dict[str, Candidate]) -> pd.DataFrame:
    """Return what is tuned, to be printed: one row for each setting of each model."""
    rows = [
        {"model": name, "setting": setting, "range": _words(range_)}
        for name, tunable in tunables.items()
        for setting, range_ in tunable.space.items()
    ]
    return pd.DataFrame(rows, columns=["model", "setting", "range"])


def _words(range_: Range | OneOf) -> str:
    if isinstance(range_, OneOf):
        return ", ".join(range_.choices)
    scale = ", log scale" if range_.log else ""
    kind = "whole, " if range_.whole else ""
    return f"{kind}{range_.low:g} to {range_.high:g}{scale}"
