"""The recordings that all methods are judged on, on maps by three methods, and null data."""

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from nexttrack.clustering.maps import map_quality, umap_places
from nexttrack.parallel import in_processes, in_threads
from nexttrack.study.clusters.methods import ROUNDS
from nexttrack.study.clusters.sweeps import null_copy, rows_to_judge
from nexttrack.study.kept import kept
from nexttrack.study.sound_space import SEED


@kept
def maps() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the rows that are judged on maps by PCA, t-SNE and UMAP, and null data by all three.

    Returns:
        (places, quality). ``places``: one row for each ``map``, ``world`` (recordings, null) and
        row: ``row`` (position in the table of recordings), ``x``, ``y``. ``quality``: one row for
        each map and world: ``trustworthiness`` and ``continuity``.
    """
    drawn = rows_to_judge()
    worlds = {"recordings": drawn, "null": null_copy(drawn, 1)}
    makers = {"UMAP": _umap_places, "t-SNE": _tsne_places, "PCA": _components}  # longest first
    # One task a method: what UMAP compiles is then compiled in one process.
    found = in_processes(
        lambda name: [makers[name](rows) for rows in worlds.values()],
        (),
        [(name,) for name in makers],
    )
    places, quality = [], []
    for name, made in zip(makers, found, strict=True):
        for (world, rows), at in zip(worlds.items(), made, strict=True):
            named = {"map": name, "world": world}
            places.append(pd.DataFrame({**named, "row": drawn.index, "x": at[:, 0], "y": at[:, 1]}))
            quality.append(named | vars(map_quality(rows, at, seed=SEED)))
    return pd.concat(places, ignore_index=True), pd.DataFrame(quality)


def _umap_places(rows: pd.DataFrame) -> np.ndarray:
    return umap_places(rows, seed=SEED, n_epochs=ROUNDS)


def _components(rows: pd.DataFrame) -> np.ndarray:
    return PCA(2, random_state=SEED).fit_transform(rows.to_numpy())


def _tsne_places(rows: pd.DataFrame) -> np.ndarray:
    model = TSNE(init="pca", random_state=SEED, perplexity=30)
    return in_threads(model.fit_transform, [rows.to_numpy()], 1)[0]
