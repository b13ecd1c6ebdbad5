"""The space of sound: normal scores of recordings and of items among them, and samples."""

import numpy as np
import pandas as pd

from nexttrack.data.columns import AUDIO_AND_DURATION
from nexttrack.study import sound_space


def test_sound_is_normal_scores_without_key(recordings):
    sound = sound_space.sound(recordings)
    assert list(sound) == list(AUDIO_AND_DURATION)
    np.testing.assert_allclose(sound.mean(), 0, atol=0.02)
    np.testing.assert_allclose(sound.std(), 1, atol=0.05)


def test_items_have_the_sound_that_they_have_among_recordings(recordings, monkeypatch):
    monkeypatch.setattr(sound_space, "table", lambda name: {"recordings": recordings}[name])
    items = recordings.iloc[[3, 7, 9]].copy()
    items.loc[7, "tempo"] = np.nan
    known, rows = sound_space.sound_of_items(items)
    assert known.tolist() == [0, 2]
    np.testing.assert_allclose(rows, sound_space.sound(recordings).loc[[3, 9]])
    known, rows = sound_space.sound_of_items(items.assign(energy=np.nan))
    assert len(known) == 0 and rows.shape == (0, len(AUDIO_AND_DURATION))


def test_a_sample_keeps_order_and_positions():
    rows = pd.DataFrame({"a": np.arange(50)})
    drawn = sound_space.sample(rows, 20)
    assert len(drawn) == 20
    assert drawn.index.is_monotonic_increasing
    assert (drawn["a"] == drawn.index).all()
    assert not drawn.equals(sound_space.sample(rows, 20, draw=1))
    assert sound_space.sample(rows, 60) is rows
