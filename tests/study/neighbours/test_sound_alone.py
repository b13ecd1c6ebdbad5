"""Each way to go by sound makes models that fit, and is held against the centroid of z-scores."""

import json

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from nexttrack.data.columns import AUDIO
from nexttrack.study.neighbours import sound_alone as alone

N_ITEMS = 12


def tracks():
    columns = [*AUDIO, "mode", "duration_ms"]
    values = np.random.default_rng(0).random((N_ITEMS, len(columns)))
    artists = pd.Series([[f"artist {i}"] for i in range(N_ITEMS)])
    return pd.DataFrame(values, columns=columns).assign(artists=artists)


def test_every_way_makes_models_that_fit():
    seen = csr_matrix((np.random.default_rng(1).random((9, N_ITEMS)) < 0.5).astype("f4"))
    ways = alone.sound_models(tracks())
    for way in ways.values():
        model = way.make(**way.settings[-1])
        model.fit(seen, show_progress=False)
        assert (model.recommend(0, seen[0], N=3)[0] >= 0).all()
    assert {setting["scale"] for setting in ways[alone.CENTROID].settings} == {"z-scores"}


def test_gains_are_those_of_the_same_users_over_the_centroid(monkeypatch):
    ways = list(alone.sound_models(tracks()))
    values = np.random.default_rng(2).random((len(ways), 40))
    scores = pd.DataFrame(
        [
            {"model": way, "settings": json.dumps({}), "user": user, "NDCG@10": value}
            for way, of_users in zip(ways, values, strict=True)
            for user, value in enumerate(of_users)
        ]
    )
    monkeypatch.setattr(
        alone, "task", lambda name: type("Task", (), {"dataset": Asked, "asked": 0})
    )
    monkeypatch.setattr(alone, "sweep", lambda models, split: (scores, None))
    means, gains = alone.sound_alone.__wrapped__("lastfm-2k")
    np.testing.assert_allclose(means["mean"], values.mean(axis=1))
    expected = values.mean(axis=1) - values[ways.index(alone.CENTROID)].mean()
    of_others = [way != alone.CENTROID for way in ways]
    np.testing.assert_allclose(gains["gain"], expected[of_others])
    assert (gains["low"] < gains["gain"]).all() and (gains["gain"] < gains["high"]).all()


class Asked:
    tracks = tracks()
