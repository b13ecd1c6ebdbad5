"""How many clusters, or how dense: a setting chosen by a stated rule.

Only the gap statistic and BIC can answer 1, "no clusters". The silhouette compares divisions and
has no word for the absence of any; hold its winner against null data (``against_null``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.metrics import silhouette_samples

from nexttrack.clustering.checks import checked_rows
from nexttrack.clustering.seeds import seed_of, seeded
from nexttrack.parallel import in_threads


@dataclass(frozen=True)
class Choice:
    """A setting and the scores that it was chosen by.

    Attributes:
        chosen: the setting; None if the rule finds no setting with a score.
        at_edge: whether it is the largest setting that was tried, so that more may be better.
        scores: one row a setting (the index), the scores in columns.
    """

    chosen: int | None
    at_edge: bool
    scores: pd.DataFrame


def choose_by_silhouette(
    X: ArrayLike,
    estimator: BaseEstimator,
    settings: Iterable[int],
    *,
    seed: int,
    parameter: str = "n_clusters",
    sample: int = 5_000,
    num_threads: int = 0,
) -> Choice:
    """Choose the setting with the greatest mean silhouette (Rousseeuw 1987); of equals the least.

    Every fit is on all rows; the silhouette is over one sample of rows, the same for all. Rows in
    no cluster count as 0, so it does not pay to leave the hard rows out.

    Args:
        X: rows x columns, numbers.
        estimator: anything of scikit-learn's with ``fit_predict``.
        settings: values of the parameter, such as numbers of clusters of 2 or more.
        seed: the seed of the fits and of the sample.
        parameter: name of the parameter: ``n_clusters``, ``n_components``, ``min_cluster_size``.
        sample: most rows in the sample.
        num_threads: number of fits at a time; 0 for as many as there are cores.

    Returns:
        The choice, with the columns silhouette (NaN if there are not two clusters in the sample),
        n_clusters (found, not asked for) and unclustered (share of rows).

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, or without a setting of 2 or more.
    """
    settings = _checked_settings(settings, least=2)
    rows = checked_rows(X, at_least=1 + settings[-1])
    drawn = _sample(len(rows), sample, seed)

    def score(setting: int) -> tuple[float, int, float]:
        labels = seeded(estimator, seed_of(seed), **{parameter: setting}).fit_predict(rows)
        n_clusters = len(np.unique(labels[labels >= 0]))
        return mean_silhouette(rows[drawn], labels[drawn]), n_clusters, float((labels < 0).mean())

    scores = _table(
        in_threads(score, settings, num_threads),
        ["silhouette", "n_clusters", "unclustered"],
        settings,
    )
    known = scores["silhouette"].dropna()
    return _choice(None if known.empty else int(known.idxmax()), scores)


def mean_silhouette(X: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean silhouette over rows, rows labelled −1 as 0; NaN if it has no meaning.

    It has none with fewer than two clusters, or with each row a cluster of its own.
    """
    clustered = labels >= 0
    if not 2 <= len(np.unique(labels[clustered])) < clustered.sum():
        return float("nan")
    return float(silhouette_samples(X[clustered], labels[clustered]).sum() / len(labels))


def choose_by_bic(
    X: ArrayLike,
    mixture: BaseEstimator,
    settings: Iterable[int],
    *,
    seed: int,
    num_threads: int = 0,
) -> Choice:
    """Choose the number of components with the least BIC (Schwarz 1978; Fraley & Raftery 2002).

    Components describe a density: a skewed column takes several, with no gap between them. So a
    number above 1 is a fact about shape, and about clusters only if they are stable too.

    Args:
        X: rows x columns, numbers.
        mixture: a ``GaussianMixture``.
        settings: numbers of components of 1 or more.
        seed: the seed of the fits.
        num_threads: number of fits at a time; 0 for as many as there are cores.

    Returns:
        The choice, with the column bic.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, or without a setting of 1 or more.
    """
    settings = _checked_settings(settings, least=1)
    rows = checked_rows(X, at_least=1 + settings[-1])

    def bic(setting: int) -> tuple[float]:
        return (seeded(mixture, seed_of(seed), n_components=setting).fit(rows).bic(rows),)

    scores = _table(in_threads(bic, settings, num_threads), ["bic"], settings)
    return _choice(int(scores["bic"].idxmin()), scores)


