"""The whole comparison on any matrix, in one call: tune, test once, intervals, the best kept."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, spmatrix

from nexttrack.evaluation.comparison import Candidate, difference, summarise
from nexttrack.evaluation.evaluator import evaluate_models
from nexttrack.evaluation.metrics import named_metric
from nexttrack.evaluation.significance import difference_p, holm, mean_over_draws
from nexttrack.evaluation.splits import Split, timed, weak_generalization
from nexttrack.kernels.arguments import check_known, whole_number
from nexttrack.kernels.interactions import as_interactions
from nexttrack.models import EASE, GFCF, IALS, SLIM, ItemKNN, Popularity, PureSVD, RP3beta, UserKNN

DENSE_ITEMS = 10_000
"""Items beyond which EASE and SLIM are no default: they cost items x items, in memory or time."""
CUTS = (0.64, 0.8)
"""Shares of the interactions before validation and before the test, where times are given."""
_DATA = "matrix"


@dataclass(frozen=True, eq=False)
class Comparison:
    """What :func:`compare` found.

    Attributes:
        metric: its name, such as NDCG@10.
        best: the model that was best on validation. The test chooses nothing.
        model: that model, fitted on all interactions.
        settings: for each model those that were best on validation.
        trials: what was tried, see :func:`nexttrack.evaluation.tuning.tune`.
        scores: the test, one row for each model and user: ``model``, ``user``, the metric.
        seed: of split, search, models and bootstrap.
    """

    metric: str
    best: str
    model: Any
    settings: Mapping[str, Mapping[str, Any]]
    trials: pd.DataFrame
    scores: pd.DataFrame
    seed: int

    def table(self) -> pd.DataFrame:
        """Return the test of each model, the highest mean first.

        Returns:
            Indexed by ``model``: ``mean``, ``low``, ``high`` (95 %, bootstrap over users); ``less``
            than the best by how much, with ``less_low`` and ``less_high`` (paired bootstrap), and
            ``p_holm``, of the test that there is no difference, corrected for their number (all
            four NaN for the best itself); ``trials`` and ``settings`` (JSON).
        """
        table = summarise(self.scores, self.metric, seed=self.seed)
        by_user = self.scores.pivot(index="user", columns="model", values=self.metric)
        others = [name for name in table.index if name != self.best]
        for name in others:
            to_best = self.scores, self.metric, self.best, name
            table.loc[name, ["less", "less_low", "less_high"]] = difference(
                *to_best, seed=self.seed
            )
        apart = [(by_user[self.best] - by_user[name]).to_numpy() for name in others]
        p = [float(difference_p(*mean_over_draws(one))) for one in apart]
        table.loc[others, "p_holm"] = holm(np.array(p))
        table["trials"] = self.trials["model"].value_counts()
        table["settings"] = [json.dumps(self.settings[name]) for name in table.index]
        return table.sort_values("mean", ascending=False, kind="stable")

    def __str__(self) -> str:
        """Return the table as text, below a line that says what it is."""
        n = self.scores["user"].nunique()
        head = f"{self.metric} of {n} users in the test; best on validation: {self.best}"
        return f"{head}\n{self.table().round(4).to_string(na_rep='')}"


def tunables(n_items: int, *, seed: int = 0) -> dict[str, Candidate]:
    """Return models that any matrix can be given to, with what a search varies.

    Args:
        n_items: beyond :data:`DENSE_ITEMS` there are no EASE and SLIM.
        seed: of the models that begin at random.
    """
    makes: dict[str, tuple[type, Callable]] = {
        "SLIM": (SLIM, partial(SLIM, candidates=100)),
        "iALS": (IALS, partial(IALS, random_state=seed)),
        "EASE": (EASE, EASE),
        "GF-CF": (GFCF, GFCF),
        "User kNN": (UserKNN, partial(neighbours, UserKNN)),
        "Item kNN": (ItemKNN, partial(neighbours, ItemKNN)),
        "RP3beta": (RP3beta, RP3beta),
        "PureSVD": (PureSVD, partial(PureSVD, random_state=seed)),
        "Popularity": (Popularity, Popularity),
    }
    return {
        name: Candidate(make, space=cls.search_space)  # type: ignore[attr-defined]
        for name, (cls, make) in makes.items()
        if n_items <= DENSE_ITEMS or name not in ("EASE", "SLIM")
    }


def neighbours(model: Callable[..., Any], **settings: Any) -> Any:
    """Return a model of neighbours; BM25 has a saturation of its own in place of shrinkage."""
    if settings.get("weighting") == "bm25" and settings.get("shrinkage"):
        settings["shrinkage"] = 0.0
    return model(**settings)


def compare(
    user_items: spmatrix,
    *,
    seed: int,
    models: Mapping[str, Candidate] | Sequence[str] | None = None,
    times: spmatrix | None = None,
    split: Split | None = None,
    metric: str = "NDCG@10",
    budget: int = 1,
    save: str | Path | None = None,
) -> Comparison:
    """Tune models on validation, test each once, and fit the best on all that there is.

    Each model is searched by :func:`nexttrack.evaluation.tuning.next_trials`, the same rule for
    all. The best is that of validation, so the test is an honest estimate of it too.

    Args:
        user_items: sparse matrix of users x items.
        seed: of split, search, models and bootstrap.
        models: those to compare; names of :func:`tunables`, or candidates of one's own with their
            spaces; None for all of :func:`tunables`.
        times: when each user had each item (:func:`nexttrack.evaluation.splits.timed`): time is
            cut where :data:`CUTS` of the interactions are before. Without, and without ``split``,
            a share of each user's items is held out
            (:func:`nexttrack.evaluation.splits.weak_generalization`).
        split: a split made before, of the same matrix.
        metric: a name as in :func:`nexttrack.evaluation.metrics.named_metric`, such as NDCG@10.
        budget: trials of each of two searches for each setting of a model, and as many more.
        save: where to write the best model (``save`` of the model); nowhere if None.

    Raises:
        ValueError: if the matrix, the seed, the budget, a name or ``times`` is wrong, both
            ``times`` and ``split`` are given, or nobody has anything held out.
    """
    from nexttrack.evaluation.tuning import best_settings, tune  # optuna takes a second to load

    matrix, seed = as_interactions(user_items), whole_number(seed, "seed")
    measure, length = named_metric(metric)
    budget = whole_number(budget, "budget", 1)
    candidates = _candidates(models, matrix.shape[1], seed)
    split = _split(matrix, times, split, seed)
    trials = tune(
        *({_DATA: candidates}, {_DATA: split}, measure),
        **{"N": length, "budget": {_DATA: budget}, "seed": seed},  # type: ignore[arg-type]
    )
    settings = {name: best_settings(trials, _DATA, name) for name in candidates}
    made = {name: partial(one.make, **settings[name]) for name, one in candidates.items()}
    scores, _ = evaluate_models(made, split, {metric: measure}, N=length)
    best = str(trials.loc[trials["value"].idxmax(), "model"])
    model = made[best]()
    model.fit(matrix, show_progress=False)
    if save is not None:
        model.save(save)
    return Comparison(metric, best, model, settings, trials, scores, seed)


def _candidates(models: Any, n_items: int, seed: int) -> dict[str, Candidate]:
    if isinstance(models, Mapping):
        chosen = dict(models)
    else:
        known = tunables(n_items, seed=seed)
        names = list(known) if models is None else [models] if isinstance(models, str) else models
        for name in names:
            check_known(name, known, "default model for this matrix,")
        chosen = {name: known[name] for name in names}
    if not chosen or not all(isinstance(one, Candidate) for one in chosen.values()):
        raise ValueError("models must be names or a dict of Candidate by name, one or more")
    return chosen


def _split(matrix: csr_matrix, times: Any, split: Split | None, seed: int) -> Split:
    if times is not None and split is not None:
        raise ValueError("give times or split, not both")
    if split is None and times is None:
        split = weak_generalization(matrix, seed=seed)
    elif split is None:
        if not hasattr(times, "data") or not np.size(times.data):
            raise ValueError(f"times must be a sparse matrix of {matrix.shape}, as user_items is")
        validation, test = np.quantile(np.asarray(times.data, dtype=np.float64), CUTS)
        split = timed(matrix, times, validation_from=validation, test_from=test)
    if split.test_out.shape != matrix.shape:
        raise ValueError(f"split is of {split.test_out.shape}, user_items of {matrix.shape}")
    for part in ("validation_out", "test_out"):
        if not getattr(split, part).nnz:
            raise ValueError(
                f"{part} is empty: nobody can be asked; a user takes 5 items, or give a split"
            )
    return split
