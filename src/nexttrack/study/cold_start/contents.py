"""What is known of items besides who has them, as columns: sound, genres, artists."""

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, hstack

from nexttrack.data.columns import AUDIO
from nexttrack.features.names import names_incidence
from nexttrack.models.audio import scaled_features

KINDS = ("audio", "genres", "artists")


def kinds_of(tracks: pd.DataFrame) -> tuple[str, ...]:
    """Return which of :data:`KINDS` are known of a data set's items: artists have no artists."""
    return KINDS if "artists" in tracks else KINDS[:2]


def content(tracks: pd.DataFrame, kinds: Collection[str] = KINDS) -> csr_matrix:
    """Return columns of items, float64; an item of which nothing is known has a row of zeros.

    Args:
        tracks: a data set's items.
        kinds: some of :data:`KINDS`: ``audio`` is the normal scores of nine features, divided by 3
            so that a row is about as long as one of names; ``genres`` and ``artists`` are a column
            for each name, of which an item's have a length of 1 together.
    """
    parts = [csr_matrix((len(tracks), 0))]
    if "audio" in kinds:
        features = tracks[list(AUDIO)].to_numpy(dtype=np.float64)
        scores, _ = scaled_features(features, len(tracks))
        parts.append(csr_matrix(scores / np.sqrt(len(AUDIO))))
    parts += [_of_length_one(tracks[name]) for name in ("genres", "artists") if name in kinds]
    return hstack(parts, format="csr")


def described(tracks: pd.DataFrame, kind: str) -> np.ndarray:
    """Return of which items a kind of content is known, boolean."""
    return np.diff(content(tracks, [kind]).indptr) > 0


def _of_length_one(names: pd.Series) -> csr_matrix:
    incidence = names_incidence(names).astype(np.float64)
    counts = np.diff(incidence.indptr)
    incidence.data /= np.repeat(np.sqrt(np.maximum(counts, 1)), counts)
    return incidence
