"""Settings of every test."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings
from scipy.sparse import csr_matrix

from nexttrack.data.columns import AUDIO
from nexttrack.data.dataset import Dataset

# As hypothesis would have it (on CI the same cases each time), but no machine is too slow.
usual = settings.get_profile(settings.get_current_profile_name())
settings.register_profile("patient", parent=usual, deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def to_map():
    """Return a function that makes up recordings to map: what ``book.sound_map`` takes, by name."""
    genres, names = ["techno", "folk", "jazz"], ["low energy", "high energy", "high tempo"]

    def make(n: int = 60, seed: int = 1) -> dict:
        rng = np.random.default_rng(seed)
        kind = rng.integers(3, size=n)
        recordings = pd.DataFrame(
            {
                "title": [f"Title {i}" for i in range(n)],
                "artists": [[f"Artist {i % 7}", "Guest"] for i in range(n)],
                "genres": [[genres[k], "other"] for k in kind],
                "popularity": rng.integers(0, 100, size=n),
            }
        )
        features = rng.normal(kind[:, None], size=(n, 2)).round(2)
        return {
            "recordings": recordings,
            "places": np.column_stack([4 * kind, kind**2]) + rng.normal(size=(n, 2)),
            "clusters": [names[k] for k in kind],
            "features": pd.DataFrame(features, columns=["energy", "tempo_bpm"]),
            "families": {"techno": "electronic", "folk": "acoustic", "jazz": "acoustic"},
        }

    return make


@pytest.fixture(scope="session")
def made():
    """Return a function that makes a data set of 60 users and 50 items, of one of the four kinds.

    With artists, dates and parts where the real one has them.
    """

    def make(name: str) -> Dataset:
        rng = np.random.default_rng(5)
        user_items = csr_matrix(rng.random((60, 50)) < 0.25, dtype=np.float32)
        tracks = pd.DataFrame(rng.random((50, 11)), columns=[*AUDIO, "mode", "duration_ms"])
        tracks["genres"] = [[f"genre {i % 4}"] for i in range(50)]
        if not name.startswith("lastfm"):
            tracks["artists"] = [[f"artist {i % 9}"] for i in range(50)]
        dates = None
        if name in ("lastfm-2k-tags", "playlist-archive"):
            dates = rng.integers(18_000, 20_000, user_items.nnz).astype("datetime64[D]")
        parts = np.repeat(["thinned", "whole"], 30) if name == "playlists" else None
        return Dataset(name, tracks, user_items, np.arange(60), np.arange(50), dates, parts)

    return make
