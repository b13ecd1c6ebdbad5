"""Made recordings whose genre can be heard, and whose popularity hangs on the artist."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.data.columns import SHARES


@pytest.fixture
def recordings_of_genres():
    """300 recordings by 60 artists: energy tells the genre, valence and liveness the artist."""
    rng = np.random.default_rng(11)
    artist = np.repeat(np.arange(60), 5)
    genre = artist % 3
    of_artist = rng.random((60, 3))
    table = pd.DataFrame({name: rng.random(300) for name in SHARES})
    table["energy"] = (genre + rng.random(300)) / 3
    table["valence"] = 0.98 * of_artist[artist, 0] + 0.02 * rng.random(300)
    table["liveness"] = 0.98 * of_artist[artist, 1] + 0.02 * rng.random(300)
    table["loudness"] = rng.normal(-9, 4, 300)
    table["tempo"] = rng.uniform(60, 200, 300)
    table["key"] = rng.integers(0, 12, 300)
    table["mode"] = rng.integers(0, 2, 300)
    table["time_signature"] = rng.choice([3.0, 4.0], 300)
    table["duration_ms"] = rng.integers(60_000, 600_000, 300)
    table["artists"] = [[f"artist {i}"] for i in artist]
    table["genres"] = [[["ambient", "jazz", "rock"][i]] for i in genre]
    table["popularity"] = 100 * of_artist[artist, 2]
    return table
