"""Settings of every test."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

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
