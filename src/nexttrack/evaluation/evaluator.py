"""Ask a fitted model for its lists and measure them, user by user."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
import psutil
from scipy.sparse import csr_matrix

from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.evaluation.splits import Split
from nexttrack.kernels.arguments import check_known, whole_number
from nexttrack.kernels.interactions import as_interactions
from nexttrack.models.inputs import check_n_items
from nexttrack.progress import steps

Metric = Callable[[RankedLists], np.ndarray]
Part = Literal["validation", "test"]


class Cost(NamedTuple):
    """What a model cost: it depends on the machine and on what else that does.

    Attributes:
        fit: seconds to fit.
        recommend: seconds to recommend to all who are asked about, and to measure the lists.
        megabytes: by how much the process grew at most, in MB; looked at every 5 ms.
    """

    fit: float
    recommend: float
    megabytes: float


def top_n(
    model: Any,
    user_items: csr_matrix,
    users: np.ndarray,
    N: int,
    *,
    fold_in: bool = False,
    items: np.ndarray | None = None,
) -> np.ndarray:
    """Return the first N items that a model recommends to each user, over the full catalogue.

    Items that the user has already, and repeats, are taken out and the rest moves up: implicit's
    neighbour models pad short lists with such items.

    Args:
        model: fitted, with implicit's interface.
        user_items: what the model may see, sparse matrix of users x items.
        users: positions of the n users to ask for, or a boolean array that marks them.
        N: length of the lists.
        fold_in: the model has not learned from these users: it is to make what it knows of them
            from ``user_items`` (``recalculate_user``).
        items: positions of the only items that may be recommended, or a boolean array that marks
            them; None for all.

    Returns:
        int64 array of n x N; -1 where the model had no more to say.

    Raises:
        ValueError: if ``user_items`` is no such matrix, or a score is not a number; the message
            names the user and the item.
        IndexError: for a user or an item that ``user_items`` has not.
    """
    user_items, N = as_interactions(user_items), whole_number(N, "N")
    _check_items_of(model, user_items)
    users = _positions(users, user_items.shape[0], "user")
    options: dict[str, Any] = {"recalculate_user": True} if fold_in else {}
    if items is not None:
        options["items"] = _positions(items, user_items.shape[1], "item")
    if not len(users):
        return np.empty((0, N), dtype=np.int64)  # not every model takes the question
    seen = user_items[users]
    ids, scores = model.recommend(users, seen, N=N, filter_already_liked_items=True, **options)
    ids = np.asarray(ids, dtype=np.int64)
    unknown = np.argwhere(np.isnan(scores) & (ids >= 0))
    if len(unknown):
        row, place = unknown[0]
        raise ValueError(f"list of user {users[row]}: the score of item {ids[row, place]} is NaN")
    order = np.argsort(ids, axis=1, kind="stable")
    ordered = np.take_along_axis(ids, order, axis=1)
    repeat = np.zeros(ids.shape, dtype=bool)
    np.put_along_axis(repeat, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    ids[repeat | _is_stored(ids, seen)] = -1
    last = np.argsort(ids < 0, axis=1, kind="stable")
    return np.take_along_axis(ids, last, axis=1)


def evaluate(
    model: Any,
    user_items: csr_matrix,
    relevant: csr_matrix,
    metrics: Mapping[str, Metric],
    *,
    N: int,
    fold_in: bool = False,
    items: np.ndarray | None = None,
) -> pd.DataFrame:
    """Measure a fitted model on every user who has something held out.

    Args:
        model: fitted, with implicit's interface.
        user_items: what the model may see, sparse matrix of users x items.
        relevant: what it should find, sparse matrix with the same users and items.
        metrics: for each name a function of :class:`RankedLists` that gives a value for each user.
        N: length of the lists, at least the largest cut-off of the metrics.
        fold_in, items: see :func:`top_n`.

    Returns:
        One row for each such user, indexed by the user's position, one column for each metric.

    Raises:
        ValueError: if a matrix is none of users x items (a weight is negative, NaN or infinite),
            the two have not the same shape, or nobody has anything held out.
    """
    check_metrics(metrics)
    user_items = as_interactions(user_items)
    relevant = as_interactions(relevant, "relevant")
    if user_items.shape != relevant.shape:
        raise ValueError(
            f"user_items is {user_items.shape} and relevant {relevant.shape}: each row must be of"
            " the same user in both, each column of the same item"
        )
    if not relevant.nnz:
        raise ValueError("relevant is empty: no user has an item held out, so nobody can be asked")
    users = np.flatnonzero(np.diff(relevant.indptr))
    ids = top_n(model, user_items, users, N, fold_in=fold_in, items=items)
    lists = RankedLists(ids, relevant[users], user_items[users])
    values = {name: metric(lists) for name, metric in metrics.items()}
    return pd.DataFrame(values, index=pd.Index(users, name="user"))


def check_metrics(metrics: Any) -> None:
    """Refuse what are no metrics by their names.

    Raises:
        TypeError: the line says what to give.
    """
    if isinstance(metrics, Mapping) and all(map(callable, metrics.values())):
        return
    wrong = (
        next((f"{name!r}: {one!r}" for name, one in metrics.items() if not callable(one)), "")
        if isinstance(metrics, Mapping)
        else type(metrics).__name__
    )
    raise TypeError(
        "metrics must be a dict of functions by name, such as"
        f" {{'NDCG@10': functools.partial(ndcg_at_k, k=10)}}, not {wrong}"
    )


def fit_and_evaluate(
    model: Any, split: Split, part: Part, metrics: Mapping[str, Metric], *, N: int
) -> tuple[pd.DataFrame, Cost]:
    """Fit a model on one part of a split and measure it on every user who is asked about.

    Returns:
        (scores, cost): scores as :func:`evaluate` says.
    """
    check_known(part, get_args(Part), "part of a split")
    train, seen, out, items = (
        getattr(split, f"{part}_{name}") for name in ("train", "in", "out", "items")
    )
    with _peak_memory() as peak:
        start = time.perf_counter()
        model.fit(train, show_progress=False)
        fitted = time.perf_counter()
        scores = evaluate(model, seen, out, metrics, N=N, fold_in=split.fold_in, items=items)
        done = time.perf_counter()
    return scores, Cost(fitted - start, done - fitted, peak())


def evaluate_models(
    models: Mapping[str, Callable[[], Any]],
    split: Split,
    metrics: Mapping[str, Metric],
    *,
    N: int,
    part: Part = "test",
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Fit and measure models one after the other on the same split.

    Args:
        models: for each name a function that returns the model, not yet fitted.
        split: what they learn from, see, and are to find.
        metrics: for each name a function of :class:`RankedLists` that gives a value for each user.
        N: length of the lists, at least the largest cut-off of the metrics.
        part: of the split.

    Returns:
        (scores, costs). ``scores``: one row for each model and user who is asked about: ``model``,
        ``user`` (position), and a column for each metric. ``costs``: one row for each model, with
        the fields of :class:`Cost`.
    """
    tables, costs = {}, {}
    for name, make in steps(list(models.items()), "Models"):
        tables[name], costs[name] = fit_and_evaluate(make(), split, part, metrics, N=N)
    scores = pd.concat(tables, names=["model"]).reset_index()
    return scores, pd.DataFrame.from_dict(costs, orient="index", columns=Cost._fields).rename_axis(
        "model"
    )


