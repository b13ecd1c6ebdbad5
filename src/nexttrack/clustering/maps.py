"""A map of many rows, and how far one can be believed (Venna & Kaski 2001)."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from nexttrack.clustering.checks import checked_rows


@dataclass(frozen=True)
class MapQuality:
    """Two figures in 0..1, 1 for a map without the fault.

    Attributes:
        trustworthiness: low if neighbours on the map are not neighbours in truth.
        continuity: low if true neighbours are torn apart on the map.
        n_rows: number of rows that were looked at.
    """

    trustworthiness: float
    continuity: float
    n_rows: int


def umap_places(
    X: ArrayLike,
    *,
    seed: int,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    n_epochs: int | None = None,
) -> np.ndarray:
    """Return the places of rows on a map by UMAP (McInnes, Healy & Melville 2018).

    The neighbours are exact: umap-learn's own search is approximate, and compiling it takes longer
    than finding 80,000 exact ones. The layout runs on one thread, in one order. Still the last
    digits of a distance may depend on the machine, and a layout amplifies them: expect the same map
    on the same machine alone.

    Args:
        X: rows x columns, numbers.
        seed: the seed of the layout.
        n_neighbors: neighbours that a row is tied to, itself among them, 2 or more.
        min_dist: how close rows may come on the map; 0 packs them, which suits density methods.
        n_epochs: rounds of the layout; None for 500 up to 10,000 rows and 200 above.

    Returns:
        float32 array of rows x 2.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, or too few rows for n_neighbors.
    """
    if n_neighbors < 2:
        raise ValueError(f"n_neighbors must be 2 or more, not {n_neighbors}")
    rows = checked_rows(X, at_least=n_neighbors + 2)
    neighbours = NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(rows)
    distances, places = neighbours.kneighbors(rows)
    model = umap_class()(
        n_neighbors=n_neighbors,
        min_dist=min_dist,
        n_epochs=n_epochs,
        precomputed_knn=(places, distances.astype(np.float32), None),
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        # Without umap-learn's own index new rows cannot be placed, which nobody asks for here.
        warnings.filterwarnings("ignore", message="precomputed_knn")
        return model.fit_transform(rows.astype(np.float32))


def umap_class() -> type:
    """Return ``umap.UMAP``: importing it takes seconds, and most who use this package need none."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tensorflow not installed")
        from umap import UMAP
    return UMAP


def continuity(X: ArrayLike, embedding: ArrayLike, *, n_neighbors: int = 15) -> float:
    """Return the continuity of a map: its trustworthiness with the two spaces exchanged.

    1 − 2 / (n k (2n − 3k − 1)) Σ_i Σ_j (r(i, j) − k), over the k neighbours j of i in X that are
    not among its k neighbours on the map, with r the rank of j on the map.

    Args:
        X: rows x columns, numbers.
        embedding: rows x map dimensions, numbers.
        n_neighbors: k, below half the number of rows.

    Raises:
        ValueError: if k is half the number of rows or more, or a value is not finite.
    """
    return float(trustworthiness(embedding, X, n_neighbors=n_neighbors))


def map_quality(
    X: ArrayLike, embedding: ArrayLike, *, seed: int, n_neighbors: int = 15, sample: int = 2_000
) -> MapQuality:
    """Return trustworthiness and continuity of a map, over a sample of its rows.

    Both need all distances between rows, hence the sample. Neighbours are then those within the
    sample: with a tenth of the rows, k neighbours reach as far as 10 k among all. Compare maps on
    the same rows with the same seed and sample.

    Args:
        X: rows x columns, numbers, in the units that were mapped.
        embedding: rows x map dimensions, numbers.
        seed: the seed of the sample.
        n_neighbors: k, below half the number of rows in the sample.
        sample: most rows in the sample.

    Raises:
        ValueError: for rows that ``checked_rows`` refuses, in X or on the map, different numbers of
            rows, or too few rows for k.
    """
    rows, places = checked_rows(X), checked_rows(embedding)
    if len(rows) != len(places):
        raise ValueError(f"{len(rows)} rows and {len(places)} places on the map do not match")
    n_rows = min(sample, len(rows))
    if not 1 <= n_neighbors < n_rows / 2:
        raise ValueError(f"n_neighbors must be in 1..{(n_rows - 1) // 2} for {n_rows} rows")
    drawn = np.sort(np.random.default_rng(seed).choice(len(rows), n_rows, replace=False))
    rows, places = rows[drawn], places[drawn]
    return MapQuality(
        float(trustworthiness(rows, places, n_neighbors=n_neighbors)),
        continuity(rows, places, n_neighbors=n_neighbors),
        n_rows,
    )
