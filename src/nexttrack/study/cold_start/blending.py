"""Does any combination beat the best single model? Lists of all models, and a blend of a few."""

import json
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.evaluation.splits import Split
from nexttrack.models.blends import Standardised, combined, standardised
from nexttrack.parallel import in_processes, on_one_thread
from nexttrack.study.cold_start.contenders import contenders
from nexttrack.study.cold_start.tasks import asked, users_of
from nexttrack.study.kept import kept

CANDIDATES = 500
"""Items that each model names in a blend."""
WEIGHTS = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Of a model that joins a blend, those before it together having the rest."""
MEMBERS = 3
"""Models of a blend at most."""
BLEND = "Blend"
N = 10


def ndcg(ids: np.ndarray, relevant: csr_matrix, seen: csr_matrix) -> np.ndarray:
    """Return NDCG@10 of each list."""
    return ndcg_at_k(RankedLists(ids[:, :N].astype(np.int64), relevant, seen), N)


@kept
def measured(name: str, kind: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Put one question to all models, and to a blend that is put together on validation; kept.

    Args:
        name: of the data set.
        kind: one of :data:`nexttrack.study.cold_start.tasks.KINDS`.

    Returns:
        (trials, scores, members). ``trials``: one row for each model and setting: ``model``,
        ``settings`` (JSON), ``validation`` (mean NDCG@10), ``chosen``. ``scores``: one row for each
        model, the blend too, and user of the test: ``model``, ``user``, ``NDCG@10``. ``members``:
        what the blend is made of, in the order of joining: ``model``, ``weight``, ``validation``
        (of the blend, as far as it).
    """
    question = asked(name, kind)
    models, parts = contenders(question.dataset, kind), question.split
    tasks = [(model, dict(s)) for model, one in models.items() for s in one.settings]
    found = in_processes(_said, (models, parts, "validation"), tasks, f"{name}, {kind}, validation")
    trials = pd.DataFrame(
        {
            "model": [model for model, _ in tasks],
            "settings": [json.dumps(settings) for _, settings in tasks],
            "validation": [_value(said, parts, "validation") for said in found],
        }
    )
    best = trials.groupby("model", sort=False)["validation"].idxmax()
    trials["chosen"] = trials.index.isin(best)
    members = joined(
        {trials["model"][place]: found[place] for place in best},
        partial(_value, parts=parts, part="validation"),
    )
    chosen = [tasks[place] for place in best]
    tested = in_processes(_said, (models, parts, "test"), chosen, f"{name}, {kind}, test")
    said = {model: one for (model, _), one in zip(chosen, tested, strict=True)}
    blend = combined([said[model] for model in members["model"]], members["weight"].tolist(), N)
    users = users_of(parts, "test")
    relevant, seen = parts.test_out[users], parts.test_in[users]
    lists = {BLEND: blend[0]} | {model: one.ids for model, one in said.items()}
    scores = [
        pd.DataFrame({"model": model, "user": users, "NDCG@10": ndcg(ids, relevant, seen)})
        for model, ids in lists.items()
    ]
    return trials, pd.concat(scores, ignore_index=True), members


def joined(said: Mapping[str, Standardised], value) -> pd.DataFrame:
    """Put a blend together: the best model, then whichever with some weight adds most.

    It is forward selection (Caruana et al. 2004, ICML), and ends with :data:`MEMBERS` or where
    nothing adds to the value on validation.

    Args:
        said: of each model, what it says to the users of validation.
        value: from a part that is standardised, or lists, to the mean of the metric.

    Returns:
        One row for each member: ``model``, ``weight`` (their sum is 1), ``validation``.
    """
    values = {model: value(one) for model, one in said.items()}
    first = max(values, key=values.__getitem__)
    members, weights, steps = [first], [1.0], [values[first]]
    while len(members) < MEMBERS:
        tried = {
            (model, weight): value(
                _blended(said, [*members, model], [*(w * (1 - weight) for w in weights), weight])
            )
            for model in said
            if model not in members
            for weight in WEIGHTS
        }
        if not tried or max(tried.values()) <= steps[-1]:
            break
        model, weight = max(tried, key=tried.__getitem__)
        members, weights = [*members, model], [*(w * (1 - weight) for w in weights), weight]
        steps.append(tried[model, weight])
    return pd.DataFrame({"model": members, "weight": weights, "validation": steps})


def _blended(said, members: Sequence[str], weights: Sequence[float]) -> np.ndarray:
    return combined([said[model] for model in members], weights, N)[0]


def _value(said: Standardised | np.ndarray, parts: Split, part: str) -> float:
    users = users_of(parts, part)
    ids = said.ids if isinstance(said, Standardised) else said
    relevant, seen = getattr(parts, f"{part}_out")[users], getattr(parts, f"{part}_in")[users]
    return float(ndcg(ids, relevant, seen).mean())


def _said(models, parts: Split, part: str, name: str, settings: dict) -> Standardised:
    """Fit a model and return what it says to the users of a part."""
    model = on_one_thread(models[name].make(**settings))
    model.fit(getattr(parts, f"{part}_train"), show_progress=False)
    users, items = users_of(parts, part), getattr(parts, f"{part}_items")
    seen = getattr(parts, f"{part}_in")
    may = None
    if items is not None:
        may = np.zeros(seen.shape[1], dtype=bool)
        may[items] = True
    return standardised(
        *(model, users, seen[users]),
        may=may,
        candidates=CANDIDATES,
        recalculate_user=parts.fold_in,
    )
