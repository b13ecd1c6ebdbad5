"""Whether clusters of sound help to recommend: popularity within them, with and without sound."""

from functools import partial

import numpy as np
import pandas as pd

from nexttrack.evaluation.comparison import Candidate, grid
from nexttrack.features.genres import genre_families
from nexttrack.study.clusters import by_sound
from nexttrack.study.kept import kept
from nexttrack.study.protocol import SEED, choose_and_test, task
from nexttrack.study.registry import FEATURES, MODELS

FINE = 50  # a second number of clusters, beyond what is stable: does finer help?
SHRINKAGE = (3, 30, 300)


def cluster_models(tracks: pd.DataFrame, n_clusters: int) -> dict[str, Candidate]:
    """Return the models to compare; each that has something to choose gets six settings at most.

    Besides popularity and the neighbours by sound of chapter 01: popularity in clusters of sound,
    in the same clusters dealt out to the items at random (what the method gives without any
    knowledge of sound), and in groups by the item's first genre.

    Args:
        tracks: items x columns with audio features and ``genres`` (lists), NaN where unknown.
        n_clusters: number of clusters.
    """
    labels = by_sound.labels_of_items(tracks, (n_clusters, FINE))
    shuffled = {k: _shuffled(one) for k, one in labels.items()}
    genre = tracks["genres"].map(_first)
    groups = {"family": genre.map(genre_families()), "genre": genre}
    groups = {name: pd.factorize(one)[0].astype(np.int64) for name, one in groups.items()}

    def popular_in(name, groups, ks):
        return Candidate(partial(MODELS[name].make, groups), grid(k=ks, shrinkage=SHRINKAGE))

    ks = [n_clusters, FINE]
    audio_knn = partial(MODELS["Audio kNN"].make, tracks)
    return {
        "Popularity": Candidate(MODELS["Popularity"].make),
        "Audio kNN": Candidate(audio_knn, grid(features=list(FEATURES))),
        "Cluster popularity": popular_in("Cluster popularity", labels, ks),
        "Shuffled clusters": popular_in("Shuffled clusters", shuffled, ks),
        "Genre popularity": popular_in("Genre popularity", groups, list(groups)),
    }


@kept
def play(name: str, n_clusters: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose and test all candidates on a data set of the edition at hand; the result is kept.

    Args:
        name: one of ``protocol.DATASETS``.
        n_clusters: number of clusters.

    Returns:
        (trials, scores), see :func:`nexttrack.study.protocol.choose_and_test`.
    """
    asked = task(name)
    return choose_and_test(cluster_models(asked.dataset.tracks, n_clusters), asked)


def _shuffled(labels: np.ndarray) -> np.ndarray:
    """Deal the labels out anew among the items that have one."""
    known = labels >= 0
    dealt = labels.copy()
    dealt[known] = np.random.default_rng(SEED).permutation(labels[known])
    return dealt


def _first(genres) -> str | None:
    return genres[0] if isinstance(genres, list | np.ndarray) and len(genres) else None
