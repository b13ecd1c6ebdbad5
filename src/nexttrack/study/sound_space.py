"""Recordings by how they sound: rows to compare, samples of them, and null data of the same kind.

Clusters, hubs, neighbours and what factors know of sound are all told in this one space.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from nexttrack.clustering.stability import correlated_columns, permuted_columns
from nexttrack.data.columns import AUDIO_AND_DURATION
from nexttrack.data.dataset import table
from nexttrack.features import audio_pipeline
from nexttrack.study.protocol import on_sample

SEED = 20_260_105
"""Of samples and of null data."""
WORLDS: dict[str, Callable] = {
    "recordings": lambda rows, seed: rows,
    "same correlations": correlated_columns,
    "columns permuted": permuted_columns,
}
"""What makes of rows themselves, or null data, with a seed."""


def sound(recordings: pd.DataFrame) -> pd.DataFrame:
    """Return how recordings sound, ten features as normal scores, fitted on these very rows.

    Clustering describes the rows at hand and predicts nothing, so no row is held out. Key and time
    signature are left out: chapter 04 shows that they bring unlike songs together.

    Args:
        recordings: the columns of the table `recordings`.

    Returns:
        float64 of rows x ``AUDIO_AND_DURATION``, indexed as given.
    """
    pipeline = audio_pipeline(scaling="normal").set_output(transform="pandas")
    return pipeline.fit_transform(recordings)[list(AUDIO_AND_DURATION)]


def sound_of_items(tracks: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return how the items of a data set sound, as normal scores among all recordings.

    Args:
        tracks: items x columns, with those of the table `recordings` that are about sound (a
            data set's ``tracks``); NaN where unknown. For artists they are means.

    Returns:
        (known, rows): the positions of the items whose sound is known, and float64 of as many rows
        x ``AUDIO_AND_DURATION``.
    """
    columns = list(AUDIO_AND_DURATION)
    pipeline = audio_pipeline(scaling="normal").set_output(transform="pandas")
    known = np.flatnonzero(tracks[columns].notna().all(axis=1))
    if not len(known):
        return known, np.empty((0, len(columns)))
    pipeline.fit(table("recordings"))
    return known, pipeline.transform(tracks.iloc[known])[columns].to_numpy()


def sample_size() -> int:
    """Return on how many recordings of the edition at hand clusters and hubs are judged."""
    return 1_500 if on_sample() else 10_000


def sample(rows: pd.DataFrame, size: int, draw: int = 0) -> pd.DataFrame:
    """Return at most ``size`` rows, in order; another number draws others."""
    if len(rows) <= size:
        return rows
    drawn = np.random.default_rng((SEED, draw)).choice(len(rows), size, replace=False)
    return rows.iloc[np.sort(drawn)]
