"""Factor models on validation data: as they were set, settings moved one at a time, and seeds."""

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from nexttrack.evaluation.comparison import Candidate, grid
from nexttrack.evaluation.sweeps import sweep
from nexttrack.study.kept import kept
from nexttrack.study.protocol import task, thinned
from nexttrack.study.registry import AS_IT_COMES, MODELS
from nexttrack.study.search import tuned_settings

SIZES = (8, 16, 32, 64, 128, 256)
TIMES = (1, 1 / 9, 1 / 3, 3, 9)
EXPONENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
ROUNDS = (1, 2, 3, 5, 8, 15, 20, 30)
N_SEEDS = 10

Settings = dict[str, float]


NAMES = (
    *("Softmax MF", "Softmax MF, pooled", "BPR", "Logistic MF", "NMF", "EASE", "iALS, plain"),
    *("iALS", "SLIM", "PureSVD", "Item kNN", AS_IT_COMES, "Popularity"),
)
"""The models that chapter 07 compares, those that take long first."""


def chosen(name: str) -> dict[str, Settings]:
    """Return the settings of each model of the chapter: those of the book's search on a data set.

    Args:
        name: one of :data:`nexttrack.study.protocol.DATASETS`.
    """
    found = tuned_settings(name)
    return {model: found.get(model, {}) for model in NAMES}


@kept
def tuned(name: str, models: Mapping[str, Settings]) -> pd.DataFrame:
    """Measure models on the validation part of a data set, each at one setting.

    Takes half a minute; the result is kept until the code, the data or the settings change.

    Args:
        name: one of :data:`nexttrack.study.protocol.DATASETS`.
        models: the settings of each.

    Returns:
        The scores of :func:`nexttrack.evaluation.sweeps.sweep`, without ``settings``.
    """
    candidates = {model: Candidate(MODELS[model].make, [one]) for model, one in models.items()}
    return _swept(candidates, name).drop(columns="settings").astype({"model": "str"})


@kept
def curves(name: str, start: Mapping[str, float]) -> pd.DataFrame:
    """Move each setting of iALS on its own, on the validation part of a data set; kept.

    The regularisation of :class:`nexttrack.models.IALS` is a mean over all users and items, so it
    stays when the exponent of the frequency moves.

    Args:
        name: one of :data:`nexttrack.study.protocol.DATASETS`.
        start: the settings of iALS that all curves go through.

    Returns:
        The scores of :func:`nexttrack.evaluation.sweeps.sweep` with a column ``curve``: the name of
        the setting that moves, or ``factors, as it comes`` for implicit's defaults by size, and
        ``factors, PureSVD``.
    """
    models = {
        curve: Candidate(MODELS["iALS"].make, points) for curve, points in moved(start).items()
    }
    models["factors, as it comes"] = Candidate(MODELS[AS_IT_COMES].make, grid(factors=SIZES[::-1]))
    models["factors, PureSVD"] = Candidate(MODELS["PureSVD"].make, grid(factors=SIZES[::-1]))
    return _swept(models, name).rename(columns={"model": "curve"})


def moved(start: Settings) -> dict[str, list[Settings]]:
    """Return the settings of each curve through a start, the start first."""
    return {
        "factors": [start | {"factors": n} for n in _with(start["factors"], SIZES[::-1])],
        "iterations": [start | {"iterations": n} for n in _with(start["iterations"], ROUNDS[::-1])],
        "regularization": _times(start, "regularization"),
        "unobserved_weight": _times(start, "unobserved_weight"),
        "frequency_exponent": [
            start | {"frequency_exponent": nu}
            for nu in _with(start["frequency_exponent"], EXPONENTS)
        ],
    }


def _with(chosen: float, others: Sequence[float]) -> list[float]:
    return list(dict.fromkeys((chosen, *others)))


def _times(start: Settings, name: str) -> list[Settings]:
    return [
        start if times == 1 else start | {name: float(f"{start[name] * times:.4g}")}
        for times in TIMES
    ]


@kept
def seeds(name: str, settings: Mapping[str, float]) -> pd.DataFrame:
    """Fit iALS with ten seeds and the same settings, on the validation part of a data set; kept.

    Returns:
        The scores of :func:`nexttrack.evaluation.sweeps.sweep` with a column ``seed``.
    """
    points = [settings | {"random_state": seed} for seed in range(N_SEEDS)]
    scores = _swept({"iALS": Candidate(MODELS["iALS"].make, points)}, name)
    seed = scores["settings"].astype("str").map(lambda said: json.loads(said)["random_state"])
    return scores.drop(columns=["model", "settings"]).assign(seed=seed)


def _swept(models: Mapping[str, Candidate], name: str) -> pd.DataFrame:
    scores, _ = sweep(thinned(models), task(name).asked)
    return scores
