"""Compare models fairly: settings chosen on validation, the test opened once, paired intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.evaluator import Metric, evaluate_models, fit_and_evaluate
from nexttrack.evaluation.metrics import ndcg_at_k, recall_at_k
from nexttrack.evaluation.significance import equivalence_test
from nexttrack.evaluation.splits import Split
from nexttrack.kernels.arguments import check_known
from nexttrack.progress import steps

METRICS: dict[str, Metric] = {
    "NDCG@10": partial(ndcg_at_k, k=10),
    "Recall@20": partial(recall_at_k, k=20),
}
N = 20  # length of the lists: the largest cut-off in METRICS


@dataclass(frozen=True)
class Candidate:
    """A kind of model with the settings it may be given.

    Attributes:
        make: returns an unfitted model when called with one of the settings as keywords.
        settings: the settings to choose from; a model without any has one, empty.
        space: for a search, the range of each setting (:mod:`nexttrack.models.space`); empty if
            there is nothing to tune.
    """

    make: Callable
    settings: Sequence[Mapping] = ({},)
    space: Mapping[str, Any] = field(default_factory=dict)


def grid(**values: Sequence) -> list[dict]:
    """Return every combination of the given values, the last name varying fastest."""
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def choose(
    candidates: Mapping[str, Candidate], split: Split, metric: str = "NDCG@10"
) -> pd.DataFrame:
    """Try every setting of every candidate on the validation part of a split.

    Returns:
        One row for each trial: ``model``, ``settings`` (dict), ``validation`` (the mean of the
        metric over users) and ``chosen`` (true for the best of each model; of equals, the first).
    """
    check_known(metric, METRICS, "metric")
    trials = pd.DataFrame(
        [
            {"model": name, "settings": settings}
            for name, candidate in candidates.items()
            for settings in candidate.settings
        ]
    )
    trials["validation"] = [
        _validated(candidates[row.model].make(**row.settings), split)[metric].mean()
        for row in steps(list(trials.itertuples()), "Validation")
    ]
    best = trials.groupby("model", sort=False)["validation"].idxmax()
    trials["chosen"] = trials.index.isin(best)
    return trials


def measure(
    candidates: Mapping[str, Candidate], trials: pd.DataFrame, split: Split
) -> pd.DataFrame:
    """Fit each candidate with its chosen setting and measure it on the test part of a split.

    Returns:
        One row for each model and user with something held out: ``model``, ``user`` (position) and
        a column for each of ``METRICS``.
    """
    models = {
        row.model: partial(candidates[row.model].make, **row.settings)
        for row in trials[trials["chosen"]].itertuples()
    }
    return evaluate_models(models, split, METRICS, N=N)[0]


def summarise(scores: pd.DataFrame, metric: str, *, seed: int) -> pd.DataFrame:
    """Return the mean of a metric for each model with a 95 % bootstrap interval over users.

    Args:
        scores: rows of ``model``, ``user`` and the metric; the same users for every model.
        metric: the column to summarise.
        seed: the seed of the bootstrap.

    Returns:
        One row for each model in order of appearance: ``mean``, ``low``, ``high``.
    """
    values = _users_by_models(scores, metric)
    low, high = interval(bootstrap_means(values.to_numpy(), seed=seed))
    return pd.DataFrame({"mean": values.mean(), "low": low, "high": high}).rename_axis("model")


def difference(
    scores: pd.DataFrame, metric: str, model: str, other: str, *, seed: int
) -> tuple[float, float, float]:
    """Return by how much one model beats another: mean paired difference, low, high (95 %).

    Users are resampled, each with both models' values (paired percentile bootstrap).
    """
    values = _users_by_models(scores, metric, model, other)
    paired = (values[model] - values[other]).to_numpy()
    low, high = interval(bootstrap_means(paired, seed=seed))
    return float(paired.mean()), float(low[0]), float(high[0])


def equivalence(
    scores: pd.DataFrame, metric: str, model: str, other: str, *, margin: float
) -> float:
    """Return the p-value of the test that two models differ by less than a margin.

    See :func:`nexttrack.evaluation.significance.equivalence_test`: that no difference is seen does
    not show that there is none.
    """
    values = _users_by_models(scores, metric, model, other)
    return equivalence_test((values[model] - values[other]).to_numpy(), margin)


def _users_by_models(scores: pd.DataFrame, metric: str, *models: str) -> pd.DataFrame:
    for model in models:
        check_known(model, scores["model"].unique(), "model")
    check_known(metric, [name for name in scores if name not in ("model", "user")], "metric")
    values = scores.pivot(index="user", columns="model", values=metric)
    if not np.isfinite(values.to_numpy()).all():
        raise ValueError(f"{metric}: not every model has a value for every user")
    return values[scores["model"].unique()]


def _validated(model: Any, split: Split) -> pd.DataFrame:
    return fit_and_evaluate(model, split, "validation", METRICS, N=N)[0]
