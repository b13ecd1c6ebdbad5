"""From how many plays on is an item better recommended by who has it than by what it is?

Some items are taken out of training, and then so many of their users are put back: 0, 1, 2 and more
of each. What further users had of them is to be found, among these items alone, and is the same for
every number: the curve of a model over the number of plays is of one set of questions.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.bootstrap import bootstrap_means, interval
from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.parallel import in_processes, on_one_thread
from nexttrack.study.cold_start.contenders import both, counts, single
from nexttrack.study.cold_start.pairs import only
from nexttrack.study.kept import kept
from nexttrack.study.protocol import SEED, task

PLAYS = {
    "lastfm-2k": (0, 1, 2, 3, 5, 10, 20),
    "whole-playlists": (0, 1, 2, 3, 5),
    "thinned-playlists": (0, 1, 2, 3, 5, 10),
}
"""How many users of each item are put back. An item is taken that has twice the most, or more."""
COLLABORATIVE = ("Item kNN", "iALS", "GF-CF")
BOTH = "EASE, content"
CONTENT = {
    "audio": "Audio kNN",
    "genre": "Same genre, count",
    "artist": "Same artist, count",
    "all": BOTH,
}
"""By which model a kind of content is shown, with no play of the items."""
SIDE_WEIGHT = 3.0
"""Of EASE, content: the weight is not chosen anew for each number of plays."""
TAKEN = 0.5
"""Share of the items with so many users that are taken out."""
N = 10


@dataclass(frozen=True, eq=False)
class Revealed:
    """Pairs of the items that are taken out, in random order of the users of each.

    Attributes:
        items: positions of the items.
        rest: all pairs of other items, users x items.
        place: users x items, for each pair of the items its place from 1 in the order of the item.
        most: places up to this one are what may be put back; later ones are to be found.
    """

    items: np.ndarray
    rest: csr_matrix
    place: csr_matrix
    most: int

    def train(self, n: int) -> csr_matrix:
        """Return what models learn from with n users of each item put back."""
        return (self.rest + _where(self.place, self.place.data <= n)).tocsr()

    @property
    def reserved(self) -> csr_matrix:
        """The pairs that may be put back; they are not asked for, whether they are or not."""
        return _where(self.place, self.place.data <= self.most)

    @property
    def wanted(self) -> csr_matrix:
        """The pairs that are to be found."""
        return _where(self.place, self.place.data > self.most)


def revealed(dataset: Dataset, most: int, *, seed: int) -> Revealed:
    """Take a random half of the items with at least ``2 most`` users out of a data set."""
    matrix, rng = dataset.binary().tocsc(), np.random.default_rng(seed)
    able = np.flatnonzero(np.diff(matrix.indptr) >= 2 * most)
    items = np.sort(rng.choice(able, max(1, round(TAKEN * len(able))), replace=False))
    taken = np.zeros(matrix.shape[1], dtype=bool)
    taken[items] = True
    place = matrix.astype(np.int32)
    for item in items:
        start, stop = matrix.indptr[item : item + 2]
        place.data[start:stop] = 1 + rng.permutation(stop - start)
    of_taken = np.repeat(taken, np.diff(matrix.indptr))
    return Revealed(items, _where(matrix, ~of_taken).tocsr(), only(place, of_taken).tocsr(), most)


@kept
def curves(name: str) -> pd.DataFrame:
    """Measure models for every number of plays; kept.

    Args:
        name: of the data set.

    Returns:
        One row for each model, number and user: ``model``, ``plays``, ``user``, ``NDCG@10``. Models
        that see no plays of the items stand at 0 alone.
    """
    dataset = task(name, first_users=True).dataset
    parts = revealed(dataset, max(PLAYS[name]), seed=SEED)
    made = single(dataset, (*COLLABORATIVE, "Audio kNN")) | counts(dataset)
    made |= both(dataset, (BOTH,))
    settings = {model: {} for model in made} | {BOTH: {"side_weight": SIDE_WEIGHT}}
    tasks = [(model, n) for model in (*COLLABORATIVE, BOTH) for n in PLAYS[name]]
    tasks += [(model, 0) for model in made if model not in (*COLLABORATIVE, BOTH)]
    tables = in_processes(_asked, (made, settings, parts), tasks, f"Plays on {name}")
    return pd.concat(
        [
            table.assign(model=model, plays=n)
            for (model, n), table in zip(tasks, tables, strict=True)
        ],
        ignore_index=True,
    )


def _asked(made, settings, parts: Revealed, name: str, n: int) -> pd.DataFrame:
    model = on_one_thread(made[name].make(**settings[name]))
    train, wanted = parts.train(n), parts.wanted
    model.fit(train, show_progress=False)
    users = np.flatnonzero((np.diff(wanted.indptr) > 0) & (np.diff(parts.rest.indptr) > 0))
    ids, _ = model.recommend(
        *(users, train[users]),
        N=len(parts.items),
        filter_already_liked_items=True,
        filter_items=np.setdiff1d(np.arange(train.shape[1]), parts.items),
    )
    reserved = parts.reserved[users].toarray() > 0
    hidden = np.take_along_axis(reserved, np.maximum(ids, 0), axis=1) | (ids < 0)
    first = np.argsort(hidden, axis=1, kind="stable")[:, :N]
    ids = np.take_along_axis(np.where(hidden, -1, ids), first, axis=1)
    lists = RankedLists(ids.astype(np.int64), wanted[users], train[users])
    return pd.DataFrame({"user": users, "NDCG@10": ndcg_at_k(lists, N)})


def means(scores: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return the mean of each model and number of plays with a 95 % interval over users."""
    values = scores.pivot(index="user", columns=["model", "plays"], values="NDCG@10")
    low, high = interval(bootstrap_means(values.to_numpy(), seed=seed))
    table = pd.DataFrame({"mean": values.mean(), "low": low, "high": high})
    return table.reset_index()


