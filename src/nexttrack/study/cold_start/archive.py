"""Real new items: of the tracks that no list had before a day, which were added after it?

Playlists of the archive, whose additions have dates. A model learns from what was there before the
day; tracks whose first addition to any list comes later are ranked, for each list that had some
before. Rows from before the archive began have the date of its first copy: they are in training
alone, as every day asked about is later.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.data.dataset import Dataset
from nexttrack.evaluation.evaluator import top_n
from nexttrack.evaluation.metrics import ndcg_at_k
from nexttrack.evaluation.ranked_lists import RankedLists
from nexttrack.features.names import names_incidence
from nexttrack.models.blends import Blend
from nexttrack.study.cold_start.contenders import counts, single
from nexttrack.study.cold_start.pairs import only
from nexttrack.study.kept import kept
from nexttrack.study.protocol import of_one_artist, task

NAME = "playlist-archive"
CUTS = {"2020-07-01": "2020-10-01", "2020-11-01": "2021-02-01", "2021-01-01": "2021-04-01"}
"""Days, and three months later for each."""
BLEND = "Artist and sound"
"""Half of each, as z-scores: weights that nothing was chosen by."""
N = 10


@dataclass(frozen=True, eq=False)
class New:
    """What is asked at a day.

    Attributes:
        train: pairs from before the day, lists x tracks.
        wanted: later additions of new tracks, of lists that had something before.
        items: positions of the new tracks: those that are to be found somewhere.
        of_one_artist: of which lists one artist had a third or more before, boolean.
        known_artist: pairs of ``wanted`` whose artist the list had before.
    """

    train: csr_matrix
    wanted: csr_matrix
    items: np.ndarray
    of_one_artist: np.ndarray
    known_artist: csr_matrix


def new_at(dataset: Dataset, day: str, until: str | None = None) -> New:
    """Divide the archive at a day.

    Args:
        dataset: with dates.
        day: the first day of what is to be found.
        until: the first day that is not looked at; None for all that follows.
    """
    days, binary = dataset.days(), dataset.binary()
    first, last = (np.datetime64(one, "D").astype(int) for one in (day, until or "9999-01-01"))
    before = only(binary, days.data < first)
    new = np.bincount(before.indices, minlength=binary.shape[1]) == 0
    after = (days.data >= first) & (days.data < last) & new[days.indices]
    known = np.diff(before.indptr) > 0
    wanted = only(binary, after & np.repeat(known, np.diff(days.indptr)))
    by_artist = names_incidence(dataset.tracks["artists"])
    common = (before @ by_artist)[_rows(wanted)].multiply(by_artist[wanted.indices]).sum(axis=1)
    return New(
        before,
        wanted,
        np.unique(wanted.indices),
        of_one_artist(before, by_artist),
        only(wanted, np.asarray(common).ravel() > 0),
    )


@kept
def measured(days: Sequence[str], until: Sequence[str | None]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ask models for the new tracks at some days; kept.

    Args:
        days: the days.
        until: for each the first day that is not looked at.

    Returns:
        (scores, questions). ``scores``: one row for each day, model and list: ``day``, ``model``,
        ``user``, ``of one artist``, ``NDCG@10``, ``recall@10`` (hits over the most that ten places
        can hold), and ``recall@10, new artist`` of what is by artists that the list did not have
        (NaN where nothing is). ``questions``: one row for each day: ``day``, ``lists``, ``tracks``,
        ``pairs``, ``by new artists`` (a share), ``by chance`` (recall@10 expected of any order).
    """
    dataset = task(NAME, first_users=True).dataset
    by_content = _fitted(dataset)
    tables, questions = [], []
    for day, end in zip(days, until, strict=True):
        one = new_at(dataset, day, end)
        users = np.flatnonzero(np.diff(one.wanted.indptr))
        known = len(users), len(one.items), one.wanted.nnz, _by_new_artists(one)
        questions.append((day, *known, expected_by_chance(one)))
        for model, fitted in by_content.items():
            if len(users):
                tables.append(_scores(fitted, one, users).assign(day=day, model=model))
    columns = ["day", "lists", "tracks", "pairs", "by new artists", "by chance"]
    return pd.concat(tables, ignore_index=True), pd.DataFrame(questions, columns=columns)


def _fitted(dataset: Dataset) -> dict:
    """Return models that learn from content alone: no play of anything has a part in their fit."""
    made = counts(dataset) | single(dataset, ("Content kNN", "Audio kNN"))
    made.pop("Same genre, count", None)  # of 4 % of the tracks a genre is known
    fitted = {name: one.make() for name, one in made.items()}
    for model in fitted.values():
        model.fit(dataset.binary(), show_progress=False)
    parts = [fitted["Same artist, count"], fitted["Audio kNN"]]
    return fitted | {BLEND: Blend(parts, [0.5, 0.5])}


def _scores(model, one: New, users: np.ndarray) -> pd.DataFrame:
    ids = top_n(model, one.train, users, N, fold_in=True, items=one.items)
    seen, wanted = one.train[users], one.wanted[users]
    new_artist = (one.wanted - one.known_artist)[users].tocsr()
    new_artist.eliminate_zeros()
    lists = RankedLists(ids, wanted, seen)
    has = np.diff(new_artist.indptr) > 0
    of_new = np.full(len(users), np.nan)
    if has.any():
        of_new[has] = recall_of_ten(RankedLists(ids[has], new_artist[has], seen[has]))
    return pd.DataFrame(
        {
            "user": users,
            "of one artist": one.of_one_artist[users],
            "NDCG@10": ndcg_at_k(lists, N),
            "recall@10": recall_of_ten(lists),
            "recall@10, new artist": of_new,
        }
    )


def recall_of_ten(lists: RankedLists) -> np.ndarray:
    """Return hits among the first ten over the most that can be there, ``min(10, R)``."""
    return lists.n_hits(N) / np.minimum(N, lists.n_relevant)


def expected_by_chance(one: New) -> float:
    """Return the mean of :func:`recall_of_ten` that a random order is expected to have.

    A list with R to be found among C tracks has 10 R / C hits on average.
    """
    relevant = np.diff(one.wanted.indptr)
    relevant = relevant[relevant > 0]
    return float(np.mean(N * relevant / len(one.items) / np.minimum(N, relevant)))


def _by_new_artists(one: New) -> float:
    return 1 - one.known_artist.nnz / max(one.wanted.nnz, 1)


def _rows(matrix: csr_matrix) -> np.ndarray:
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