def _check_items_of(model: Any, user_items: csr_matrix) -> None:
    """Refuse a matrix without the items of a model, where it says how many it has."""
    try:
        n_items = model.n_items
    except (AttributeError, TypeError):  # none of ours, or not fitted: recommend says so
        return
    if isinstance(n_items, int | np.integer):
        check_n_items(user_items, int(n_items), "user_items")


@contextmanager
def _peak_memory() -> Iterator[Callable[[], float]]:
    """Watch how much the process grows; what is yielded tells it, in MB, after the block."""
    process, done = psutil.Process(), threading.Event()
    start = most = process.memory_info().rss

    def watch():
        nonlocal most
        while not done.wait(0.005):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: (most - start) / 1e6
    finally:
        done.set()
        watcher.join()
        most = max(most, process.memory_info().rss)


def _positions(chosen: Any, n: int, what: str) -> np.ndarray:
    """Return positions from positions or from a mask, int64."""
    chosen = np.asarray(chosen)
    if chosen.dtype == bool:
        if chosen.shape != (n,):
            raise IndexError(f"the mask of {what}s is {chosen.shape}, but there are {n}")
        return np.flatnonzero(chosen)
    if chosen.ndim != 1 or (chosen.size and chosen.dtype.kind not in "iu"):
        raise IndexError(f"{what}s must be an array of positions, not {chosen.dtype}")
    wrong = np.flatnonzero((chosen < 0) | (chosen >= n))
    if len(wrong):
        raise IndexError(f"there is no {what} {chosen[wrong[0]]}: there are {n}")
    return chosen.astype(np.int64, copy=False)


def _is_stored(ids: np.ndarray, matrix: csr_matrix) -> np.ndarray:
    rows = np.broadcast_to(np.arange(ids.shape[0])[:, None], ids.shape)
    stored = np.asarray(matrix[rows.ravel(), np.maximum(ids, 0).ravel()]).reshape(ids.shape) != 0
    return stored & (ids >= 0)
