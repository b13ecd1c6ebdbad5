"""How the chapters measure: on which data, how they are split, who is asked, in which edition.

All chapters share it, so that their figures can be compared.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags
from threadpoolctl import threadpool_limits

from nexttrack import project
from nexttrack.data import editions
from nexttrack.data.dataset import SOURCE_OF, Dataset
from nexttrack.evaluation.comparison import Candidate, choose, measure
from nexttrack.evaluation.splits import Split, timed, weak_generalization
from nexttrack.features.names import names_incidence

SEED = 20_260_101
"""The seed of the book: of its splits, and of models that chance has a part in."""
DATASETS = ("lastfm-2k", "whole-playlists", "thinned-playlists")
HELD_OUT = 0.2
"""Share of additions that come in validation, and of those in the test, where there are dates."""
ONE_ARTIST = 1 / 3
"""A playlist of the archive is of one artist if so much of it, or more, is by one."""
SAMPLE_USERS = 600
"""Users of the sample edition who are asked: every test run goes through it."""


def on_sample() -> bool:
    """Tell whether the edition at hand is the sample, which every test run goes through."""
    return project.edition() == "sample"


def fingerprint() -> str:
    """Return the fingerprint of the data of the edition at hand."""
    return editions.fingerprint(project.edition())


def raw_files() -> Path:
    """Return the folder of the raw files of the edition at hand."""
    return project.raw_dir(project.edition())


@dataclass(frozen=True, eq=False)
class Task:
    """A data set of the edition at hand, and how it is divided.

    Attributes:
        dataset: the data.
        split: what models learn from and what is held out, for all users.
    """

    dataset: Dataset
    split: Split

    @property
    def asked(self) -> Split:
        """The split for questions on validation: on the sample edition, some users are asked."""
        return fewer_asked(self.split)

    @property
    def users(self) -> np.ndarray:
        """Positions of the users with something held out for the test."""
        return np.flatnonzero(np.diff(self.split.test_out.indptr))

    @property
    def parts(self) -> np.ndarray | None:
        """What each user is reported with, apart from the others; None if all are together.

        Joined playlists are whole or thinned. In the archive some are ``of one artist``
        (:func:`of_one_artist`, by what they had before the test): what comes next there is another
        question, that the artist's name answers.
        """
        if self.dataset.name != "playlist-archive":
            return self.dataset.parts
        by_artist = names_incidence(self.dataset.tracks["artists"])
        alike = of_one_artist(self.split.test_in, by_artist)
        return np.where(alike, "of one artist", "others")

    def group(self, users: pd.Series) -> pd.Series:
        """Return the group of each of some users: the data set, with the part if there are several.

        Args:
            users: their positions.
        """
        group, parts = pd.Series(self.dataset.name, index=users.index), self.parts
        if parts is not None:
            group += ", " + pd.Series(parts[users], index=users.index, dtype="str")
        return group


def of_one_artist(user_items: csr_matrix, by_artist: csr_matrix) -> np.ndarray:
    """Tell of which users one artist has at least :data:`ONE_ARTIST` of what they have.

    By what is in it and not by its name: names change, and differ from one language to the next.

    Args:
        user_items: users x items.
        by_artist: items x artists.

    Returns:
        Boolean, one for each user; no for one who has nothing.
    """
    n_items = np.diff(user_items.indptr)
    most = (user_items @ by_artist).max(axis=1).toarray().ravel()
    return (n_items > 0) & (most >= ONE_ARTIST * n_items)


def at_hand(names: Iterable[str] = DATASETS) -> list[str]:
    """Return which of some data sets are there, in their order.

    Raises:
        NotThereError: none is.
    """
    names, missing = list(names), editions.missing_sources()
    there = [name for name in names if SOURCE_OF[name] not in missing]
    if not there:
        raise editions.not_there(SOURCE_OF[name] for name in names)
    return there


def task(name: str, *, first_users: bool = False) -> Task:
    """Return a data set of the edition at hand with its split.

    Args:
        name: of the data set.
        first_users: of the sample edition, take the first users only.
    """
    dataset = Dataset.load(name)
    if first_users and on_sample():
        dataset = dataset.first_users(SAMPLE_USERS)
    return Task(dataset, split(dataset))


def split(dataset: Dataset) -> Split:
    """Return the split of a data set: by time where there are dates, else a fifth of each user's.

    Each time a fifth is held out for validation and a fifth for the test. Time is cut for all users
    at once, on the days before which 60 % and 80 % of the pairs were there.
    """
    if dataset.dates is None:
        return weak_generalization(dataset.binary(), seed=SEED)
    return cut(dataset, 1 - HELD_OUT)


def cut(dataset: Dataset, share: float) -> Split:
    """Cut a data set in time: the test begins when this share of the pairs is there.

    Validation begins :data:`HELD_OUT` of the pairs earlier.
    """
    days = dataset.days()
    first, second = np.quantile(days.data, [share - HELD_OUT, share])
    return timed(dataset.binary(), days, validation_from=first, test_from=second)


def fewer_asked(split: Split) -> Split:
    """Return a split in which, on the sample edition, only some users have something held out.

    Models learn from all users as before. On the published edition nothing changes.
    """
    users = np.flatnonzero(np.diff(split.validation_out.indptr))
    if not on_sample() or len(users) <= SAMPLE_USERS:
        return split
    keep = np.zeros(split.validation_out.shape[0], dtype=np.float32)
    keep[users[np.linspace(0, len(users) - 1, SAMPLE_USERS).astype(int)]] = 1
    out = (diags(keep) @ split.validation_out).tocsr()
    out.eliminate_zeros()
    return replace(split, validation_out=out)


def thinned(models: Mapping[str, Candidate]) -> Mapping[str, Candidate]:
    """Return models with, on the sample edition, every other setting, the first among them.

    The start of a curve stays. So does the sample edition run in a minute, about which the book
    claims nothing.
    """
    if not on_sample():
        return models
    return {name: Candidate(one.make, one.settings[::2]) for name, one in models.items()}


def choose_and_test(
    models: Mapping[str, Candidate], asked: Task
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose a setting of each model on the validation part of a data set, and test it once.

    Returns:
        (trials, scores): see :func:`nexttrack.evaluation.comparison.choose` and ``measure``; the
        settings of trials are JSON, and scores have a column ``group`` (:meth:`Task.group`).
    """
    with threadpool_limits(1, user_api="blas"):  # as implicit wants it
        trials = choose(models, asked.split)
        scores = measure(models, trials, asked.split)
    scores["group"] = asked.group(scores["user"])
    return trials.assign(settings=trials["settings"].map(json.dumps)), scores
