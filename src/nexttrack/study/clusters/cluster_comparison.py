"""Whether clusters of sound help to recommend: popularity within them, with and without sound."""

from functools import partial

import numpy as np
import pandas as pd

from nexttrack.evaluation.comparison import Candidate, grid
from nexttrack.features.genres import genre_families
from nexttrack.study.clusters import by_sound
from nexttrack.study.kept import kept
from nexttrack.study.protocol import SEED, choose_and_test, task, thinned
from nexttrack.study.registry import FEATURES, MODELS

KS = (12, 25, 50, 100, 200)
"""Numbers of clusters to recommend by, chosen from on each data set."""
SHRINKAGE = (30, 300)


def cluster_models(tracks: pd.DataFrame) -> dict[str, Candidate]:
    """Return the models to compare: three by clusters of sound or a null of them, with equal grids.

    Besides popularity and the neighbours by sound of chapter 01: popularity in clusters of sound;
    in the same clusters dealt out to the items at random (what the method gives without any
    knowledge of sound); in cells around recordings drawn at random (what it gives with sound and
    without clusters); and in groups by the item's first genre.

    Args:
        tracks: items x columns with audio features and ``genres`` (lists), NaN where unknown.
    """
    labels = by_sound.labels_of_items(tracks, KS)
    shuffled = {k: _shuffled(one) for k, one in labels.items()}
    cells = by_sound.cells_of_items(tracks, KS)
    genre = tracks["genres"].map(_first)
    groups = {"family": genre.map(genre_families()), "genre": genre}
    groups = {name: pd.factorize(one)[0].astype(np.int64) for name, one in groups.items()}

    def popular_in(name, groups, ks):
        return Candidate(partial(MODELS[name].make, groups), grid(k=ks, shrinkage=SHRINKAGE))

    audio_knn = partial(MODELS["Audio kNN"].make, tracks)
    return {
        "Popularity": Candidate(MODELS["Popularity"].make),
        "Audio kNN": Candidate(audio_knn, grid(features=list(FEATURES))),
        "Cluster popularity": popular_in("Cluster popularity", labels, KS),
        "Shuffled clusters": popular_in("Shuffled clusters", shuffled, KS),
        "Random cells": popular_in("Random cells", cells, KS),
        "Genre popularity": popular_in("Genre popularity", groups, list(groups)),
    }


@kept
def play(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose and test all candidates on a data set of the edition at hand; the result is kept.

    Args:
        name: one of ``protocol.DATASETS``.

    Returns:
        (trials, scores), see :func:`nexttrack.study.protocol.choose_and_test`.
    """
    asked = task(name)
    return choose_and_test(thinned(cluster_models(asked.dataset.tracks)), asked)


def _shuffled(labels: np.ndarray) -> np.ndarray:
    """Deal the labels out anew among the items that have one."""
    known = labels >= 0
    dealt = labels.copy()
    dealt[known] = np.random.default_rng(SEED).permutation(labels[known])
    return dealt


def _first(genres) -> str | None:
    return genres[0] if isinstance(genres, list | np.ndarray) and len(genres) else None
