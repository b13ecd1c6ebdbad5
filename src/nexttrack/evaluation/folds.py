"""Cross-validation with artists apart, and intervals that know that folds share training rows."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from scipy.stats import t as student
from sklearn.model_selection import GroupKFold, KFold

from nexttrack.features.names import names_incidence

Folds = list[tuple[np.ndarray, np.ndarray]]


def artist_folds(artists: pd.Series, n_splits: int) -> Folds:
    """Split rows so that no artist of a test row is an artist of a training row.

    All rows of a lead artist, the first of the list, are tested in the same fold (sklearn's
    GroupKFold). A guest may appear with several leads: training rows that share any artist with
    the fold's test rows are left out.

    Args:
        artists: a list of names for each row, the lead artist first.
        n_splits: number of folds, at least 2.

    Returns:
        For each fold the positions of its training and of its test rows, increasing.

    Raises:
        ValueError: if a row has no artist, or there are fewer lead artists than folds.
    """
    lengths = artists.str.len()
    if not (lengths > 0).all():
        raise ValueError(f"row {int(np.argmin(lengths.fillna(0)))} has no artist to keep apart by")
    by_artist = names_incidence(artists)
    folds = []
    for train, test in GroupKFold(n_splits).split(artists, groups=artists.str[0]):
        tested = np.asarray(by_artist[test].sum(axis=0)).ravel() > 0
        folds.append((train[by_artist[train] @ tested.astype(np.float64) == 0], test))
    return folds


def random_folds(n_rows: int, n_train: Sequence[int], seed: int) -> Folds:
    """Split rows at random, one fold for each number of training rows.

    Args:
        n_rows: number of rows.
        n_train: for each fold how many of the rows outside it are trained on, drawn at random: to
            compare with another split without a difference in size.
        seed: the seed, a whole number of at least 0.

    Raises:
        ValueError: if a fold leaves fewer training rows than that.
    """
    rng = np.random.default_rng(seed)
    splitter = KFold(len(n_train), shuffle=True, random_state=seed)
    splits = splitter.split(np.zeros(n_rows))
    return [
        (np.sort(rng.choice(train, n, replace=False)), test)
        for (train, test), n in zip(splits, n_train, strict=True)
    ]


def largest_component(artists: pd.Series) -> int:
    """Return how many rows the largest component has, where rows that share an artist are joined.

    Folds of whole components would keep artists apart without leaving rows out, if it is small.
    """
    by_artist = names_incidence(artists)
    _, component = connected_components(by_artist @ by_artist.T, directed=False)
    return int(np.bincount(component).max())


def fold_interval(
    scores: np.ndarray, n_train: float, n_test: float, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return mean and t interval of the scores of K folds.

    Folds share training rows, so the variance of their mean is larger than ``s^2 / K``. Nadeau &
    Bengio (2003, Machine Learning 52, the corrected resampled t-test) replace ``1 / K`` by
    ``1 / K + n_test / n_train``; the interval is that of Student's t with K - 1 degrees of freedom.
    They studied folds drawn at random; for the folds of a cross-validation it is an approximation.

    Args:
        scores: one score for each of at least 2 folds.
        n_train, n_test: rows of a fold, or their means over folds.
        confidence: coverage.

    Returns:
        (mean, low, high).

    Raises:
        ValueError: for fewer than 2 scores.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if len(scores) < 2:
        raise ValueError("an interval over folds takes at least 2 scores")
    variance = (1 / len(scores) + n_test / n_train) * scores.var(ddof=1)
    half = student.ppf((1 + confidence) / 2, len(scores) - 1) * np.sqrt(variance)
    return scores.mean(), scores.mean() - half, scores.mean() + half


def fold_intervals(scores: pd.DataFrame, metric: str, by: str | list[str]) -> pd.DataFrame:
    """Return :func:`fold_interval` of every group of folds.

    Args:
        scores: one row for each fold with ``n_train``, ``n_test``, the metric and ``by``.
        metric: name of the column of scores.
        by: name or names of the columns that tell groups apart.

    Returns:
        ``mean``, ``low``, ``high`` indexed by the groups, in the order of the rows.
    """

    def of_group(folds):
        sizes = folds["n_train"].mean(), folds["n_test"].mean()
        return pd.Series(fold_interval(folds[metric], *sizes), ["mean", "low", "high"])

    return scores.groupby(by, sort=False)[["n_train", "n_test", metric]].apply(of_group)
