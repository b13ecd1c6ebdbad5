"""What clusters are: their features in standard units, their typical rows, and names by rule."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn import config_context
from sklearn.metrics import pairwise_distances_chunked

from nexttrack.clustering.checks import checked_labels, checked_rows

# What a track is called that has more of a feature than the average track.
WORDS = {
    "danceability": "danceable",
    "energy": "energetic",
    "loudness": "loud",
    "speechiness": "spoken",
    "acousticness": "acoustic",
    "instrumentalness": "instrumental",
    "liveness": "live",
    "valence": "cheerful",
    "tempo": "fast",
    "mode": "major",
    "duration_ms": "long",
}


@dataclass(frozen=True)
class Profiles:
    """Clusters in standard units: 0 is the mean of all rows, 1 their standard deviation.

    Attributes:
        rows: int64 Series, the number of rows of each cluster.
        mean: float64, clusters x features.
        spread: float64, clusters x features: the standard deviation within the cluster, in units of
            that of all rows; 0 for a cluster of one row.
    """

    rows: pd.Series
    mean: pd.DataFrame
    spread: pd.DataFrame


def cluster_profiles(X: pd.DataFrame, labels: ArrayLike) -> Profiles:
    """Return the profile of each cluster.

    Standard deviations divide by the number of rows. All rows set the units, those in no cluster
    (−1) too, but these have no profile.

    Args:
        X: rows x features, numbers.
        labels: whole numbers of at least −1, one a row.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses (a constant feature has no standard
            units) and labels that ``checked_labels`` refuses.
    """
    rows = checked_rows(X)
    labels, _ = checked_labels(labels, len(rows))
    z = pd.DataFrame((rows - rows.mean(axis=0)) / rows.std(axis=0), columns=X.columns)
    groups = z[labels >= 0].groupby(pd.Index(labels[labels >= 0], name="cluster"))
    return Profiles(groups.size().rename("rows"), groups.mean(), groups.std(ddof=0))


def cluster_names(
    mean: pd.DataFrame,
    words: Mapping[str, str] = WORDS,
    *,
    n_words: int = 2,
    at_least: float = 0.5,
) -> pd.Series:
    """Name clusters by the features in which they are farthest from the mean of all rows.

    The rule: the ``n_words`` features with the greatest absolute mean, of those with at least
    ``at_least``, greatest first (in the order of the columns among equals); a minus sign follows
    the word where the cluster is below the mean: "loud, acoustic−". Clusters that would share a
    name take further features, one at a time, whatever their size; if none is left to tell them
    apart they are numbered: "loud (2)". A cluster with no feature that far out is "average".

    Args:
        mean: clusters x features in standard units (``Profiles.mean``).
        words: the word for much of a feature; a feature without one is called by its own name.
        n_words: number of features in a name, at least 1.
        at_least: the least absolute mean, in standard deviations, that is worth a word.

    Returns:
        Series of distinct str, indexed as ``mean``.

    Raises:
        ValueError: if n_words is below 1 or a mean is not finite.
    """
    if n_words < 1 or not np.isfinite(mean.to_numpy()).all():
        raise ValueError("n_words must be 1 or more, and every mean finite")
    ordered = [row.loc[(-row.abs()).sort_values(kind="stable").index] for _, row in mean.iterrows()]
    length = [min(n_words, int((row.abs() >= at_least).sum())) for row in ordered]
    for _ in mean.columns:
        found = [_name(row[:n], words) for row, n in zip(ordered, length, strict=True)]
        shared = Counter(found)
        length = [n + (shared[name] > 1) for name, n in zip(found, length, strict=True)]
    found = [_name(row[:n], words) for row, n in zip(ordered, length, strict=True)]
    seen: Counter[str]
    shared, seen = Counter(found), Counter()
    for place, name in enumerate(found):
        seen[name] += 1
        found[place] = f"{name} ({seen[name]})" if shared[name] > 1 else name
    return pd.Series(found, index=mean.index, name="name", dtype=object)


def _name(features: pd.Series, words: Mapping[str, str]) -> str:
    signed = (words.get(f, str(f)) + ("−" if value < 0 else "") for f, value in features.items())
    return ", ".join(signed) or "average"


def typical(X: ArrayLike, labels: ArrayLike, *, n: int = 5) -> pd.DataFrame:
    """Return the rows nearest to the mean of their cluster, nearest first.

    Args:
        X: rows x columns, numbers, in the units that were clustered.
        labels: whole numbers of at least −1, one a row.
        n: most rows a cluster.

    Returns:
        Columns cluster, rank (from 1), row (position in X, int64) and distance (Euclidean).

    Raises:
        ValueError: for rows or labels that the checks refuse, or n below 1.
    """
    if n < 1:
        raise ValueError("n must be 1 or more")
    rows = checked_rows(X)
    labels, clusters = checked_labels(labels, len(rows))
    parts = []
    for cluster in clusters:
        members = np.flatnonzero(labels == cluster)
        distance = np.linalg.norm(rows[members] - rows[members].mean(axis=0), axis=1)
        nearest = np.argsort(distance, kind="stable")[:n]
        columns = {"row": members[nearest], "distance": distance[nearest]}
        part = pd.DataFrame(columns).assign(cluster=cluster, rank=np.arange(len(nearest)) + 1)
        parts.append(part[["cluster", "rank", "row", "distance"]])
    return pd.concat(parts, ignore_index=True)


def medoids(X: ArrayLike, labels: ArrayLike, *, seed: int, sample: int = 2_000) -> pd.Series:
    """Return the medoid of each cluster: the row with the least mean distance to its members.

    Unlike the mean, a real row, and hardly moved by outliers (Kaufman & Rousseeuw 1990, chapter 2).
    The mean distance is over at most ``sample`` members; it is exact in clusters up to that size.

    Args:
        X: rows x columns, numbers, in the units that were clustered.
        labels: whole numbers of at least −1, one a row.
        seed: the seed of the samples.
        sample: most members that a row's mean distance is taken over.

    Returns:
        int64 Series of positions in X, indexed by cluster.

    Raises:
        ValueError: for rows or labels that the checks refuse, or a sample below 1.
    """
    if sample < 1:
        raise ValueError("sample must be 1 or more")
    rows = checked_rows(X)
    labels, clusters = checked_labels(labels, len(rows))
    found = {}
    for cluster in clusters:
        members = np.flatnonzero(labels == cluster)
        rng = np.random.default_rng((seed, cluster))
        size = min(sample, len(members))
        others = np.sort(rng.choice(members, size, replace=False))
        with config_context(working_memory=64):  # MB
            chunks = pairwise_distances_chunked(
                rows[members], rows[others], reduce_func=lambda block, start: block.mean(axis=1)
            )
            found[cluster] = members[np.concatenate(list(chunks)).argmin()]
    return pd.Series(found, name="row", dtype=np.int64).rename_axis("cluster")
