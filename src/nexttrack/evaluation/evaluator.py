"""Ask a fitted model for its lists and measure them, user by user."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

Metric = Callable[[np.ndarray, csr_matrix], np.ndarray]


def top_n(model, user_items: csr_matrix, users: np.ndarray, N: int) -> np.ndarray:
    """Return the first N items that a model recommends to each user, over the full catalogue.

    Items that the user has already, and repeats, are taken out and the rest moves up: implicit's
    neighbour models pad short lists with such items.

    Args:
        model: fitted, with implicit's interface.
        user_items: what the model may see, users x items.
        users: positions of the users to ask for, integer array of length n.
        N: length of the lists.

    Returns:
        int64 array of n x N; -1 where the model had no more to say.
    """
    seen = user_items[users]
    ids, _ = model.recommend(users, seen, N=N, filter_already_liked_items=True)
    ids = np.asarray(ids, dtype=np.int64)
    order = np.argsort(ids, axis=1, kind="stable")
    ordered = np.take_along_axis(ids, order, axis=1)
    repeat = np.zeros(ids.shape, dtype=bool)
    np.put_along_axis(repeat, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    ids[repeat | _is_stored(ids, seen)] = -1
    last = np.argsort(ids < 0, axis=1, kind="stable")
    return np.take_along_axis(ids, last, axis=1)


def evaluate(
    model,
    user_items: csr_matrix,
    relevant: csr_matrix,
    metrics: Mapping[str, Metric],
    *,
    N: int,
) -> pd.DataFrame:
    """Measure a fitted model on every user who has something held out.

    Args:
        model: fitted, with implicit's interface.
        user_items: what the model may see, users x items.
        relevant: what it should find, users x items.
        metrics: for each name a function of (lists, relevant) that gives a value for each user.
        N: length of the lists, at least the largest cut-off of the metrics.

    Returns:
        One row for each such user, indexed by the user's position, one column for each metric.
    """
    users = np.flatnonzero(np.diff(relevant.indptr))
    ids = top_n(model, user_items, users, N)
    values = {name: metric(ids, relevant[users]) for name, metric in metrics.items()}
    return pd.DataFrame(values, index=pd.Index(users, name="user"))


def _is_stored(ids: np.ndarray, matrix: csr_matrix) -> np.ndarray:
    rows = np.broadcast_to(np.arange(ids.shape[0])[:, None], ids.shape)
    stored = np.asarray(matrix[rows.ravel(), np.maximum(ids, 0).ravel()]).reshape(ids.shape) != 0
    return stored & (ids >= 0)
