"""Made recordings, with the columns and gaps of the processed table."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.data.columns import SHARES

GENRES = ["ambient", "jazz", "rock", "tango"]


@pytest.fixture
def recordings():
    rng = np.random.default_rng(3)
    n = 120
    made = {name: rng.random(n) for name in SHARES}
    made["loudness"] = rng.normal(-9, 5, n)
    made["tempo"] = rng.uniform(60, 200, n)
    made["key"] = rng.integers(0, 12, n).astype(np.int8)
    made["mode"] = rng.integers(0, 2, n).astype(np.int8)
    made["time_signature"] = rng.choice([3.0, 4.0, 5.0], n)
    made["duration_ms"] = rng.integers(60_000, 600_000, n).astype(np.int32)
    table = pd.DataFrame(made)
    for name in ("danceability", "speechiness", "valence", "tempo", "time_signature"):
        table.loc[rng.choice(n, 6, replace=False), name] = np.nan
    artist = rng.integers(0, 25, n)
    table["artists"] = [np.array([f"artist {i}"], dtype=object) for i in artist]
    table["genres"] = [
        np.array(sorted({GENRES[i % 4], GENRES[rng.integers(4)]}), dtype=object) for i in artist
    ]
    table["title"] = [f"title {i}" for i in range(n)]
    return table
