"""Hubs: items that are among the nearest of very many others, and what can be done about them.

Radovanović, Nanopoulos & Ivanović (2010, JMLR 11) count in how many lists of k nearest neighbours
an item is, N_k. In many dimensions the distribution of N_k is skewed: a few hubs are everywhere,
and many items, the antihubs, nowhere.
"""

import math

import numpy as np
import pandas as pd
from numba import njit
from scipy.sparse import csr_matrix

from nexttrack.data.dataset import table
from nexttrack.evaluation.comparison import Candidate
from nexttrack.evaluation.sweeps import sweep
from nexttrack.features.names import names_incidence
from nexttrack.features.neighbours import sharing
from nexttrack.kernels.chunks import in_chunks
from nexttrack.kernels.ranking import best_first, offer, room
from nexttrack.models import ItemKNN
from nexttrack.models.similarity import SimilarityModel, from_lists
from nexttrack.study import sound_space
from nexttrack.study.kept import kept
from nexttrack.study.protocol import task

SEED = 20_260_107
K = 10
KEPT = 100  # neighbours of an item when it is recommended by them
MEASURES = {"distance": False, "mutual proximity": True}


def occurrences(lists: np.ndarray, n: int) -> np.ndarray:
    """Return N_k: in how many lists each of n items is; int64 of n.

    Args:
        lists: positions, items x k; -1 where a list is short.
        n: number of items.
    """
    return np.bincount(lists[lists >= 0], minlength=n)


def skewness(counts: np.ndarray) -> float:
    """Return ``E[(N - mean)^3] / sd^3``, 0 for a symmetric distribution; NaN if all are equal."""
    apart = np.asarray(counts, dtype=np.float64) - np.mean(counts)
    spread = np.sqrt(np.mean(apart**2))
    return float(np.mean(apart**3) / spread**3) if spread > 0 else float("nan")


def describe(lists: np.ndarray, n: int) -> dict[str, float]:
    """Say how unevenly the places in lists of neighbours are held.

    Args:
        lists: positions, items x k or the places of all lists in a row; -1 where a list is short.
        n: number of items.

    Returns:
        ``skewness`` of N_k; ``antihubs``, the share of items in no list; ``top_share``, the share
        of all places that the most frequent 1 % of the items hold; ``largest``, the largest N_k.
    """
    counts = occurrences(lists, n)
    top = np.sort(counts)[::-1][: max(1, round(0.01 * n))]
    return {
        "skewness": skewness(counts),
        "antihubs": float((counts == 0).mean()),
        "top_share": float(top.sum() / counts.sum()),
        "largest": int(counts.max()),
    }


def nearest_lists(
    X: np.ndarray, k: int, *, mutual: bool = False, by_artist: csr_matrix | None = None
) -> np.ndarray:
    """Return the k nearest rows of every row, exactly, by distance or by mutual proximity.

    The mutual proximity of two rows (Schnitzer, Flexer, Schedl & Widmer 2012, JMLR 13) is high
    where each is near *as seen from the other*: ``P(D_i > d) P(D_j > d)``, d their Euclidean
    distance and D_i the distance from row i to another row. Here D_i is taken to be normal, with
    the mean and variance of the distances from i to all other rows, and the two to be independent
    (their Gaussian approximation without the covariance).

    Args:
        X: float array of rows x features, without NaN.
        k: number of neighbours, below the number of rows.
        mutual: rank by mutual proximity.
        by_artist: rows x artists; given, rows with a common artist are not neighbours.

    Returns:
        int64 of rows x k, nearest first and of equally near the first; -1 where no row is left.
    """
    X = np.ascontiguousarray(X, dtype=np.float64)
    n = len(X)
    mean, spread = _moments(X) if mutual else (np.zeros(n), np.ones(n))
    apart = csr_matrix((n, n)) if by_artist is None else (by_artist @ by_artist.T).tocsr()
    lists, values = np.full((n, k), -1), np.zeros((n, k))

    def fill(start, stop):
        _nearest(start, stop, X, mutual, mean, spread, apart.indptr, apart.indices, lists, values)

    in_chunks(fill, n)
    return lists


