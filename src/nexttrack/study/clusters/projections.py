"""The small sample of recordings on maps, by three methods, and null data on one of them."""

from functools import partial

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from nexttrack.clustering.maps import map_quality, umap_places
from nexttrack.clustering.stability import correlated_columns
from nexttrack.data.dataset import table
from nexttrack.parallel import in_processes, in_threads
from nexttrack.study.clusters.by_sound import effort
from nexttrack.study.kept import kept
from nexttrack.study.sound_space import SEED, sample, sound


@kept
def maps() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the sample on maps by PCA, t-SNE and UMAP, and null data by UMAP.

    Returns:
        (places, quality). ``places``: one row for each map and row of the sample: ``map``, ``row``
        (position in the table of recordings), ``x``, ``y``. ``quality``: one row a map:
        ``trustworthiness`` and ``continuity``.
    """
    drawn = sample(sound(table("recordings")), effort().small_sample)
    null = correlated_columns(drawn, seed=SEED)
    fits = [
        partial(umap_places, drawn, seed=SEED),
        partial(umap_places, null, seed=SEED),
        partial(_tsne_places, drawn.to_numpy()),
    ]
    umap, umap_null, tsne = in_processes(lambda fit: fit(), (), [(fit,) for fit in fits])
    made = {
        "PCA": (drawn, PCA(2, random_state=SEED).fit_transform(drawn)),
        "t-SNE": (drawn, tsne),
        "UMAP": (drawn, umap),
        "UMAP of null data": (null, umap_null),
    }
    places = [
        pd.DataFrame({"map": name, "row": drawn.index, "x": at[:, 0], "y": at[:, 1]})
        for name, (_, at) in made.items()
    ]
    quality = [
        {"map": name, **vars(map_quality(rows, at, seed=SEED))} for name, (rows, at) in made.items()
    ]
    return pd.concat(places, ignore_index=True), pd.DataFrame(quality)


def _tsne_places(rows: np.ndarray) -> np.ndarray:
    model = TSNE(init="pca", random_state=SEED, perplexity=30)
    return in_threads(model.fit_transform, [rows], 1)[0]
