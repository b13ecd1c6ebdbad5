"""Islands on maps by UMAP: whether they return from other seeds, and what null data have."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.clustering.choice import mean_silhouette
from nexttrack.clustering.maps import umap_places
from nexttrack.clustering.seeds import seed_of
from nexttrack.data.dataset import table
from nexttrack.features.names import incidence
from nexttrack.parallel import in_processes
from nexttrack.study.clusters.methods import ROUNDS, by_density, effort
from nexttrack.study.clusters.sweeps import null_copy
from nexttrack.study.kept import kept
from nexttrack.study.sound_space import SEED, sample, sound

SHARES = (0.01, 0.005, 0.0025)
"""Smallest clusters on a map, as shares of its rows: what is smaller counts as no island."""
SEEN = 1_500
"""Places over which the silhouette is taken that chooses among them."""


@kept
def islands() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Look for islands on maps that differ in their seed, of recordings and of null data.

    HDBSCAN clusters the places, its smallest cluster chosen by the silhouette on each map. The
    largest cluster is the continent, all others are islands.

    Returns:
        (maps, genres). ``maps``: one row for each ``world`` (recordings, null) and ``map``:
        ``least`` (share of the smallest cluster that was chosen), ``islands`` (number), ``off``
        (share of the rows on islands), ``unclustered``. ``genres``: one row for each ``map`` of the
        recordings and ``genre``: ``dice``, the likeness (2 |A ∩ B| / (|A| + |B|)) of the genre and
        its most similar island, and ``dealt``, the same with the genres dealt out anew.
    """
    recordings, spent = table("recordings"), effort()
    rows = sample(sound(recordings), spent.island_rows)
    lists = recordings.loc[rows.index, "genres"]
    shared = (rows, lists, spent.maps, SHARES)
    found = in_processes(_maps_of, shared, [(world,) for world in ("recordings", "null")])
    maps, genres = zip(*found, strict=True)
    return pd.concat(maps, ignore_index=True), genres[0]


def _maps_of(
    rows: pd.DataFrame, lists: pd.Series, n_maps: int, shares: tuple[float, ...], world: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = sorted(set(lists.explode().dropna()))
    by_genre = incidence(lists, names)
    maps, genres = [], []
    for number in range(1, n_maps + 1):
        data = null_copy(rows, number if world == "null" else 0).to_numpy()
        places = umap_places(data, seed=seed_of(SEED, number), min_dist=0.0, n_epochs=ROUNDS)
        least, labels = _chosen(places, shares)
        sizes = np.bincount(labels[labels >= 0], minlength=1)
        maps.append(
            {
                "world": world,
                "map": number,
                "least": least,
                "islands": len(sizes) - 1,
                "off": float((sizes.sum() - sizes.max()) / len(labels)),
                "unclustered": float((labels < 0).mean()),
            }
        )
        if world == "recordings":
            dealt = np.random.default_rng((SEED, number)).permutation(len(rows))
            columns = {
                "dice": best_island(labels, by_genre),
                "dealt": best_island(labels[dealt], by_genre),
            }
            genres.append(pd.DataFrame(columns, index=names).rename_axis("genre").reset_index())
            genres[-1]["map"] = number
    return pd.DataFrame(maps), pd.concat(genres) if genres else pd.DataFrame()


def _chosen(places: np.ndarray, shares: tuple[float, ...]) -> tuple[float, np.ndarray]:
    seen = np.random.default_rng(SEED).permutation(len(places))[:SEEN]
    found = by_density(places, shares)
    least = max(
        found, key=lambda share: np.nan_to_num(mean_silhouette(places[seen], found[share][seen]))
    )
    return least, found[least]


def best_island(labels: np.ndarray, by_name: csr_matrix) -> np.ndarray:
    """Return how like each name is to its most similar island, every cluster but the largest.

    Args:
        labels: int64, one a row: clusters from 0, -1 for none.
        by_name: rows x names, 1 where the row has the name.

    Returns:
        float64, one a name: 2 |A ∩ B| / (|A| + |B|), 0 where there is no island.
    """
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    islands = np.delete(np.arange(len(sizes)), sizes.argmax())
    on = csr_matrix((labels[:, None] == islands).astype(np.float64))
    both = np.asarray((by_name.T @ on).todense())
    named = np.asarray(by_name.sum(axis=0)).ravel()
    return (2 * both / (named[:, None] + sizes[islands])).max(axis=1, initial=0.0)
