"""All recordings clustered by how they sound: the clusters that chapter 05 describes, and a map.

What takes long is kept (:mod:`nexttrack.study.kept`).
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from nexttrack.clustering.maps import umap_places
from nexttrack.clustering.seeds import seed_of, seeded
from nexttrack.clustering.stability import cluster_stability, random_cells
from nexttrack.data.dataset import table
from nexttrack.parallel import in_processes, in_threads
from nexttrack.study.clusters.methods import ROUNDS, effort, estimator
from nexttrack.study.clusters.sweeps import null_copy
from nexttrack.study.kept import kept
from nexttrack.study.sound_space import SEED, sample, sample_size, sound, sound_of_items


@kept
def clusters(k: int) -> pd.DataFrame:
    """Cluster all recordings by k-means, and place them on a map by UMAP.

    Returns:
        One row a recording, in the order of the table: ``cluster`` (int64) and the places ``x`` and
        ``y``.
    """
    rows = sound(table("recordings")).to_numpy()
    places, labels = in_processes(
        lambda fit: fit(rows),
        (),
        [(_map_of_all,), (lambda rows: _k_means(k, 0).fit_predict(rows),)],
    )
    return pd.DataFrame({"cluster": labels.astype(np.int64), "x": places[:, 0], "y": places[:, 1]})


def _map_of_all(rows: np.ndarray) -> np.ndarray:
    return umap_places(rows, seed=SEED, min_dist=0.0, n_epochs=ROUNDS)


@kept
def returning(k: int) -> pd.DataFrame:
    """Return how much of each cluster of k-means on all recordings returns from half of them.

    The clusters are those of :func:`clusters`. Beside them those of null data: each copy as large,
    clustered in the same way.

    Returns:
        One row for each ``copy`` (0 for the recordings) and ``cluster``: what
        :meth:`nexttrack.clustering.Stability.table` returns.
    """
    rows = sound(table("recordings"))
    spent = effort()
    copies = [(copy,) for copy in range(spent.rule_copies + 1)]
    found = in_processes(_returning_of, (rows, k, spent.draws), copies)
    return pd.concat(found, ignore_index=True)


def _returning_of(rows: pd.DataFrame, k: int, draws: int, copy: int) -> pd.DataFrame:
    found = cluster_stability(
        null_copy(rows, copy),
        estimator("k-means", k),
        seed=SEED,
        n_draws=draws,
        share=0.5,
        num_threads=1,
    )
    return found.table().reset_index(names="cluster").assign(copy=copy)


def _k_means(k: int, *draw: int) -> KMeans:
    """Return k-means with a seed: that of draw 0 is how ``cluster_stability`` fits all rows."""
    return seeded(estimator("k-means", k), seed_of(SEED, *draw))


def labels_of_items(tracks: pd.DataFrame, ks: Iterable[int]) -> dict[int, np.ndarray]:
    """Return the cluster of each item by k-means on a sample of recordings, for each number.

    Args:
        tracks: see :func:`nexttrack.study.sound_space.sound_of_items`.
        ks: numbers of clusters.

    Returns:
        For each k an int64 array of items; -1 where the sound is unknown.
    """
    rows = _sample()
    known, items = sound_of_items(tracks)

    def labelled(k: int) -> np.ndarray:
        labels = np.full(len(tracks), -1)
        if len(known):
            labels[known] = _k_means(k).fit(rows).predict(items)
        return labels

    ks = list(ks)
    return dict(zip(ks, in_threads(labelled, ks), strict=True))


def cells_of_items(tracks: pd.DataFrame, ks: Iterable[int]) -> dict[int, np.ndarray]:
    """Return the cell of each item around recordings drawn at random from the same sample.

    Args and result are those of :func:`labels_of_items`: as many cells as clusters, which nothing
    was asked of but to divide the same space.
    """
    rows, found = _sample(), {}
    known, items = sound_of_items(tracks)
    for k in ks:
        found[k] = np.full(len(tracks), -1)
        if len(known):
            found[k][known] = random_cells(rows, k, seed=SEED + k, of=items)
    return found


def _sample() -> np.ndarray:
    return sample(sound(table("recordings")), sample_size()).to_numpy()
