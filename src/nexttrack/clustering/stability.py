"""Whether the same clusters come back from other rows, other seeds, and data without clusters."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import norm, rankdata
from sklearn.base import BaseEstimator
from sklearn.metrics import adjusted_rand_score, pairwise_distances_argmin
from sklearn.metrics.cluster import contingency_matrix

from nexttrack.clustering.checks import checked_labels, checked_rows
from nexttrack.clustering.seeds import seed_of, seeded, seeds_of
from nexttrack.parallel import in_threads


@dataclass(frozen=True)
class Stability:
    """How a clustering fares when its rows are drawn again.

    Attributes:
        labels: int64, the label of each row when all are clustered.
        jaccard: float64, draws x clusters: each cluster's likeness to the most similar cluster of
            the draw; NaN where the draw has none of its rows.
        rand: float64, one a draw: adjusted Rand index between the two clusterings.
    """

    labels: np.ndarray
    jaccard: pd.DataFrame
    rand: np.ndarray

    def table(self) -> pd.DataFrame:
        """Return rows, mean jaccard, share of draws that dissolve it, and verdict by cluster.

        A draw dissolves a cluster if the Jaccard is at most 1/2 (Hennig 2008). Verdicts are the
        guidelines on the help page of the program clusterboot (R package fpc): below 0.6
        "unstable", below 0.75 "pattern" (something is there, its rows are in doubt), below 0.85
        "stable", else "highly stable". A cloud cut in two reaches them: hold them to null data.
        """
        mean = self.jaccard.mean()
        names = np.array(["unstable", "pattern", "stable", "highly stable"])
        return pd.DataFrame(
            {
                "rows": [int((self.labels == cluster).sum()) for cluster in self.jaccard],
                "jaccard": mean,
                "dissolved": (self.jaccard <= 0.5).sum() / self.jaccard.notna().sum(),
                "verdict": names[np.searchsorted([0.6, 0.75, 0.85], mean, side="right")],
            }
        )


def cluster_stability(
    X: ArrayLike,
    estimator: BaseEstimator,
    *,
    seed: int,
    n_draws: int = 50,
    share: float | None = None,
    num_threads: int = 0,
) -> Stability:
    """Cluster draws of the rows and compare with the clustering of all (Hennig 2007).

    Only rows in the draw are compared, each once. Each draw has random numbers of its own: the
    result depends on the seed and not on the number of threads.

    Args:
        X: rows x columns, numbers.
        estimator: anything of scikit-learn's with ``fit_predict``. Rows that it labels −1 are in no
            cluster; for the adjusted Rand index they are one group.
        seed: the seed of the draws and the fits, a whole number of at least 0.
        n_draws: number of draws.
        share: None draws as many rows as there are, with replacement (bootstrap); a share in (0, 1)
            draws that share of rows without replacement, for methods that a repeated row misleads
            (HDBSCAN takes it for density).
        num_threads: number of fits at a time; 0 for as many as there are cores.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, fewer rows than clusters, no draw, a
            share not in (0, 1), or if no row is in a cluster.
    """
    if n_draws < 1 or (share is not None and not 0 < share < 1):
        raise ValueError("n_draws must be 1 or more, and share in (0, 1) or None")
    rows = checked_rows(X)

    def draw_and_fit(draw: int) -> tuple[np.ndarray, np.ndarray]:
        """Return positions of distinct rows, and their labels; all rows for draw 0."""
        positions = draw_rows(len(rows), share, seed, draw) if draw else np.arange(len(rows))
        labels = seeded(estimator, seed_of(seed, draw)).fit_predict(rows[positions])
        distinct, first = np.unique(positions, return_index=True)
        return distinct, labels[first]

    (_, found), *draws = in_threads(draw_and_fit, range(n_draws + 1), num_threads)
    labels, clusters = checked_labels(found, len(rows))
    similar = [best_jaccard(labels[drawn], again).reindex(clusters) for drawn, again in draws]
    return Stability(
        labels,
        pd.DataFrame(similar, index=pd.RangeIndex(n_draws, name="draw")),
        np.array([adjusted_rand_score(labels[drawn], again) for drawn, again in draws]),
    )


def draw_rows(n_rows: int, share: float | None, seed: int, draw: int) -> np.ndarray:
    """Return positions of drawn rows, of a seed and the number of a draw: int64.

    A bootstrap if ``share`` is None, else that share of the rows, each once.
    """
    rng = np.random.default_rng((seed, draw))
    if share is None:
        return rng.integers(n_rows, size=n_rows)
    return rng.choice(n_rows, size=max(2, round(share * n_rows)), replace=False)


def best_jaccard(labels: ArrayLike, others: ArrayLike) -> pd.Series:
    """Return each cluster's Jaccard with the most similar cluster of another clustering.

    |A ∩ B| / |A ∪ B|, the greatest over the other's clusters B; 0 if it has none. Rows labelled −1
    belong to no cluster of that side, but count in the other's.

    Args:
        labels: whole numbers of at least −1, one a row.
        others: the same for the other clustering of the same rows.

    Returns:
        float64 Series indexed by the clusters of ``labels``.

    Raises:
        ValueError: if the lengths differ, or a label is below −1.
    """
    labels, others = np.asarray(labels), np.asarray(others)
    if labels.shape != others.shape or labels.ndim != 1:
        raise ValueError(f"labels of shapes {labels.shape} and {others.shape} do not match")
    if (labels < -1).any() or (others < -1).any():
        raise ValueError("labels must be whole numbers of 0 or more, or −1 for no cluster")
    mine, theirs = np.unique(labels), np.unique(others)
    both = contingency_matrix(labels, others)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    best = (both / either)[:, theirs >= 0].max(axis=1, initial=0.0)
    return pd.Series(best, index=pd.Index(mine, name="cluster"), name="jaccard")[mine >= 0]


def agreement_over_seeds(
    X: ArrayLike, estimator: BaseEstimator, *, seed: int, n_seeds: int = 10, num_threads: int = 0
) -> np.ndarray:
    """Return the adjusted Rand index of each pair of fits that differ in their seed alone.

    Args:
        X: rows x columns, numbers.
        estimator: one with a ``random_state`` (in a Pipeline: a step with one).
        seed: the seed that the fits' seeds are made from.
        n_seeds: number of fits, 2 or more.
        num_threads: number of fits at a time; 0 for as many as there are cores.

    Returns:
        float64 array of n_seeds (n_seeds − 1) / 2 values.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, fewer than 2 seeds, or an estimator that
            takes no seed (Ward, HDBSCAN: nothing in them is random).
    """
    if n_seeds < 2:
        raise ValueError("n_seeds must be 2 or more")
    if not seeds_of(estimator):
        raise ValueError(f"{type(estimator).__name__} takes no seed: every fit is the same")
    rows = checked_rows(X)
    fits = in_threads(
        lambda fit: seeded(estimator, seed_of(seed, fit)).fit_predict(rows),
        range(n_seeds),
        num_threads,
    )
    return np.array([adjusted_rand_score(a, b) for a, b in combinations(fits, 2)])


def permuted_columns(X: ArrayLike | pd.DataFrame, *, seed: int) -> np.ndarray | pd.DataFrame:
    """Return the rows with each column shuffled on its own.

    Each column keeps its values, and nothing that columns do together is left. So a column with
    two humps still has them: these null data answer whether the *combination* of features makes
    clusters, not whether a single one does.

    Args:
        X: rows x columns.
        seed: the seed, a whole number of at least 0.

    Returns:
        The same type, shape, dtype and names as X; X is not changed.
    """
    rng = np.random.default_rng(seed)
    if isinstance(X, pd.DataFrame):
        columns = {name: rng.permutation(column) for name, column in X.items()}
        return pd.DataFrame(columns, index=X.index)
    return rng.permuted(np.asarray(X), axis=0)


def correlated_columns(X: ArrayLike | pd.DataFrame, *, seed: int) -> np.ndarray | pd.DataFrame:
    """Return rows with the columns and the rank correlations of X, and no other structure.

    Each column keeps its values, reordered by the ranks of a draw from a multivariate normal with
    the correlation matrix of the normal scores of X (Iman & Conover 1982): a Gaussian copula, one
    cloud without clusters. These null data answer whether there is more than the columns'
    values and their correlations two by two. Any elongated cloud looks stable when it is cut in
    two, and permuted columns, which are round, would not show that.

    Args:
        X: rows x columns, numbers.
        seed: the seed, a whole number of at least 0.

    Returns:
        The same type, shape and names as X, float64 if X is no DataFrame; X is not changed.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses.
    """
    rows = checked_rows(X)
    scores = norm.ppf((rankdata(rows, axis=0) - 0.5) / len(rows))
    correlation = np.atleast_2d(np.corrcoef(scores, rowvar=False))
    values, vectors = np.linalg.eigh(correlation)  # exact for columns that say the same, too
    root = vectors * np.sqrt(np.maximum(values, 0))
    drawn = np.random.default_rng(seed).standard_normal(rows.shape) @ root.T
    ranks = np.argsort(np.argsort(drawn, axis=0), axis=0)
    null = np.take_along_axis(np.sort(rows, axis=0), ranks, axis=0)
    if isinstance(X, pd.DataFrame):
        return pd.DataFrame(null, index=X.index, columns=X.columns).astype(X.dtypes)
    return null


def random_cells(
    X: ArrayLike, n_cells: int, *, seed: int, of: ArrayLike | None = None
) -> np.ndarray:
    """Return a division of rows that looked for no clusters: each goes to the nearest of some rows.

    The cells of Voronoi around ``n_cells`` rows drawn at random. They divide the same space as
    clusters of the same number do, and ask whether it matters where the borders run.

    Args:
        X: rows x columns, numbers, from which the centres are drawn.
        n_cells: number of cells; where rows drawn are alike, there are fewer.
        seed: the seed, a whole number of at least 0.
        of: the rows to divide; X if None.

    Returns:
        int64 array of cells, one a row, from 0.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, or more cells than rows.
    """
    rows = checked_rows(X)
    if not 1 <= n_cells <= len(rows):
        raise ValueError(f"n_cells must be in 1..{len(rows)}, not {n_cells}")
    centres = np.random.default_rng(seed).choice(len(rows), n_cells, replace=False)
    divided = rows if of is None else np.asarray(of, dtype=np.float64)
    return pairwise_distances_argmin(divided, rows[centres]).astype(np.int64)


@dataclass(frozen=True)
class NullComparison:
    """A figure of the data beside the same figure of null data.

    Attributes:
        observed: the figure of the data.
        null: float64, the figures of the null data sets.
        p_value: (1 + number of null figures ≥ observed) / (1 + number of null data sets), the
            p-value of a permutation test (Phipson & Smyth 2010).
    """

    observed: float
    null: np.ndarray
    p_value: float


def against_null(
    figure: Callable[[np.ndarray], float],
    X: ArrayLike,
    *,
    seed: int,
    n_null: int = 19,
    null_data: Callable[..., np.ndarray] = permuted_columns,
) -> NullComparison:
    """Compute a figure on the data and on null data made from them.

    Args:
        figure: takes rows x columns (float64) and returns a number, greater for better clusters:
            ``lambda rows: cluster_stability(rows, KMeans(5), seed=0).rand.mean()``.
        X: rows x columns, numbers.
        seed: the seed of the null data.
        n_null: number of null data sets; 19 is the fewest that can give p = 0.05.
        null_data: makes them: ``permuted_columns`` or ``correlated_columns``.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, no null data set, or a figure of NaN.
    """
    if n_null < 1:
        raise ValueError("n_null must be 1 or more")
    rows = checked_rows(X)
    observed = float(figure(rows))
    seeds = (seed_of(seed, copy) for copy in range(n_null))
    null = np.array([figure(null_data(rows, seed=one)) for one in seeds], dtype=np.float64)
    if np.isnan(observed) or np.isnan(null).any():
        raise ValueError("the figure is NaN on the data or on a null data set")
    return NullComparison(observed, null, (1 + int((null >= observed).sum())) / (1 + n_null))
