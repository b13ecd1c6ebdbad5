"""Every setting makes a model, and each half of the users is measured with the other's best."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from nexttrack.data.columns import AUDIO
from nexttrack.study.neighbours import neighbour_curves as curves


@pytest.fixture
def tracks():
    """Six items, the last without sound or names."""
    frame = pd.DataFrame(np.random.default_rng(0).random((6, len(AUDIO))), columns=list(AUDIO))
    frame.iloc[5] = np.nan
    genres = [["techno"], ["folk", "jazz"], np.array(["techno"]), ["house"], [], None]
    return frame.assign(genres=pd.Series(genres, dtype=object))


def test_every_setting_makes_a_model_that_fits(tracks):
    tracks["artists"] = [["a"], ["b"], ["a", "b"], ["c"], ["c"], None]
    seen = who_has_what()
    found = curves.neighbour_models(tracks)
    for candidate in found.values():
        for setting in candidate.settings:
            model = candidate.make(**setting)
            model.num_threads = 1
            model.fit(seen, show_progress=False)
    assert {s["compared"] for s in found["Content kNN"].settings} == {
        *("sound", "genres", "artists", "all")
    }


def who_has_what():
    return csr_matrix((np.random.default_rng(1).random((8, 6)) < 0.5).astype("f4"))


def test_artists_are_not_compared_by_artist(tracks):
    settings = curves.neighbour_models(tracks)["Content kNN"].settings
    assert {s["compared"] for s in settings} == {"sound", "genres", "all"}


def test_users_and_items_get_the_same_settings(tracks):
    found = curves.neighbour_models(tracks)
    assert found["Item kNN"].settings == found["User kNN"].settings


def test_each_half_is_measured_with_the_setting_best_on_the_other():
    users = [3, 4, 7, 9]  # 3 and 7 are at even places
    rows = [
        {"model": "A", "settings": json.dumps({"K": k}), "user": user, "NDCG@10": value}
        for k, values in ((1, [0.9, 0.1, 0.8, 0.2]), (2, [0.3, 0.6, 0.4, 0.5]))
        for user, value in zip(users, values, strict=True)
    ]
    found, chosen = curves.by_halves(pd.DataFrame(rows), "NDCG@10")
    settings = chosen.set_index("half")["settings"].map(json.loads)
    assert settings["even"] == {"K": 2} and settings["odd"] == {"K": 1}
    assert found.set_index("user")["NDCG@10"].to_dict() == {3: 0.3, 4: 0.1, 7: 0.4, 9: 0.2}
    assert list(found) == ["model", "user", "NDCG@10"]


def test_points_are_those_with_the_settings():
    frame = pd.DataFrame({"model": ["A", "A", "B"], "K": [1, 2, 2], "mean": [0.1, 0.2, 0.3]})
    assert curves.points(frame, model="A", K=2)["mean"].tolist() == [0.2]


def test_settings_in_words():
    assert curves.in_words('{"K": 100, "shrinkage": 20}') == "K 100, shrinkage 20"