def worth(scores: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return what each kind of content is worth in plays.

    The number of plays at which the best collaborative model's mean, linear in the logarithm of
    1 + plays between the numbers measured, reaches what content finds of items without any. The
    best is that of the largest number.

    Args:
        scores: of :func:`curves`.
        seed: of the bootstrap over users, of which the interval is.

    Returns:
        One row for each kind of content that is there: ``content``, ``model``, ``NDCG@10``,
        ``plays`` with ``low`` and ``high`` (95 %), infinite where the largest number of plays is
        not enough, and ``collaborative``, the model that it is held against.
    """
    values = scores.pivot(index="user", columns=["model", "plays"], values="NDCG@10")
    numbers = sorted(scores["plays"].unique())
    best = max(COLLABORATIVE, key=lambda model: values[model, numbers[-1]].mean())
    columns = [(best, n) for n in numbers]
    columns += [(model, 0) for model in CONTENT.values() if (model, 0) in values]
    drawn = bootstrap_means(values[columns].to_numpy(), seed=seed)
    drawn = np.vstack([values[columns].mean().to_numpy(), drawn])
    rows = []
    for kind, model in CONTENT.items():
        if (model, 0) not in values:
            continue
        content = drawn[:, columns.index((model, 0))]
        at = np.array(
            [
                crossing(numbers, curve, value)
                for curve, value in zip(drawn[:, : len(numbers)], content, strict=True)
            ]
        )
        low, high = np.quantile(at[1:], [0.025, 0.975], method="nearest")
        rows.append((kind, model, content[0], at[0], low, high, best))
    names = ["content", "model", "NDCG@10", "plays", "low", "high", "collaborative"]
    return pd.DataFrame(rows, columns=names)


def crossing(numbers, curve: np.ndarray, value: float) -> float:
    """Return where a curve over numbers first reaches a value; infinity if it does not.

    The curve is linear in the logarithm of 1 + number between the numbers.
    """
    above = np.flatnonzero(curve >= value)
    if not len(above):
        return float("inf")
    first = above[0]
    if first == 0:
        return float(numbers[0])
    x, y = np.log1p(numbers[first - 1 : first + 1]), curve[first - 1 : first + 1]
    return float(np.expm1(x[0] + (value - y[0]) / (y[1] - y[0]) * (x[1] - x[0])))


def _where(matrix, kept: np.ndarray) -> csr_matrix:
    """Return the stored entries that are kept, as ones."""
    found = only(matrix, kept)
    found.data = np.ones(len(found.data), dtype=np.float32)
    return found