def choose_by_gap(
    X: ArrayLike,
    estimator: BaseEstimator,
    k_max: int,
    *,
    seed: int,
    n_references: int = 20,
    parameter: str = "n_clusters",
    num_threads: int = 0,
) -> Choice:
    """Choose k by the gap statistic (Tibshirani, Walther & Hastie 2001).

    gap(k) = mean over references of log W*(k), minus log W(k), with W the sum of squares within
    clusters. References are uniform over a box aligned with the principal components. The rule is
    the smallest k with gap(k) ≥ gap(k + 1) − s(k + 1), where s is the references' standard
    deviation times √(1 + 1 / n_references). k = 1 says that there are no clusters. If no k below
    ``k_max`` passes, the choice is ``k_max`` and ``at_edge`` is true.

    Args:
        X: rows x columns, numbers.
        estimator: anything of scikit-learn's with ``fit_predict`` and a number of clusters.
        k_max: the largest k, 2 or more; all from 1 are tried.
        seed: the seed of the fits and of the references.
        n_references: number of reference data sets, 2 or more.
        parameter: name of the parameter: ``n_clusters`` or ``n_components``.
        num_threads: number of data sets at a time; 0 for as many as there are cores.

    Returns:
        The choice, with the columns log_within, reference (mean of log W*), gap and error (s).

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, or k_max or n_references below 2.
    """
    if k_max < 2 or n_references < 2:
        raise ValueError("k_max and n_references must be 2 or more")
    rows = checked_rows(X, at_least=1 + k_max)
    ks = list(range(1, k_max + 1))

    def log_within(reference: int) -> list[float]:
        """Return log W(k) for each k, of the data (0) or of a reference (1, 2, ...)."""
        rng = np.random.default_rng((seed, reference))
        data = uniform_box(rows, rng) if reference else rows
        models = (seeded(estimator, seed_of(seed, reference), **{parameter: k}) for k in ks)
        return [float(np.log(within(data, model.fit_predict(data)))) for model in models]

    observed, *references = np.array(in_threads(log_within, range(n_references + 1), num_threads))
    mean = np.mean(references, axis=0)
    error = np.std(references, axis=0) * np.sqrt(1 + 1 / n_references)
    gap = mean - observed
    columns = {"log_within": observed, "reference": mean, "gap": gap, "error": error}
    return _choice(
        smallest_k(gap, error), pd.DataFrame(columns, index=pd.Index(ks, name="setting"))
    )


def smallest_k(gap: np.ndarray, error: np.ndarray) -> int:
    """Return the smallest k with gap(k) ≥ gap(k + 1) − s(k + 1), or the last k if there is none.

    Args:
        gap: the gap at k = 1, 2, ...
        error: s at the same k.
    """
    passes = gap[:-1] >= gap[1:] - error[1:]
    return int(passes.argmax()) + 1 if passes.any() else len(gap)


def within(X: np.ndarray, labels: np.ndarray) -> float:
    """Return the sum over rows of the squared Euclidean distance to the mean of the row's label.

    Equal to Σ D(r) / 2n(r) of the paper, with D(r) the sum over pairs of squared distances.
    """
    groups = (X[labels == label] for label in np.unique(labels))
    return float(sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups))


def uniform_box(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw as many rows uniformly from the box of X along its principal components.

    The reference (b) of Tibshirani, Walther & Hastie (2001), section 4.

    Args:
        X: float array of rows x columns.
        rng: what to draw with.

    Returns:
        float64 array of the shape of X.
    """
    centre = X.mean(axis=0)
    axes = np.linalg.svd(X - centre, full_matrices=False)[2]
    scores = (X - centre) @ axes.T
    box = rng.uniform(scores.min(axis=0), scores.max(axis=0), size=scores.shape)
    return box @ axes + centre


def _checked_settings(settings: Iterable[int], *, least: int) -> list[int]:
    """Return settings in order, each once."""
    ordered = sorted(set(settings))
    if not ordered or ordered[0] < least:
        raise ValueError(f"settings must be whole numbers of {least} or more, at least one")
    return ordered


def _sample(n_rows: int, size: int, seed: int) -> np.ndarray:
    """Return the sorted positions of at most ``size`` rows."""
    if n_rows <= size:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(seed).choice(n_rows, size, replace=False))


def _table(scores: Sequence, columns: list[str], settings: list[int]) -> pd.DataFrame:
    return pd.DataFrame(scores, columns=columns, index=pd.Index(settings, name="setting"))


def _choice(chosen: int | None, scores: pd.DataFrame) -> Choice:
    return Choice(chosen, chosen == scores.index[-1], scores)
