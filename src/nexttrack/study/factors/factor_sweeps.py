"""Factor models on validation data: settings chosen, settings moved one at a time, and seeds."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from nexttrack.evaluation.comparison import Candidate, grid
from nexttrack.evaluation.sweeps import sweep
from nexttrack.study.kept import kept
from nexttrack.study.protocol import task, thinned
from nexttrack.study.registry import AS_IT_COMES, FACTORS, MODELS

SIZES = (8, 16, 32, 64, 128, 256)
TIMES = (1 / 9, 1 / 3, 1, 3, 9)
EXPONENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
ROUNDS = (1, 2, 3, 5, 8, 15, 20, 30)
N_SEEDS = 10

Settings = dict[str, float]


def factor_models() -> dict[str, Candidate]:
    """Return the models that chapter 07 compares, each with at most six settings to choose from.

    The ranges of all were found by first trials on the same validation data.
    """
    revised = [
        {"frequency_exponent": nu, "regularization": ridge, "unobserved_weight": weight}
        for nu, ridge, weight in (
            *((1.0, 0.01, 0.03), (1.0, 0.01, 0.1), (1.0, 0.03, 0.01)),
            *((0.5, 0.3, 0.01), (0.5, 0.3, 0.03), (0.5, 0.1, 0.1)),
        )
    ]
    weighted = [
        {"alpha": alpha, "regularization": ridge}
        for alpha, ridge in ((5, 30), (10, 40), (10, 60), (20, 60), (20, 100), (40, 150))
    ]
    settings = {
        "BPR": grid(factors=[32], learning_rate=[0.02, 0.05], regularization=[0.01, 0.03, 0.05]),
        "Logistic MF": grid(factors=[16, 32], regularization=[2, 3, 5]),
        "NMF": grid(factors=[16, 32], regularization=[0.0, 0.001, 0.003]),
        "EASE": grid(regularization=[20, 50, 100, 200, 500, 1000]),
        "iALS, plain": weighted,
        "iALS": [{"factors": FACTORS} | one for one in revised],
        "SLIM": grid(l1=[0.5, 1.0, 2.0], l2=[20, 80]),
        "PureSVD": grid(factors=[4, 8, 16, 32, 64, 128]),
        "Item kNN": grid(K=[100, 400], shrinkage=[5, 20, 50]),
        AS_IT_COMES: [{}],
        "Popularity": [{}],
    }
    return {name: Candidate(MODELS[name].make, tried) for name, tried in settings.items()}


@kept
def tuned(name: str) -> pd.DataFrame:
    """Measure all settings of all candidates on the validation part of a data set.

    Takes half a minute to two minutes; the result is kept until the code or the data change.

    Args:
        name: one of :data:`nexttrack.study.protocol.DATASETS`.

    Returns:
        The scores of :func:`nexttrack.evaluation.sweeps.sweep`.
    """
    return _swept(thinned(factor_models()), name)  # and once more below


def best_per_model(scores: pd.DataFrame, metric: str = "NDCG@10") -> pd.Series:
    """Return the setting (JSON) with the highest mean for each model; of equals, the first."""
    means = scores.groupby(["model", "settings"], sort=False, observed=True)[metric].mean()
    best = means.groupby(level="model", sort=False, observed=True).idxmax()
    return pd.Series(dict(best.to_list()), name="settings")


def only(scores: pd.DataFrame, best: pd.Series) -> pd.DataFrame:
    """Return the scores of each model at one setting, in the form ``summarise`` takes."""
    scores = scores.astype({"model": "str", "settings": "str"})
    return scores[scores["settings"] == scores["model"].map(best)].drop(columns="settings")


@kept
def curves(name: str, start: Mapping[str, float]) -> pd.DataFrame:
    """Move each setting of iALS on its own, on the validation part of a data set; kept.

    When the exponent of the frequency moves, the regularisation moves with it so that its mean over
    all users and items stays: otherwise the curve would be one of regularisation once more.

    Args:
        name: one of :data:`nexttrack.study.protocol.DATASETS`.
        start: the settings of iALS that all curves go through.

    Returns:
        The scores of :func:`nexttrack.evaluation.sweeps.sweep` with a column ``curve``: the name of
        the setting that moves, or ``factors, as it comes`` for implicit's defaults by size.
    """
    user_items = task(name).split.validation_in
    settings = moved(start, user_items)
    models = {curve: Candidate(MODELS["iALS"].make, points) for curve, points in settings.items()}
    models["factors, as it comes"] = Candidate(MODELS[AS_IT_COMES].make, grid(factors=SIZES[::-1]))
    return _swept(models, name).rename(columns={"model": "curve"})


def moved(start: Settings, user_items) -> dict[str, list[Settings]]:
    """Return the settings of each curve through a start; the longest fits come first."""
    a0 = start["unobserved_weight"]
    weights = np.concatenate(
        [
            np.diff(user_items.indptr) + a0 * user_items.shape[1],
            np.bincount(user_items.indices, minlength=user_items.shape[1])
            + a0 * len(user_items.indptr[1:]),
        ]
    )

    def with_exponent(nu):
        ridge = start["regularization"] * np.mean(weights ** start["frequency_exponent"])
        ridge = float(f"{ridge / np.mean(weights**nu):.4g}")
        return start | {"frequency_exponent": nu, "regularization": ridge}

    return {
        "factors": [start | {"factors": n} for n in reversed(SIZES)],
        "iterations": [start | {"iterations": n} for n in reversed(ROUNDS)],
        "regularization": _times(start, "regularization"),
        "unobserved_weight": _times(start, "unobserved_weight"),
        "frequency_exponent": [with_exponent(nu) for nu in EXPONENTS],
    }


def _times(start: Settings, name: str) -> list[Settings]:
    return [start | {name: float(f"{start[name] * times:.4g}")} for times in TIMES]


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
