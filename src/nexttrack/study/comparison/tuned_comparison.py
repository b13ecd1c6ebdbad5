"""The comparison of chapter 08: on which data, how they are split, with which settings, and lists.

All that takes long is a model's lists for the test part, 100 items for each user who is asked
about. They are kept; whatever is said of them is measured anew from the lists, in seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation import metrics
from nexttrack.evaluation.evaluator import Metric, top_n
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.evaluation.splits import Split
from nexttrack.parallel import in_processes, on_one_thread
from nexttrack.study.kept import kept
from nexttrack.study.protocol import task
from nexttrack.study.search import COMPARED, tunables, tuned_settings

LENGTH = 100
"""Length of the lists that are made on the test part."""
ACCURACY: dict[str, Metric] = {
    "NDCG@10": partial(metrics.ndcg_at_k, k=10),
    "Recall@20": partial(metrics.recall_at_k, k=20),
    "R-precision": metrics.r_precision,
    "MAP@100": partial(metrics.average_precision_at_k, k=LENGTH),
    "MRR@10": partial(metrics.reciprocal_rank_at_k, k=10),
    "hit rate@10": partial(metrics.hit_rate_at_k, k=10),
    "clicks": metrics.clicks,
}
"""Of lists of 100, so R-precision and clicks end there."""
MARGIN = 0.05
"""Models nearer than this share of the best model's figure are called equivalent."""


def load(name: str) -> Dataset:
    """Return a data set of the edition at hand; of the sample edition, the first users."""
    return task(name, first_users=True).dataset


def models(dataset: Dataset, settings: Mapping[str, dict]) -> dict[str, Callable[[], Any]]:
    """Return for each model a function that makes it, unfitted, with its settings.

    Those that take long come first.
    """
    made = tunables(dataset)
    made = {name: made[name] for name in COMPARED if name in made}
    return {name: partial(made[name].make, **settings[name]) for name in made if name in settings}


@dataclass(frozen=True, eq=False)
class Answers:
    """What every tuned model recommended on the test part of a data set.

    Attributes:
        dataset: the data.
        split: how they were divided.
        users: positions of the users who were asked about.
        group: for each of them the group that is reported apart: the data set, with
            the part where it has several.
        lists: for each model its lists of 100 items, row for row with ``users``.
    """

    dataset: Dataset
    split: Split
    users: np.ndarray
    group: np.ndarray
    lists: dict[str, RankedLists]

    def scores(self, metrics: Mapping[str, Metric]) -> pd.DataFrame:
        """Measure all lists.

        Returns:
            One row for each model and user: ``model``, ``user`` (position), ``group``, and a column
            for each metric.
        """
        tables = []
        for model, lists in self.lists.items():
            columns = {name: metric(lists) for name, metric in metrics.items()}
            known = {"model": model, "user": self.users, "group": self.group}
            tables.append(pd.DataFrame(known | columns))
        return pd.concat(tables, ignore_index=True)


def answers(name: str, only: Sequence[str] | None = None) -> Answers:
    """Fit models with their chosen settings and ask them, once, about the test part.

    Takes up to four minutes; the lists are kept until the code, the data or the settings change.

    Args:
        name: one of :data:`nexttrack.study.search.DATASETS`.
        only: names of models; all that are compared if None.
    """
    asked = task(name, first_users=True)
    parts, users = asked.split, asked.users
    settings = tuned_settings(name)
    ids = _ids(name, settings if only is None else {model: settings[model] for model in only})
    relevant, seen = parts.test_out[users], parts.test_in[users]
    lists = {
        model: RankedLists(rows.drop(columns="model").to_numpy(), relevant, seen)
        for model, rows in ids.groupby("model", sort=False)
    }
    group = asked.group(pd.Series(users)).to_numpy()
    return Answers(asked.dataset, parts, users, group, lists)


@kept
def _ids(name: str, settings: dict[str, dict]) -> pd.DataFrame:
    asked = task(name, first_users=True)
    parts, users, made = asked.split, asked.users, models(asked.dataset, settings)
    lists = in_processes(
        _listed, (made, parts, users), [(model,) for model in made], f"Models on {name}"
    )
    columns = [str(place) for place in range(1, LENGTH + 1)]
    frames = [
        pd.DataFrame(ids.astype(np.int32), columns=columns).assign(model=model)
        for model, ids in zip(made, lists, strict=True)
    ]
    return pd.concat(frames, ignore_index=True)


def _listed(made, parts, users, name):
    model = on_one_thread(made[name]())
    model.fit(parts.test_train, show_progress=False)
    return top_n(model, parts.test_in, users, LENGTH)
