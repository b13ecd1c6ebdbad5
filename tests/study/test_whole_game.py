"""The first comparison gives every model its settings, and the same groups to all."""

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from nexttrack.data.columns import AUDIO
from nexttrack.study import whole_game


def test_no_model_gets_more_than_six_settings():
    tracks = pd.DataFrame(np.ones((3, 11)), columns=[*AUDIO, "mode", "duration_ms"])
    candidates = whole_game.five_models(tracks)
    assert list(candidates) == ["Random", "Popularity", "Audio kNN", "Item kNN", "iALS"]
    with threadpool_limits(1, user_api="blas"):  # as implicit wants it
        for candidate in candidates.values():
            assert 1 <= len(candidate.settings) <= 6
            for setting in candidate.settings:
                candidate.make(**setting)  # each can be made as it says


def test_the_chosen_setting_is_read_back():
    trials = pd.DataFrame(
        {
            "model": ["A", "A", "B"],
            "settings": ['{"K": 5}', '{"K": 7}', "{}"],
            "chosen": [False, True, True],
        }
    )
    assert whole_game.chosen_settings(trials, "A") == {"K": 7}
    assert whole_game.chosen_settings(trials, "B") == {}
