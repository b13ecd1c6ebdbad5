"""Five methods of clustering, each asked for all its settings at once, and what is spent."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.base import BaseEstimator
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.mixture import GaussianMixture

from nexttrack.clustering.maps import umap_places
from nexttrack.clustering.seeds import seeded
from nexttrack.clustering.sweeps import Method
from nexttrack.study.protocol import on_sample

NUMBERS = (2, 3, 5, 8, 12, 16)
"""Numbers of clusters that are asked for."""
SHARES = (0.16, 0.08, 0.04, 0.02, 0.01, 0.005)
"""Sizes of the smallest cluster that density methods may find, as shares of the rows."""
NEIGHBOURS = 1 / 250
"""Rows that say how dense it is around one, as a share of all: so is one scale kept in draws."""
ROUNDS = 200
"""Of UMAP's layout, for any number of rows."""


@dataclass(frozen=True)
class Effort:
    """How much is spent on the choice and the judgement of clusters.

    Attributes:
        rows: recordings on which all methods are judged.
        copies: null data sets beside them.
        draws: of the rows, for stability.
        ks: numbers of clusters that the rules of textbooks may choose from, from 1.
        rule_copies: null data sets on which the rules are asked, too.
        references: of the gap statistic.
        island_rows: recordings on the maps that are searched for islands.
        maps: of them, with a seed each; and as many of null data.
    """

    rows: int
    copies: int
    draws: int
    ks: int
    rule_copies: int
    references: int
    island_rows: int
    maps: int


EFFORTS: dict[str, Effort] = {
    "published": Effort(2_000, 19, 5, 16, 3, 5, 8_000, 5),
    "sample": Effort(400, 3, 2, 6, 1, 2, 400, 2),  # every test run goes through it
}


def effort() -> Effort:
    """Return the effort on the edition at hand."""
    return EFFORTS["sample" if on_sample() else "published"]


def estimator(method: str, setting: int = 2) -> BaseEstimator:
    """Return an unfitted estimator of a method.

    Args:
        method: k-means, Gaussian mixture, Ward or HDBSCAN.
        setting: the number of clusters or components; for HDBSCAN the fewest rows of a cluster.

    Raises:
        KeyError: for another method.
    """
    return {
        "k-means": lambda: KMeans(setting, n_init=2),
        # A third of all recordings have one and the same instrumentalness, 0. Without a floor under
        # the variances a component takes these alone, at whatever density one likes.
        "Gaussian mixture": lambda: GaussianMixture(setting, n_init=2, reg_covar=0.05),
        "Ward": lambda: AgglomerativeClustering(setting, linkage="ward"),
        "HDBSCAN": lambda: HDBSCAN(min_cluster_size=setting, min_samples=10, copy=True),
    }[method]()


def _by_number(method: str, rows: np.ndarray, seed: int) -> dict[float, np.ndarray]:
    return {k: seeded(estimator(method, k), seed).fit_predict(rows) for k in NUMBERS}


def _ward(rows: np.ndarray, seed: int) -> dict[float, np.ndarray]:
    """Cut one tree at every number: what scikit-learn's Ward gives for each, grown once."""
    tree = linkage(rows, "ward")
    return {k: fcluster(tree, k, "maxclust") - 1 for k in NUMBERS}


def by_density(rows: np.ndarray, shares: tuple[float, ...] = SHARES) -> dict[float, np.ndarray]:
    """Return the labels by HDBSCAN for each size of the smallest cluster, a share of the rows."""
    around = max(2, round(NEIGHBOURS * len(rows)))
    return {
        share: HDBSCAN(
            min_cluster_size=max(2, round(share * len(rows))), min_samples=around, copy=True
        ).fit_predict(rows)
        for share in shares
    }


def _on_map(rows: np.ndarray, seed: int) -> dict[float, np.ndarray]:
    return by_density(umap_places(rows, seed=seed, min_dist=0.0, n_epochs=ROUNDS))


METHODS: dict[str, Method] = {
    "k-means": partial(_by_number, "k-means"),
    "Gaussian mixture": partial(_by_number, "Gaussian mixture"),
    "Ward": _ward,
    "HDBSCAN": lambda rows, seed: by_density(rows),
    "UMAP + HDBSCAN": _on_map,
}