def _moments(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the distances from each row to all others."""
    mean, spread = np.empty(len(X)), np.empty(len(X))
    in_chunks(lambda start, stop: _fill_moments(start, stop, X, mean, spread), len(X))
    return mean, np.where(spread > 0, spread, 1)


@njit(nogil=True, cache=True)
def _distance(X, row, other):
    total = 0.0
    for column in range(X.shape[1]):
        apart = X[row, column] - X[other, column]
        total += apart * apart
    return math.sqrt(total)


@njit(nogil=True, cache=True)
def _fill_moments(start, stop, X, mean, spread):
    n = len(X)
    for row in range(start, stop):
        total, squares = 0.0, 0.0
        for other in range(n):
            far = _distance(X, row, other)
            total += far
            squares += far * far
        mean[row] = total / (n - 1)
        spread[row] = math.sqrt(max(squares / (n - 1) - mean[row] ** 2, 0.0))


@njit(nogil=True, cache=True)
def _nearest(start, stop, X, mutual, mean, spread, apart_ptr, apart_ids, lists, values):
    """Fill in the nearest rows, lists (int64) and how near (larger is nearer)."""
    n, k = lists.shape
    own, own_values = np.empty(room(k), dtype=np.int64), np.empty(room(k))
    marks = np.full(n, -1)
    for row in range(start, stop):
        marks[row] = row
        for place in range(apart_ptr[row], apart_ptr[row + 1]):
            marks[apart_ids[place]] = row
        kept, worst, too_far = 0, -np.inf, np.inf
        for other in range(n):
            if marks[other] == row:
                continue
            far = _distance(X, row, other)
            if far >= too_far:
                continue
            near = -far
            if mutual:
                near = _above((far - mean[row]) / spread[row])
                # The second factor is 1 at most, and the worst that is kept only gets better.
                if near < worst:
                    too_far = far
                    continue
                near *= _above((far - mean[other]) / spread[other])
            kept, worst = offer(other, near, own, own_values, kept, k, worst)
        kept = best_first(own, own_values, kept, k)
        lists[row, :kept] = own[:kept]
        values[row, :kept] = own_values[:kept]


@njit(nogil=True, cache=True)
def _above(z):
    """Return the chance that a standard normal variable is above z."""
    return 0.5 * math.erfc(z * math.sqrt(0.5))


@kept
def by_sound_alone() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count hubs among recordings by their sound, and on null data; and see what neighbours share.

    On the sample of :mod:`nexttrack.study.sound_space`, with its two kinds of null data.

    Returns:
        (hubs, agreement). ``hubs``: one row for each ``world`` and ``measure`` (distance, mutual
        proximity): what :func:`describe` returns. ``agreement``: one row for each measure and
        recording of the sample: ``same_artist``, the share of its neighbours by an artist of it,
        and ``same_genre``, the share with a genre of it among its neighbours by other artists.
    """
    recordings = table("recordings")
    drawn = sound_space.sample(sound_space.sound(recordings), sound_space.sample_size())
    names = recordings.loc[drawn.index]
    by_artist, by_genre = names_incidence(names["artists"]), names_incidence(names["genres"])
    everyone = np.arange(len(drawn))
    hubs, agreement = [], []
    for world, make in sound_space.WORLDS.items():
        rows = np.asarray(make(drawn, seed=sound_space.SEED))
        for measure, mutual in MEASURES.items():
            lists = nearest_lists(rows, K, mutual=mutual)
            hubs.append({"world": world, "measure": measure, **describe(lists, len(rows))})
            if world != "recordings":
                continue
            others = nearest_lists(rows, K, mutual=mutual, by_artist=by_artist)
            shares = {
                "same_artist": sharing(by_artist, everyone, lists),
                "same_genre": sharing(by_genre, everyone, others),
            }
            agreement.append(pd.DataFrame({"measure": measure, "recording": drawn.index, **shares}))
    return pd.DataFrame(hubs), pd.concat(agreement, ignore_index=True)


def by_company(name: str, settings: dict) -> dict[str, float]:
    """Count hubs among the neighbours of item kNN, by who has them.

    Args:
        name: of a data set.
        settings: of :class:`nexttrack.models.ItemKNN`, but K.

    Returns:
        What :func:`describe` returns for the items that somebody has, and ``popularity``: the rank
        correlation of N_k with the number of users.
    """
    return _by_company(name, settings).iloc[0].to_dict()


@kept
def _by_company(name: str, settings: dict) -> pd.DataFrame:
    seen = task(name).split.validation_in
    users = np.diff(seen.tocsc().indptr)
    held = np.flatnonzero(users)
    model = ItemKNN(**{**settings, "K": K + 1})  # an item is among its own neighbours
    model.fit(seen[:, held])
    near = model.similarity.tocoo()
    others = pd.DataFrame({"item": near.row, "other": near.col})[near.row != near.col]
    places = others["other"][others.groupby("item").cumcount() < K].to_numpy()
    counts = occurrences(places, len(held))
    ranks = pd.DataFrame({"counts": counts, "users": users[held]}).corr("spearman")
    row = describe(places, len(held))
    return pd.DataFrame([{**row, "popularity": ranks.iloc[0, 1]}])


class ListedKNN(SimilarityModel):
    """Recommend by lists of neighbours that are given: one over the rank is the similarity.

    Args:
        lists: positions, items x k, nearest first; -1 where a list is short.
        num_threads: threads; 0 for all cores. The result does not depend on it.
    """

    def __init__(self, lists=None, num_threads=0):
        super().__init__(K=0 if lists is None else lists.shape[1], num_threads=num_threads)
        self.lists = lists

    def _fit(self, user_items, show_progress, callback):
        weights = np.broadcast_to(1 / np.arange(1, self.K + 1), self.lists.shape)
        weights = np.where(self.lists >= 0, weights, 0)
        self._keep(from_lists(self.lists, weights, user_items.shape[1]))


@kept
def recommended(name: str) -> pd.DataFrame:
    """Recommend by sound, with neighbours by distance and by mutual proximity, on validation.

    Returns:
        One row for each ``model`` (the measure) and user: ``user``, the metrics, and ``group``.
    """
    asked = task(name)
    dataset = asked.dataset
    known, rows = sound_space.sound_of_items(dataset.tracks)
    candidates = {}
    for measure, mutual in MEASURES.items():
        lists = np.full((len(dataset.tracks), KEPT), -1)
        near = nearest_lists(rows, min(KEPT, len(rows) - 1), mutual=mutual)
        lists[known, : near.shape[1]] = np.where(near >= 0, known[near], -1)
        candidates[measure] = Candidate(lambda lists=lists: ListedKNN(lists))
    scores, _ = sweep(candidates, asked.asked)
    scores = scores.drop(columns="settings").astype({"model": "str"})
    return scores.assign(group=asked.group(scores["user"]))
