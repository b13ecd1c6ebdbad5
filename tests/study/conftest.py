"""A small made catalogue for the chapters' studies."""

import numpy as np
import pandas as pd
import pytest

from nexttrack.data.columns import AUDIO_AND_DURATION

N = 360
KIND = np.arange(N) % 3


@pytest.fixture(scope="session")
def recordings():
    """Three kinds of recordings, far apart in every feature, one genre and 20 artists each."""
    rng = np.random.default_rng(0)
    shares = [*AUDIO_AND_DURATION[:7]]
    levels = rng.permuted(np.tile([0.15, 0.5, 0.85], (len(shares), 1)), axis=1)
    frame = pd.DataFrame(
        {
            s: level[KIND] + rng.uniform(-0.08, 0.08, N)
            for s, level in zip(shares, levels, strict=True)
        }
    )
    return frame.assign(
        loudness=np.array([-20.0, -10.0, -5.0])[KIND] + rng.normal(size=N),
        tempo=np.array([80.0, 120.0, 170.0])[KIND] + rng.normal(size=N),
        duration_ms=np.array([1e5, 2e5, 4e5])[KIND] * rng.uniform(0.9, 1.1, N),
        key=rng.integers(12, size=N),
        mode=rng.integers(2, size=N),
        time_signature=4.0,
        genres=[[["techno"], ["folk"], ["jazz", "folk"]][k] for k in KIND],
        artists=[[f"artist {k}-{i % 20}"] for i, k in enumerate(KIND)],
    )
